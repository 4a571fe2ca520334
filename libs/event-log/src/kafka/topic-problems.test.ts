import { describe, expect, it } from '@jest/globals';
import { settingsOf } from './env.ts';
import { problemsOf } from './topic-problems.ts';
import { wantedTopics, type FoundTopic } from './topic-settings.ts';

const wanted = wantedTopics(settingsOf({})).slice(0, 1);
const { name, partitions, replicas, settings } = wanted[0]!;
const found = (more: Partial<FoundTopic> = {}, changed: Record<string, string> = {}) =>
  problemsOf(
    wanted,
    new Map([
      [
        name,
        {
          partitions,
          replicas,
          settings: new Map([...settings, ...Object.entries(changed)]),
          own: new Map<string, string>(),
          ...more,
        },
      ],
    ]),
  );

describe('problems of topics', () => {
  it('are none with what we set', () => {
    expect(found()).toEqual([]);
  });

  it.each<[string, string[]]>([
    ['2 replicas', found({ replicas: 2 })],
    ['min.insync.replicas', found({}, { 'min.insync.replicas': '1' })],
    ['needs all 3 replicas', found({}, { 'min.insync.replicas': '3' })],
    ['unclean', found({}, { 'unclean.leader.election.enable': 'true' })],
    ['keeps events for 23 h only', found({}, { 'retention.ms': String(23.5 * 3_600_000) })],
    ['compaction', found({}, { 'cleanup.policy': 'compact,delete' })],
  ])('name what is wrong: %s', (text, problems) => {
    expect(problems.join('\n')).toContain(text);
    expect(problems[0]).toMatch(/^topic trace-events /);
  });

  it('do not include keeping events for ever', () => {
    expect(found({}, { 'retention.ms': '-1' })).toEqual([]);
  });
});
