import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useId, useState, type KeyboardEvent } from 'react';
import { objectNamesQuery } from '../api/object-names.ts';
import { projectsQuery } from '../api/projects.ts';
import { Dialog } from '../ui/dialog.tsx';
import { PROJECT_PAGES } from './project-nav.tsx';

interface Entry {
  readonly key: string;
  readonly label: string;
  readonly kind: string;
  readonly go: () => void;
}

const MOST_SHOWN = 12;
const CALL_ID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$|^[0-9a-f]{16}$/i;

/** Go anywhere by typing: pages, projects, objects, a call by its id. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const listId = useId();
  const entries = useEntries(text);
  const chosen = Math.min(at, entries.length - 1);
  const go = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    entry.go();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((chosen + step + entries.length) % Math.max(1, entries.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(entries[chosen]);
    }
  };
  return (
    <Dialog title="Go to" onClose={onClose}>
      <input
        className="field"
        role="combobox"
        aria-label="Page, project, object or the id of a call"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={entries[chosen] && `${listId}-${chosen}`}
        placeholder="Page, project, object or the id of a call"
        value={text}
        autoFocus
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul className="palette" role="listbox" id={listId} aria-label="Where to">
        {entries.map((entry, index) => (
          <li
            key={entry.key}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === chosen}
            onMouseMove={() => setAt(index)}
            onClick={() => go(entry)}
          >
            <bdi className="cut">{entry.label}</bdi>
            <span className="soft push">{entry.kind}</span>
          </li>
        ))}
      </ul>
      {entries.length === 0 && <p className="soft">Nothing is called that.</p>}
    </Dialog>
  );
}

function useEntries(text: string): Entry[] {
  const navigate = useNavigate();
  const { entity, project } = useParams({ strict: false });
  const here = entity !== undefined && project !== undefined ? { entity, project } : undefined;
  const projects = useQuery(projectsQuery).data ?? [];
  const names = useQuery({ ...objectNamesQuery(`${entity}/${project}`), enabled: here !== undefined });
  const wanted = text.trim();
  const pages = here
    ? PROJECT_PAGES.map(({ to, label }) => ({
        key: to,
        label,
        kind: 'page',
        go: () => void navigate({ to, params: here, search: {} }),
      }))
    : [];
  const call =
    here && CALL_ID.test(wanted)
      ? [
          {
            key: 'call',
            label: wanted,
            kind: 'call',
            go: () =>
              void navigate({
                to: '/$entity/$project/weave/calls/$id',
                params: { ...here, id: wanted },
                search: {},
              }),
          },
        ]
      : [];
  const objects = here
    ? (names.data ?? []).map((name) => ({
        key: `object ${name}`,
        label: name,
        kind: 'object',
        go: () =>
          void navigate({
            to: '/$entity/$project/weave/objects/$name/versions/$version',
            params: { ...here, name, version: 'latest' },
            search: {},
          }),
      }))
    : [];
  const others = projects.map(({ project_id }) => ({
    key: `project ${project_id}`,
    label: project_id,
    kind: 'project',
    go: () => {
      const [ofEntity, ofProject] = project_id.split('/') as [string, string];
      void navigate({
        to: '/$entity/$project/weave/traces',
        params: { entity: ofEntity, project: ofProject },
        search: {},
      });
    },
  }));
  const everywhere = [
    { key: 'home', label: 'Projects', kind: 'page', go: () => void navigate({ to: '/' }) },
    { key: 'operations', label: 'Operations', kind: 'page', go: () => void navigate({ to: '/operations' }) },
  ];
  const low = wanted.toLowerCase();
  return [
    ...call,
    ...[...pages, ...everywhere, ...objects, ...others].filter(({ label }) =>
      label.toLowerCase().includes(low),
    ),
  ].slice(0, MOST_SHOWN);
}
