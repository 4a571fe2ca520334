import { localTime } from './format.ts';

/** An instant in the viewer's zone; UTC on hover. */
export function Time({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={`${at.replace('T', ' ').replace('Z', '')} UTC`}>
      {localTime(at)}
    </time>
  );
}
