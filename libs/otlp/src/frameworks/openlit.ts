import { asList, type Framework } from '../fields.ts';

/** What OpenLIT sends besides the conventions: 1.7 its own content keys, later versions tool arguments of its own. */
export const openlit: Framework = {
  name: 'openlit',
  fields: {
    inputs: [
      { rank: 221, key: 'gen_ai.tool.args' },
      { rank: 250, key: 'gen_ai.content.prompt' },
    ],
    output: [{ rank: 70, key: 'gen_ai.content.completion' }],
    reported_cost: [{ rank: 20, key: 'gen_ai.usage.cost' }],
    finish_reasons: [{ rank: 20, key: 'gen_ai.response.finish_reason', map: asList }],
  },
};
