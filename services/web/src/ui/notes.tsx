import type { ReactNode } from 'react';
import { ApiError } from '../api/request.ts';

/** Why something is not shown, in the server's words, and what to do. */
export function ErrorNote({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  return (
    <div className="note error" role="alert">
      <p style={{ margin: 0 }}>{messageOf(error)}</p>
      {retry && (
        <button className="button" style={{ marginTop: 8 }} onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function messageOf(error: unknown): string {
  if (error instanceof ApiError && error.status === 403) return 'Your key does not reach this project.';
  return error instanceof Error ? error.message : 'Something went wrong.';
}

export function Empty({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="page">
      <div className="card">
        <h1>{title}</h1>
        {children}
      </div>
    </div>
  );
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <p className="page soft" role="status">
      Loading {what}…
    </p>
  );
}
