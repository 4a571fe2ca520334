import { readdirSync, statSync } from 'node:fs';

export function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? NaN;
}

export function directoryBytes(path: string): number {
  let total = 0;
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    try {
      total += Number(statBlocks(`${entry.parentPath}/${entry.name}`));
    } catch {
      // merged away meanwhile
    }
  }
  return total;
}

function statBlocks(path: string): number {
  return statSync(path).blocks * 512;
}
