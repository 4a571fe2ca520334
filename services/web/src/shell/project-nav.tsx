import { Link, useParams } from '@tanstack/react-router';

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

export function ProjectNav() {
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
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
