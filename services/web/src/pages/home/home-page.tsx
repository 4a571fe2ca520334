import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { sessionQuery } from '../../api/session.ts';
import { projectsQuery } from '../../api/projects.ts';
import { count } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { Time } from '../../ui/time.tsx';

/** Projects, the one with the latest call first. */
export function HomePage() {
  const { data: session } = useQuery(sessionQuery);
  const projects = useQuery(projectsQuery);
  return (
    <div className="page">
      <h1>Projects</h1>
      {projects.isPending && <Loading what="projects" />}
      {projects.isError && <ErrorNote error={projects.error} retry={() => void projects.refetch()} />}
      {projects.data?.length === 0 && (
        <p className="soft">
          There are none yet: a project is there as soon as something is sent to it. Open one to see how.
        </p>
      )}
      {(projects.data?.length ?? 0) > 0 && (
        <table className="plain">
          <thead>
            <tr>
              <th>Project</th>
              <th className="number">Calls in 24 h</th>
              <th>Latest call</th>
            </tr>
          </thead>
          <tbody>
            {projects.data!.map(({ project_id: id, calls_24h: calls, latest_call_at: latest }) => {
              const [entity, project] = id.split('/') as [string, string];
              return (
                <tr key={id}>
                  <td>
                    <Link to="/$entity/$project/weave/traces" params={{ entity, project }} search={{}}>
                      {id}
                    </Link>
                  </td>
                  <td className="number">{count.format(calls)}</td>
                  <td className="soft">
                    <Time at={latest} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      <OpenProject first={session?.project ?? ''} />
      <p className="soft">
        The HTTP API: <a href="/docs">as a page</a>, <a href="/openapi.json">as OpenAPI</a>.
      </p>
    </div>
  );
}

function OpenProject({ first }: { readonly first: string }) {
  const [name, setName] = useState(first);
  const navigate = useNavigate();
  const [, entity, project] = /^\s*([^/\s]+)\/([^/\s]+)\s*$/.exec(name) ?? [];
  const open = (event: FormEvent) => {
    event.preventDefault();
    if (entity !== undefined && project !== undefined)
      void navigate({ to: '/$entity/$project/weave/traces', params: { entity, project }, search: {} });
  };
  return (
    <form className="tools" style={{ padding: '16px 0', border: 0 }} onSubmit={open}>
      <input
        className="field"
        aria-label="Project, as entity/project"
        placeholder="entity/project"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button className="button" disabled={project === undefined}>
        Open
      </button>
    </form>
  );
}
