import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { linesContentType } from '../send.ts';

/**
 * JSON lines that leave as they come: nothing is gathered or compressed on the way. Ends early, without an error, when the
 * client leaves.
 */
export async function sendLiveLines(
  req: IncomingMessage,
  res: ServerResponse,
  values: AsyncIterable<object>,
): Promise<void> {
  res.statusCode = 200;
  res.setHeader('content-type', linesContentType(req));
  res.setHeader('x-content-type-options', 'nosniff');
  res.setHeader('cache-control', 'no-store');
  // Asks proxies in front of us (nginx) not to gather lines either.
  res.setHeader('x-accel-buffering', 'no');
  for await (const value of values) {
    if (res.destroyed) return;
    if (!res.write(`${JSON.stringify(value)}\n`))
      await Promise.race([once(res, 'drain'), once(res, 'close')]);
  }
  res.end();
}
