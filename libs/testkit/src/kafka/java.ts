import { spawnSync } from 'node:child_process';

import { javaCommand } from '../environment.ts';

/** Kafka 4 brokers run on it or later. */
const LEAST_JAVA = 17;

export interface Java {
  readonly command: string;
  /** What `java -version` says: a class archive fits one of them only. */
  readonly description: string;
}

let found: Java | string | undefined;

/** The Java that brokers start with, or the reason why there is none. */
export function findJava(): Java | string {
  found ??= look();
  return found;
}

function look(): Java | string {
  const command = javaCommand();
  const asked = spawnSync(command, ['-version'], { encoding: 'utf8' });
  if (asked.status !== 0) return `${command} cannot be started`;
  const description = asked.stderr;
  const major = Number(/version "(?:1\.)?(\d+)/.exec(description)?.[1] ?? 0);
  return major >= LEAST_JAVA
    ? { command, description }
    : `${command} is Java ${major}, and Kafka needs Java ${LEAST_JAVA} or newer`;
}
