import { useMutation, useQuery } from '@tanstack/react-query';
import { checkStore, projectSizeQuery, storageQuery, type StorageUsage } from '../../api/operations.ts';
import { projectsQuery } from '../../api/projects.ts';
import { count } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { AdminNote } from './admin-note.tsx';
import { bytes } from './bytes.ts';

/** Projects whose rows are counted: each is a read of its own. */
const MAX_COUNTED = 30;

/** What projects store, in the tables and beside them. */
export function StorageByProject() {
  const projects = useQuery(projectsQuery);
  const usage = useQuery(storageQuery);
  const check = useMutation({ mutationFn: checkStore });
  if (projects.isPending || usage.isLoading) return <Loading what="what projects store" />;
  if (projects.isError) return <ErrorNote error={projects.error} retry={() => void projects.refetch()} />;
  const known = new Map(usage.data?.projects.map((each) => [each.project_id, each]));
  const names = [...new Set([...projects.data.map(({ project_id: id }) => id), ...known.keys()])];
  return (
    <>
      {usage.isError && (
        <AdminNote error={usage.error} retry={() => void usage.refetch()} what="What is beside the tables" />
      )}
      {usage.data !== undefined && (
        <div className="heading">
          <span>
            {usage.data.uri === null ? (
              'There is no bucket: files and large payloads are in the tables.'
            ) : (
              <>
                Files and large payloads go to <code>{usage.data.uri}</code>
              </>
            )}
          </span>
          {usage.data.uri !== null && (
            <button className="button" disabled={check.isPending} onClick={() => check.mutate()}>
              {check.isPending ? 'Trying…' : 'Try it'}
            </button>
          )}
        </div>
      )}
      <div aria-live="polite">
        {check.isError && <ErrorNote error={check.error} />}
        {check.data !== undefined && (
          <p className={check.data.ok ? 'note' : 'note error'}>
            {check.data.ok
              ? 'Writing, reading and deleting a blob there works.'
              : `It fails at: ${check.data.steps.find(({ ok }) => !ok)?.name ?? '?'}`}
          </p>
        )}
      </div>
      <div className="scroll-x" tabIndex={0}>
        <table className="plain" aria-label="Storage by project">
          <thead>
            <tr>
              <th>Project</th>
              <th className="number">Calls</th>
              <th className="number">Objects</th>
              <th className="number">Tables</th>
              <th className="number">Files</th>
              <th className="number">In the bucket</th>
            </tr>
          </thead>
          <tbody>
            {names.slice(0, MAX_COUNTED).map((id) => (
              <Row key={id} projectId={id} kept={known.get(id)} />
            ))}
          </tbody>
        </table>
      </div>
      {names.length > MAX_COUNTED && (
        <p className="soft">{count.format(names.length - MAX_COUNTED)} more projects are not counted here.</p>
      )}
      <h2>Blobs that nothing refers to</h2>
      <p className="soft">How many there are, and what deleting them would free:</p>
      <pre className="json" tabIndex={0}>
        weft storage gc --dry-run
      </pre>
    </>
  );
}

function Row({
  projectId,
  kept,
}: {
  readonly projectId: string;
  readonly kept: StorageUsage['projects'][number] | undefined;
}) {
  const { data: size } = useQuery(projectSizeQuery(projectId));
  const n = (value: number | undefined) => (value === undefined ? '–' : bytes(value));
  return (
    <tr>
      <td>
        <bdi>{projectId}</bdi>
      </td>
      <td className="number">{n(size?.trace_storage_size_bytes)}</td>
      <td className="number">{n(size?.objects_storage_size_bytes)}</td>
      <td className="number">{n(size?.tables_storage_size_bytes)}</td>
      <td className="number">{n(size?.files_storage_size_bytes)}</td>
      <td className="number">
        {kept === undefined ? '–' : bytes(kept.blob_files.bytes + kept.payloads.bytes)}
      </td>
    </tr>
  );
}
