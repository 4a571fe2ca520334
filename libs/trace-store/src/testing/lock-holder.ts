import { openClickHouse, type StoreOptions } from '../clickhouse.ts';
import { withLock } from '../migrations/lock.ts';

/**
 * A runner in a process of its own: takes the lock, says `held`, and after each line of its input whether it still has
 * it. Arguments: the store as JSON, seconds of a lease.
 */
const [, , store, leaseSeconds] = process.argv;
const options = JSON.parse(store!) as StoreOptions;
const db = openClickHouse({ ...options, database: 'default' });
await withLock(db, { target: options, leaseSeconds: Number(leaseSeconds) }, async (lock) => {
  console.log('held');
  for await (const _ of process.stdin) {
    try {
      lock.assertHeld();
      console.log('held');
    } catch (error) {
      console.log((error as Error).message);
    }
  }
});
