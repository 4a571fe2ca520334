import { AppError, formatRef, parseRef } from '@weft/model';
import type { Logger } from '@weft/runtime';
import { parseMonitor, type Monitor } from '@weft/scoring';
import { callFields, type StoredObject, type TraceReader } from '@weft/trace-store';
import { BoundedMap } from '../bounded-map.ts';
import type { Monitors } from '../parts.ts';

export interface MonitorsDeps {
  readonly reader: Pick<TraceReader, 'streamObjects' | 'readObject'>;
  readonly logger: Logger;
  /** Milliseconds. */
  readonly clock?: () => number;
}

/** A change is to be seen within 5 s, the read included. */
const MAX_FRESH_MS = 4000;
const MIN_FRESH_MS = 250;
/** The more lists were read lately, the longer each of them lasts. */
const FRESH_MS_PER_READ = 20;
/** Versions never change, but may be deleted. */
const VERSION_FRESH_MS = 60_000;
const MAX_PROJECTS = 1000;
const MAX_VERSIONS = 5000;
/** More than anybody publishes. */
const MAX_MONITORS = 1000;
const NEWEST = [{ field: 'created_at', direction: 'desc' }] as const;

interface Listed {
  readonly untilMs: number;
  readonly found: Promise<Found>;
}

interface Found {
  readonly byName: ReadonlyMap<string, Monitor>;
  /** The same list as long as nothing changes. */
  readonly active: readonly Monitor[];
}

/**
 * Reads the monitors of a project once for all who ask, and again after a quarter of a second where few projects are looked
 * at, after 4 s where many are; a read that fails is made again by the next one.
 * What is no monitor that this server understands is told once in the log and left out: the others work.
 */
export function createMonitors({ reader, logger, clock = Date.now }: MonitorsDeps): Monitors {
  const lists = new BoundedMap<Listed>(MAX_PROJECTS);
  const reads = new RecentCount(MAX_FRESH_MS);
  const lookups = new BoundedMap<{ readonly untilMs: number; readonly found: Promise<Monitor | undefined> }>(
    MAX_VERSIONS,
  );
  const parsed = new BoundedMap<Monitor | 'unreadable'>(MAX_VERSIONS);
  const versions = new BoundedMap<{ readonly untilMs: number; readonly monitor: Monitor }>(MAX_VERSIONS);

  function understood(object: StoredObject): Monitor | undefined {
    const ref = refOf(object);
    const known = parsed.get(ref);
    if (known !== undefined) return known === 'unreadable' ? undefined : known;
    try {
      const monitor = parse(object);
      parsed.set(ref, monitor);
      return monitor;
    } catch (err) {
      parsed.set(ref, 'unreadable');
      logger.warn({ err, monitor: ref }, 'a monitor is left out: it cannot be read');
      return undefined;
    }
  }

  async function list(projectId: string, before: Promise<Found> | undefined): Promise<Found> {
    const filter = { isOp: false, latestOnly: true, baseObjectClasses: ['Monitor'] };
    const query = { projectId, filter, sort: NEWEST, vals: true, labels: false, limit: MAX_MONITORS };
    const byName = new Map<string, Monitor>();
    for await (const objects of reader.streamObjects(query))
      for (const object of objects) {
        const monitor = understood(object);
        if (monitor !== undefined) byName.set(object.objectId, monitor);
      }
    const active = [...byName.values()].filter((monitor) => monitor.active);
    const known = await before?.catch(() => undefined);
    return { byName, active: known !== undefined && isSame(known.active, active) ? known.active : active };
  }

  function fresh(projectId: string): Promise<Found> {
    const known = lists.get(projectId);
    if (known !== undefined && known.untilMs > clock()) return known.found;
    const freshMs = Math.min(MAX_FRESH_MS, Math.max(MIN_FRESH_MS, reads.count(clock()) * FRESH_MS_PER_READ));
    const listed = { untilMs: clock() + freshMs, found: list(projectId, known?.found) };
    lists.set(projectId, listed);
    listed.found.catch(() => {
      if (lists.get(projectId) === listed) lists.delete(projectId);
    });
    return listed.found;
  }

  async function newest(projectId: string, name: string): Promise<StoredObject | undefined> {
    const object = await reader.readObject(projectId, name, 'latest');
    return isThere(object) && object.baseObjectClass === 'Monitor' ? object : undefined;
  }

  /** What the list says is not active may have been activated since: a job must not be given up for that. */
  function lookedUp(projectId: string, name: string): Promise<Monitor | undefined> {
    const key = `${projectId} ${name}`;
    const known = lookups.get(key);
    if (known !== undefined && known.untilMs > clock()) return known.found;
    const found = newest(projectId, name).then((object) => object && understood(object));
    const lookup = { untilMs: clock() + MIN_FRESH_MS, found };
    lookups.set(key, lookup);
    found.catch(() => lookups.delete(key));
    return found;
  }

  return {
    async current(projectId, name) {
      const object = await newest(projectId, name);
      return object && parse(object);
    },
    active: async (projectId) => (await fresh(projectId)).active,
    async latest(projectId, name) {
      const listed = (await fresh(projectId)).byName.get(name);
      return listed?.active === true ? listed : lookedUp(projectId, name);
    },
    async version(text) {
      const known = versions.get(text);
      if (known !== undefined && known.untilMs > clock()) return known.monitor;
      const ref = parseRef(text);
      if (ref.kind !== 'object' || ref.extra.length > 0)
        throw new AppError('invalid_request', `${text.slice(0, 300)}: is not the ref of a monitor`);
      const object = await reader.readObject(ref.projectId, ref.name, ref.version);
      if (!isThere(object)) throw new AppError('not_found', `there is no monitor ${text.slice(0, 300)}`);
      const monitor = parse(object);
      versions.set(text, { untilMs: clock() + VERSION_FRESH_MS, monitor });
      return monitor;
    },
  };
}

function isThere(object: StoredObject | null): object is StoredObject {
  return object !== null && object.deletedAtUs === null && object.kind === 'object';
}

/** How often something happened lately: in one to two of these spans of time. */
class RecentCount {
  private readonly spanMs: number;
  private sinceMs = 0;
  private before = 0;
  private now = 0;

  constructor(spanMs: number) {
    this.spanMs = spanMs;
  }

  /** It happens again. */
  count(nowMs: number): number {
    const spans = Math.floor((nowMs - this.sinceMs) / this.spanMs);
    if (spans > 0) {
      this.before = spans === 1 ? this.now : 0;
      this.now = 0;
      this.sinceMs += spans * this.spanMs;
    }
    return ++this.now + this.before;
  }
}

/** Versions have one object each in `parsed`. */
function isSame(one: readonly Monitor[], other: readonly Monitor[]): boolean {
  return one.length === other.length && one.every((monitor, i) => monitor === other[i]);
}

function refOf({ projectId, objectId, digest }: StoredObject): string {
  return formatRef({ kind: 'object', projectId, name: objectId, version: digest, extra: [] });
}

/** One that is about to be published: no score is of its version. @throws AppError `invalid_request` */
export function parseDraft(value: object, about: Pick<Monitor, 'projectId' | 'name' | 'userId'>): Monitor {
  return parseMonitor(Buffer.from(JSON.stringify(value)), { ...about, digest: 'draft' }, callFields());
}

/** @throws AppError `invalid_request` */
function parse({ projectId, objectId, digest, userId, val }: StoredObject): Monitor {
  return parseMonitor(val, { projectId, name: objectId, digest, userId: userId ?? '' }, callFields());
}
