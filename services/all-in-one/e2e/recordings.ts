import { readFileSync, readdirSync } from 'node:fs';

/** Traffic of real clients (fixtures/README.md). */

export interface Part {
  readonly name: string;
  readonly filename?: string;
  readonly contentType?: string;
  readonly bytes: number;
  readonly text?: string;
  readonly base64?: string;
}
export interface Recorded {
  readonly method: string;
  readonly path: string;
  /** Not for us: `fake model provider`. */
  readonly to?: string;
  readonly body: ({ readonly multipart: readonly Part[] } | Record<string, unknown>) & object;
  readonly status: number;
  readonly response: unknown;
}
export interface Recording {
  readonly steps: readonly { readonly step: string; readonly requests: readonly Recorded[] }[];
}
/** One op in a setting of its own; bodies of what was recorded elsewhere were not kept. */
export interface Configuration {
  readonly variant: string;
  readonly requests: readonly (Pick<Recorded, 'method' | 'path' | 'status'> & Partial<Recorded>)[];
}

const FIXTURES = new URL('./fixtures/', import.meta.url);
const read = (path: string) => JSON.parse(readFileSync(new URL(path, FIXTURES), 'utf8')) as unknown;

export const RECORDINGS: readonly string[] = readdirSync(new URL('weave-ts/', FIXTURES)).filter((name) =>
  name.endsWith('.json'),
);
export const readRecording = (name: string): Recording => read(`weave-ts/${name}`) as Recording;
export const readConfigurations = (): readonly Configuration[] =>
  (read('weave-ts-configurations/weave-0.11.1.json') as { variants: Configuration[] }).variants;

export const RECORDED_PROJECT = 'my-team/my-proj';

/** A recording as it is sent into a project: digests of its minimal server are not the official ones, what follows refers to ours. */
export class Replay {
  readonly project: string;
  private readonly digests = new Map<string, string>();

  constructor(project: string) {
    this.project = project;
  }

  pathOf({ path }: Pick<Recorded, 'path'>): string {
    return path.replace(RECORDED_PROJECT, this.project);
  }

  /** What to send. Binary parts were recorded by their size only. */
  bodyOf({ body }: Pick<Recorded, 'body'>): string | FormData {
    if (!('multipart' in body)) return this.translated(body);
    const form = new FormData();
    for (const part of body.multipart as readonly Part[]) {
      if (part.name === 'project_id') form.append('project_id', this.project);
      else if (part.filename === undefined) form.append(part.name, part.text ?? '');
      else
        form.append(part.name, new Blob([contentOf(part)], { type: part.contentType ?? '' }), part.filename);
    }
    return form;
  }

  private translated(value: unknown): string {
    let text = JSON.stringify(value).replaceAll(RECORDED_PROJECT, this.project);
    for (const [theirs, ours] of this.digests) text = text.replaceAll(theirs, ours);
    return text;
  }

  /** What was read, as the recording would have it: the same for two replays that did the same. */
  asRecorded(text: string): string {
    let recorded = text.replaceAll(this.project, RECORDED_PROJECT);
    for (const [theirs, ours] of this.digests) recorded = recorded.replaceAll(ours, theirs);
    return recorded;
  }

  rememberDigests(theirs: unknown, ours: Record<string, unknown>): void {
    const recorded = theirs as { digest?: string; row_digests?: readonly string[] };
    if (recorded.digest !== undefined) this.digests.set(recorded.digest, ours.digest as string);
    recorded.row_digests?.forEach((digest, i) =>
      this.digests.set(digest, (ours.row_digests as string[])[i]!),
    );
  }
}

function contentOf(part: Part): Buffer {
  if (part.base64 !== undefined) return Buffer.from(part.base64, 'base64');
  return part.text === undefined ? Buffer.alloc(part.bytes, 1) : Buffer.from(part.text);
}
