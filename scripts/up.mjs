/** What `scripts/up` does before it hands over to the server: dependencies and bundles, only where they are behind. */
import { build } from './build.mjs';
import { install } from './steps/install.mjs';
import { run, say, SetupError } from './steps/progress.mjs';

await run(async () => {
  install();
  const { names, changed } = await build();
  if (changed) say(`built ${names.join(', ')}`);
  if (!names.includes('all-in-one'))
    throw new SetupError('there is no services/all-in-one/src/main.ts to start');
  say('starting');
});
