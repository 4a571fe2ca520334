import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { messageOf } from './notes.tsx';
import { duration } from './format.ts';

type Asked = Pick<
  UseQueryResult,
  'data' | 'dataUpdatedAt' | 'isError' | 'error' | 'refetch' | 'failureReason'
>;

/** Says that what stands on the page is old, because asking for it again fails. Nothing while all is well. */
export function Freshness({ of }: { readonly of: readonly Asked[] }) {
  const failing = of.filter(
    (each) => each.data !== undefined && (each.isError || each.failureReason !== null),
  );
  const nowMs = useNow(failing.length > 0);
  const first = failing[0];
  if (first === undefined) return null;
  const ageMs = nowMs - Math.min(...failing.map(({ dataUpdatedAt }) => dataUpdatedAt));
  return (
    <p className="note error" role="status" style={{ margin: '8px 0' }}>
      These figures are {duration(Math.max(1000, ageMs))} old: asking for new ones fails.{' '}
      {messageOf(first.error ?? first.failureReason)}{' '}
      <button className="button" onClick={() => failing.forEach((each) => void each.refetch())}>
        Try again
      </button>
    </p>
  );
}

function useNow(isNeeded: boolean): number {
  const [nowMs, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isNeeded) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 5000);
    return () => clearInterval(timer);
  }, [isNeeded]);
  return nowMs;
}
