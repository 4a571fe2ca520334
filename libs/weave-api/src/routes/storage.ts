import { z } from 'zod';
import { flag, given, projectId } from '../members.ts';
import { defineRoute, json, lines } from '../route-spec.ts';

/** The blob store of files and large payloads, for its operator; W&B has no such routes. */

const tag = 'Weft';
const count = z.int();

export const storageCheck = defineRoute({
  method: 'post',
  path: '/weft/v1/storage/check',
  tag,
  access: 'admin',
  summary:
    'Writes, reads, lists and deletes a blob, and says what did not work. For keys that reach every project',
  request: z.object({}),
  answer: json(
    z.object({
      uri: z.string(),
      ok: z.boolean(),
      steps: z.array(
        z.object({
          step: z.enum(['write', 'read', 'range', 'list', 'copy', 'delete']),
          ok: z.boolean(),
          trouble: z.string().optional(),
          message: z.string().optional(),
          elapsed_ms: count,
        }),
      ),
    }),
  ),
});

const Amount = z.object({ blobs: count, bytes: count });

const Tally = z.object({
  scanned: Amount,
  referenced: Amount,
  /** Too young to decide, or dead letters may refer to them. */
  kept: Amount,
  trashed: Amount,
  restored: Amount,
  deleted: Amount,
  /** Something else happened to them meanwhile: the next run looks again. */
  changed: Amount,
});

const LeftAlone = Amount.extend({ examples: z.array(z.string()) });

const MAX_GRACE_HOURS = 24 * 366;

export const storageGc = defineRoute({
  method: 'post',
  path: '/weft/v1/storage/gc',
  tag,
  access: 'admin',
  summary:
    'Moves blobs that nothing refers to to the trash, and deletes those that have been there for the grace. Without a project for keys that reach every one',
  request: z.object({
    project_id: given(projectId),
    dry_run: flag,
    /** How long they have to be unreferenced before the trash, and in the trash; at least 1. */
    grace_hours: given(z.number().positive().max(MAX_GRACE_HOURS)),
    /** The last `after` of an answer that was cut short: go on behind it. */
    after: given(z.string().max(2000)),
  }),
  answer: lines(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('progress'), after: z.string(), total: Tally }),
      z.object({
        kind: z.literal('done'),
        dry_run: z.boolean(),
        total: Tally,
        projects: z.array(Tally.extend({ project_id: z.string() })),
        /** Keys that are not ours. */
        foreign: LeftAlone,
        /** Projects that these tables do not know. */
        unknown: LeftAlone,
      }),
    ]),
  ),
});
export type StorageGcRequest = z.output<typeof storageGc.request>;

const Stored = z.object({ count, bytes: count });

export const storageUsage = defineRoute({
  method: 'get',
  path: '/weft/v1/storage/usage',
  tag,
  access: 'admin',
  summary:
    'What projects keep in the blob store and in the tables. Without a project for keys that reach every one',
  request: z.object({ project_id: given(projectId) }),
  answer: json(
    z.object({
      /** Where new blobs go; null = there is no blob store. */
      uri: z.string().nullable(),
      projects: z.array(
        z.object({ project_id: z.string(), blob_files: Stored, table_files: Stored, payloads: Stored }),
      ),
      truncated: z.boolean(),
    }),
  ),
});

export const STORAGE_ROUTES = [storageCheck, storageGc, storageUsage];
