export {
  requireBackend,
  sharedAzure,
  sharedGcs,
  sharedKafka,
  sharedRedis,
  sharedS3,
  type SharedKafka,
  type SharedObjectStore,
  type SharedRedis,
} from './backends.ts';
export { seriousViolations } from './browser/serious-violations.ts';
export { startBrowser } from './browser/start-browser.ts';
export { spawnBundle, startBundle, type BundleProcess } from './bundle.ts';
export {
  clickHouseFaultProxy,
  type ClickHouseError,
  type ClickHouseFault,
  type ClickHouseFaultProxy,
  type InjectedFault,
} from './clickhouse-fault-proxy.ts';
export { startCollector, type CollectorOptions, type TestCollector } from './collector/start-collector.ts';
export { isPromised, type Backend } from './environment.ts';
export { eventually } from './eventually.ts';
export { sampleOf, tokensOf } from './fake-llm/replies.ts';
export { startFakeLlm, type FakeLlm, type FakeLlmOptions } from './fake-llm/start-fake-llm.ts';
export type {
  FakeLlmAnswer,
  FakeLlmAnswerer,
  FakeLlmFault,
  FakeLlmReply,
  FakeLlmRequest,
} from './fake-llm/types.ts';
export {
  httpFaultProxy,
  type HttpFault,
  type HttpFaultAnswer,
  type HttpFaultProxy,
} from './http-fault-proxy.ts';
export { startKafka, type KafkaOptions, type TestKafka } from './kafka/start-kafka.ts';
export { mutate } from './mutate.ts';
export type { ServerOptions, ServerProcess } from './object-stores/server-process.ts';
export { azureAt, startAzure, type AzureAccess, type TestAzure } from './object-stores/start-azure.ts';
export { gcsAt, startGcs, type GcsAccess, type TestGcs } from './object-stores/start-gcs.ts';
export { s3At, startS3, type S3Access, type TestS3 } from './object-stores/start-s3.ts';
export { freePort } from './ports.ts';
export { childrenOf, cpuMs, isAlive, processTree, pssMib } from './processes.ts';
export { mulberry32 } from './random.ts';
export { startRedis, type RedisOptions, type TestRedis } from './redis/start-redis.ts';
export { tcpProxy, type TcpFaults, type TcpProxy, type TcpProxyOptions } from './tcp-proxy.ts';
