/**
 * HEALTHCHECK of the images: `healthcheck.mjs [PATH] [PORT]` asks the process beside it, as the kubelet does, by default
 * whether it is alive. Exit code 0 or 1. The services answer on WEFT_METRICS_PORT; a server without one where it serves.
 */
const [path = '/livez', port = process.env.WEFT_METRICS_PORT] = process.argv.slice(2);
const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(4000) }).catch(
  () => undefined,
);
process.exit(answer?.ok ? 0 : 1);
