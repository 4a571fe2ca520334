import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { knownCallsQuery } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';
import { JsonText } from '../../ui/json-text.tsx';
import { isContainer, isFields, jsonText, member, sizeOf } from '../../ui/json-tree/json-value.ts';
import { claimedOf, headOf } from './tabs.ts';

const PATH = ['attributes', 'otel_span'];
const MAX_LISTED = 200;

/** The span that the call was made of, as it was sent. */
export function OtelTab({ call }: { readonly call: Call }) {
  const stored = member(headOf(call.attributes), 'otel_span');
  const span = headOf(stored);
  if (!isFields(span))
    return (
      <div className="card">
        <p style={{ margin: 0 }}>
          {stored === undefined || stored === null
            ? 'This call was sent by a Weave SDK: there is no span of OpenTelemetry behind it.'
            : 'The span is too large to be shown here; it is in the attributes.'}
        </p>
      </div>
    );
  const at = (...names: readonly string[]) =>
    names.reduce((value: unknown, name) => member(value, name), span);
  const status = [at('status', 'code'), at('status', 'message')].map((each) => textOf(each));
  const events = at('events');
  return (
    <>
      {claimedOf(stored) !== undefined && <p className="note">Long texts of this span are cut here.</p>}
      <dl className="facts">
        <Fact name="Name" value={at('name')} />
        <Fact name="Kind" value={at('kind')} />
        <Fact name="Status" value={status.filter((each) => each !== '').join(': ')} />
        <Fact name="Span id" value={at('context', 'span_id')} />
        <Fact name="Trace id" value={at('context', 'trace_id')} />
        <Fact name="Parent span" value={at('parent_id')} />
        <Fact name="Trace state" value={at('context', 'trace_state')} />
        <Fact name="Scope" value={[textOf(at('scope', 'name')), textOf(at('scope', 'version'))].join(' ')} />
        <Fact name="Service" value={at('resource', 'attributes', 'service', 'name')} />
      </dl>
      <Links call={call} links={at('links')} />
      <JsonText
        title="Attributes of the span"
        value={at('attributes') ?? {}}
        path={[...PATH, 'attributes']}
      />
      {isContainer(events) && sizeOf(events) > 0 && (
        <JsonText title={`Events (${sizeOf(events)})`} value={events} path={[...PATH, 'events']} />
      )}
      <JsonText title="Resource" value={at('resource') ?? {}} path={[...PATH, 'resource']} isFolded />
      <JsonText title="Scope" value={at('scope') ?? {}} path={[...PATH, 'scope']} isFolded />
      <JsonText title="The whole span" value={span} path={PATH} isFolded />
    </>
  );
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : jsonText(value).slice(0, 300);
}

function Fact({ name, value }: { readonly name: string; readonly value: unknown }) {
  const text = textOf(value).trim();
  if (text === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd className="call-break">
        <bdi>{text}</bdi>
      </dd>
    </div>
  );
}

/** Spans of other traces that this one names: those that are stored here can be followed. */
function Links({ call, links }: { readonly call: Call; readonly links: unknown }) {
  const list = Array.isArray(links) ? (links as unknown[]).slice(0, MAX_LISTED) : [];
  const found = list.map((link) => ({
    link,
    spanId: textOf(member(member(link, 'context'), 'span_id') ?? member(link, 'span_id')),
    traceId: textOf(member(member(link, 'context'), 'trace_id') ?? member(link, 'trace_id')),
  }));
  const ids = [...new Set(found.map(({ spanId }) => spanId))].filter((id) => id !== '');
  const known = useQuery({ ...knownCallsQuery(call.project_id, ids), enabled: ids.length > 0 }).data ?? [];
  const [entity, project] = call.project_id.split('/') as [string, string];
  if (list.length === 0) return null;
  return (
    <section>
      <h2>Links to other spans</h2>
      <ul className="call-refs">
        {found.map(({ link, spanId, traceId }, i) => {
          const target = known.find(({ id, trace_id }) => id === spanId && trace_id === traceId);
          const attributes = member(link, 'attributes');
          return (
            <li key={i}>
              {target === undefined ? (
                <span className="mono call-break">
                  {traceId} / {spanId} <span className="soft">not stored here</span>
                </span>
              ) : (
                <Link
                  to="/$entity/$project/weave/calls/$id"
                  params={{ entity, project, id: target.id }}
                  search={{}}
                >
                  {traceId} / {spanId}
                </Link>
              )}
              {isContainer(attributes) && sizeOf(attributes) > 0 && (
                <span className="soft call-break"> {jsonText(attributes).slice(0, 500)}</span>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
