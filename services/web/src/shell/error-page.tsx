import { Link, type ErrorComponentProps } from '@tanstack/react-router';
import { Empty, ErrorNote } from '../ui/notes.tsx';

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  return (
    <div className="page">
      <ErrorNote error={error} retry={reset} />
    </div>
  );
}

export function MissingPage() {
  return (
    <Empty title="There is no such page">
      <p>
        The address may be of another version. <Link to="/">See your projects.</Link>
      </p>
    </Empty>
  );
}
