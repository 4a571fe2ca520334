import { formatRef } from '@weft/model';
import type { Logger } from '@weft/runtime';
import type { StoredObject, TraceReader } from '@weft/trace-store';
import { BoundedMap } from '../bounded-map.ts';
import { parseAlert, type Alert } from './alert.ts';

/** A change is seen within 5 s, the read included. */
const FRESH_MS = 4000;
const MAX_PROJECTS = 1000;
const MAX_PARSED = 5000;
const MAX_ALERTS = 200;

/** The newest versions of a project's alerts, active or not, at most 4 s old. */
export type AlertList = (projectId: string) => Promise<readonly Alert[]>;

export interface AlertListDeps {
  readonly reader: Pick<TraceReader, 'streamObjects'>;
  readonly logger: Logger;
  /** Milliseconds. */
  readonly clock: () => number;
}

/** What is no alert that this server understands is told once in the log and left out: the others work. */
export function createAlertList({ reader, logger, clock }: AlertListDeps): AlertList {
  const lists = new BoundedMap<{ readonly untilMs: number; readonly found: Promise<readonly Alert[]> }>(
    MAX_PROJECTS,
  );
  const parsed = new BoundedMap<Alert | 'unreadable'>(MAX_PARSED);

  function understood({ projectId, objectId, digest, val }: StoredObject): Alert | 'unreadable' {
    const ref = formatRef({ kind: 'object', projectId, name: objectId, version: digest, extra: [] });
    let alert = parsed.get(ref);
    if (alert !== undefined) return alert;
    try {
      alert = parseAlert(val, { projectId, name: objectId, ref });
    } catch (err) {
      logger.warn({ err, alert: ref }, 'an alert is left out: it cannot be read');
      alert = 'unreadable';
    }
    parsed.set(ref, alert);
    return alert;
  }

  async function list(projectId: string): Promise<readonly Alert[]> {
    const filter = { isOp: false, latestOnly: true, baseObjectClasses: ['AlertSpec'] };
    const query = { projectId, filter, sort: [], vals: true, labels: false, limit: MAX_ALERTS };
    const alerts: Alert[] = [];
    for await (const objects of reader.streamObjects(query))
      for (const object of objects) {
        const alert = understood(object);
        if (alert !== 'unreadable') alerts.push(alert);
      }
    return alerts;
  }

  return (projectId) => {
    const known = lists.get(projectId);
    if (known !== undefined && known.untilMs > clock()) return known.found;
    const listed = { untilMs: clock() + FRESH_MS, found: list(projectId) };
    lists.set(projectId, listed);
    listed.found.catch(() => lists.delete(projectId));
    return listed.found;
  };
}
