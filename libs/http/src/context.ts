import type { IncomingMessage } from 'node:http';
import type { BodyBudget } from './body-budget.ts';
import type { Principal } from './keyring.ts';

/** What the app knows of a request while it is being answered. */
export interface RequestContext {
  readonly requestId: string;
  readonly maxBodyBytes: number;
  readonly budget: BodyBudget;
  /** Undefined on routes without authentication, and before it. */
  principal: Principal | undefined;
  /** Bytes taken from the budget, given back when the answer has gone out. */
  heldBytes: number;
  /** The answer has gone out, or the client is gone: nothing is counted any more. */
  isOver: boolean;
  /** `path` of the route group that was entered last. */
  group: string | undefined;
}

const CONTEXT = Symbol('weft request context');

type Carrier = IncomingMessage & { [CONTEXT]?: RequestContext };

export function setContext(req: IncomingMessage, context: RequestContext): void {
  (req as Carrier)[CONTEXT] = context;
}

export function contextOf(req: IncomingMessage): RequestContext {
  const context = (req as Carrier)[CONTEXT];
  if (context === undefined) throw new Error('this request did not come through createHttpApp');
  return context;
}
