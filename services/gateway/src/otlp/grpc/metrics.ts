import type { Metrics } from '@weft/runtime';

export interface GrpcMetrics {
  /** A call has come in. Returns what to call at its end. @param code numeric; undefined = the client left before the answer. */
  begin(method: string): (code: number | undefined) => void;
}

/** As HTTP's: by method, when each ends. */
export function createGrpcMetrics(metrics: Metrics): GrpcMetrics {
  const calls = metrics.counter({
    name: 'grpc_requests_total',
    help: 'gRPC calls by method and status code; "aborted" = the client left before the answer was out.',
    labels: ['method', 'code'],
  });
  const seconds = metrics.histogram({
    name: 'grpc_request_seconds',
    help: 'From the headers of a gRPC call to the end of its answer.',
    labels: ['method'],
  });
  const inFlight = metrics.gauge({ name: 'grpc_requests_in_flight', help: 'gRPC calls being answered.' });
  return {
    begin: (method) => {
      const from = performance.now();
      inFlight.inc();
      return (code) => {
        inFlight.dec();
        calls.inc({ method, code: code === undefined ? 'aborted' : String(code) });
        seconds.observe({ method }, (performance.now() - from) / 1000);
      };
    },
  };
}
