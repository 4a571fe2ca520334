import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { FakeLlmAnswer } from '@weft/testkit';
import type { AnswerCache } from '../scorer-kind.ts';
import {
  callOf,
  contextOf,
  refOf,
  startJudgeStack,
  targetOf,
  type JudgeStack,
} from './testing/judge-stack.ts';

let stack: JudgeStack;
beforeAll(async () => {
  stack = await startJudgeStack();
});
afterAll(() => stack.stop());
beforeEach(() => {
  stack.fake.reset();
  stack.fake.answer(undefined);
});

const model = (params: object = { response_format: 'json_object' }, id = 'local/m') => ({
  _class_name: 'LLMStructuredCompletionModel',
  llm_model_id: id,
  default_params: params,
});
const judge = (scoring_prompt: unknown, params?: object, more: object = {}) => ({
  model: model(params),
  scoring_prompt,
  ...more,
});
const load = (config: object, more = {}) => stack.load('LLMAsAJudgeScorer', config, more);
const ask = async (config: object, target = targetOf()) => (await load(config)).score(target, contextOf());
const asked = () => stack.fake.requests.at(-1)!;

describe('LLMAsAJudgeScorer', () => {
  it('fills in the prompt as Python does it, asks once and gives what the model says', async () => {
    stack.fake.script({ content: { score: 0.5, reason: 'so so', label: 'meh', big: 7 } });
    const target = targetOf({ inputs: { question: 'why?', doc: { a: [1, true, null] } }, output: { text: "it's" } });
    const config = judge('Q {question} D {doc[a][0]} {doc} A {output} all {inputs[question]} {{"score": 1}}', {
      response_format: 'json_object', temperature: 0, max_tokens: 50, top_p: null, stop: [], n_times: 1, messages_template: [{ _type: 'Message', _class_name: 'Message', _bases: ['BaseModel'], role: 'system', content: 'keep {this}', name: null }],
    });
    const scores = await ask(config, target);
    expect(asked().body).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'keep {this}' },
        { role: 'user', content: `Q why? D 1 {'a': [1, True, None]} A {'text': "it's"} all why? {"score": 1}` },
      ],
      temperature: 0,
      max_tokens: 50,
      n: 1,
      response_format: { type: 'json_object' },
    });
    expect(asked().headers).toMatchObject({ 'idempotency-key': 'score-1', 'x-correlation-id': 'corr-1' });
    const reason = 'so so';
    expect(scores.verdicts).toEqual([
      {
        scorerName: 'mine',
        scorerRef: refOf('mine'),
        output: { score: 0.5, reason, label: 'meh', big: 7 },
        tags: [{ tag: 'meh', reason }],
        ratings: [{ name: 'score', value: 0.5, reason }],
      },
    ]);
    const { promptTokens, completionTokens } = stack.fake.billed;
    expect(scores.spend).toEqual({ model: 'local/m', requests: 1, promptTokens, completionTokens, costUsd: expect.closeTo(promptTokens * 0.001 + completionTokens * 0.01) });
    expect(JSON.stringify(scores)).not.toContain('sk-very-secret');
    expect(scores.request).toMatchObject({ model: 'local/m', temperature: 0 });
    expect(scores.reply).toMatchObject({ object: 'chat.completion' });
  }); // prettier-ignore

  it('takes a text as the verdict where text is asked for', async () => {
    stack.fake.script('fine');
    const { verdicts } = await ask(judge('{output}', { response_format: 'text' }));
    expect(verdicts[0]!.output).toBe('fine');
    expect(asked().body.response_format).toEqual({ type: 'text' });
  });

  it('reads models and prompts from their refs', async () => {
    stack.objects.set(refOf('model'), model({ response_format: 'json_object', prompt: refOf('before') }));
    stack.objects.set(refOf('before'), { messages: [{ role: 'system', content: 'be {strict}' }] });
    stack.objects.set(refOf('prompt'), {
      messages: [{ role: 'user', content: [{ type: 'text', text: '{output}!' }] }],
    });
    await ask({ model: refOf('model'), scoring_prompt: refOf('prompt') });
    expect(asked().body.messages).toEqual([
      { role: 'system', content: 'be {strict}' },
      { role: 'user', content: [{ type: 'text', text: 'because!' }] },
    ]);
  });

  it('finds a model of a provider that the project defines among the servers of the operator', async () => {
    stack.objects.set(refOf('pm'), { name: 'my-model', provider: refOf('prov'), max_tokens: 100 });
    stack.objects.set(refOf('prov'), { name: 'My Provider', base_url: 'http://evil.example' });
    const scorer = await load({
      ...judge('{output}'),
      model: model({ response_format: 'json_object' }, refOf('pm')),
    });
    expect(scorer.provider).toBe('llm:my-provider');
    await scorer.score(targetOf(), contextOf());
    expect(asked().model).toBe('my-model');
    stack.objects.set(refOf('prov2'), { name: 'elsewhere', base_url: 'http://evil.example' });
    stack.objects.set(refOf('pm2'), { name: 'x', provider: refOf('prov2') });
    await expect(load({ ...judge('{output}'), model: model({}, refOf('pm2')) })).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('WEFT_LLM_SERVERS'),
    });
  });

  it.each<[string, object, RegExp]>([
    ['a model that nobody knows', { model: model({}, 'nobody/m') }, /no provider is known/],
    ['a model that is not there', { model: refOf('gone') }, /model: .* is not there/],
    ['a model of another project', { model: 'weave:///other/p/object/m:1' }, /another project/],
    ['a format that the SDK does not read', { model: model({ response_format: 'json_schema' }) }, /response_format/],
    ['a model without an id', { model: { default_params: {} } }, /model: llm_model_id/],
  ])('%s is no scorer', async (_, more, message) => {
    await expect(load(judge('{output}', {}, more))).rejects.toMatchObject({ kind: 'unscorable', message: expect.stringMatching(message) });
    expect(stack.fake.asked).toBe(0);
  }); // prettier-ignore

  it.each([
    ['{context}', "mine: scoring_prompt: Prompt template variable 'context' not found. Available variables: inputs, output, question"],
    ['{output', "mine: scoring_prompt: expected '}' before end of string"],
    ['{output[x]}', `mine: scoring_prompt: '{output[x]}': there is no "x" (there is no members)`],
  ])('%s is unscorable, and nobody is asked or paid', async (prompt, message) => {
    const scorer = await load(judge(prompt));
    const error = { kind: 'unscorable', message, spend: { requests: 0 } };
    await expect(scorer.score(targetOf(), contextOf())).rejects.toMatchObject(error);
    expect(() => scorer.forecast(targetOf())).toThrow(expect.objectContaining({ kind: 'unscorable' }));
    expect(stack.fake.asked).toBe(0);
  }); // prettier-ignore

  it('maps columns, and shows all calls where several came to rest', async () => {
    const scorer = await load(judge('{context} {output}'), { columnMap: { context: 'question' } });
    await scorer.score(targetOf(), contextOf());
    expect(asked().text).toBe('why? because');
    const calls = [callOf({ output: 'one' }), callOf({ output: 'two' })];
    const both = await load(judge('{calls[0][output]} {calls[1][output]} {output}'));
    await both.score({ call: calls[1]!, calls, isAgentTurn: false }, contextOf());
    expect(asked().text).toBe('one two two');
  });

  it('sends pictures and sounds as parts, and a name in their place', async () => {
    const png = 'data:image/png;base64,aGk=';
    const inputs = { photo: png, other: png, sound: 'data:audio/mpeg;base64,c28=', part: { type: 'image_url', image_url: { url: 'https://x.example/a.png' } } };
    const config = (more: object) => judge('{photo} {sound} {part}', undefined, more);
    await ask(config({ enable_image_input_scoring: true, enable_audio_input_scoring: true }), targetOf({ inputs }));
    expect(asked().body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: '(image 1) (audio 2) (image 3)' },
          { type: 'image_url', image_url: { url: png } },
          { type: 'input_audio', input_audio: { data: 'c28=', format: 'mp3' } },
          { type: 'image_url', image_url: { url: 'https://x.example/a.png' } },
        ],
      },
    ]);
    await ask(config({ enable_image_input_scoring: true, media_scoring_json_paths: ['$.inputs.photo'] }), targetOf({ inputs }));
    expect((asked().body.messages as any)[0].content).toHaveLength(2);
    await ask(judge('{photo}'), targetOf({ inputs }));
    expect(asked().text).toBe(png);
  }); // prettier-ignore
});

describe('what a model answers', () => {
  it.each<[string, FakeLlmAnswer, string]>([
    ['no JSON', 'I think it is good', 'garbage'],
    ['JSON in a text', 'Sure! {"score": 1}', 'garbage'],
    ['two verdicts', '{"score": 0}{"score": 1}', 'garbage'],
    ['one verdict twice', '{"score": 0, "score": 1}', 'garbage'],
    ['one verdict twice, escaped', '{"score": 0, "sc\\u006fre": 1}', 'garbage'],
    ['nothing', '', 'garbage'],
    ['a deep value', `${'['.repeat(100)}${']'.repeat(100)}`, 'garbage'],
    ['a very deep value', '['.repeat(200_000), 'garbage'],
    ['a verdict that is too long', JSON.stringify('x'.repeat(300_000)), 'garbage'],
    ['half a verdict', { content: '{"score": ', finishReason: 'length' }, 'garbage'],
    ['a refusal', { content: null, refusal: 'I cannot' }, 'unscorable'],
    ['what a filter left', { content: '', finishReason: 'content_filter' }, 'unscorable'],
  ])('%s: %j is %s, and what it cost is known', async (_, answer, kind) => {
    stack.fake.script(answer);
    const error: any = await ask(judge('{output}')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ScoreError', kind, spend: { requests: 1, promptTokens: 2 } });
    expect(error.request).toMatchObject({ messages: [{ role: 'user', content: 'because' }] });
    expect(error.reply).toMatchObject({ object: 'chat.completion' });
    expect(JSON.stringify(error.reply).length).toBeLessThan(66_000);
  });
});

describe('a provider that misbehaves', () => {
  it.each<[FakeLlmAnswer, object]>([
    [{ fault: 'garbage' }, { kind: 'garbage', reply: { status: 200, body: '<html>502 Bad Gateway</html>' } }],
    [{ fault: 'wrong_schema' }, { kind: 'garbage' }],
    [{ fault: 'rate_limited' }, { kind: 'rate_limited', retryAfterMs: undefined }],
    [{ fault: 'rate_limited', retryAfter: '7' }, { kind: 'rate_limited', retryAfterMs: 7000 }],
    [{ fault: 'quota' }, { kind: 'quota' }],
    [{ fault: 'status', status: 500 }, { kind: 'unavailable' }],
    [{ fault: 'status', status: 529 }, { kind: 'unavailable' }],
    [{ fault: 'status', status: 400, error: { code: 'context_length_exceeded' } }, { kind: 'unscorable' }],
    [{ fault: 'status', status: 401, error: { code: 'invalid_api_key' } }, { kind: 'misconfigured' }],
    [{ fault: 'redirect' }, { kind: 'misconfigured' }],
    [{ fault: 'reset' }, { kind: 'unavailable' }],
    [{ fault: 'header_bomb', sizeBytes: 1024 * 1024 }, { kind: 'garbage' }],
    [{ fault: 'huge', sizeBytes: 10 * 1024 ** 3 }, { kind: 'garbage', message: expect.stringContaining('more than 4194304 bytes') }],
    [{ fault: 'gzip_bomb', sizeBytes: 1024 ** 3 }, { kind: 'garbage' }],
  ])('%j', async (answer, expected) => {
    stack.fake.script(answer);
    const more = { name: 'ScoreError', spend: { model: 'local/m', requests: 1 }, request: { model: 'local/m' } };
    await expect(ask(judge('{output}'))).rejects.toMatchObject({ ...more, ...expected });
    expect(stack.fake.asked).toBe(1);
  }); // prettier-ignore

  it.each<[FakeLlmAnswer, object]>([
    [{ fault: 'hang' }, { idleMs: 50 }],
    [{ fault: 'stall' }, { idleMs: 50 }],
    [{ fault: 'drip', everyMs: 10 }, { timeoutMs: 100 }],
    [{ fault: 'slow', ms: 60_000 }, { timeoutMs: 50 }],
  ])('%j is given up in time', async (answer, limits) => {
    stack.fake.script(answer);
    const scorer = await load(judge('{output}'), { limits });
    await expect(scorer.score(targetOf(), contextOf())).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('a key that is not set is for the operator, and costs nothing', async () => {
    const scorer = await load({
      ...judge('{output}'),
      model: model({ response_format: 'json_object' }, 'groq/x'),
    });
    await expect(scorer.score(targetOf(), contextOf())).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('GROQ_API_KEY'),
      spend: { requests: 0 },
    });
  });

  it('an answer that is no longer wanted is given up', async () => {
    stack.fake.script({ fault: 'hang' });
    const left = new AbortController();
    const scoring = (await load(judge('{output}'))).score(targetOf(), contextOf(left.signal));
    left.abort();
    await expect(scoring).rejects.toMatchObject({ name: 'ScoreError' });
  });
});

describe('the cache of answers', () => {
  const cacheOf = () => {
    const kept = new Map<string, string>();
    const cache: AnswerCache = {
      get: async (key) => kept.get(key),
      put: async (key, answer) => void kept.set(key, answer),
    };
    return { kept, cache };
  };

  it('spends nothing on a question that was answered, and says so', async () => {
    const { kept, cache } = cacheOf();
    const scorer = await load(judge('{output}'), { cache });
    const first = await scorer.score(targetOf(), contextOf());
    const second = await scorer.score(targetOf(), contextOf());
    expect(second.verdicts).toEqual(first.verdicts);
    expect(second.spend).toMatchObject({ model: 'local/m', requests: 0, promptTokens: 0, costUsd: 0 });
    expect(second.reply).toMatchObject({ cached: true });
    expect([stack.fake.asked, kept.size]).toEqual([1, 1]);
    await scorer.score(targetOf({ output: 'other' }), contextOf());
    expect(stack.fake.asked).toBe(2);
  });

  it('keeps no answer that cannot be used, and asks where what it kept is broken', async () => {
    const { kept, cache } = cacheOf();
    const scorer = await load(judge('{output}'), { cache });
    stack.fake.script('no JSON');
    await expect(scorer.score(targetOf(), contextOf())).rejects.toMatchObject({ kind: 'garbage' });
    expect(kept.size).toBe(0);
    await scorer.score(targetOf(), contextOf());
    for (const key of kept.keys()) kept.set(key, '{');
    await scorer.score(targetOf(), contextOf());
    expect(stack.fake.asked).toBe(3);
  });

  it('knows a question of our own again, though its fence is new', async () => {
    const { cache } = cacheOf();
    const scorer = await stack.load('ToxicityScorer', { model_id: 'local/m' }, { cache });
    await scorer.score(targetOf(), contextOf());
    await scorer.score(targetOf(), contextOf());
    expect(stack.fake.asked).toBe(1);
  });
});

describe('forecasts', () => {
  it('go by characters and max_tokens first, then by what answers took', async () => {
    const scorer = await load(judge('x'.repeat(390) + '{output}', { response_format: 'json_object', max_tokens: 20 }), { name: 'forecast' }); // prettier-ignore
    expect(scorer.forecast(targetOf())).toEqual({ model: 'local/m', requests: 1, promptTokens: 100, completionTokens: 20, costUsd: expect.closeTo(0.3) }); // prettier-ignore
    stack.fake.answer({ content: { score: 1 }, usage: { prompt: 150, completion: 40 } });
    let spent = 0;
    for (let i = 0; i < 5; i++) spent += (await scorer.score(targetOf(), contextOf())).spend.costUsd;
    const { costUsd } = scorer.forecast(targetOf());
    expect(Math.abs(costUsd * 5 - spent)).toBeLessThan(spent * 0.1);
  });

  it('count as spent what a provider does not report', async () => {
    stack.fake.script({ content: { score: 1 }, usage: null });
    const { spend } = await ask(judge('{output}'));
    expect(spend).toMatchObject({ requests: 1, promptTokens: 2, completionTokens: 3 });
  });
});
