/** Puts, copies and deletes blobs until it is killed. Argument: the store's URI. What is below a key depends on the key. */
import { openLocalStore } from '../local/local.ts';
import { contentOf, keyOf, KEYS } from './crash-keys.ts';
import { sourceOf } from './content.ts';

const store = openLocalStore(process.argv[2]!);
const any = () => Math.floor(Math.random() * KEYS);

async function putForever(): Promise<never> {
  for (;;) {
    const n = any();
    await store.put(keyOf(n), sourceOf(contentOf(n)));
    await store.copy(keyOf(n), `trash/${keyOf(n)}`);
    await store.delete([keyOf(any()), `trash/${keyOf(any())}`]);
  }
}

console.log('open');
await Promise.all([putForever(), putForever()]);
