import type { Chat, ChatMessage } from '@weft/chat';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { chatQuery } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';
import { errorText } from '../../ui/exception.ts';
import { count } from '../../ui/format.ts';
import { JsonText } from '../../ui/json-text.tsx';
import { isContainer, sizeOf } from '../../ui/json-tree/json-value.ts';
import { LongText } from '../../ui/json-tree/long-text.tsx';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { Message } from './chat-message.tsx';
import { usageOf } from './usage.ts';

/** Formats that say nothing beyond the JSON itself. */
const LAST_RESORT: ReadonlySet<string | null> = new Set([null, 'text', 'json', 'tool']);
/** At the top and at the end; what is between is shown when it is asked for. */
const SHOWN = 30;

/** The conversation of a call, whichever SDK recorded it. */
export function ChatTab({ call }: { readonly call: Call }) {
  const chat = useQuery(chatQuery(call.project_id, call.id));
  if (chat.isPending) return <Loading what="the conversation" />;
  if (chat.isError) return <ErrorNote error={chat.error} retry={() => void chat.refetch()} />;
  const { formats } = chat.data;
  if (LAST_RESORT.has(formats.input) && LAST_RESORT.has(formats.output)) return <NoChat call={call} />;
  return <Conversation call={call} chat={chat.data} />;
}

function NoChat({ call }: { readonly call: Call }) {
  const [entity, project] = call.project_id.split('/') as [string, string];
  return (
    <div className="card">
      <p style={{ margin: 0 }}>
        No conversation is recorded in this call: messages are found in the inputs and outputs of calls of
        models.{' '}
        <Link
          to="/$entity/$project/weave/calls/$id"
          params={{ entity, project, id: call.id }}
          search={{ tab: 'call' }}
        >
          See what went in and came out
        </Link>
        .
      </p>
    </div>
  );
}

function Conversation({ call, chat }: { readonly call: Call; readonly chat: Chat }) {
  const { messages, choices, systemInstructions, tools, omittedMessages } = chat;
  const [isAll, setAll] = useState(false);
  const hidden = isAll ? 0 : Math.max(0, messages.length - 2 * SHOWN);
  const head = hidden === 0 ? messages : messages.slice(0, SHOWN);
  const tail = hidden === 0 ? [] : messages.slice(-SHOWN);
  const list = (from: readonly ChatMessage[], start: number) =>
    from.map((message, i) => <Message key={start + i} message={message} call={call} />);
  return (
    <div className="call-chat">
      <About call={call} chat={chat} />
      {systemInstructions.length > 0 && (
        <Message message={{ role: 'system', name: 'instructions', parts: systemInstructions }} call={call} />
      )}
      {list(head, 0)}
      {hidden > 0 && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show {count.format(hidden)} messages between
        </button>
      )}
      {list(tail, messages.length - tail.length)}
      {omittedMessages > 0 && (
        <p className="note">
          {count.format(omittedMessages)} more messages are left out: they are in the inputs.
        </p>
      )}
      {choices.map((choice, i) => (
        <Message
          key={`choice ${i}`}
          message={choice}
          call={call}
          label={choices.length > 1 ? `answer ${i + 1} of ${choices.length}` : 'answer'}
        />
      ))}
      {choices.length === 0 && call.exception !== null && (
        <section className="call-message error">
          <header>error</header>
          <pre dir="auto">
            <LongText text={errorText(call.exception)} />
          </pre>
        </section>
      )}
      {tools.length > 0 && <JsonText title={`Tools it may use (${tools.length})`} value={tools} isFolded />}
    </div>
  );
}

/** Model, parameters, what it used. */
function About({ call, chat: { model, parameters } }: { readonly call: Call; readonly chat: Chat }) {
  const total = usageOf(call).reduce(
    (sum, { input, output }) => ({ input: sum.input + input, output: sum.output + output }),
    { input: 0, output: 0 },
  );
  const simple = isContainer(parameters)
    ? Object.entries(parameters).filter(([name, value]) => name !== 'model' && !isContainer(value))
    : [];
  const rest = isContainer(parameters) && Object.values(parameters).some((value) => isContainer(value) && sizeOf(value) > 0); // prettier-ignore
  return (
    <>
      <p className="call-about">
        {model !== null && (
          <span className="tag strong">
            <bdi>{model.slice(0, 200)}</bdi>
          </span>
        )}
        {simple.slice(0, 20).map(([name, value]) => (
          <span className="tag" key={name}>
            <bdi>
              {name.slice(0, 60)} {String(value).slice(0, 60)}
            </bdi>
          </span>
        ))}
        {(total.input > 0 || total.output > 0) && (
          <span className="soft">
            {count.format(total.input)} tokens in, {count.format(total.output)} out
          </span>
        )}
      </p>
      {rest && <JsonText title="Parameters" value={parameters} isFolded />}
    </>
  );
}
