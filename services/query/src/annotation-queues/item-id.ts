import { createHash } from 'node:crypto';

/**
 * The id of a call's item in a queue: the same however often the call is added, so that two requests at once, or a repeated
 * one, make one item. A UUIDv7 with the time of the queue's id.
 */
export function queueItemId(projectId: string, queueId: string, callId: string): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify([projectId, queueId, callId]))
    .digest();
  const time = queueId.replaceAll('-', '').slice(0, 12);
  if (/^[0-9a-f]{12}$/.test(time)) bytes.write(time, 0, 'hex');
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
