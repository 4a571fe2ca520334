import { Ajv, type ValidateFunction } from 'ajv';

import { CUSTOM_RESOURCES } from './custom-resources.ts';
import type { Manifest } from './kubernetes.ts';
import { readText } from './root.ts';

/** What the API server would refuse in a manifest, unknown members included; empty = nothing. Offline. */
export function createKubernetesCheck(): (manifest: Manifest) => string[] {
  const { kinds, $defs } = JSON.parse(readText('scripts/deploy/fixtures/kubernetes.json')) as {
    kinds: Record<string, object>;
    $defs: object;
  };
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const compiled = new Map<string, ValidateFunction>();
  for (const [kind, schema] of Object.entries(kinds)) compiled.set(kind, ajv.compile({ ...schema, $defs }));
  for (const [kind, schema] of CUSTOM_RESOURCES) compiled.set(kind, ajv.compile(schema));
  return (manifest) => {
    const kind = `${manifest.apiVersion}/${manifest.kind}`;
    const validate = compiled.get(kind);
    if (validate === undefined) return [`${kind}: no schema, see scripts/deploy/vendor-kubernetes.mjs`];
    if (validate(manifest)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${kind} ${manifest.metadata?.name} ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}
