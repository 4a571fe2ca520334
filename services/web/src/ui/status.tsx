import type { Call } from '../api/calls.ts';
import { statusOf } from '../api/calls.ts';

const WORDS = { success: 'ok', error: 'error', running: 'running', descendant_error: 'error below' } as const;

export function Status({ call }: { readonly call: Call }) {
  const status = statusOf(call);
  const look = status === 'running' ? 'running' : status === 'success' ? '' : 'error';
  return <span className={`status ${look}`}>{WORDS[status]}</span>;
}
