import { useDeferredValue, useEffect, useId, useMemo, useState, type ReactNode } from 'react';
import { CopyButton, downloadText } from './copy.tsx';
import { count } from './format.ts';
import { findNodes, pathOf, rootOf, type JsonNode } from './json-tree/json-rows.ts';
import { JsonTree } from './json-tree/json-tree.tsx';
import { isContainer, jsonText } from './json-tree/json-value.ts';

/** One value inside, and how it is called from outside. */
export interface JsonPlace {
  /** What leads to it, beginning with the `path` of the section. */
  readonly path: readonly string[];
  readonly value: unknown;
}

export interface JsonTextProps {
  readonly title: string;
  readonly value: unknown;
  readonly isFolded?: boolean;
  /** Where the value itself stands, for the paths of what is inside: `['inputs']`. Without it paths begin inside. */
  readonly path?: readonly string[];
  /** What else can be done with the chosen value. */
  readonly actions?: (place: JsonPlace) => ReactNode;
}

/** A JSON value of any size as a tree that can be searched, copied and read raw. */
export function JsonText({ title, value, isFolded = false, ...rest }: JsonTextProps) {
  const [isOpen, setOpen] = useState(!isFolded);
  const [isRaw, setRaw] = useState(false);
  const [search, setSearch] = useState('');
  const find = useDeferredValue(search.trim().toLowerCase());
  const isLarge = isContainer(value);
  return (
    <section>
      <div className="jt-head">
        <h2>
          <button type="button" className="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? '▾' : '▸'} {title}
          </button>
        </h2>
        {isOpen && (
          <div className="jt-tools">
            {isLarge && !isRaw && (
              <input
                type="search"
                className="field"
                placeholder="Search"
                aria-label={`Search in ${title}`}
                value={search}
                onChange={(event) => setSearch(event.target.value)}
              />
            )}
            {isLarge && (
              <button
                type="button"
                className="button quiet"
                aria-pressed={isRaw}
                onClick={() => setRaw(!isRaw)}
              >
                {isRaw ? 'Tree' : 'Raw'}
              </button>
            )}
            <CopyButton text={() => jsonText(value)} label={`Copy ${title}`} />
            <button
              type="button"
              className="button quiet"
              aria-label={`Download ${title}`}
              onClick={() => downloadText(fileName(title, value), jsonText(value))}
            >
              Download
            </button>
          </div>
        )}
      </div>
      {isOpen && (isRaw ? <RawText value={value} /> : <Tree {...{ title, value, find }} {...rest} />)}
    </section>
  );
}

function fileName(title: string, value: unknown): string {
  const name = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .slice(0, 60);
  return `${name}.${typeof value === 'string' ? 'txt' : 'json'}`;
}

function Tree({
  title,
  value,
  find,
  path = [],
  actions,
}: Omit<JsonTextProps, 'isFolded'> & { readonly find: string }) {
  const [chosen, setChosen] = useState<JsonNode>();
  const [openAll, setOpenAll] = useState<boolean>();
  const found = useMemo(() => findNodes(rootOf(value), find), [value, find]);
  const [hit, setHit] = useState(0);
  useEffect(() => setHit(0), [found]);
  useEffect(() => setChosen(undefined), [value]);
  const step = (by: number) => setHit((hit + by + found.length) % found.length);
  return (
    <>
      {find !== '' && (
        <p className="jt-at soft" role="status">
          {found.length === 0
            ? `Nothing in ${title} has this text.`
            : `${count.format(hit + 1)} of ${count.format(found.length)}${found.length >= 1000 ? ' or more' : ''}`}
          {found.length > 1 && (
            <>
              <button type="button" className="button small" onClick={() => step(-1)}>
                Previous
              </button>
              <button type="button" className="button small" onClick={() => step(1)}>
                Next
              </button>
            </>
          )}
        </p>
      )}
      <JsonTree
        value={value}
        label={title}
        find={find}
        show={found[hit]}
        openAll={openAll}
        onChoose={setChosen}
      />
      {isContainer(value) && (
        <div className="jt-at">
          {chosen === undefined ? (
            <>
              <button type="button" className="button small" onClick={() => setOpenAll(true)}>
                Open all
              </button>
              <button type="button" className="button small" onClick={() => setOpenAll(false)}>
                Close all
              </button>
            </>
          ) : (
            <Chosen node={chosen} path={path} actions={actions} onLeave={() => setChosen(undefined)} />
          )}
        </div>
      )}
      {!isContainer(value) && actions !== undefined && (
        <div className="jt-at">{actions({ path, value })}</div>
      )}
    </>
  );
}

const MAX_PATH = 300;

function Chosen({
  node,
  path,
  actions,
  onLeave,
}: {
  readonly node: JsonNode;
  readonly path: readonly string[];
  readonly actions: JsonTextProps['actions'];
  readonly onLeave: () => void;
}) {
  const id = useId();
  const place = [...path, ...pathOf(node)];
  const text = place.join('.');
  return (
    <>
      <code id={id}>
        <bdi>{text.length > MAX_PATH ? `${text.slice(0, MAX_PATH)}…` : text}</bdi>
      </code>
      <CopyButton className="button small" text={() => text}>
        Copy path
      </CopyButton>
      <CopyButton className="button small" text={() => jsonText(node.value)}>
        Copy value
      </CopyButton>
      {actions?.({ path: place, value: node.value })}
      <button type="button" className="button small" aria-label="Choose nothing" onClick={onLeave}>
        ✕
      </button>
    </>
  );
}

const SHOWN = 20_000;

/** The text of a value, the rest of a long one on demand. */
function RawText({ value }: { readonly value: unknown }) {
  const text = useMemo(() => jsonText(value), [value]);
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      <pre className="json" tabIndex={0} dir="ltr">
        {text.slice(0, shown)}
      </pre>
      {text.length > shown && (
        <button type="button" className="button" onClick={() => setShown(shown * 4)}>
          Show more ({count.format(text.length - shown)} characters are left)
        </button>
      )}
    </>
  );
}
