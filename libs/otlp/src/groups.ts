import { AppError } from '@weft/model';
import { concatenate, sizeOf, type Piece, type ScopePiece } from './concatenate.ts';

/** The non-item fields around an item, as they lie in the body; one object per envelope. */
export interface Heads {
  readonly resource: Buffer[];
  readonly scope: Buffer[];
}

export interface Group {
  readonly projectId: string;
  /** Of one of its items. */
  readonly traceId: string;
  readonly pieces: Piece[];
  itemCount: number;
}

const MAX_SPLIT_BYTES = 64 * 1024 * 1024;

/** The items of a request by project and trace, each to become an export request of its own. */
export class Groups {
  private readonly groups = new Map<string, Group>();
  private readonly groupOf: ((projectId: string, traceId: string) => string) | undefined;
  private last: Group | null = null;

  /** @param groupOf items with equal keys travel together; default: one group per project and trace. */
  constructor(groupOf?: (projectId: string, traceId: string) => string) {
    this.groupOf = groupOf;
  }

  /** `item` has its tag and length before it. */
  add(projectId: string, traceId: string, item: Buffer, heads: Heads): void {
    const group = this.groupFor(projectId, traceId);
    group.itemCount++;
    let piece = group.pieces.at(-1);
    if (piece?.head !== heads.resource) group.pieces.push((piece = { head: heads.resource, scopes: [] }));
    let scope: ScopePiece | undefined = piece.scopes.at(-1);
    if (scope?.head !== heads.scope) piece.scopes.push((scope = { head: heads.scope, items: [] }));
    scope.items.push(item);
  }

  /**
   * Every group and its export request. `body` itself when `isWhole`, that is, nothing was left out, and all goes one way.
   * @throws AppError `request_too_large` when the groups would together be several times the body.
   */
  finish<T>(body: Buffer, isWhole: boolean, make: (group: Group, payload: Uint8Array) => T): T[] {
    this.refuseExplosion(body);
    const asIs = isWhole && this.groups.size === 1;
    return [...this.groups.values()].map((group) => make(group, asIs ? body : concatenate(group.pieces)));
  }

  private groupFor(projectId: string, traceId: string): Group {
    const { last } = this;
    if (last !== null && last.traceId === traceId && last.projectId === projectId) return last;
    // Projects never share a payload, whatever the caller's key says.
    const key = `${projectId}\n${this.groupOf?.(projectId, traceId) ?? traceId}`;
    let group = this.groups.get(key);
    if (group === undefined) {
      group = { projectId, traceId, pieces: [], itemCount: 0 };
      this.groups.set(key, group);
    }
    this.last = group;
    return group;
  }

  /** Every group repeats its resources: a large one with thousands of traces must not become gigabytes. */
  private refuseExplosion(body: Buffer): void {
    if (this.groups.size === 1) return;
    const limit = Math.max(MAX_SPLIT_BYTES, body.length * 2);
    let total = 0;
    for (const { pieces } of this.groups.values()) {
      total += sizeOf(pieces);
      if (total > limit) {
        throw new AppError(
          'request_too_large',
          'too many traces that share a large resource: send them in smaller batches',
        );
      }
    }
  }
}
