import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './request.ts';

/** Answers are asked for again when the window comes back, and what failed for a while is tried again; what was refused is not. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) =>
        failures < 3 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
    },
  },
});
