import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { deleteVersion, kindOf, refOf, versionsQuery, type ObjectVersion } from '../../api/objects.ts';
import { CopyButton } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { localTime } from '../../ui/format.ts';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { ErrorNote } from '../../ui/notes.tsx';
import { Time } from '../../ui/time.tsx';
import { useMayWrite } from './may-write.ts';
import type { ObjectSearch } from './search.ts';
import { VersionLabels } from './version-labels.tsx';

/** What this is, which version of it, and what can be done with that. */
export function VersionHeader({ version }: { readonly version: ObjectVersion }) {
  const [entity, project] = version.project_id.split('/') as [string, string];
  const kind = kindOf(version);
  const className = version.leaf_object_class ?? version.base_object_class;
  return (
    <header className="object-header">
      <p className="soft object-path">
        <Link to="/$entity/$project/weave/assets" params={{ entity, project }} search={{ kind }}>
          {kind === 'other' ? 'Other assets' : kind[0]!.toUpperCase() + kind.slice(1)}
        </Link>
        {className !== null && (
          <>
            {' / '}
            <bdi>{className}</bdi>
          </>
        )}
      </p>
      <div className="heading">
        <h1 className="object-name">
          <bdi>{version.object_id}</bdi>
        </h1>
        <VersionMenu version={version} />
        <span className="soft">
          <Time at={version.created_at} />
          {version.wb_user_id !== null && (
            <>
              {' by '}
              <bdi>{version.wb_user_id}</bdi>
            </>
          )}
        </span>
        <span className="push object-actions">
          <CopyButton text={() => refOf(version)} label="Copy ref of this version" className="button">
            Copy ref
          </CopyButton>
          <DeleteVersion version={version} />
        </span>
      </div>
      <VersionLabels version={version} />
    </header>
  );
}

function VersionMenu({ version }: { readonly version: ObjectVersion }) {
  const versions = useQuery(versionsQuery(version.project_id, version.object_id));
  const toVersion = useToVersion(version);
  const label = `v${version.version_index}${version.is_latest === 1 ? ' (latest)' : ''}`;
  return (
    <Menu label={<>{label} ▾</>}>
      {(versions.data ?? [version]).map((each) => (
        <MenuItem key={each.digest} onSelect={() => toVersion(each.digest)}>
          <span className="menu-mark" aria-hidden="true">
            {each.digest === version.digest ? '✓' : ''}
          </span>
          <span>
            v{each.version_index}
            {each.is_latest === 1 && ' (latest)'} <span className="soft">{localTime(each.created_at)}</span>
          </span>
        </MenuItem>
      ))}
    </Menu>
  );
}

/** Goes to another version of the same object, with what else was chosen. */
export function useToVersion({ project_id, object_id }: ObjectVersion): (digest: string) => void {
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as ObjectSearch;
  const [entity, project] = project_id.split('/') as [string, string];
  return (digest) =>
    void navigate({
      to: '/$entity/$project/weave/objects/$name/versions/$version',
      params: { entity, project, name: object_id, version: digest },
      search: { ...(search.tab && { tab: search.tab }) },
    });
}

function DeleteVersion({ version }: { readonly version: ObjectVersion }) {
  const [isOpen, setOpen] = useState(false);
  const mayWrite = useMayWrite();
  if (!mayWrite) return null;
  return (
    <>
      <button className="button danger" onClick={() => setOpen(true)}>
        Delete…
      </button>
      {isOpen && <ConfirmDelete version={version} onClose={() => setOpen(false)} />}
    </>
  );
}

function ConfirmDelete({
  version,
  onClose,
}: {
  readonly version: ObjectVersion;
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [entity, project] = version.project_id.split('/') as [string, string];
  const remove = async () => {
    setBusy(true);
    try {
      await deleteVersion(version);
      await navigate({
        to: '/$entity/$project/weave/assets',
        params: { entity, project },
        search: { kind: kindOf(version) },
      });
      await queries.invalidateQueries({ queryKey: ['objects', version.project_id] });
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Delete v${version.version_index} of ${version.object_id}?`} onClose={onClose}>
      <p style={{ margin: 0 }}>
        Code that gets this version fails from then on, and calls that refer to it lead to a page that says
        so. Other versions stay. This cannot be undone.
      </p>
      {error !== undefined && <ErrorNote error={error} />}
      <div className="heading">
        <button className="button danger" disabled={isBusy} onClick={() => void remove()}>
          Delete this version
        </button>
        <button className="button" onClick={onClose}>
          Keep it
        </button>
      </div>
    </Dialog>
  );
}
