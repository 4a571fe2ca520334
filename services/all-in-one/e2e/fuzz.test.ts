import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { ONLINE_EVAL_OFF, ROUTES, type RouteSpec } from '@weft/weave-api';
import { mutatedSample, toSample, validRequest, type Sample } from './samples.ts';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';

/** Whatever is sent: never a 5xx, and every refusal says what was wrong. */

const SEED = 5;
const MUTATIONS = 60;

let stack: Stack;
beforeAll(async () => {
  // Every bad item is a warning, and there are thousands.
  stack = await openStack({ logLevel: 'error', env: { WEAVE_ENABLE_ONLINE_EVAL: 'true' } });
});
afterAll(() => stack.stop());

const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`;

async function send({ method, path, body }: Sample): Promise<{ status: number; text: string }> {
  const headers = { authorization, 'content-type': 'application/json', 'x-weft-freshness': 'any' };
  const res = await fetch(stack.url + path, { method, headers, ...(body !== undefined && { body }) });
  return { status: res.status, text: await res.text() };
}

/** What is wrong with an answer; undefined = nothing. */
function complaint({ status, text }: { status: number; text: string }): string | undefined {
  // A running stack may have it switched off.
  if (status === 501 && text.includes(ONLINE_EVAL_OFF)) return undefined;
  if (status >= 500) return `${status}`;
  if (status < 400) return undefined;
  try {
    const { reason, detail } = JSON.parse(text) as { reason?: unknown; detail?: unknown };
    if (typeof reason === 'string' && reason.length > 3) return undefined;
    if (Array.isArray(detail) && detail.every(({ loc, msg }) => Array.isArray(loc) && msg !== ''))
      return undefined;
    return `${status} without a reason`;
  } catch {
    return `${status} that is not JSON`;
  }
}

// Streams without an end have tests of their own.
const served = ROUTES.filter(
  ({ planned, body, answer }) => planned === undefined && body === 'json' && answer.kind !== 'events',
);
const nameOf = ({ method, path }: RouteSpec) => `${method.toUpperCase()} ${path}`;

describe('every route', () => {
  it.each(served.map((spec) => [nameOf(spec), spec] as const))(
    '%s survives whatever is sent',
    async (name, spec) => {
      const random = mulberry32(SEED + name.length * 1000 + served.indexOf(spec));
      const project = newProject('fuzz');
      const bad: string[] = [];
      const look = async (sample: Sample) => {
        const answer = await send(sample);
        const what = complaint(answer);
        if (what !== undefined)
          bad.push(
            `${sample.what} → ${what}: ${answer.text.slice(0, 200)} ← ${sample.path.slice(0, 100)} ${(sample.body ?? '').slice(0, 300)}`,
          );
      };
      for (let i = 0; i < 5; i++) await look(toSample(spec, validRequest(spec, random, project), project));
      for (let i = 0; i < MUTATIONS; i++) await look(mutatedSample(spec, random, project));
      for (const body of ['', 'null', '[]', '"x"', '{', '{"a":1}x', '\u0000', '{"project_id":"no-slash"}'])
        await look({
          method: spec.method.toUpperCase(),
          path: spec.path,
          body: /post|put/.test(spec.method) ? body : undefined,
          what: `the body ${JSON.stringify(body)}`,
        });
      expect(bad).toEqual([]);
    },
    // Some do work for each request that is right: a collection of garbage looks at every blob that other suites have left.
    300_000,
  );

  it('leaves nothing behind in prototypes', () => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
