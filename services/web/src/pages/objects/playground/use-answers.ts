import { useCallback, useEffect, useRef, useState } from 'react';
import { costOfCall, streamAnswer, type AnswerLine, type Usage } from '../../../api/completions.ts';
import { ApiError } from '../../../api/request.ts';
import { messageOf } from '../../../ui/notes.tsx';

/** What came back for a variant so far. */
export interface Answer {
  readonly state: 'running' | 'done' | 'failed' | 'stopped';
  readonly text: string;
  readonly reasoning: string;
  /** Calls of tools that the model wants, as JSON comes. */
  readonly tools: string;
  readonly usage?: Usage;
  readonly finish?: string;
  readonly callId?: string;
  /** Until the first piece, and until the end. */
  readonly firstMs?: number;
  readonly ms?: number;
  readonly cost?: number;
  readonly error?: string;
  /** The setting that the server lacks. */
  readonly missingKey?: string;
}

const BEGUN: Answer = { state: 'running', text: '', reasoning: '', tools: '' };
/** How often a running answer is drawn. */
const DRAW_MS = 50;

/** Asks models, one for each variant; whatever still runs ends with the page. */
export function useAnswers(projectId: string) {
  const [answers, setAnswers] = useState<ReadonlyMap<string, Answer>>(new Map());
  const running = useRef(new Map<string, AbortController>());
  useEffect(() => {
    const all = running.current;
    return () => all.forEach((each) => each.abort());
  }, []);
  const show = useCallback(
    (key: string, answer: Answer) => setAnswers((known) => new Map(known).set(key, answer)),
    [],
  );
  const ask = useCallback(
    async (key: string, inputs: Readonly<Record<string, unknown>>) => {
      running.current.get(key)?.abort();
      const left = new AbortController();
      running.current.set(key, left);
      const isCurrent = () => running.current.get(key) === left;
      const answer = await listen(streamAnswer(projectId, inputs, left.signal), left.signal, (each) => {
        if (isCurrent()) show(key, each);
      });
      if (!isCurrent()) return;
      running.current.delete(key);
      show(key, answer);
      if (answer.callId === undefined || answer.state !== 'done') return;
      const cost = await costOfCall(projectId, answer.callId).catch(() => undefined);
      if (cost !== undefined && !running.current.has(key)) show(key, { ...answer, cost });
    },
    [projectId, show],
  );
  const stop = useCallback(() => running.current.forEach((each) => each.abort()), []);
  const isRunning = [...answers.values()].some(({ state }) => state === 'running');
  return { answers, ask, stop, isRunning };
}

async function listen(
  lines: AsyncIterable<AnswerLine>,
  signal: AbortSignal,
  onDraw: (answer: Answer) => void,
): Promise<Answer> {
  const began = performance.now();
  const since = () => performance.now() - began;
  let answer = BEGUN;
  let drawing: ReturnType<typeof setTimeout> | undefined;
  onDraw(answer);
  try {
    for await (const line of lines) {
      answer = withLine(answer, line, since());
      drawing ??= setTimeout(() => {
        drawing = undefined;
        onDraw(answer);
      }, DRAW_MS);
    }
    return { ...answer, state: answer.error === undefined ? 'done' : 'failed', ms: since() };
  } catch (error) {
    if (signal.aborted) return { ...answer, state: 'stopped', ms: since() };
    const key = error instanceof ApiError ? error.details['api_key'] : undefined;
    const missing = typeof key === 'string' ? { missingKey: key } : {};
    return { ...answer, ...missing, state: 'failed', error: messageOf(error), ms: since() };
  } finally {
    clearTimeout(drawing);
  }
}

function withLine(answer: Answer, line: AnswerLine, ms: number): Answer {
  const { _meta, error, choices, usage } = line;
  const choice = choices?.[0];
  const { content, reasoning_content: thought, tool_calls: tools } = choice?.delta ?? {};
  const isFirst = answer.firstMs === undefined && typeof content === 'string' && content !== '';
  return {
    ...answer,
    ...(typeof _meta?.weave_call_id === 'string' && { callId: _meta.weave_call_id }),
    ...(error !== undefined && { error: typeof error === 'string' ? error : JSON.stringify(error) }),
    ...(typeof content === 'string' && { text: answer.text + content }),
    ...(typeof thought === 'string' && { reasoning: answer.reasoning + thought }),
    ...(Array.isArray(tools) && { tools: answer.tools + toolText(tools) }),
    ...(typeof choice?.finish_reason === 'string' && { finish: choice.finish_reason }),
    ...(usage && { usage }),
    ...(isFirst && { firstMs: ms }),
  };
}

/** The names and arguments of tools, in the pieces that they come in. */
function toolText(calls: readonly unknown[]): string {
  return (calls as readonly ({ function?: { name?: unknown; arguments?: unknown } } | null)[])
    .map((call) => {
      const { name, arguments: given } = call?.function ?? {};
      return `${typeof name === 'string' ? `\n${name} ` : ''}${typeof given === 'string' ? given : ''}`;
    })
    .join('');
}
