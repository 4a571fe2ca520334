import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { sessionQuery, signOut, type Session } from '../api/session.ts';
import { SignInPage } from '../pages/sign-in/sign-in-page.tsx';
import { ErrorNote, Loading } from '../ui/notes.tsx';
import { ProjectNav } from './project-nav.tsx';
import { ShortcutsHelp, useShortcuts } from './shortcuts.tsx';
import { ThemeButton } from './theme-button.tsx';

/** Loaded when it is first asked for. */
const Palette = lazy(() => import('./palette.tsx').then(({ Palette }) => ({ default: Palette })));

/** Around every page: who you are, where you are. */
export function Shell() {
  const session = useQuery(sessionQuery);
  if (session.isPending) return <Loading what="your session" />;
  if (session.isError)
    return (
      <div className="page">
        <ErrorNote error={session.error} retry={() => void session.refetch()} />
      </div>
    );
  if (session.data === null) return <SignInPage />;
  return <SignedIn session={session.data} />;
}

function SignedIn({ session }: { readonly session: Session }) {
  const [over, setOver] = useState<'palette' | 'help' | null>(null);
  useShortcuts({ onPalette: () => setOver('palette'), onHelp: () => setOver('help') });
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <TopBar session={session} onPalette={() => setOver('palette')} />
      <div className="under-bar">
        <ProjectNav />
        <main className="main" id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      {over === 'palette' && (
        <Suspense>
          <Palette onClose={() => setOver(null)} />
        </Suspense>
      )}
      {over === 'help' && <ShortcutsHelp onClose={() => setOver(null)} />}
    </div>
  );
}

function TopBar({ session, onPalette }: { readonly session: Session; readonly onPalette: () => void }) {
  const { entity, project } = useParams({ strict: false });
  return (
    <header className="bar">
      <Link to="/" className="name">
        <Mark />
        Weft
      </Link>
      {entity !== undefined && project !== undefined && (
        <Link to="/$entity/$project/weave/traces" params={{ entity, project }} className="crumb">
          {entity}/{project}
        </Link>
      )}
      <button className="button push" onClick={onPalette} aria-keyshortcuts="Control+K" title="Ctrl K">
        Go to…
      </button>
      {session.role === 'admin' && (
        <Link to="/operations" className="wide-only">
          Operations
        </Link>
      )}
      <ThemeButton />
      {!session.open && <SignOut user={session.user} />}
    </header>
  );
}

function Mark() {
  return (
    <svg width="18" height="18" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0f766e" />
      <path d="M6 10h20M6 16h20M6 22h20" stroke="#99f6e4" strokeWidth="2.5" strokeLinecap="round" />
      <path
        d="M11 6v7m0 6v7M21 6v3m0 6v4m0 6v1M16 6v4m0 5v7"
        stroke="#fff"
        strokeWidth="2.5"
        strokeLinecap="round"
      />
    </svg>
  );
}

function SignOut({ user }: { readonly user: string | null }) {
  const queries = useQueryClient();
  const leave = async () => {
    await signOut();
    queries.setQueryData(sessionQuery.queryKey, null);
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
  };
  return (
    <button
      className="button"
      onClick={() => void leave()}
      title={user === null ? '' : `Signed in as ${user}`}
    >
      Sign out
    </button>
  );
}
