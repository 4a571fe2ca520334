import { useParams } from '@tanstack/react-router';
import { memo } from 'react';
import { count } from '../format.ts';
import type { JsonRow } from './json-rows.ts';
import { isContainer, kindOf, scalarText, sizeOf, visible, type Fields } from './json-value.ts';
import { LongText, Marked } from './long-text.tsx';
import { mediaOf } from './media-of.ts';
import { StoredMediaView } from './media.tsx';
import { RefValue } from './ref-value.tsx';

const MAX_KEY = 300;
const MAX_INDENTS = 24;

export interface RowProps {
  readonly row: JsonRow;
  readonly domId: string;
  readonly isAt: boolean;
  /** Lower case; `''` = no search. */
  readonly find: string;
  readonly onPick: (row: JsonRow) => void;
}

/** One line of a tree: key, value, and what can be seen of the value at once. */
export const Row = memo(function Row({ row, domId, isAt, find, onPick }: RowProps) {
  const { node, isOpen, left } = row;
  const isTree = left === undefined && isContainer(node.value);
  // A value alone is its own root.
  const level = Math.max(0, left === undefined ? node.depth : node.depth + 1);
  const indent = { '--jt-depth': Math.min(level, MAX_INDENTS) } as React.CSSProperties;
  return (
    <div
      id={domId}
      role="treeitem"
      aria-level={Math.max(level, 0) + 1}
      aria-selected={isAt}
      aria-expanded={isTree ? isOpen : undefined}
      className={`jt-row${isAt ? ' at' : ''}`}
      style={indent}
      onClick={(event) => isOwn(event) && onPick(row)}
    >
      <span className="jt-twisty" aria-hidden="true">
        {isTree ? (isOpen ? '▾' : '▸') : ''}
      </span>
      <div className="jt-content">
        {left === undefined ? (
          <>
            {node.parent !== null && <Key row={row} find={find} />}
            <Value row={row} find={find} />
          </>
        ) : (
          <span className="jt-link">Show more of {count.format(left)} that are left</span>
        )}
      </div>
    </div>
  );
});

/** Not a click on a link or button inside, nor the end of marking text. */
function isOwn(event: React.MouseEvent): boolean {
  const isInside = (event.target as Element).closest('a, button, audio, video, .jt-behind') !== null;
  return !isInside && window.getSelection()?.type !== 'Range';
}

function Key({ row: { node }, find }: { readonly row: JsonRow; readonly find: string }) {
  if (Array.isArray(node.parent!.value)) return <span className="jt-index">{node.key}: </span>;
  return (
    <span className="jt-key">
      "
      <bdi>
        <Marked text={node.key.slice(0, MAX_KEY)} find={find} />
        {node.key.length > MAX_KEY ? '…' : ''}
      </bdi>
      "{': '}
    </span>
  );
}

function Value({ row: { node, isOpen }, find }: { readonly row: JsonRow; readonly find: string }) {
  const { value } = node;
  if (isContainer(value)) return <Container value={value} isOpen={isOpen} />;
  if (typeof value !== 'string')
    return (
      <span className={`jt-${kindOf(value)}`}>
        <Marked text={scalarText(value)} find={find} />
      </span>
    );
  if (value.startsWith('weave:///') && value.length < 2000) return <RefValue value={value} />;
  const text = <LongText text={value} find={find} name={`${node.key === '' ? 'value' : 'member'}.txt`} />;
  const isUrl = value.length < 2000 && /^https?:\/\/[^\s"<>]+$/i.test(value);
  return (
    <span className="jt-string">
      "
      <bdi>
        {isUrl ? (
          <a href={value} target="_blank" rel="noreferrer noopener">
            {text}
          </a>
        ) : (
          text
        )}
      </bdi>
      "
    </span>
  );
}

function Container({
  value,
  isOpen,
}: {
  readonly value: Fields | readonly unknown[];
  readonly isOpen: boolean;
}) {
  const { entity, project } = useParams({ strict: false });
  const media = mediaOf(value);
  const size = sizeOf(value);
  return (
    <>
      <span className="soft">
        {size === 0 ? (Array.isArray(value) ? '[]' : '{}') : summary(value, size, isOpen)}
      </span>
      {media !== undefined && entity !== undefined && project !== undefined && (
        <StoredMediaView media={media} projectId={`${entity}/${project}`} />
      )}
    </>
  );
}

function summary(value: Fields | readonly unknown[], size: number, isOpen: boolean): string {
  if (Array.isArray(value)) return `[${count.format(size)}]`;
  if (isOpen) return '';
  const names = Object.keys(value)
    .slice(0, 4)
    .map((each) => visible(each.slice(0, 20)));
  return `{${names.join(', ')}${size > names.length ? ', …' : ''}}`;
}
