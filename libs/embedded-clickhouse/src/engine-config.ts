import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { EngineLibrary } from './engine-library.ts';

/** The one database that the reader may read. */
export const DATABASE = 'weft';

/** A user name and its password. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** New for every open; the password lives in this process only, the engine is told its hash. */
export function newCredentials(username: string): Credentials {
  return { username, password: randomBytes(24).toString('base64url') };
}

export interface EngineFiles {
  /** Working directory of the engine and home of its tables. */
  readonly tablesDir: string;
  readonly configPath: string;
  readonly usersPath: string;
  readonly outputPath: string;
}

/** Where things are below the data directory. */
export function engineFiles(dataDir: string): EngineFiles {
  return {
    tablesDir: join(dataDir, 'data'),
    configPath: join(dataDir, 'config.xml'),
    usersPath: join(dataDir, 'users.xml'),
    outputPath: join(dataDir, 'engine.log'),
  };
}

/** What makes the engine a host of a cluster. */
export interface ClusterHost {
  /** The other hosts speak to it here, on the loopback address. */
  readonly tcpPort: number;
  /** `<remote_servers>` and what else of the server's configuration goes with it: `<macros>`, `<zookeeper>`. */
  readonly configXml: string;
}

/** Writes both configuration files (mode 0600), replacing those of the last run. */
export function writeEngineConfig(
  files: EngineFiles,
  settings: {
    port: number;
    maxMemoryBytes: number;
    writer: Credentials;
    reader: Credentials;
    cluster?: ClusterHost;
  },
): void {
  mkdirSync(files.tablesDir, { recursive: true, mode: 0o700 });
  writePrivate(files.configPath, serverConfig(files, settings));
  writePrivate(files.usersPath, usersConfig(settings.maxMemoryBytes, settings.writer, settings.reader));
}

/**
 * Keeps the engine's one call from returning: clickhouse-local ends with its last query. 10^12 rows of a quarter of a second
 * are 8000 years; the nap is short because the end of the engine waits for the end of the nap.
 */
const KEEP_RUNNING =
  'SELECT sleepEachRow(0.25) FROM numbers(1000000000000) ' +
  'SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0 FORMAT Null';

/** For the writer: lets the engine finish its running queries and end in order (exit code 0). */
export const END_IN_ORDER = `KILL QUERY WHERE startsWith(query, '${KEEP_RUNNING.slice(0, 50)}') ASYNC`;

/** What the launcher is told, see launcher.mjs. Holds no secret: it shows in the list of processes. */
export function launcherSettings(
  library: EngineLibrary,
  files: EngineFiles,
  cluster?: ClusterHost,
): Record<string, unknown> {
  const listen = `SYSTEM START LISTEN HTTP;${cluster === undefined ? '' : ' SYSTEM START LISTEN TCP;'}`;
  return {
    ffiPath: library.ffiPath,
    libraryPath: library.libraryPath,
    engineArgs: [
      `--config-file=${files.configPath}`,
      `--path=${files.tablesDir}`,
      // The level of the configuration file is overruled by a default of the command line.
      '--log-level=warning',
      `--query=${listen} ${KEEP_RUNNING}`,
    ],
    readWritePaths: [files.tablesDir, '/dev/null'],
    readOnlyPaths: [files.configPath, files.usersPath, dirname(library.libraryPath), ...SYSTEM_PATHS],
  };
}

/** What the engine and the C library read; no home, no /etc as a whole, no other process' /proc entry. */
const SYSTEM_PATHS = [
  '/usr',
  '/lib',
  '/lib64',
  '/etc/localtime',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/etc/nsswitch.conf',
  '/dev/urandom',
  '/dev/random',
  '/proc/self',
  '/proc/cpuinfo',
  '/proc/meminfo',
  '/proc/stat',
  '/proc/loadavg',
  '/proc/uptime',
  '/proc/sys',
  '/sys/devices',
  '/sys/fs/cgroup',
];

function writePrivate(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  // The mode above counts for new files only.
  chmodSync(path, 0o600);
}

/**
 * One small server: caches for a laptop, few background threads, durable inserts, no log tables. Its end waits for idle
 * connections, at most the 3 s of the keep-alive timeout (@clickhouse/client drops its idle ones after 2.5 s).
 */
function serverConfig(
  files: EngineFiles,
  { port, maxMemoryBytes, cluster }: Parameters<typeof writeEngineConfig>[1],
): string {
  const clusterConfig =
    cluster === undefined ? '' : `<tcp_port>${cluster.tcpPort}</tcp_port>${cluster.configXml}`;
  return `<clickhouse>
  <logger><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>${port}</http_port>${clusterConfig}
  <users_config>${xml(files.usersPath)}</users_config>
  <keep_alive_timeout>3</keep_alive_timeout>
  <timezone>UTC</timezone>
  <max_server_memory_usage>${maxMemoryBytes}</max_server_memory_usage>
  <max_connections>256</max_connections>
  <max_concurrent_queries>100</max_concurrent_queries>
  <mark_cache_size>${64 << 20}</mark_cache_size>
  <index_mark_cache_size>${32 << 20}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>0</mmap_cache_size>
  <compiled_expression_cache_size>${16 << 20}</compiled_expression_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_common_pool_size>2</background_common_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <asynchronous_metrics_update_period_s>60</asynchronous_metrics_update_period_s>
  <asynchronous_heavy_metrics_update_period_s>3600</asynchronous_heavy_metrics_update_period_s>
  <memory_worker_period_ms>500</memory_worker_period_ms>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`;
}

/**
 * Two users by password, and \`default\`, which clickhouse-local's own session needs without one. That session starts before
 * the listener and holds the only session that \`default\` may have, so over HTTP it is refused (USER_SESSION_LIMIT_EXCEEDED);
 * it has no grant but the one for the listener.
 */
function usersConfig(maxMemoryBytes: number, writer: Credentials, reader: Credentials): string {
  return `<clickhouse>
  <profiles>
    <default>
      <max_memory_usage>${Math.floor(maxMemoryBytes * 0.8)}</max_memory_usage>
      <log_queries>0</log_queries>
    </default>
    <start>
      <max_sessions_for_user>1</max_sessions_for_user>
      <constraints><max_sessions_for_user><const/></max_sessions_for_user></constraints>
    </start>
    <reader>
      <readonly>2</readonly>
      <allow_ddl>0</allow_ddl>
      <constraints>
        <allow_ddl><const/></allow_ddl>
        <allow_introspection_functions><const/></allow_introspection_functions>
        <max_memory_usage><min>1</min><max>${maxMemoryBytes}</max></max_memory_usage>
      </constraints>
    </reader>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <no_password/>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>start</profile>
      <quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
    ${user(writer, 'default')}
    ${user(reader, 'reader', `GRANT SELECT ON ${DATABASE}.*`)}
  </users>
</clickhouse>
`;
}

function user({ username, password }: Credentials, profile: string, grant?: string): string {
  const hash = createHash('sha256').update(password).digest('hex');
  const grants = grant === undefined ? '' : `<grants><query>${grant}</query></grants>`;
  return (
    `<${username}><password_sha256_hex>${hash}</password_sha256_hex><networks><ip>127.0.0.1</ip></networks>` +
    `<profile>${profile}</profile><quota>default</quota>${grants}</${username}>`
  );
}

function xml(text: string): string {
  return text.replace(/[&<>]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[char]!);
}
