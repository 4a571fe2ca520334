import { createClient, type ClientOptions } from './client.ts';
import { ClusterView } from './cluster-view.ts';
import { isRefused, toAppError } from './errors.ts';

const START_WITHIN_MS = 60_000;
const REPEAT_MS = 500;
/** Short: a broker that has gone silent is found out by it, and another is asked. */
const REQUEST_TIMEOUT_MS = 2500;

/**
 * Connects, waiting for a Kafka that starts with us.
 * @param waitMs default a minute; 0 = one attempt.
 * @throws AppError `log_unavailable` after that, or at once if the credentials are refused.
 */
export async function openView(
  options: ClientOptions,
  waitMs: number = START_WITHIN_MS,
): Promise<ClusterView> {
  const until = performance.now() + waitMs;
  for (;;) {
    const admin = createClient(options, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: 2 }).admin();
    try {
      await admin.connect();
      return new ClusterView(admin);
    } catch (error) {
      await admin.disconnect().catch(() => undefined);
      if (isRefused(error) || performance.now() >= until) throw toAppError(error, 'connect');
      await new Promise((resolve) => setTimeout(resolve, REPEAT_MS));
    }
  }
}
