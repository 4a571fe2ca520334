import { asList, type Framework } from '../fields.ts';

/** The spans of Anthropic's own SDK: the conventions without content, why it stopped under a key of its own. */
export const anthropicSdk: Framework = {
  name: 'anthropic-sdk',
  fields: {
    finish_reasons: [{ rank: 90, key: 'anthropic.message.stop_reason', map: asList }],
  },
};
