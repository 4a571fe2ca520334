import type { Command } from 'commander';
import { setTimeout as delay } from 'node:timers/promises';
import { instantOf } from './instant.ts';
import { notes } from './notes.ts';
import { CliError, type CommandPort } from './port.ts';
import { serverOf, withServerOptions, type Server, type ServerFlags } from './server.ts';
import { printable, toTable } from './table.ts';

const ROUTE = '/weft/v1/monitors/score';
const POLL_MS = 500;

interface Flags extends ServerFlags {
  readonly project: string;
  readonly monitor: string;
  readonly from: string;
  readonly to?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

interface Counts {
  readonly calls: number;
  readonly matched: number;
  readonly sampled: number;
  readonly scored: number;
  readonly queued: number;
  readonly to_score: number;
}

interface Forecast {
  readonly counts: Counts;
  readonly estimate: {
    readonly requests: number;
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly cost_usd: number;
    readonly how: string;
    readonly unpriced_models: readonly string[];
  };
}

interface Job {
  readonly state: 'waiting' | 'delayed' | 'running' | 'done' | 'dead';
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly counts?: Counts;
}

/** A monitor's counts, as /monitors/ledger has them. */
export interface LedgerEntry {
  readonly monitor: string;
  readonly display_name: string | null;
  readonly active: boolean | null;
  readonly ref: string | null;
  readonly sampling_rate: number | null;
  readonly matched: number;
  readonly scored: number;
  readonly failed: number;
  readonly skipped_total: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly pending: number;
  readonly running: number;
  readonly spend: { readonly calls: number; readonly tokens: number; readonly usd: number };
  readonly budget: Limits;
}

export interface Limits {
  readonly calls_per_day: number | null;
  readonly tokens_per_day: number | null;
  readonly usd_per_day: number | null;
}

const HELP = `
Runs a monitor on calls that were stored before it was active, with the sample and the budgets it has for new ones.
What is scored already by the same versions of monitor and scorer is left alone; what failed or was skipped is tried again.
  weft score --project team/app --monitor quality --from 7d --dry-run   how many scores, how many tokens, what they cost
  weft score --project team/app --monitor quality --from 7d --wait      make them, and wait until they are made
Times are of the beginning of calls. A run may be cut short and repeated: nothing is scored twice.
In a cluster --url is the front door, or the scoring worker (SCORING_WORKER_PORT, default 6348).`;

/** `weft score`: the server looks, decides and scores; this asks, waits and shows. */
export function addScoreCommand(program: Command, port: CommandPort): void {
  withServerOptions(
    program.command('score').description('run a monitor on calls of the past'),
    'the front door, or the scoring worker',
  )
    .requiredOption('--project <entity/project>', 'of this project')
    .requiredOption('--monitor <name>', 'the monitor, by the name of its object')
    .requiredOption(
      '--from <when>',
      'calls that began since: 24h, 30d, or an instant such as 2026-01-31T12:00:00Z',
    )
    .option('--to <when>', 'calls that began before; default: now')
    .option('--dry-run', 'say how many scores that would be and what they would cost, and do nothing')
    .option('--wait', 'wait until the scores are made')
    .option('--json', 'answer in JSON')
    .addHelpText('after', HELP)
    .action((flags: Flags) => score(flags, port));
}

async function score(flags: Flags, port: CommandPort): Promise<void> {
  const { project, monitor, from, to, dryRun = false, wait = false, json = false } = flags;
  const server = serverOf(flags, port);
  const body = {
    project_id: project,
    monitor,
    from: instantOf(from),
    ...(to === undefined ? {} : { to: instantOf(to) }),
    dry_run: dryRun,
  };
  if (dryRun) {
    const forecast = (await server.post(ROUTE, body)) as Forecast;
    return port.out(json ? `${JSON.stringify(forecast)}\n` : toForecast(forecast));
  }
  const before = wait ? await ledgerOf(server, project, monitor) : undefined;
  const started = (await server.post(ROUTE, body)) as { readonly job_id: string };
  if (before === undefined) {
    const path = `GET ${jobPath(project, started.job_id)}`;
    return port.out(json ? `${JSON.stringify(started)}\n` : `${started.job_id}\nqueued: ${path} says how far it is, --wait waits for it\n`); // prettier-ignore
  }
  const job = await finished(server, project, started.job_id, port);
  const entry = await settled(server, project, monitor, before, job.counts?.to_score ?? 0, port);
  if (json) return port.out(`${JSON.stringify({ ...started, counts: job.counts, ledger: entry })}\n`);
  port.out((job.counts === undefined ? '' : `${toCounts(job.counts)}\n`) + toOutcome(before, entry));
  if (entry.failed > before.failed) port.exitWith(1);
}

function jobPath(project: string, id: string): string {
  const query = new URLSearchParams({ project_id: project });
  return `/weft/v1/scoring/jobs/${encodeURIComponent(id)}?${query.toString()}`;
}

async function finished(server: Server, project: string, id: string, port: CommandPort): Promise<Job> {
  const note = notes(port);
  for (;;) {
    const job = (await server.get(jobPath(project, id))) as Job;
    if (job.state === 'dead') throw new CliError(`the run was given up: ${printable(job.reason ?? '?')}`);
    if (job.state === 'done' && job.outcome === 'disabled')
      throw new CliError('the run ended early: the monitor was deactivated');
    if (job.state === 'done') return job;
    const { done = 0, total = 0 } = job.progress ?? {};
    note(() => `${done} of ${total} calls looked at, ${job.counts?.to_score ?? 0} scores queued`);
    await delay(POLL_MS);
  }
}

/** Until as many scores as were queued have ended, or none of the monitor is pending. */
async function settled(
  server: Server,
  project: string,
  monitor: string,
  before: LedgerEntry,
  wanted: number,
  port: CommandPort,
): Promise<LedgerEntry> {
  const note = notes(port);
  for (;;) {
    const entry = await ledgerOf(server, project, monitor);
    const ended = endedOf(entry) - endedOf(before);
    if (entry.pending === 0 || ended >= wanted + before.pending) return entry;
    note(() => `${ended} ended, ${entry.pending} pending, ${entry.running} running`);
    await delay(POLL_MS);
  }
}

function endedOf({ scored, failed, skipped_total }: LedgerEntry): number {
  return scored + failed + skipped_total;
}

async function ledgerOf(server: Server, project: string, monitor: string): Promise<LedgerEntry> {
  const answer = (await server.post('/monitors/ledger', { project_id: project, monitor })) as {
    readonly monitors: readonly LedgerEntry[];
  };
  return answer.monitors[0]!;
}

function toCounts(counts: Counts): string {
  return toLines([
    [counts.calls, 'finished calls in the range'],
    [counts.matched, "of the monitor's ops, and its query holds"],
    [counts.sampled, 'in its sample'],
    [counts.scored, 'scores were there'],
    [counts.queued, 'scores were queued already'],
    [counts.to_score, 'scores to be made'],
  ]);
}

function toForecast({ counts, estimate }: Forecast): string {
  const { requests, prompt_tokens: prompt, completion_tokens: completion, cost_usd: usd, how } = estimate;
  const cost = toTable([
    ['REQUESTS', 'PROMPT TOKENS', 'COMPLETION TOKENS', 'TOKENS', 'COST'],
    [...[requests, prompt, completion, prompt + completion].map(String), toUsd(usd)],
  ]);
  const unpriced =
    estimate.unpriced_models.length === 0
      ? ''
      : `without a known price, counted as free: ${printable(estimate.unpriced_models.join(', '))}\n`;
  return `${toCounts(counts)}\n${cost}${printable(how)}\n${unpriced}`;
}

/** What ended since, by how it ended. */
function toOutcome(before: LedgerEntry, after: LedgerEntry): string {
  const reasons = Object.entries(after.skipped).map(
    ([reason, count]) => [count - (before.skipped[reason] ?? 0), `skipped: ${reason}`] as const,
  );
  return (
    toLines([
      [after.scored - before.scored, 'scored'],
      [after.failed - before.failed, 'failed: `weft monitors dead` and the feedback of the calls say why'],
      ...reasons.filter(([count]) => count > 0),
      ...(after.pending > 0 ? [[after.pending, 'pending'] as const] : []),
      [after.spend.tokens - before.spend.tokens, 'tokens spent'],
    ]) + `${toUsd(after.spend.usd - before.spend.usd).padStart(9)}  spent\n`
  );
}

function toLines(lines: readonly (readonly [number, string])[]): string {
  return lines.map(([count, what]) => `${String(count).padStart(9)}  ${printable(what)}\n`).join('');
}

export function toUsd(usd: number): string {
  return `$${usd === 0 || usd >= 1 ? usd.toFixed(2) : usd.toPrecision(3)}`;
}
