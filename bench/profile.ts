import { readdirSync, readFileSync } from 'node:fs';

interface CpuProfile {
  readonly nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/**
 * Self time per package and per function of the bundle, out of the profile that `node --cpu-prof` left in `directory`.
 * The bundler writes each module's path above its code; that is how a line of the bundle finds its package.
 */
export function profileOf(
  directory: string,
  bundle: string,
): { packages: [string, number][]; functions: [string, number][] } {
  const modules = moduleOfLine(bundle);
  const packages = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const file of readdirSync(directory)) {
    const profile = JSON.parse(readFileSync(`${directory}/${file}`, 'utf8')) as CpuProfile;
    if (!profile.nodes.some((n) => n.callFrame.url.endsWith('/all-in-one.mjs'))) continue;
    const selfUs = new Map<number, number>();
    profile.samples.forEach((id, i) => selfUs.set(id, (selfUs.get(id) ?? 0) + profile.timeDeltas[i]!));
    for (const { id, callFrame } of profile.nodes) {
      const us = selfUs.get(id) ?? 0;
      if (us === 0 || callFrame.functionName === '(idle)') continue;
      const module = callFrame.url.endsWith('/all-in-one.mjs')
        ? (modules[callFrame.lineNumber] ?? '?')
        : callFrame.url || callFrame.functionName;
      add(packages, packageOf(module), us / 1e6);
      add(functions, `${callFrame.functionName || '(anonymous)'} ${module}`, us / 1e6);
    }
  }
  const sorted = (map: Map<string, number>) => [...map].sort((a, b) => b[1] - a[1]);
  return { packages: sorted(packages), functions: sorted(functions) };
}

function moduleOfLine(bundle: string): string[] {
  let current = '?';
  return readFileSync(bundle, 'utf8')
    .split('\n')
    .map((line) => {
      const path = /^(?: {2})?\/\/ ((?:libs|services|node_modules)\/\S+)$/.exec(line)?.[1];
      if (path !== undefined) current = path;
      return current;
    });
}

function packageOf(module: string): string {
  const own = /^(libs|services)\/([^/]+)/.exec(module);
  if (own !== null) return `${own[1]}/${own[2]}`;
  const vendor = /node_modules\/((?:@[^/]+\/)?[^/@]+)(?!.*node_modules)/.exec(module);
  if (vendor !== null) return vendor[1]!;
  return module.startsWith('node:') || module === '' ? 'node' : module;
}

function add(map: Map<string, number>, key: string, seconds: number): void {
  map.set(key, (map.get(key) ?? 0) + seconds);
}
