import { useQuery } from '@tanstack/react-query';
import { sessionQuery, type Session } from '../../api/session.ts';

/** Who looks; undefined until it is known. */
export function useSession(): Session | undefined {
  return useQuery(sessionQuery).data ?? undefined;
}

/** Whether the key of whoever is here may change things. */
export function useMayWrite(): boolean {
  const session = useSession();
  return session !== undefined && session.role !== 'read';
}
