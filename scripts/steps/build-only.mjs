/** Dependencies and bundles, where they are behind, and nothing on stdout: that belongs to the command which comes next. */
import { build } from '../build.mjs';
import { install } from './install.mjs';
import { run } from './progress.mjs';

await run(async () => {
  install();
  await build();
});
