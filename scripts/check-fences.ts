/** `pnpm check:fences`: holds every package.json and every import against `fences/table.ts`. Exit 1 when one is refused. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { checkFences } from './fences/check.ts';

const root = process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const refusals = checkFences(root);
for (const { file, line, what, why } of refusals) console.error(`${file}:${line}  ${what}\n    why: ${why}`);
console.log(refusals.length === 0 ? 'fences: all stand' : `fences: ${refusals.length} refused`);
process.exitCode = refusals.length === 0 ? 0 : 1;
