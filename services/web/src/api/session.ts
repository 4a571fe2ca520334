import { queryOptions } from '@tanstack/react-query';
import { ApiError, request } from './request.ts';

/** Who uses these pages. */
export interface Session {
  /** The server has no keys: nobody signs in. */
  readonly open: boolean;
  readonly user: string | null;
  readonly role: 'read' | 'write' | 'admin';
  /** The role holds for every project. */
  readonly all: boolean;
  /** The only project that the key reaches. */
  readonly project: string | null;
}

const PATH = '/weft/v1/session';

/** Null: somebody has to sign in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await request<Session>(PATH, undefined, { signal });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
});

export const signIn = (key: string) => request<Session>(PATH, { key });
export const signOut = () => request<object>(PATH, undefined, { method: 'DELETE' });
