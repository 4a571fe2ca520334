/** Works on all items, so many at once. The first failure ends it, once what is under way has ended. */
export async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const take = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const item = items[next++]!;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const takers = Array.from({ length: Math.min(atOnce, items.length) }, take);
  const failure = (await Promise.allSettled(takers)).find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
