import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../../api/session.ts';

/** Whether the key of whoever is here may change things: those of the role `read` may not. */
export function useMayWrite(): boolean {
  const { data } = useQuery(sessionQuery);
  return data !== null && data !== undefined && data.role !== 'read';
}
