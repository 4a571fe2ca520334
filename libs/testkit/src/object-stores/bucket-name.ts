import { randomUUID } from 'node:crypto';

/** That nobody has: valid in all three kinds of stores. */
export function newBucketName(): string {
  return `weft-${randomUUID()}`;
}

/** @throws Error with what the server has said. */
export async function expectCreated(response: Response): Promise<void> {
  const said = await response.text();
  if (!response.ok) throw new Error(`the bucket was not made: ${response.status} ${said}`);
}
