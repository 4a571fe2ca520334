/**
 * Cuts the schemas of the kinds that k8s/ uses out of the PyPI package kubernetes-validate (Apache-2.0):
 *
 *     pip download --no-deps kubernetes-validate==1.37.0 && unzip kubernetes_validate-*.whl
 *     node scripts/deploy/vendor-kubernetes.mjs kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict
 *
 * "Strict" = an unknown member is refused. Descriptions are left out.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const KINDS = {
  'v1/ConfigMap': 'configmap-v1',
  'v1/Namespace': 'namespace-v1',
  'v1/Secret': 'secret-v1',
  'v1/Service': 'service-v1',
  'v1/ServiceAccount': 'serviceaccount-v1',
  'apps/v1/Deployment': 'deployment-apps-v1',
  'apps/v1/StatefulSet': 'statefulset-apps-v1',
  'autoscaling/v2/HorizontalPodAutoscaler': 'horizontalpodautoscaler-autoscaling-v2',
  'batch/v1/CronJob': 'cronjob-batch-v1',
  'batch/v1/Job': 'job-batch-v1',
  'networking.k8s.io/v1/Ingress': 'ingress-networking-v1',
  'networking.k8s.io/v1/NetworkPolicy': 'networkpolicy-networking-v1',
  'policy/v1/PodDisruptionBudget': 'poddisruptionbudget-policy-v1',
};

const REF = /^(?:\/api\/_definitions\.json)?#\/\$defs\/(.+)$/;

const [folder = ''] = process.argv.slice(2);
const all = JSON.parse(readFileSync(join(folder, '_definitions.json'), 'utf8')).$defs;
const $defs = {};
const kinds = Object.fromEntries(
  Object.entries(KINDS).map(([kind, file]) => [
    kind,
    cut(JSON.parse(readFileSync(join(folder, `${file}.json`), 'utf8'))),
  ]),
);
const target = new URL('./fixtures/kubernetes.json', import.meta.url);
writeFileSync(
  target,
  `${JSON.stringify({ $comment: `kubernetes-validate, ${basename(folder)}, Apache-2.0`, kinds, $defs })}\n`,
);

/** A copy without prose whose references stay inside the new file; what it refers to comes along. */
function cut(value) {
  if (Array.isArray(value)) return value.map(cut);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      if (name === 'description' && typeof member === 'string') return [];
      if (name.startsWith('x-kubernetes-') || ['$schema', '$id'].includes(name)) return [];
      if (name === '$ref' && typeof member === 'string') return [[name, refer(member)]];
      return [[name, cut(member)]];
    }),
  );
}

function refer(reference) {
  const name = REF.exec(reference)?.[1];
  if (name === undefined) throw new Error(`unknown reference: ${reference}`);
  if (!(name in $defs)) {
    $defs[name] = {}; // before the cut: definitions refer to themselves
    $defs[name] = cut(all[name]);
  }
  return `#/$defs/${name}`;
}
