import { chmodSync, mkdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { resolve } from 'node:path';

import type { Logger } from '@weft/runtime';

import { acquireDirectoryLock } from './directory-lock.ts';
import {
  DATABASE,
  END_IN_ORDER,
  engineFiles,
  launcherSettings,
  newCredentials,
  writeEngineConfig,
  type ClusterHost,
  type Credentials,
} from './engine-config.ts';
import { execute, findFreePort } from './engine-http.ts';
import { findEngineLibrary, type EngineLibrary, type ResolveModule } from './engine-library.ts';
import { openOutputFile, type OutputFile } from './output-file.ts';
import { DEFAULT_POLICY, superviseEngine, type Supervisor, type SuperviseEvents } from './supervise.ts';

const GIB = 1024 ** 3;

/** `failed` is final: the engine ended too often in a row, only a new open helps. */
export type EngineState = 'running' | 'restarting' | 'failed';

export interface EmbeddedClickHouseOptions {
  /** Home of tables, configuration, log and lock; made when missing. One owner at a time. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** Ceiling for the whole engine (`max_server_memory_usage`). Default: a quarter of the machine's, 1 to 4 GiB. */
  readonly maxMemoryBytes?: number;
  /** Told of every change after the first start; `error` comes with `failed` and holds the end of the engine's log. */
  readonly onStateChange?: (state: EngineState, error?: Error) => void;
  /** True: it is started again for ever, as Kubernetes does. Default: given up after eight quick ends in a row. */
  readonly neverGivesUp?: boolean;
  /** Makes it a host of a cluster: Distributed tables work, replication and ON CLUSTER do not. */
  readonly cluster?: ClusterHost;
  /** Where launcher.mjs is. Default: beside this module, in a bundle beside the bundle. */
  readonly launcherPath?: string;
  /** Finds ffi-rs and the engine package. Default: `require.resolve` from this module, in a bundle from the bundle. */
  readonly resolveModule?: ResolveModule;
}

/** A running local ClickHouse server. */
export interface EmbeddedClickHouse {
  /** `http://127.0.0.1:<port>`; stays the same when the engine is restarted. */
  readonly url: string;
  /** May do everything. */
  readonly writer: Credentials;
  /** May SELECT in `database`, change limits of its own queries, nothing else. */
  readonly reader: Credentials;
  readonly database: string;
  /** Of the engine's process now; undefined while there is none. */
  readonly pid: number | undefined;
  /** Lets running queries finish, ends the engine (by force after 10 s) and releases the directory. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a local ClickHouse server on a free loopback port and keeps it running until `stop()`.
 * @throws Error when the engine package is missing, the directory has another owner, or the engine does not answer
 * within 60 s (with the end of its log); nothing stays behind then.
 */
export async function openEmbeddedClickHouse(
  options: EmbeddedClickHouseOptions,
): Promise<EmbeddedClickHouse> {
  const library = findEngineLibrary(options);
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  chmodSync(dataDir, 0o700);
  const lock = acquireDirectoryLock(dataDir);
  let output: OutputFile | undefined;
  try {
    output = openOutputFile(engineFiles(dataDir).outputPath);
    const running = await start(options, library, dataDir, output);
    return withStop(running, () => {
      output?.close();
      lock.release();
    });
  } catch (error) {
    output?.close();
    lock.release();
    throw error;
  }
}

interface Running {
  readonly port: number;
  readonly writer: Credentials;
  readonly reader: Credentials;
  readonly supervisor: Supervisor;
}

async function start(
  options: EmbeddedClickHouseOptions,
  library: EngineLibrary,
  dataDir: string,
  output: OutputFile,
): Promise<Running> {
  const files = engineFiles(dataDir);
  const [writer, reader] = [newCredentials('weft_writer'), newCredentials('weft_reader')];
  const port = await findFreePort();
  writeEngineConfig(files, {
    port,
    maxMemoryBytes: options.maxMemoryBytes ?? defaultMemoryBytes(),
    writer,
    reader,
    cluster: options.cluster,
  });
  const launch = {
    launcherPath: library.launcherPath,
    settings: launcherSettings(library, files, options.cluster),
    workingDir: files.tablesDir,
    outputFd: output.fd,
    port,
    requestEnd: () => execute(port, writer, END_IN_ORDER),
  };
  const describeFailure = (cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new Error(`${reason}; the end of ${files.outputPath}:\n${output.tail()}`, { cause });
  };
  const supervisor = await superviseEngine(
    launch,
    describeFailure,
    reportTo(options),
    options.neverGivesUp ? { ...DEFAULT_POLICY, maxQuickFailures: Infinity } : DEFAULT_POLICY,
  );
  try {
    await execute(port, writer, `CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
  } catch (cause) {
    await supervisor.stop();
    throw describeFailure(cause);
  }
  const unconfined = /launcher: not confined: (.*)/.exec(output.tail())?.[1];
  if (unconfined) options.logger.warn({ reason: unconfined }, 'ClickHouse is not confined to its directory');
  return { port, writer, reader, supervisor };
}

/** The first `running` is the resolved open itself. */
function reportTo({ logger, onStateChange }: EmbeddedClickHouseOptions): SuperviseEvents {
  let isFirst = true;
  return {
    onRunning(pid, startMs) {
      logger.info({ pid, startMs }, 'ClickHouse runs');
      if (!isFirst) onStateChange?.('running');
      isFirst = false;
    },
    onEnded(how, backoffMs) {
      logger.warn({ how, backoffMs }, 'ClickHouse ended unexpectedly, starting it again');
      onStateChange?.('restarting');
    },
    onFailed(error) {
      logger.error({ err: error }, 'ClickHouse keeps ending, giving up');
      onStateChange?.('failed', error);
    },
  };
}

function withStop({ port, writer, reader, supervisor }: Running, release: () => void): EmbeddedClickHouse {
  let stopped: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    writer,
    reader,
    database: DATABASE,
    get pid() {
      return supervisor.pid;
    },
    stop: () => (stopped ??= supervisor.stop().finally(release)),
  };
}

function defaultMemoryBytes(): number {
  return Math.min(4 * GIB, Math.max(GIB, Math.floor(totalmem() / 4)));
}
