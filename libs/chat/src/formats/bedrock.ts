import { fields, has, isFields, list } from '../json.ts';
import { readMessages } from '../messages/messages.ts';
import { finishOf, withFinish } from '../message.ts';
import { aside } from '../request.ts';
import { answered, asked, type Format } from './format.ts';

/** Amazon Bedrock Converse: `{modelId, messages, system: [{text}], toolConfig, inferenceConfig}` → `{output: {message}, stopReason}`. */
export const bedrock: Format = {
  name: 'bedrock-converse',
  input(value) {
    if (!isFields(value) || list(value, 'messages') === undefined) return undefined;
    if (!has(value, 'modelId', 'model_id', 'inferenceConfig', 'toolConfig', 'additionalModelRequestFields'))
      return undefined;
    return asked(readMessages(value.messages), aside(value));
  },
  output(value) {
    if (!isFields(value)) return undefined;
    const message = fields(fields(value, 'output') ?? {}, 'message');
    if (message === undefined) return undefined;
    const finish = finishOf(value);
    return answered(
      readMessages(message, 'assistant')?.map((choice) => withFinish(choice, finish ?? choice.finishReason)),
    );
  },
};
