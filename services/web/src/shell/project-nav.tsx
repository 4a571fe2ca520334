import { Link, useLocation, useParams } from '@tanstack/react-router';

/** The parts of a project, in the order in which people look for them. */
export const PROJECT_PAGES = [
  { to: '/$entity/$project/weave/traces', label: 'Traces' },
  { to: '/$entity/$project/weave/threads', label: 'Threads' },
  { to: '/$entity/$project/weave/evaluations', label: 'Evaluations' },
  { to: '/$entity/$project/weave/leaderboards', label: 'Leaderboards' },
  { to: '/$entity/$project/weave/assets', label: 'Assets' },
  { to: '/$entity/$project/weave/playground', label: 'Playground' },
  { to: '/$entity/$project/weave/monitors', label: 'Monitors' },
  { to: '/$entity/$project/weave/dashboard', label: 'Dashboard' },
] as const;

/** Pages that belong to another one of the list. */
const BELOW: Readonly<Record<string, string>> = {
  calls: 'Traces',
  call: 'Traces',
  'compare-evaluations': 'Evaluations',
  objects: 'Assets',
  ops: 'Assets',
};

export function ProjectNav() {
  const part = useLocation({ select: ({ pathname }) => pathname.split('/')[4] ?? '' });
  const { entity, project } = useParams({ strict: false });
  if (entity === undefined || project === undefined) return null;
  return (
    <nav className="project-nav" aria-label="Project">
      {PROJECT_PAGES.map(({ to, label }) => (
        <Link
          key={to}
          to={to}
          params={{ entity, project }}
          search={{}}
          activeProps={{ 'aria-current': 'page' }}
          {...(Object.hasOwn(BELOW, part) && BELOW[part] === label && { 'aria-current': 'true' })}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
