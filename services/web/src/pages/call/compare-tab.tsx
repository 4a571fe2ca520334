import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { earlierCallsQuery } from '../../api/call.ts';
import { callQuery, latencyMs, type Call } from '../../api/calls.ts';
import { Diff } from '../../ui/editor.tsx';
import { duration, money, opName } from '../../ui/format.ts';
import { jsonText } from '../../ui/json-tree/json-value.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { Status } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';
import { costOf } from './cost.ts';
import type { CallSearch } from './routes.ts';
import { headOf } from './tabs.ts';

/** This call beside another one. */
export function CompareTab({ call }: { readonly call: Call }) {
  const { compare }: CallSearch = useSearch({ strict: false });
  return (
    <>
      <Choose call={call} compare={compare} />
      {compare !== undefined && <Against key={compare} call={call} id={compare} />}
    </>
  );
}

function Choose({ call, compare }: { readonly call: Call; readonly compare: string | undefined }) {
  const [id, setId] = useState(compare ?? '');
  const earlier = useQuery(earlierCallsQuery(call));
  const navigate = useNavigate();
  const [entity, project] = call.project_id.split('/') as [string, string];
  const go = (other: string) => {
    setId(other);
    void navigate({
      to: '/$entity/$project/weave/calls/$id',
      params: { entity, project, id: call.id },
      search: (before: CallSearch) => ({
        ...before,
        tab: 'compare',
        compare: other === '' ? undefined : other,
      }),
    });
  };
  const previous = earlier.data?.[0];
  return (
    <form
      className="call-choose"
      onSubmit={(event) => {
        event.preventDefault();
        go(id.trim());
      }}
    >
      <label>
        Compare with the call
        <input
          className="field mono"
          value={id}
          placeholder="its id"
          onChange={(event) => setId(event.target.value)}
        />
      </label>
      <button className="button">Compare</button>
      {previous !== undefined && (
        <button type="button" className="button" onClick={() => go(previous.id)}>
          Previous call of this op
        </button>
      )}
      {(earlier.data?.length ?? 0) > 1 && (
        <label>
          or an earlier one
          <select
            className="field"
            value={earlier.data!.some((each) => each.id === compare) ? compare : ''}
            onChange={(event) => event.target.value !== '' && go(event.target.value)}
          >
            <option value="">choose…</option>
            {earlier.data!.map((each) => (
              <option key={each.id} value={each.id}>
                {(each.display_name ?? opName(each.op_name)).slice(0, 60)}, {each.started_at.slice(0, 19).replace('T', ' ')}
              </option>
            ))}
          </select>
        </label>
      )}
      {earlier.data?.length === 0 && compare === undefined && (
        <p className="soft">This op was not called before: give the id of any call of the project.</p>
      )}
    </form>
  ); // prettier-ignore
}

function Against({ call, id }: { readonly call: Call; readonly id: string }) {
  const other = useQuery(callQuery(call.project_id, id));
  if (other.isPending) return <Loading what="the other call" />;
  if (other.isError) return <ErrorNote error={other.error} retry={() => void other.refetch()} />;
  if (other.data === null)
    return (
      <p className="note" role="status">
        There is no call {id} in this project.
      </p>
    );
  return <Differences before={other.data} after={call} />;
}

function Differences({ before, after }: { readonly before: Call; readonly after: Call }) {
  return (
    <>
      <div className="scroll-x" tabIndex={0} role="group" aria-label="Both calls">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Call</th>
              <th scope="col">Started</th>
              <th scope="col">Status</th>
              <th scope="col" className="number">
                Latency
              </th>
              <th scope="col" className="number">
                Cost
              </th>
            </tr>
          </thead>
          <tbody>
            <Line call={before} name="the other" />
            <Line call={after} name="this" />
          </tbody>
        </table>
      </div>
      <PayloadDiff title="Inputs" before={before.inputs} after={after.inputs} />
      <PayloadDiff title="Output" before={before.output} after={after.output} />
      {(before.exception !== null || after.exception !== null) && (
        <PayloadDiff title="Error" before={before.exception ?? ''} after={after.exception ?? ''} />
      )}
      <PayloadDiff title="Summary" before={before.summary} after={after.summary} />
    </>
  );
}

function Line({ call, name }: { readonly call: Call; readonly name: string }) {
  const [entity, project] = call.project_id.split('/') as [string, string];
  const latency = latencyMs(call);
  const cost = costOf(call);
  return (
    <tr>
      <td>
        <Link to="/$entity/$project/weave/calls/$id" params={{ entity, project, id: call.id }} search={{}}>
          <bdi>{(call.display_name ?? opName(call.op_name)).slice(0, 100)}</bdi>
        </Link>{' '}
        <span className="soft">{name}</span>
      </td>
      <td>
        <Time at={call.started_at} />
      </td>
      <td>
        <Status call={call} />
      </td>
      <td className="number">{latency === undefined ? '' : duration(latency)}</td>
      <td className="number">{cost === undefined ? '' : money(cost)}</td>
    </tr>
  );
}

/** Comparing takes time with the square of what differs. */
const MAX_CHARS = 100_000;

function PayloadDiff({
  title,
  before,
  after,
}: {
  readonly title: string;
  readonly before: unknown;
  readonly after: unknown;
}) {
  const texts = useMemo(() => [before, after].map((each) => jsonText(headOf(each) ?? null)), [before, after]);
  const [old, now] = texts.map((text) => text.slice(0, MAX_CHARS)) as [string, string];
  const isCut = texts.some((text) => text.length > MAX_CHARS);
  return (
    <section>
      <h2>
        {title} {old === now && <span className="soft">– no difference</span>}
      </h2>
      {old !== now && <Diff before={old} after={now} language="json" label={`${title}: what differs`} />}
      {isCut && <p className="soft">Only the first {MAX_CHARS / 1000} thousand characters are compared.</p>}
    </section>
  );
}
