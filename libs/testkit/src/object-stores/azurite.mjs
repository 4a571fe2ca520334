/**
 * Azurite's blob service, which keeps its index in memory and writes it every five seconds: a crash would lose what it has
 * answered since. Here the index is written soon after each change, and SIGUSR2 is the crash after which nothing is missing.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const requireOfAzurite = createRequire(require.resolve('azurite/package.json'));
const { prototype } = requireOfAzurite('lokijs');

const SAVE_EVERY_MS = 250;
const databases = [];

const { autosaveEnable } = prototype;
prototype.autosaveEnable = function (...args) {
  databases.push(this);
  this.autosaveInterval = SAVE_EVERY_MS;
  return autosaveEnable.apply(this, args);
};

process.on('SIGUSR2', async () => {
  const saved = databases.map((database) => new Promise((resolve) => database.saveDatabase(resolve)));
  await Promise.all(saved);
  process.kill(process.pid, 'SIGKILL');
});

requireOfAzurite('./dist/src/blob/main.js');
