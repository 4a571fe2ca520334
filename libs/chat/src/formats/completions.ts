import { filled, has, isFields, list, member, text, type Fields } from '../json.ts';
import { textMessage, withFinish, finishOf } from '../message.ts';
import { aside } from '../request.ts';
import { answered, asked, type Format } from './format.ts';

/** A prompt and how it goes on: OpenAI's old completions, Anthropic's, Ollama's generate, Hugging Face, Titan and Llama on Bedrock. */
export const completions: Format = {
  name: 'completions',
  input(value) {
    if (!isFields(value)) return undefined;
    const prompt = member(value, 'prompt', 'prompts', 'inputText', 'inputs');
    if (!has(value, 'prompt', 'prompts') && !(has(value, 'inputText') || isParametrised(value))) return undefined;
    const prompts = typeof prompt === 'string' ? [prompt] : Array.isArray(prompt) ? (prompt as unknown[]) : [];
    if (prompts.length === 0 || !prompts.every((each) => typeof each === 'string')) return undefined;
    return asked(prompts.map((each) => textMessage('user', each)), aside(value));
  },
  output(value) {
    const results = Array.isArray(value) ? (value as unknown[]) : [value];
    if (results.length === 0) return undefined;
    const choices = results.flatMap((result) => {
      if (!isFields(result)) return [];
      const listed = list(result, 'results');
      return (listed ?? [result]).flatMap((each) => {
        const said = isFields(each) ? (text(each, 'generated_text', 'completion', 'generation', 'outputText') ?? ollama(each)) : undefined;
        return said === undefined ? [] : [withFinish(textMessage('assistant', said), finishOf(each as Fields))];
      });
    });
    return answered(choices, isFields(value) ? filled(value, 'model') : undefined);
  },
}; // prettier-ignore

/** Hugging Face: `{inputs: text, parameters}`. */
function isParametrised(value: Fields): boolean {
  return typeof value.inputs === 'string' && has(value, 'parameters', 'model');
}

function ollama(value: Fields): string | undefined {
  return has(value, 'done', 'eval_count') ? text(value, 'response') : undefined;
}
