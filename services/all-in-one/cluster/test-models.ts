import { freePort } from '@weft/testkit';

/** Models that tests stand in for: `openai` for `openai/…`, the others by their own name (`judge/…`). */
const NAMES = ['openai', 'judge', 'rules', 'faults', 'history'] as const;

export interface TestModels {
  /** Tells services where the models are, before there are any. */
  readonly env: Readonly<Record<string, string>>;
  /** Name → port, for the tests, which listen there. */
  readonly ports: Readonly<Record<string, number>>;
}

/** Addresses for the models that tests of a running cluster are about to start. */
export async function reserveTestModels(): Promise<TestModels> {
  const ports: Record<string, number> = {};
  for (const name of NAMES) ports[name] = await freePort();
  return { ports, env: modelEnv(ports) };
}

/** @param ports of some of them. */
export function modelEnv({ openai, ...others }: Readonly<Record<string, number>>): Record<string, string> {
  const url = (port: number) => `http://127.0.0.1:${port}/v1`;
  const servers = Object.entries(others).map(([name, port]) => [name, url(port)]);
  return {
    ...(openai !== undefined && { OPENAI_API_KEY: 'sk-of-a-test', OPENAI_BASE_URL: url(openai) }),
    WEFT_LLM_SERVERS: JSON.stringify(Object.fromEntries(servers)),
  };
}
