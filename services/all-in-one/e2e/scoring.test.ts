import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { upload } from './files.ts';
import { callsOf, NPM_TIMEOUT_MS, opOf } from './npm.ts';
import { runProgram } from './program.ts';
import { judgeVal, scoredProject, type Score } from './scoring.ts';
import { openScoringStack, requireScoring, type ScoringStack } from './scoring-stack.ts';
import { apiKey, newProject, type ReadCall } from './stack.ts';

/** A monitor that the Python SDK has published and activated scores what both SDKs and OpenTelemetry send, and its scores are found. */

let stack: ScoringStack;
const describeJudged = (await requireScoring(describe)) as typeof describe;
const describeScoring = requireBackend('python', describeJudged);

interface Shown {
  readonly op: string;
  readonly inputs: Record<string, unknown>;
  readonly feedback: readonly Score[];
}

describeScoring('a monitor made by the Python SDK', () => {
  const project = newProject('scoring');
  let refs: readonly string[];
  let calls: ReadCall[];
  let scores: Score[];

  beforeAll(async () => {
    stack = await openScoringStack('judge');
    // What is asked for in the prompt decides, so that every call has a score of its own.
    stack.llm.answer(({ text }) => ({ content: { score: text.includes('two') ? 1 : 0.25, seen: text } }));
    ({ refs } = await runProgram<{ refs: string[] }>(stack, 'monitor.py', project, 'judge/m-1'));
    await runProgram(stack, 'npm/answers.cjs', 'weave', project, 'three', 'skip me');
    await runProgram(stack, 'otel.mjs', 'http/protobuf', `${stack.url}/otel/v1/traces`, project, apiKey);
    const scored = scoredProject(stack, project);
    await scored.settled('every-call', 8);
    await scored.settled('answers', 5);
    calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
    scores = await scored.scores();
  }, 3 * NPM_TIMEOUT_MS);
  afterAll(() => stack?.stop());

  const of = (name: string) => scores.filter(({ feedback_type: type }) => type === `wandb.runnable.${name}`);
  const idOf = ({ weave_ref: ref }: Score) => ref.split('/').at(-1);

  it('scores every call of both SDKs and of OpenTelemetry, once', () => {
    const originals = calls.filter(({ attributes }) => !isScore(attributes));
    expect(originals.map(opOf).sort()).toEqual([
      'agent',
      'answer',
      'answer',
      'answer',
      'answer',
      'answer',
      'chat_gpt-local',
      'other',
    ]);
    expect(of('seen').map(idOf).sort()).toEqual(originals.map(({ id }) => id).sort());
    expect(stack.llm.countOf('seen: ')).toBe(8);
    expect(of('seen').map(({ payload }) => payload.output.seen)).toEqual(
      expect.arrayContaining(['seen: python says one', 'seen: npm says three', expect.stringContaining('4')]),
    );
  });

  it('chooses by op and query', () => {
    const answered = callsOf(calls, 'answer').filter(({ inputs }) => inputs['question'] !== 'skip me');
    expect(of('helpful').map(idOf).sort()).toEqual(answered.map(({ id }) => id).sort());
    expect(
      of('helpful')
        .map(({ payload }) => payload.output.seen)
        .sort(),
    ).toEqual([
      'helpful: one -> python says one',
      'helpful: three -> npm says three',
      'helpful: two -> python says two',
    ]);
  });

  it('says which rule, which run and for whom', () => {
    for (const score of of('helpful')) {
      expect(score).toMatchObject({
        trigger_ref: refs[1],
        runnable_ref: expect.stringMatching(`^weave:///${project}/object/helpful:`),
        call_ref: expect.stringMatching(`^weave:///${project}/call/`),
      });
      const run = calls.find(({ id }) => id === score.call_ref!.split('/').at(-1));
      expect(run).toMatchObject({
        output: score.payload.output,
        attributes: { weft: { score: { call_ref: score.weave_ref, monitor_ref: refs[1] } } },
        summary: { weave: { status: 'success' } },
      });
    }
  });

  it(
    'is read with the calls, chosen and sorted by its values',
    async () => {
      const { all, good, sorted } = await runProgram<Record<string, Shown[]>>(stack, 'scores.py', project);
      const withScore = all!.filter(({ feedback }) =>
        feedback.some((each) => each.feedback_type === 'wandb.runnable.helpful'),
      );
      expect(withScore.map(({ inputs }) => inputs['question']).sort()).toEqual(['one', 'three', 'two']);
      expect(good!.map(({ inputs }) => inputs['question'])).toEqual(['two']);
      expect(good![0]!.feedback.map((each) => each.payload.output.score)).toEqual([1, 1]);
      expect(sorted!.map(({ inputs }) => inputs['question'])).toEqual([
        'two',
        expect.any(String),
        expect.any(String),
      ]);
    },
    NPM_TIMEOUT_MS,
  );

  it('is found as feedback, by its values', async () => {
    const query = {
      $expr: {
        $gt: [
          { $convert: { input: { $getField: 'payload.output.score' }, to: 'double' } },
          { $literal: 0.5 },
        ],
      },
    };
    const found = await scoredProject(stack, project).scores(query);
    expect(found.map(({ feedback_type: type }) => type).sort()).toEqual([
      'wandb.runnable.helpful',
      'wandb.runnable.seen',
    ]);
  });

  it('is not scored itself, and adds up', async () => {
    const { ledger } = scoredProject(stack, project);
    expect(await ledger('every-call')).toMatchObject({ matched: 8, scored: 8, failed: 0, pending: 0 });
    expect(await ledger('answers')).toMatchObject({
      matched: 5,
      scored: 3,
      failed: 0,
      pending: 0,
      skipped: { filter: 2 },
    });
    expect(stack.llm.asked).toBe(11);
    expect(calls.filter(({ attributes }) => isScore(attributes))).toHaveLength(11);
  });
});

describeJudged('a judge that looks at media', () => {
  const KIB = 1024;
  const png = (size: number) => Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(size)]);
  const wav = (size: number) => Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt '), randomBytes(size)]);
  const uri = (bytes: Buffer) => `data:image/png;base64,${bytes.toString('base64')}`;

  beforeAll(async () => {
    stack = await openScoringStack('judge');
    stack.llm.answer({ content: { score: 1 } });
  }, 60_000);
  afterAll(() => stack?.stop());

  it('is sent the bytes of what became files: base64 of clients, and what the SDKs upload', async () => {
    const project = scoredProject(stack, newProject('scored-media'));
    const [shot, photo, made] = [png(300 * KIB), png(20 * KIB), png(30 * KIB)];
    const sound = wav(40 * KIB);
    const judge = judgeVal('judge/m-1', 'look at {messages} {output}');
    const media = { enable_image_input_scoring: true, enable_audio_input_scoring: true };
    const scorers = [await project.publish('looker', { ...judge, ...media })];
    await project.monitor('look', { scorers });
    const custom = { _type: 'CustomWeaveType', weave_type: { type: 'PIL.Image.Image' } };
    const output = { ...custom, files: { 'image.png': await upload(stack, project.id, made, 'image.png') } };
    const content = [
      { type: 'text', text: 'see and hear' },
      { type: 'image_url', image_url: { url: uri(shot) } },
      { type: 'input_audio', input_audio: { data: sound.toString('base64'), format: 'wav' } },
    ];
    const inputs = JSON.stringify({ messages: [{ role: 'user', content }], photo: uri(photo) });
    await project.call('shown', [output], { inputs });
    expect(await project.settled('look', 1)).toMatchObject({ scored: 1 });
    // It is refs that are stored.
    const [call] = (await stack.lines<ReadCall>('/calls/stream_query', { project_id: project.id })).filter(
      ({ attributes }) => !isScore(attributes),
    );
    const refs = JSON.stringify(call!.inputs).match(/"weave:\/\/\/[^"]+\/object\/[^"]+"/g);
    expect(refs).toHaveLength(3);
    expect(stack.llm.asked).toBe(1);
    const [{ text, body }] = stack.llm.requests as [(typeof stack.llm.requests)[0]];
    const [message] = body.messages as [{ content: Record<string, any>[] }];
    const sent = message.content.slice(1);
    expect(sent.map(({ type }) => type)).toEqual(['image_url', 'input_audio', 'image_url', 'image_url']);
    expect(text).toMatch(/\(image 1\).*\(audio 2\).*\(image 4\)/s);
    expect(text).not.toContain('weave:///');
    const urls = sent.map(({ image_url: image }) => image?.url as string | undefined);
    expect([urls[0] === uri(shot), urls[2] === uri(photo), urls[3] === uri(made)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(sent[1]!.input_audio.format).toBe('wav');
    expect(Buffer.from(sent[1]!.input_audio.data, 'base64').equals(sound)).toBe(true);
  }, 120_000);
});

function isScore(attributes: Record<string, unknown>): boolean {
  return (attributes['weft'] as Record<string, unknown> | undefined)?.['score'] !== undefined;
}
