import { Link } from '@tanstack/react-router';
import { readRef } from './ref.ts';

export { readRef };

/** A ref as a link to what it points to, plain text where it points to nothing that has a page. */
export function RefLink({ value }: { readonly value: string }) {
  const found = readRef(value);
  if (found === undefined || found.kind === 'table') return <span className="mono">{value}</span>;
  const { entity, project, kind, name, version } = found;
  if (kind === 'call')
    return (
      <Link to="/$entity/$project/weave/calls/$id" params={{ entity, project, id: name }} search={{}}>
        call {name}
      </Link>
    );
  return (
    <Link
      to="/$entity/$project/weave/objects/$name/versions/$version"
      params={{ entity, project, name, version }}
    >
      {name}:{version.slice(0, 7)}
    </Link>
  );
}
