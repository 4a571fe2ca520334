import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import './json-tree.css';
import {
  FIRST_CHILDREN,
  isSmall,
  revealed,
  rootOf,
  rowsOf,
  type JsonNode,
  type JsonRow,
  type OpenState,
} from './json-rows.ts';
import { isContainer } from './json-value.ts';
import { Row } from './json-row.tsx';

/** More are rendered only where they are looked at. */
const PLAIN_ROWS = 250;
const CLOSED: OpenState = { toggled: new Map(), limits: new Map() };

interface JsonTreeProps {
  readonly value: unknown;
  /** For those who do not see it. */
  readonly label: string;
  /** Marked in keys and values. */
  readonly find?: string;
  /** Opened, scrolled to and chosen when it changes. */
  readonly show?: JsonNode | undefined;
  readonly onChoose?: ((node: JsonNode) => void) | undefined;
  /** Changes to it open (`true`) or close everything. */
  readonly openAll?: boolean | undefined;
}

/** A JSON value of any size and depth as a tree. Arrow keys move and open as in a file manager. */
export function JsonTree({ value, label, find = '', show, onChoose, openAll }: JsonTreeProps) {
  const root = useMemo(() => rootOf(value), [value]);
  const small = useMemo(() => isSmall(value), [value]);
  const [state, setState] = useState(CLOSED);
  const [at, setAt] = useState(-1);
  const rows = useMemo(() => rowsOf(root, state, openAll ?? small), [root, state, openAll, small]);
  useEffect(() => setState(CLOSED), [root, openAll]);

  const tree = useRef<HTMLDivElement>(null);
  const ids = useId();
  const isPlain = rows.length <= PLAIN_ROWS;
  const virtual = useVirtualizer({
    count: isPlain ? 0 : rows.length,
    getScrollElement: () => tree.current,
    estimateSize: () => 24,
    overscan: 15,
  });

  const choose = useCallback(
    (index: number) => {
      const row = rows[index];
      if (row === undefined) return;
      setAt(index);
      onChoose?.(row.node);
    },
    [rows, onChoose],
  );
  const toggle = useCallback(({ node, isOpen, left }: JsonRow, to = !isOpen) => {
    setState(({ toggled, limits }) => {
      if (left !== undefined) {
        const shown = limits.get(node.id) ?? FIRST_CHILDREN;
        return { toggled, limits: new Map(limits).set(node.id, shown + FIRST_CHILDREN * 4) };
      }
      return { limits, toggled: new Map(toggled).set(node.id, to) };
    });
  }, []);
  const pick = useCallback(
    (row: JsonRow) => {
      choose(rows.indexOf(row));
      if (row.left !== undefined || isContainer(row.node.value)) toggle(row);
    },
    [choose, rows, toggle],
  );

  const due = useRef<string>(undefined);
  useEffect(() => {
    if (show === undefined) return;
    due.current = show.id;
    setState((before) => revealed(show, before));
  }, [show]);
  useEffect(() => {
    if (due.current === undefined) return;
    const index = rows.findIndex(({ node, left }) => left === undefined && node.id === due.current);
    if (index < 0) return;
    due.current = undefined;
    choose(index);
    scrollTo(index, 'center');
  });

  const scrollTo = (index: number, align: 'auto' | 'center' = 'auto') => {
    if (!isPlain) return virtual.scrollToIndex(index, { align });
    document.getElementById(`${ids}${index}`)?.scrollIntoView({ block: 'nearest' });
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = move(event.key, rows, at);
    if (next === undefined) return;
    event.preventDefault();
    if (next.toggle !== undefined) toggle(rows[Math.max(0, at)]!, next.toggle);
    choose(next.at);
    scrollTo(next.at);
  };

  const rowOf = (index: number) => (
    <Row row={rows[index]!} domId={`${ids}${index}`} isAt={index === at} find={find} onPick={pick} />
  );
  return (
    <div
      ref={tree}
      className="jt"
      role="tree"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={at >= 0 && rows.length > at ? `${ids}${at}` : undefined}
      onKeyDown={onKeyDown}
      dir="ltr"
    >
      {rows.length === 0 && (
        <div role="treeitem" aria-selected={false} className="soft">
          {Array.isArray(value) ? '[] – an empty list' : '{} – nothing in it'}
        </div>
      )}
      {isPlain ? (
        rows.map((row, i) => (
          <div key={`${row.node.id}${row.left ?? ''}`} role="presentation">
            {rowOf(i)}
          </div>
        ))
      ) : (
        <div role="presentation" className="jt-all" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => (
            <div
              key={item.key}
              role="presentation"
              ref={virtual.measureElement}
              data-index={item.index}
              className="jt-slot"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {rowOf(item.index)}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** Where a key leads from the row at `at`, and whether that row opens or closes. */
function move(
  key: string,
  rows: readonly JsonRow[],
  at: number,
): { readonly at: number; readonly toggle?: boolean } | undefined {
  const row = rows[Math.max(0, at)];
  if (row === undefined) return undefined;
  const isTree = row.left !== undefined || isContainer(row.node.value);
  const isOpen = row.isOpen && row.left === undefined;
  switch (key) {
    case 'ArrowDown':
      return { at: Math.min(rows.length - 1, at + 1) };
    case 'ArrowUp':
      return { at: Math.max(0, at - 1) };
    case 'Home':
      return { at: 0 };
    case 'End':
      return { at: rows.length - 1 };
    case 'Enter':
    case ' ':
      return isTree ? { at: Math.max(0, at), toggle: !isOpen } : undefined;
    case 'ArrowRight':
      return !isTree
        ? undefined
        : isOpen
          ? { at: Math.min(rows.length - 1, at + 1) }
          : { at: Math.max(0, at), toggle: true };
    case 'ArrowLeft':
      if (isOpen) return { at, toggle: false };
      return {
        at: Math.max(
          0,
          rows.findLastIndex(({ node }, i) => i < at && node === row.node.parent),
        ),
      };
    default:
      return undefined;
  }
}
