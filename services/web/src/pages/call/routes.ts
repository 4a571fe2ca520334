import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { callQuery } from '../../api/calls.ts';
import { listedTraceOf } from '../../api/traces.ts';
import { traceOfCallQuery } from '../../api/trace.ts';
import { queryClient } from '../../api/query-client.ts';
import { projectRoute } from '../../routes.ts';

/** What the address says of a call's page. */
export interface CallSearch {
  readonly tab?: string | undefined;
  /** Call that this one is compared with. */
  readonly compare?: string | undefined;
}

const MAX_LENGTH = 200;

function readCallSearch(search: Record<string, unknown>): CallSearch {
  const text = (name: string) => {
    const value = search[name];
    // The router takes ids of digits for numbers.
    const told = typeof value === 'number' ? String(value) : value;
    return typeof told === 'string' && told !== '' ? told.slice(0, MAX_LENGTH) : undefined;
  };
  const [tab, compare] = [text('tab'), text('compare')];
  return { ...(tab !== undefined && { tab }), ...(compare !== undefined && { compare }) };
}

const call = <const Path extends string>(path: Path) =>
  createRoute({
    getParentRoute: () => projectRoute,
    path,
    validateSearch: readCallSearch,
    // Asked for while the page's own code is on its way; not awaited: the page says what is missing.
    loader: ({ params, cause }) => {
      const { entity, project, id } = params as { entity: string; project: string; id: string };
      const projectId = `${entity}/${project}`;
      void queryClient.prefetchQuery(callQuery(projectId, id));
      // From a list the trace is known; from another call it is on the screen, most often.
      if (cause === 'enter' && listedTraceOf(queryClient, projectId, id) === undefined)
        void queryClient.prefetchQuery(traceOfCallQuery(projectId, id));
    },
    component: lazyRouteComponent(() => import('./call-page.tsx'), 'CallPage'),
  });

export const callRoutes = [call('/weave/calls/$id'), call('/r/call/$id')] as const;
