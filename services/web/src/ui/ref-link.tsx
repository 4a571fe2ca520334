import { Link } from '@tanstack/react-router';

/** The parts of `weave:///entity/project/object/name:digest`; undefined for what is no such address. */
export function readRef(
  ref: string,
): { entity: string; project: string; kind: string; name: string; version: string } | undefined {
  const found = /^weave:\/\/\/([^/]+)\/([^/]+)\/(object|op|call|table)\/([^:/]+)(?::([^/]+))?/.exec(ref);
  if (found === null) return undefined;
  const [, entity, project, kind, name, version] = found as unknown as string[];
  return {
    entity: entity!,
    project: project!,
    kind: kind!,
    name: decoded(name!),
    version: version ?? '',
  };
}

/** What is not encoded well is a name as it stands. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

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
