import { AppError } from './errors.ts';

/** One step into an object: `attr` and `key` name members, `index` a list position, `id` a table row by digest. */
export interface RefStep {
  readonly edge: 'attr' | 'key' | 'index' | 'id';
  readonly value: string;
}

/** `weave:///entity/project/<kind>/…` (W&B: weave refs). Extra steps lead into the value. */
export type Ref =
  | {
      readonly kind: 'object' | 'op';
      readonly projectId: string;
      readonly name: string;
      readonly version: string;
      readonly extra: readonly RefStep[];
    }
  | {
      readonly kind: 'call';
      readonly projectId: string;
      readonly id: string;
      readonly extra: readonly RefStep[];
    }
  | {
      readonly kind: 'table';
      readonly projectId: string;
      readonly digest: string;
      readonly extra: readonly RefStep[];
    };

export const REF_SCHEME = 'weave:///';
export const INTERNAL_REF_SCHEME = 'weave-trace-internal:///';

/** @throws AppError `invalid_request` with the reason. */
export function parseRef(text: string): Ref {
  if (!text.startsWith(REF_SCHEME)) throw bad(text, `must start with ${REF_SCHEME}`);
  const [entity, project, kind, target, ...rest] = text.slice(REF_SCHEME.length).split('/');
  if (!entity || !project || !kind || !target) throw bad(text, 'expected entity/project/kind/target');
  const projectId = `${decode(entity, text)}/${decode(project, text)}`;
  const extra = parseSteps(rest, text);
  switch (kind) {
    case 'object':
    case 'op': {
      const colon = target.lastIndexOf(':');
      if (colon <= 0 || colon === target.length - 1) throw bad(text, 'expected name:digest');
      return {
        kind,
        projectId,
        name: decode(target.slice(0, colon), text),
        version: decode(target.slice(colon + 1), text),
        extra,
      };
    }
    case 'call':
      return { kind, projectId, id: decode(target, text), extra };
    case 'table':
      return { kind, projectId, digest: decode(target, text), extra };
    default:
      throw bad(text, `unknown kind ${JSON.stringify(kind.slice(0, 40))}`);
  }
}

export function formatRef(ref: Ref): string {
  const [entity, project] = splitProject(ref.projectId);
  const target =
    ref.kind === 'call' ? ref.id : ref.kind === 'table' ? ref.digest : `${ref.name}:${ref.version}`;
  const extra = ref.extra.map((step) => `/${step.edge}/${encode(step.value)}`).join('');
  return `${REF_SCHEME}${entity}/${project}/${ref.kind}/${target}${extra}`;
}

function parseSteps(parts: readonly string[], text: string): RefStep[] {
  if (parts.length % 2 !== 0) throw bad(text, 'extra parts come in pairs of edge and value');
  const steps: RefStep[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const edge = parts[i]!;
    const value = decode(parts[i + 1]!, text);
    if (edge !== 'attr' && edge !== 'key' && edge !== 'index' && edge !== 'id')
      throw bad(text, `unknown edge ${JSON.stringify(edge.slice(0, 40))}`);
    if (edge === 'index' && !/^\d{1,15}$/.test(value)) throw bad(text, 'an index must be a whole number');
    steps.push({ edge, value });
  }
  return steps;
}

/**
 * The project id that digests see. W&B keeps internal ids apart from names; ours is base64url of `entity/project`:
 * stable, without `/`, and no table is needed to map it back. Clients learn it from `/service/projects_info`.
 */
export function internalProjectId(projectId: string): string {
  return Buffer.from(projectId, 'utf8').toString('base64url');
}

/**
 * A string of a request as digests see it: external refs become internal ones (`weave-trace-internal:///<id>/…`), other
 * strings stay. @throws AppError `invalid_request` for internal refs and for refs with fewer than three parts.
 */
export function internalizeRef(text: string): string {
  if (text.startsWith(INTERNAL_REF_SCHEME))
    throw new AppError('invalid_request', 'Encountered unexpected internal ref format.');
  if (!text.startsWith(REF_SCHEME)) return text;
  const entityEnd = text.indexOf('/', REF_SCHEME.length);
  const projectEnd = entityEnd < 0 ? -1 : text.indexOf('/', entityEnd + 1);
  if (projectEnd < 0) throw bad(text, 'expected entity/project/kind/target');
  return `${INTERNAL_REF_SCHEME}${internalProjectId(text.slice(REF_SCHEME.length, projectEnd))}${text.slice(projectEnd)}`;
}

function splitProject(projectId: string): [string, string] {
  const slash = projectId.indexOf('/');
  return [projectId.slice(0, slash), projectId.slice(slash + 1)];
}

/** Everything but `A–Z a–z 0–9 _ . - ~`, as Python's `quote(safe='')`. */
function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decode(part: string, ref: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    throw bad(ref, 'bad percent-encoding');
  }
}

function bad(text: string, what: string): AppError {
  return new AppError('invalid_request', `bad ref ${JSON.stringify(text.slice(0, 200))}: ${what}`);
}
