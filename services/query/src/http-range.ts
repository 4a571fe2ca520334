import type { IncomingHttpHeaders } from 'node:http';
import type { ByteRange } from '@weft/trace-store';

/** Whether the client has this representation already (RFC 9110 13.1.2): `If-None-Match`, compared weakly. */
export function isKnown(headers: IncomingHttpHeaders, etag: string): boolean {
  const known = headers['if-none-match'];
  if (known === undefined) return false;
  return known.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

/**
 * What the client wants of `sizeBytes` (RFC 9110 14.2): a range, or undefined for all of it: nothing asked, several ranges, a
 * header that is none, or `If-Range` of other bytes. `unsatisfiable` when no byte of the range is there.
 */
export function rangeOf(
  headers: IncomingHttpHeaders,
  etag: string,
  sizeBytes: number,
): ByteRange | 'unsatisfiable' | undefined {
  const ifRange = headers['if-range'];
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(headers.range ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const start = Math.max(0, sizeBytes - Number(last));
    return start < sizeBytes ? { start, end: sizeBytes } : 'unsatisfiable';
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= sizeBytes) return 'unsatisfiable';
  return { start, end: last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1) };
}

/** Control characters, and those that turn the order of what is shown. */
const UNSEEN = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const MAX_NAME = 200;

/** `Content-Disposition` of a download (RFC 6266): a name that a stranger chose, as a file's name and nothing else. */
export function attachment(name: string): string {
  const shown = name.replace(UNSEEN, '').replace(/[/\\]/g, '_').replace(/^\.+/, '_').trim();
  const safe = [...shown].slice(0, MAX_NAME).join('') || 'file';
  const ascii = safe.replace(/[^\x20-\x7e]|["%]/g, '_');
  const encoded = encodeURIComponent(safe).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
