import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';

import { root } from './root.ts';

/** A manifest as far as the tests look into it; the schemas have checked its shape. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Manifest = any;

export const OVERLAYS = ['dev', 'production'] as const;

/** The dev overlay makes a Secret of a file that the repository does not hold. */
const DEV_KEYS = '{"version":1,"keys":[]}';

/**
 * What `kubectl apply -k k8s/overlays/<name>` would send, from a copy that has the keys file which the dev overlay asks
 * for. `components` are added to its own.
 */
export function render(overlay: string, components: readonly string[] = []): Manifest[] {
  const dir = mkdtempSync(join(tmpdir(), 'weft-k8s-'));
  try {
    for (const folder of ['k8s', 'deploy'])
      cpSync(join(root, folder), join(dir, folder), { recursive: true });
    writeFileSync(join(dir, 'k8s/overlays/dev/keys.json'), DEV_KEYS);
    const target = join(dir, 'k8s/overlays', overlay);
    const file = join(target, 'kustomization.yaml');
    const kustomization = parse(readFileSync(file, 'utf8')) as { components?: string[] };
    const added = components.map((name) => `../../components/${name}`);
    writeFileSync(
      file,
      stringify({ ...kustomization, components: [...(kustomization.components ?? []), ...added] }),
    );
    const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', target], {
      encoding: 'utf8',
      maxBuffer: 32 << 20,
    });
    if (status !== 0 || stderr !== '') throw new Error(`kubectl kustomize: ${stderr}`);
    return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The one object of a kind and name. @throws Error when there is none. */
export function pick(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter((one) => one.kind === kind && one.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} × ${kind} ${name}`);
  return found[0];
}

/** Everything that makes pods, with its pod template. */
export function workloads(
  manifests: readonly Manifest[],
): { name: string; kind: string; pod: Manifest; all: Manifest }[] {
  return manifests
    .filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job', 'CronJob'].includes(kind))
    .map((all) => {
      const { template } = all.kind === 'CronJob' ? all.spec.jobTemplate.spec : all.spec;
      return { name: all.metadata.name, kind: all.kind, pod: template, all };
    });
}
