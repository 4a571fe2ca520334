import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { Dialog } from '../ui/dialog.tsx';

/** After `g`: the pages of a project. */
const GO_TO = {
  t: { to: '/$entity/$project/weave/traces', label: 'Traces' },
  c: { to: '/$entity/$project/weave/threads', label: 'Threads (conversations)' },
  e: { to: '/$entity/$project/weave/evaluations', label: 'Evaluations' },
  a: { to: '/$entity/$project/weave/assets', label: 'Assets' },
  p: { to: '/$entity/$project/weave/playground', label: 'Playground' },
  m: { to: '/$entity/$project/weave/monitors', label: 'Monitors' },
  d: { to: '/$entity/$project/weave/dashboard', label: 'Dashboard' },
} as const;

/** So long after `g` the next key still belongs to it. */
const CHORD_MS = 1500;

export interface ShortcutHandlers {
  readonly onPalette: () => void;
  readonly onHelp: () => void;
}

/** Keys that work on every page, except while something is typed. */
export function useShortcuts({ onPalette, onHelp }: ShortcutHandlers): void {
  const navigate = useNavigate();
  const { entity, project } = useParams({ strict: false });
  const handle = useRef<(event: KeyboardEvent) => void>(() => undefined);
  const goSince = useRef(-Infinity);
  handle.current = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      onPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const isChord = event.timeStamp - goSince.current < CHORD_MS;
    goSince.current = -Infinity;
    if (isChord && event.key === 'h') return void navigate({ to: '/' });
    if (isChord && event.key === 'o') return void navigate({ to: '/operations' });
    const page = Object.entries(GO_TO).find(([key]) => key === event.key)?.[1];
    if (isChord && page && entity !== undefined && project !== undefined)
      return void navigate({ to: page.to, params: { entity, project }, search: {} });
    if (event.key === 'g') goSince.current = event.timeStamp;
    else if (event.key === '?') onHelp();
    else if (event.key === '/') {
      const search = document.querySelector<HTMLInputElement>('main input[type=search]');
      if (search === null) return;
      event.preventDefault();
      search.focus();
    }
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => handle.current(event);
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

/** A shadow tree's editor is what the event comes from first. */
function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches('input, textarea, select') ||
      target.closest('dialog') !== null)
  );
}

export function ShortcutsHelp({ onClose }: { readonly onClose: () => void }) {
  const rows = [
    ['Ctrl K', 'Go to a page, a project, an object or a call'],
    ['/', 'Search on this page'],
    ...Object.entries(GO_TO).map(([key, { label }]) => [`g ${key}`, label]),
    ['g h', 'Projects'],
    ['g o', 'Operations'],
    ['?', 'This list'],
  ] as const;
  return (
    <Dialog title="Keys" onClose={onClose}>
      <table className="plain">
        <tbody>
          {rows.map(([keys, what]) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
