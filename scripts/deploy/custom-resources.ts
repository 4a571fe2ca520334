/**
 * JSON schemas of the kinds that are not Kubernetes' own: the members that k8s/ uses, and no other, so that a typing error is
 * refused as the API server would. Sources (Apache-2.0): github.com/kedacore/keda config/crd/bases, and
 * github.com/prometheus-operator/prometheus-operator example/prometheus-operator-crd.
 */
type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string', minLength: 1 };
const count: Schema = { type: 'integer', minimum: 0 };
const texts: Schema = { type: 'object', additionalProperties: { type: 'string' } };

/** All members required, except those whose name ends in `?`; no others. */
function members(all: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(all);
  return {
    type: 'object',
    additionalProperties: false,
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(names.map((name) => [name.replace('?', ''), all[name]])),
  };
}

const list = (items: Schema): Schema => ({ type: 'array', minItems: 1, items });

const metadata = members({ name: text, namespace: text, 'labels?': texts });

const kind = (apiVersion: string, name: string, spec: Schema): [string, Schema] => [
  `${apiVersion}/${name}`,
  members({ apiVersion: { const: apiVersion }, kind: { const: name }, metadata, spec }),
];

const selector = members({
  matchExpressions: list(
    members({ key: text, operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] }, values: list(text) }),
  ),
});

export const CUSTOM_RESOURCES: ReadonlyMap<string, Schema> = new Map([
  kind(
    'keda.sh/v1alpha1',
    'ScaledObject',
    members({
      scaleTargetRef: members({ apiVersion: text, kind: text, name: text }),
      minReplicaCount: count,
      maxReplicaCount: count,
      pollingInterval: count,
      cooldownPeriod: count,
      advanced: members({
        horizontalPodAutoscalerConfig: members({
          behavior: members({
            scaleDown: members({
              stabilizationWindowSeconds: { type: 'integer', minimum: 0, maximum: 3600 },
              policies: list(
                members({
                  type: { enum: ['Pods', 'Percent'] },
                  value: { type: 'integer', minimum: 1 },
                  periodSeconds: { type: 'integer', minimum: 1, maximum: 1800 },
                }),
              ),
            }),
          }),
        }),
      }),
      triggers: list(
        members({
          type: { const: 'kafka' },
          // KEDA reads these names from text: another one is ignored without a word.
          metadata: members({
            bootstrapServers: text,
            consumerGroup: text,
            topic: text,
            lagThreshold: { type: 'string', pattern: '^[1-9][0-9]*$' },
            offsetResetPolicy: { enum: ['earliest', 'latest'] },
            allowIdleConsumers: { enum: ['true', 'false'] },
            'tls?': { enum: ['enable', 'disable'] },
            'sasl?': { enum: ['plaintext', 'scram_sha256', 'scram_sha512'] },
          }),
          'authenticationRef?': members({ name: text }),
        }),
      ),
    }),
  ),
  kind(
    'keda.sh/v1alpha1',
    'TriggerAuthentication',
    members({ secretTargetRef: list(members({ parameter: text, name: text, key: text })) }),
  ),
  kind(
    'monitoring.coreos.com/v1',
    'ServiceMonitor',
    members({
      jobLabel: text,
      selector,
      endpoints: list(
        members({ port: text, path: text, interval: { type: 'string', pattern: '^[0-9]+(ms|s|m|h)$' } }),
      ),
    }),
  ),
]);
