import { Link, useSearch } from '@tanstack/react-router';
import { DeadLetters } from './dead-letters.tsx';
import { KeysHelp } from './keys-help.tsx';
import './operations.css';
import { PipelineHealth } from './pipeline-health.tsx';
import type { OperationsTab } from './routes.ts';
import { StorageByProject } from './storage-by-project.tsx';

const TABS: readonly (readonly [OperationsTab, string])[] = [
  ['pipeline', 'Pipeline'],
  ['letters', 'Dead letters'],
  ['storage', 'Storage'],
  ['keys', 'Keys'],
];

const CONTENT: Record<OperationsTab, () => React.ReactNode> = {
  pipeline: PipelineHealth,
  letters: DeadLetters,
  storage: StorageByProject,
  keys: KeysHelp,
};

/** The whole server, for whoever runs it. */
export function OperationsPage() {
  const { tab = 'pipeline' } = useSearch({ from: '/operations' });
  const Content = CONTENT[tab];
  return (
    <div className="page">
      <h1>Operations</h1>
      <nav className="tabs" aria-label="Operations">
        {TABS.map(([each, label]) => (
          <Link
            key={each}
            to="/operations"
            search={each === 'pipeline' ? {} : { tab: each }}
            aria-current={each === tab ? 'page' : undefined}
            activeProps={{}}
          >
            {label}
          </Link>
        ))}
      </nav>
      <Content />
    </div>
  );
}
