import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import {
  breakdownQuery,
  edgesOf,
  type Dimension,
  type Group,
  type Order,
  type Span,
} from '../../api/dashboard.ts';
import { ErrorNote } from '../../ui/notes.tsx';
import { nameOfGroup } from './names.ts';
import { tracesSearch } from './traces-link.ts';

/** The first of something. */
export function TopList({
  title,
  by,
  orderBy,
  value,
  more,
  span,
  all,
  nothing,
}: {
  readonly title: string;
  readonly by: Dimension;
  readonly orderBy: Order;
  readonly value: (group: Group) => string;
  readonly more: (group: Group) => string;
  readonly span: Span;
  readonly all: boolean;
  readonly nothing: string;
}) {
  const { entity, project } = useParams({ from: '/$entity/$project/weave/dashboard' });
  const projectId = `${entity}/${project}`;
  const top = useQuery(breakdownQuery({ projectId, span, all, by: [by], orderBy, limit: 5 }));
  const links = (group: Group) =>
    tracesSearch({ ...edgesOf(span), key: group.key, all, errors: orderBy === 'errors' });
  return (
    <section className="card dash-top">
      <h2 className="dash-first">{title}</h2>
      {top.isError && top.data === undefined && (
        <ErrorNote error={top.error} retry={() => void top.refetch()} />
      )}
      {top.data?.groups.length === 0 && <p className="soft">{nothing}</p>}
      <ol>
        {top.data?.groups.map((group) => (
          <li key={JSON.stringify(group.key)}>
            <Link
              className="cut"
              to="/$entity/$project/weave/traces"
              params={{ entity, project }}
              search={links(group)}
              title={nameOfGroup(group)}
            >
              <bdi>{nameOfGroup(group)}</bdi>
            </Link>
            <span className="number">{value(group)}</span>
            <span className="soft number">{more(group)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
