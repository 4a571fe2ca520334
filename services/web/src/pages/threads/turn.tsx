import type { Chat, ChatMessage } from '@weft/chat';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { latencyMs, statusOf, type Call } from '../../api/calls.ts';
import { chatQuery, childrenQuery, type Used } from '../../api/threads.ts';
import { errorLine } from '../../ui/exception.ts';
import { count, duration, money, opName } from '../../ui/format.ts';
import { Status } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';
import { Bubble, JsonBubble } from './bubble.tsx';
import { Steps } from './steps.tsx';
import { answeredIn, askedIn, isNothing } from './turn-text.ts';

interface TurnProps {
  readonly call: Call;
  readonly used: Used | undefined;
}

/** What the user said, what the agent did and answered. */
export function Turn({ call, used }: TurnProps) {
  const isDone = statusOf(call) !== 'running';
  const chat = useQuery(chatQuery(call.project_id, call.id, isDone)).data;
  return (
    <li className="threads-turn">
      <TurnHead call={call} used={used} />
      <Asked call={call} chat={chat} />
      <Steps call={call} />
      <Answered call={call} chat={chat} />
      {call.exception !== null && (
        <div className="threads-bubble agent error">
          <b>Failed</b>
          <div className="threads-text" dir="auto">
            {errorLine(call.exception)}
          </div>
        </div>
      )}
    </li>
  );
}

function TurnHead({ call, used }: TurnProps) {
  const [entity, project] = call.project_id.split('/') as [string, string];
  const latency = latencyMs(call);
  return (
    <header className="threads-head soft">
      <Link to="/$entity/$project/weave/calls/$id" params={{ entity, project, id: call.id }} search={{}}>
        <bdi>{call.display_name ?? opName(call.op_name)}</bdi>
      </Link>
      <Time at={call.started_at} />
      <Status call={call} />
      {latency !== undefined && <span>{duration(latency)}</span>}
      {used !== undefined && used.tokens > 0 && <span>{count.format(used.tokens)} tokens</span>}
      {used?.cost !== undefined && <span>{money(used.cost)}</span>}
    </header>
  );
}

interface SideProps {
  readonly call: Call;
  /** Undefined: on its way. */
  readonly chat: Chat | null | undefined;
}

function Asked({ call, chat }: SideProps) {
  const fresh = chat == null ? [] : freshMessages(chat.messages);
  const messages = fresh.length > 0 ? fresh : textMessages('user', askedIn(call.inputs));
  if (messages.length > 0)
    return messages.map((message, i) => (
      <Bubble key={i} side={message.role === 'user' ? 'user' : 'agent'} message={message} />
    ));
  return isNothing(call.inputs) ? null : <JsonBubble side="user" title="Inputs" value={call.inputs} />;
}

/** Models are given all that was said before: what is new begins with the last words of the user. */
function freshMessages(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const last = messages.findLastIndex(({ role }) => role === 'user');
  return last < 0 ? messages.filter(({ role }) => role !== 'system') : messages.slice(last);
}

/** As a chat has it, so that its bubble stays when the chat arrives. */
function textMessages(role: 'user' | 'assistant', text: string | undefined): readonly ChatMessage[] {
  return text === undefined ? [] : [{ role, parts: [{ type: 'text', text }] }];
}

function Answered({ call, chat }: SideProps) {
  const choices = chat?.choices ?? [];
  const messages = choices.length > 0 ? choices : textMessages('assistant', answeredIn(call.output));
  if (messages.length > 0)
    return messages.map((message, i) => <Bubble key={i} side="agent" message={message} />);
  if (!isNothing(call.output)) return <JsonBubble side="agent" title="Output" value={call.output} />;
  if (statusOf(call) === 'running') return <p className="status running">is answering…</p>;
  return <AnswerBelow call={call} />;
}

/** Agents that are traced as spans have no output of their own: the last call to a model has the answer. */
function AnswerBelow({ call }: { readonly call: Call }) {
  const children = useQuery(childrenQuery(call.project_id, call.id));
  return <FirstAnswer calls={children.data?.slice(0, MAX_LOOKED_AT) ?? []} />;
}

const MAX_LOOKED_AT = 4;

function FirstAnswer({ calls }: { readonly calls: readonly Call[] }) {
  const [first, ...rest] = calls;
  return first === undefined ? null : <AnswerOf call={first} rest={rest} />;
}

function AnswerOf({ call, rest }: { readonly call: Call; readonly rest: readonly Call[] }) {
  const chat = useQuery(chatQuery(call.project_id, call.id, true));
  if (chat.isPending) return null;
  const said = (chat.data?.choices ?? []).filter(({ parts }) => parts.some(({ type }) => type === 'text'));
  if (said.length === 0) return <FirstAnswer calls={rest} />;
  return said.map((message, i) => <Bubble key={i} side="agent" message={message} />);
}
