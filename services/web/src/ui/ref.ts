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
    name: decodedName(name!),
    version: version ?? '',
  };
}

/** A name of an address; what is not encoded well is a name as it stands. */
export function decodedName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
