import { lazy, Suspense } from 'react';

export interface EditorProps {
  readonly value: string;
  /** Absent: the text can be read and copied only. */
  readonly onChange?: (value: string) => void;
  readonly language?: 'json' | 'python' | 'text';
  /** For those who do not see it. */
  readonly label: string;
}

export interface DiffProps {
  readonly before: string;
  readonly after: string;
  readonly language?: EditorProps['language'];
  readonly label: string;
}

const LazyEditor = lazy(() => import('./code-mirror.tsx').then(({ Editor }) => ({ default: Editor })));
const LazyDiff = lazy(() => import('./code-mirror.tsx').then(({ Diff }) => ({ default: Diff })));

/** Code or a document. The editor is loaded with the first one. */
export function Editor(props: EditorProps) {
  return (
    <Suspense fallback={<pre className="json">{props.value.slice(0, 10_000)}</pre>}>
      <LazyEditor {...props} />
    </Suspense>
  );
}

/** Two texts and what differs between them. */
export function Diff(props: DiffProps) {
  return (
    <Suspense fallback={<p className="soft">Comparing…</p>}>
      <LazyDiff {...props} />
    </Suspense>
  );
}
