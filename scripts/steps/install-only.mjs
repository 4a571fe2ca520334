/** The dependencies and nothing else: what CI needs before it checks. */
import { install } from './install.mjs';
import { run } from './progress.mjs';

await run(() => install());
