import type { FoundTopic, WantedTopic } from './topic-settings.ts';

const MIN_REPLICAS = 3;
const MIN_IN_SYNC = 2;
const MIN_RETENTION_HOURS = 24;
const HOUR_MS = 3_600_000;

/** Where the topics do not hold what an acknowledgement promises: the loss of one broker costs nothing. */
export function problemsOf(wanted: readonly WantedTopic[], found: ReadonlyMap<string, FoundTopic>): string[] {
  return wanted.flatMap(({ name }) => {
    const topic = found.get(name);
    if (topic === undefined) return [`topic ${name} is missing: run "weft topics apply"`];
    return problemsOfTopic(topic).map((problem) => `topic ${name} ${problem}`);
  });
}

function problemsOfTopic({ replicas, settings }: FoundTopic): string[] {
  const problems: string[] = [];
  const setting = (name: string) => settings.get(name) ?? '';
  const inSync = Number(setting('min.insync.replicas'));
  const retentionMs = Number(setting('retention.ms'));
  if (replicas < MIN_REPLICAS)
    problems.push(
      `has ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}: the loss of brokers loses events`,
    );
  if (inSync < MIN_IN_SYNC)
    problems.push(
      `acknowledges with ${inSync} replica in sync (min.insync.replicas): the loss of one broker may lose events`,
    );
  if (inSync >= replicas && replicas > 1)
    problems.push(`needs all ${replicas} replicas to accept an event: the loss of one broker stops it`);
  if (setting('unclean.leader.election.enable') === 'true')
    problems.push('allows unclean leader elections: acknowledged events may be lost');
  if (retentionMs >= 0 && retentionMs < MIN_RETENTION_HOURS * HOUR_MS)
    problems.push(
      `keeps events for ${Math.floor(retentionMs / HOUR_MS)} h only: a longer outage of the store loses them`,
    );
  if (setting('cleanup.policy') !== 'delete')
    problems.push(`has cleanup.policy ${setting('cleanup.policy')}: compaction drops events`);
  return problems;
}
