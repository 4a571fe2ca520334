/**
 * A local ClickHouse server for a machine that has Node and nothing else. The npm package `@chdb/lib-<platform>` holds the
 * whole engine as a shared library; a child process (`launcher.mjs`) loads it with ffi-rs and runs clickhouse-local, which
 * opens an ordinary ClickHouse HTTP listener. Clients speak to it as to any other server.
 *
 * - **Users**: `writer` may do everything, `reader` may SELECT in `database`; new passwords at each open. `default` is
 *   refused over HTTP. On Linux (kernel 5.19+) the engine is confined to its own directory and system libraries by
 *   Landlock, because clickhouse-local lets every user call the scalar function `file()` on any path; elsewhere a
 *   warning is logged, and text from outside must never become SQL for the reader either.
 * - **Life**: an engine that ends is started again on the same port with the same passwords (0.1 to 5 s later, at most 8 quick
 *   failures). It ends with its owner, also when that is killed: it watches the pipe that is its standard input. It
 *   ignores Ctrl-C in the owner's terminal, so that the owner can drain into it and then `stop()` it.
 * - **Data**: an insert is on disk (fsync) when it is acknowledged. A lock file keeps a second owner out of the directory.
 *   ClickHouse's log tables do not exist; `engine.log` takes its warnings (10 MiB, two older ones kept).
 * - **Several**: with `cluster` engines are the shards of Distributed tables.
 * - **Not in it**: replication, ON CLUSTER and SQL-made users (clickhouse-local has none of them).
 *
 * **Bundling**: copy `src/launcher.mjs` beside the bundle (or give `launcherPath`), keep `ffi-rs` and `@chdb/lib-*` external
 * and list both as dependencies of what is shipped: they are resolved from the bundle's place (or by `resolveModule`).
 */
export {
  openEmbeddedClickHouse,
  type EmbeddedClickHouse,
  type EmbeddedClickHouseOptions,
  type EngineState,
} from './open.ts';
export type { ClusterHost, Credentials } from './engine-config.ts';
export type { ResolveModule } from './engine-library.ts';
