import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@weft/testkit';
import { batch, completed, newCallId } from './calls.ts';
import {
  callRef,
  judgeVal,
  opRef,
  scoredCalls,
  scoredProject,
  scorerVal,
  type ScoredProject,
} from './scoring.ts';
import { openScoringStack, requireScoring, type ScoringStack } from './scoring-stack.ts';
import { newProject, type ReadCall } from './stack.ts';

/** What a monitor's members do, one project for each test, with a model that says what it was asked. */

const describeScoring = await requireScoring(describe);
jest.setTimeout(120_000);
const MODEL = 'rules/m-1';
const JUDGE = judgeVal(MODEL, 'judge: {output}');
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `n${from + i}`);

describeScoring('monitors', () => {
  let stack: ScoringStack;
  beforeAll(async () => {
    stack = await openScoringStack('rules');
    stack.llm.answer(({ text }) => ({ content: { score: 1, seen: text } }));
  }, 60_000);
  afterAll(() => stack?.stop());

  const open = (name: string): ScoredProject => scoredProject(stack, newProject(name));

  it('sample the same calls whenever they come', async () => {
    const project = open('sample');
    const scorers = [await project.publish('valid', scorerVal('ValidJSONScorer'))];
    const ops = (name: string) => ({ op_names: [opRef(project.id, name, '*')] });
    await project.monitor('third', { sampling_rate: 0.3, scorers, ...ops('drawn') });
    await project.monitor('last', { scorers, ...ops('last') });
    const ids = numbers(300).map(() => newCallId());
    const send = async () => {
      const calls = ids.map((id) => completed(project.id, id, { output: '"{}"', op_name: '"drawn"' }));
      expect((await stack.send(`/v2/${project.id}/calls/complete`, batch(...calls))).status).toBe(200);
    };
    await send();
    const ledger = await project.settled('third', 300);
    expect(ledger).toMatchObject({ matched: 300, failed: 0, skipped: { sample: 300 - ledger.scored } });
    // 90 expected; beyond 5 standard deviations it is no chance.
    expect(ledger.scored).toBeGreaterThan(50);
    expect(ledger.scored).toBeLessThan(130);
    const first = await project.scores();
    expect(scoredCalls(first).size).toBe(ledger.scored);
    await send();
    await project.call('last', ['{}']);
    await project.settled('last', 1);
    const second = (await project.scores()).filter(({ trigger_ref: ref }) => ref === first[0]!.trigger_ref);
    const [before, after] = [scoredCalls(first), scoredCalls(second)];
    for (const id of ids) expect(after.get(id)).toBe(before.get(id));
  });

  it('choose by op and by query', async () => {
    const project = open('choose');
    const query = {
      $expr: { $gt: [{ $convert: { input: { $getField: 'inputs.n' }, to: 'int' } }, { $literal: 2 }] },
    };
    const scorers = [await project.publish('judge', JUDGE)];
    await project.monitor('some', { scorers, query, op_names: [opRef(project.id, 'wanted', '*')] });
    const wanted = await project.call('wanted', numbers(5));
    await project.call('unwanted', numbers(5));
    await project.settled('some', 5);
    const scores = await project.scores();
    expect([...scoredCalls(scores).keys()].sort()).toEqual(wanted.slice(3).sort());
    expect(scores.map(({ payload }) => payload.output.seen).sort()).toEqual(['judge: n3', 'judge: n4']);
  });

  it('end within 5 s of being switched off', async () => {
    const project = open('off');
    const scorers = [await project.publish('judge', JUDGE)];
    const on = await project.monitor('ending', { scorers });
    await project.call('op', numbers(3));
    await project.settled('ending', 3);
    await project.monitor('ending', { scorers, active: false });
    await project.monitor('staying', { scorers });
    await sleep(5_000); // the promise is about time
    await project.call('op', numbers(3, 3));
    await project.settled('staying', 3);
    const triggers = (await project.scores()).map(({ trigger_ref: ref }) => ref);
    expect(triggers.filter((ref) => ref === on)).toHaveLength(3);
    expect(triggers.filter((ref) => ref?.includes('/ending:'))).toHaveLength(3);
  }, 60_000);

  it('ask a model once for all classifiers', async () => {
    const project = open('classify');
    const scorers = [
      await project.publish('rude', judgeVal(MODEL, 'The answer is rude.')),
      await project.publish('wrong', judgeVal(MODEL, 'The answer is wrong.')),
    ];
    const is_match = (text: string) => text.includes('you fool');
    stack.llm.answer(({ text }) => {
      if (!text.includes('The answer is rude.')) return { content: { score: 1, seen: text } };
      const verdict = (match: boolean) => ({ is_match: match, confidence: 0.9, reason: 'as seen' });
      return { content: { classifiers: { rude: verdict(is_match(text)), wrong: verdict(false) } } };
    });
    await project.monitor('classes', { _type: 'ClassifierMonitor', _class_name: 'ClassifierMonitor', _bases: ['Monitor', 'Object', 'BaseModel'], scorers }); // prettier-ignore
    await project.call('op', ['hello', 'you fool']);
    await project.settled('classes', 2);
    const scores = await project.scores();
    expect(stack.llm.countOf('The answer is rude.')).toBe(2);
    expect(scores.map(({ feedback_type: type }) => type).sort()).toEqual(['wandb.runnable.rude', 'wandb.runnable.rude', 'wandb.runnable.wrong', 'wandb.runnable.wrong']); // prettier-ignore
    const rude = scores.filter(({ feedback_type: type, scorer_tags: tags }) => type === 'wandb.runnable.rude' && tags.length > 0); // prettier-ignore
    expect(rude).toHaveLength(1);
  });

  it('score a thread once it has come to rest', async () => {
    const project = open('rest');
    const debounce = { aggregation_field: 'thread_id', timeout_seconds: 2 };
    const last = [await project.publish('last', judgeVal(MODEL, 'last: {output}'))];
    const all = [await project.publish('all', judgeVal(MODEL, 'all: {calls}'))];
    await project.monitor('newest', { scorers: last, scorer_debounce_config: debounce });
    await project.monitor('whole', { scorers: all, scorer_debounce_config: { ...debounce, aggregation_method: 'all_messages' } }); // prettier-ignore
    const at = (s: number) => JSON.stringify(`2026-01-02T03:04:0${s}.000000Z`);
    let newest: string[] = [];
    for (const [i, output] of ['first words', 'second words', 'third words'].entries())
      newest = await project.call('say', [output], { thread_id: '"t1"', turn_id: JSON.stringify(String(i)), started_at: at(i), ended_at: at(i + 1) }); // prettier-ignore
    const scores = await eventually(async () => {
      const found = await project.scores();
      return found.length >= 2 ? found : undefined;
    });
    expect([...scoredCalls(scores)]).toEqual([[newest[0], 2]]);
    expect(stack.llm.requests.filter(({ text }) => text.startsWith('last: ')).map(({ text }) => text)).toEqual(['last: third words']); // prettier-ignore
    const [whole, ...more] = stack.llm.requests.filter(({ text }) => text.startsWith('all: '));
    expect(more).toEqual([]);
    for (const words of ['first words', 'second words', 'third words']) expect(whole!.text).toContain(words);
  });

  it('score turns of agents', async () => {
    const project = open('turns');
    await project.monitor('turns', { op_names: ['weave.genai.turn_ended'], scorers: [await project.publish('judge', JUDGE)] }); // prettier-ignore
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await sendTurn(stack, project.id, traceId);
    await project.call('no turn', ['x']);
    const [score] = await eventually(async () => {
      const found = await project.scores();
      return found.length > 0 ? found : undefined;
    });
    expect(score).toMatchObject({ feedback_type: 'wandb.agent_monitor', weave_ref: `weave:///${project.id}/agent_turn/${traceId}` }); // prettier-ignore
    expect(await project.settled('turns', 1)).toMatchObject({ matched: 1, scored: 1 });
    expect(await project.scores()).toHaveLength(1);
  });

  it('have scorers that need no model', async () => {
    const project = open('built-in');
    const scorers = [
      await project.publish('valid', scorerVal('ValidJSONScorer')),
      await project.publish('levenshtein', scorerVal('LevenshteinScorer', { column_map: { target: 'n' } })),
    ];
    await project.monitor('plain', { scorers });
    await project.call('op', ['{"a":1}']);
    await project.settled('plain', 1);
    const scores = await eventually(async () => {
      const found = await project.scores();
      return found.length === 2 ? found : undefined;
    });
    expect(
      Object.fromEntries(scores.map(({ feedback_type: type, payload }) => [type, payload.output])),
    ).toEqual({
      'wandb.runnable.valid': { json_valid: true },
      'wandb.runnable.levenshtein': expect.anything(),
    });
  });

  it('show what went wrong', async () => {
    const project = open('errors');
    const scorers = [await project.publish('judge', judgeVal(MODEL, 'spoil: {output}'))];
    await project.monitor('spoilt', { scorers });
    stack.llm.answer(({ text }) =>
      text.startsWith('spoil') ? { fault: 'garbage' } : { content: { score: 1 } },
    );
    await project.call('op', ['x']);
    const [score] = await eventually(async () => {
      const found = await project.scores();
      return found.length > 0 ? found : undefined;
    });
    expect(score!.payload).toMatchObject({ output: null, status: 'error', error: { kind: 'garbage', message: expect.any(String), attempts: 2 } }); // prettier-ignore
    const [run] = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project.id, filter: { call_ids: [score!.call_ref!.split('/').at(-1)] } }); // prettier-ignore
    expect(run).toMatchObject({
      exception: expect.stringContaining('garbage'),
      summary: { weave: { status: 'error' } },
    });
    expect(JSON.stringify(run)).toContain('spoil: x');
    expect(await project.settled('spoilt', 1)).toMatchObject({ matched: 1, scored: 0, failed: 1 });
  });

  it('score the past on request', async () => {
    const project = open('past');
    const ref = await project.publish('judge', JUDGE);
    const ids = await project.call('op', numbers(4));
    const asked = { project_id: project.id, call_ids: ids.slice(1), scorer_refs: [ref] };
    await stack.post('/calls/score', asked);
    await project.settled('calls/score', 3);
    await stack.post('/calls/score', asked);
    const scores = await project.scores();
    expect(scoredCalls(scores)).toEqual(new Map(ids.slice(1).map((id) => [id, 1])));
    const score = scores.find((each) => each.weave_ref === callRef(project.id, ids[1]!));
    expect(score).toMatchObject({ runnable_ref: ref, trigger_ref: null });
  });

  it('spend no more than their budget', async () => {
    const project = open('budget');
    const scorers = [await project.publish('judge', judgeVal(MODEL, 'frugal: {output}'))];
    const limits = { project_id: project.id, monitor: 'frugal', calls_per_day: 3 };
    await stack.post('/weft/v1/monitors/budget', limits);
    await sleep(5_000); // as with monitors
    await project.monitor('frugal', { scorers });
    await project.call('op', numbers(10));
    expect(await project.settled('frugal', 10)).toMatchObject({
      matched: 10,
      scored: 3,
      skipped: { budget: 7 },
    });
    expect(stack.llm.countOf('frugal: ')).toBe(3);
  });

  it('tell what the past would cost before they score it', async () => {
    const project = open('forecast');
    const words = (i: number) => 'word '.repeat(20 + (i % 7) * 10) + i;
    const at = (hour: number) => `2026-01-0${hour}T00:00:00.000000Z`;
    const outputs = numbers(40).map((_, i) => words(i));
    // It sees what is stored until there is the other one, which is to look at the past only.
    await project.monitor('first', {
      scorers: [await project.publish('valid', scorerVal('ValidJSONScorer'))],
    });
    for (const day of [1, 2])
      await project.call('op', outputs, {
        started_at: JSON.stringify(at(day)),
        ended_at: JSON.stringify(at(day)),
      });
    await project.settled('first', 80);
    stack.llm.answer({ content: { score: 0.5, reason: 'because that is how it is' } });
    const scorers = [await project.publish('judge', judgeVal(MODEL, 'How good is this? {output}'))];
    await project.monitor('past', { scorers });
    const score = <T>(from: string, to: string, dry_run: boolean) =>
      stack.post<T>('/weft/v1/monitors/score', {
        project_id: project.id,
        monitor: 'past',
        from,
        to,
        dry_run,
      });
    // What the first half took tells what the second will. The monitor is seen within 5 s.
    await eventually(() => score(at(1), at(2), false).then(() => true, () => undefined)); // prettier-ignore
    const before = await project.settled('past', 40);
    const { counts, estimate } = await score<{
      counts: { to_score: number };
      estimate: { requests: number; prompt_tokens: number; completion_tokens: number };
    }>(at(1), at(3), true);
    expect(counts.to_score).toBe(40);
    await score(at(1), at(3), false);
    const after = await project.settled('past', 80);
    expect(after).toMatchObject({ matched: 80, scored: 80 });
    const spent = after.spend.tokens - before.spend.tokens;
    expect(estimate.requests).toBe(40);
    expect(Math.abs(estimate.prompt_tokens + estimate.completion_tokens - spent) / spent).toBeLessThan(0.1);
    const { promptTokens, completionTokens } = stack.llm.billed;
    expect(after.spend.tokens).toBeLessThanOrEqual(promptTokens + completionTokens);
  }, 60_000);
});

/** A root span and its child, over OTLP. */
async function sendTurn(stack: ScoringStack, project: string, traceId: string): Promise<void> {
  const span = (spanId: string, parentSpanId: string, name: string, output: string) => ({
    ...{ traceId, spanId, parentSpanId, name, kind: 1 },
    ...{ startTimeUnixNano: '1767323045000000000', endTimeUnixNano: '1767323046000000000' },
    attributes: Object.entries({
      'gen_ai.operation.name': parentSpanId === '' ? 'invoke_agent' : 'chat',
      'gen_ai.agent.name': 'guide',
      'input.value': 'where?',
      'output.value': output,
    }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  });
  const spans = [span('00f067aa0ba902b7', '', 'turn', 'there'), span('00f067aa0ba902b8', '00f067aa0ba902b7', 'chat', 'over there')]; // prettier-ignore
  const body = { resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: 'e2e' }, spans }] }] };
  const res = await stack.send('/otel/v1/traces', body, {
    project_id: project,
    'content-type': 'application/json',
  });
  if (res.status !== 200) throw new Error(`otel: ${res.status} ${await res.text()}`);
}
