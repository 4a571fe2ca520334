/**
 * The engine's process: `node launcher.mjs <settings as JSON>`. Loads the engine's shared library and hands the main
 * thread to it: clickhouse-local looks at its own stack, so it refuses worker threads and switched stacks.
 *
 * Settings: { ffiPath, libraryPath, engineArgs, readOnlyPaths, readWritePaths }.
 *
 * Plain JavaScript without relative imports: a bundle ships this file as it is, beside its own output.
 * Everything written to stderr lands in the engine's log file.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/**
 * Ends this process when standard input ends, which the kernel sees to even when the owner dies by SIGKILL: an engine
 * without an owner would keep the data directory. A thread of its own, because the main thread never comes back.
 */
const WATCH_OWNER = `
const { parentPort } = require('node:worker_threads');
const owner = new (require('node:net').Socket)({ fd: 0 });
const die = () => process.kill(process.pid, 'SIGKILL');
owner.on('end', die).on('error', die).on('close', die).resume();
parentPort.postMessage('watching');
`;

const ACCESS = {
  execute: 1n << 0n,
  writeFile: 1n << 1n,
  readFile: 1n << 2n,
  readDir: 1n << 3n,
  refer: 1n << 13n,
  truncate: 1n << 14n,
};
const READ_FILE_ONLY = ACCESS.execute | ACCESS.readFile;
const FILE_RIGHTS = READ_FILE_ONLY | ACCESS.writeFile | ACCESS.truncate;
const SYSCALL = { createRuleset: 444, addRule: 445, restrictSelf: 446 };
const PR_SET_NO_NEW_PRIVS = 38;
const LANDLOCK_RULE_PATH_BENEATH = 1;
const O_PATH = 0o10000000;

/**
 * Confines this thread, and so every thread that the engine starts, to the given paths (Linux Landlock, kernel 5.19+).
 * clickhouse-local lets any user call the scalar function file() on any path, and no grant covers that.
 * @returns null when confined, else the reason why not.
 */
function confine(ffi, { readOnlyPaths, readWritePaths }) {
  if (process.platform !== 'linux') return `not available on ${process.platform}`;
  ffi.open({ library: 'c', path: '' });
  const { I32, I64, U8Array } = ffi.DataType;
  const call = (funcName, paramsType, paramsValue) =>
    Number(ffi.load({ library: 'c', funcName, retType: I64, paramsType, paramsValue }));
  const abi = call('syscall', [I64, I64, I64, I64], [SYSCALL.createRuleset, 0, 0, 1]);
  if (abi < 2) return 'this kernel has no Landlock with rename support';

  const all = (1n << (abi >= 3 ? 15n : 14n)) - 1n;
  const rulesetAttr = Buffer.alloc(8);
  rulesetAttr.writeBigUInt64LE(all);
  const ruleset = call('syscall', [I64, U8Array, I64, I64], [SYSCALL.createRuleset, rulesetAttr, 8, 0]);
  if (ruleset < 0) return 'the kernel refused the ruleset';

  const allow = (path, rights) => {
    if (!fs.existsSync(path)) return true;
    const fd = fs.openSync(path, O_PATH);
    const isDirectory = fs.fstatSync(fd).isDirectory();
    const ruleAttr = Buffer.alloc(12);
    ruleAttr.writeBigUInt64LE((isDirectory ? rights : rights & FILE_RIGHTS) & all);
    ruleAttr.writeInt32LE(fd, 8);
    const types = [I64, I64, I64, U8Array, I64];
    const done = call('syscall', types, [SYSCALL.addRule, ruleset, LANDLOCK_RULE_PATH_BENEATH, ruleAttr, 0]);
    fs.closeSync(fd);
    return done === 0;
  };
  for (const path of readOnlyPaths) {
    if (!allow(path, READ_FILE_ONLY | ACCESS.readDir)) return `the kernel refused a rule for ${path}`;
  }
  for (const path of readWritePaths) {
    if (!allow(path, all)) return `the kernel refused a rule for ${path}`;
  }
  const prctl = call('prctl', [I32, I64, I64, I64, I64], [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0]);
  if (prctl !== 0) return 'prctl was refused';
  const restricted = call('syscall', [I64, I64, I64], [SYSCALL.restrictSelf, ruleset, 0]);
  fs.closeSync(ruleset);
  return restricted === 0 ? null : 'the kernel refused the restriction';
}

/** Runs clickhouse-local until it ends. @returns its error text, or null. */
function runEngine(ffi, libraryArgs) {
  const { BigInt: Pointer, I32, String: Text, StringArray } = ffi.DataType;
  const argv = ['clickhouse', ...libraryArgs];
  const result = ffi.load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: Pointer,
    paramsType: [I32, StringArray],
    paramsValue: [argv.length, argv],
  });
  // Asked for as a pointer first: reading a null pointer as text ends the process with SIGSEGV.
  const errorOf = (retType) =>
    ffi.load({
      library: 'chdb',
      funcName: 'chdb_result_error',
      retType,
      paramsType: [Pointer],
      paramsValue: [result],
    });
  return result && errorOf(Pointer) ? errorOf(Text) : null;
}

const settings = JSON.parse(process.argv[2]);
const watcher = new Worker(WATCH_OWNER, { eval: true });
await once(watcher, 'message');

const ffi = createRequire(import.meta.url)(settings.ffiPath);
ffi.open({ library: 'chdb', path: settings.libraryPath });
const whyUnconfined = confine(ffi, settings);
if (whyUnconfined !== null) console.error(`launcher: not confined: ${whyUnconfined}`);

const error = runEngine(ffi, settings.engineArgs);
if (error !== null) console.error(`launcher: ${error}`);
process.exit(error === null ? 0 : 1);
