import type { Framework } from '../fields.ts';
import type { OtlpSpan, Value } from '../span.ts';

/**
 * Spans of HTTP clients and databases, sent along with those of models. They have no content of their own: a call shows all
 * their attributes, which is lost as soon as one of them becomes a field. So they get a readable name and nothing else,
 * and only where the span's own says as little as `GET` or `SELECT`.
 */
export const httpDb: Framework = {
  name: 'http-db',
  fields: {
    display_name: [
      { rank: 100, key: 'url.full', map: withMethod },
      { rank: 101, key: 'http.url', map: withMethod },
      { rank: 110, key: 'db.query.text', map: statement },
      { rank: 111, key: 'db.statement', map: statement },
    ],
  },
};

const MAX_STATEMENT = 200;

/** `GET https://host/path`: without the query and what is before the host, where secrets are. */
function withMethod(value: Value, { name }: OtlpSpan): Value | undefined {
  if (typeof value !== 'string' || !/^(?:HTTP )?[A-Z]{3,7}$/.test(name)) return undefined;
  return `${name.replace('HTTP ', '')} ${value.replace(/[?#].*$/su, '').replace(/^(\w+:\/\/)[^/]*@/u, '$1')}`;
}

/** On one line: the statement as it was sent has placeholders for its values, or it would not be there. */
function statement(value: Value, { name }: OtlpSpan): Value | undefined {
  if (typeof value !== 'string' || !/^[A-Z]{3,8}$/.test(name)) return undefined;
  const line = value.replace(/\s+/gu, ' ').trim();
  return line.length > MAX_STATEMENT ? `${line.slice(0, MAX_STATEMENT - 3)}...` : line;
}
