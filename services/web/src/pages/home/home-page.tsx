import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { sessionQuery } from '../../api/session.ts';
import { projectsQuery, type Project } from '../../api/projects.ts';
import { Freshness } from '../../ui/freshness.tsx';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { FirstSteps } from './first-steps.tsx';
import './home.css';
import { ProjectRow } from './project-row.tsx';

/** Projects at a time: what happens in each is a read of its own. */
const PAGE = 20;
/** More are searched. */
const FEW = 5;
/** Until the first one comes. */
const WAITING_MS = 3000;

/** Projects, the one with the latest call first. */
export function HomePage() {
  const { data: session } = useQuery(sessionQuery);
  const isEmpty = useQueryClient().getQueryData(projectsQuery.queryKey)?.length === 0;
  const projects = useQuery({ ...projectsQuery, ...(isEmpty && { refetchInterval: WAITING_MS }) });
  const first = session?.project ?? 'my-team/my-project';
  return (
    <div className="page">
      <h1>Projects</h1>
      <Freshness of={[projects]} />
      {projects.isPending && <Loading what="projects" />}
      {projects.isError && projects.data === undefined && (
        <ErrorNote error={projects.error} retry={() => void projects.refetch()} />
      )}
      {projects.data?.length === 0 && <FirstSteps projectId={first} hasKeys={session?.open === false} />}
      {projects.data !== undefined && projects.data.length > 0 && <ProjectList projects={projects.data} />}
      <OpenProject first={session?.project ?? ''} />
      <p className="soft">
        The HTTP API: <a href="/docs">as a page</a>, <a href="/openapi.json">as OpenAPI</a>.
      </p>
    </div>
  );
}

function ProjectList({ projects }: { readonly projects: readonly Project[] }) {
  const { find = '' } = useSearch({ from: '/' });
  const navigate = useNavigate();
  const [most, setMost] = useState(PAGE);
  const found = projects.filter(({ project_id: id }) => id.toLowerCase().includes(find.toLowerCase()));
  return (
    <>
      {projects.length > FEW && (
        <input
          className="field home-find"
          type="search"
          aria-label="Find a project"
          placeholder="Find a project"
          value={find}
          onChange={(event) => {
            const text = event.target.value;
            void navigate({ to: '/', search: text === '' ? {} : { find: text }, replace: true });
          }}
        />
      )}
      <div className="scroll-x" tabIndex={0}>
        <table className="plain home-projects" aria-label="Projects">
          <thead>
            <tr>
              <th>Project</th>
              <th>24 hours</th>
              <th className="number">Calls</th>
              <th className="number">Failed</th>
              <th className="number">Cost</th>
              <th>Latest call</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, most).map((project) => (
              <ProjectRow key={project.project_id} project={project} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="soft" role="status">
        {found.length === 0 && `No project’s name has “${find}”.`}
      </p>
      {found.length > most && (
        <button className="button" onClick={() => setMost(most + PAGE)}>
          Show more of {found.length}
        </button>
      )}
    </>
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
