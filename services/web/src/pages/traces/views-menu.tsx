import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteView, savedViewsQuery, saveView, type SavedView } from '../../api/saved-views.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Menu, MenuItem, MenuLine } from '../../ui/menu.tsx';
import { messageOf } from '../../ui/notes.tsx';
import { fromDefinition, toDefinition } from './view-definition.ts';
import type { TracesSearch } from './traces-search.ts';

/** Lists that somebody gave a name. */
export function ViewsMenu({
  projectId,
  search,
  onOpen,
}: {
  readonly projectId: string;
  readonly search: TracesSearch;
  readonly onOpen: (search: TracesSearch) => void;
}) {
  const queries = useQueryClient();
  const views = useQuery(savedViewsQuery(projectId));
  const [asked, setAsked] = useState<'new' | 'rename' | 'delete' | null>(null);
  const [error, setError] = useState<unknown>();
  const here = views.data?.find(({ id }) => id === search.view);
  const changed = () => queries.invalidateQueries({ queryKey: savedViewsQuery(projectId).queryKey });
  const update = async (view: SavedView) => {
    try {
      await saveView(projectId, { ...view, definition: toDefinition(search) });
      await changed();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <>
      <Menu label={<bdi className="cut view-name">{here?.label ?? 'Views'} ▾</bdi>}>
        {views.isPending && (
          <MenuItem onSelect={() => {}} disabled>
            Loading…
          </MenuItem>
        )}
        {views.isError && (
          <MenuItem onSelect={() => void views.refetch()}>The views could not be read. Try again</MenuItem>
        )}
        {views.data?.length === 0 && (
          <MenuItem onSelect={() => {}} disabled>
            A view keeps filters and columns under a name.
          </MenuItem>
        )}
        {views.data?.map((view) => (
          <MenuItem key={view.id} onSelect={() => onOpen(fromDefinition(view.id, view.definition))}>
            <span className="menu-mark" aria-hidden="true">
              {view.id === here?.id ? '✓' : ''}
            </span>
            <bdi>{view.label}</bdi>
          </MenuItem>
        ))}
        <MenuLine />
        <MenuItem onSelect={() => setAsked('new')}>Save as a new view…</MenuItem>
        {here !== undefined && (
          <>
            <MenuItem onSelect={() => void update(here)}>Save the changes</MenuItem>
            <MenuItem onSelect={() => setAsked('rename')}>Rename…</MenuItem>
            <MenuItem onSelect={() => setAsked('delete')}>Delete…</MenuItem>
          </>
        )}
        {search.view !== undefined && <MenuItem onSelect={() => onOpen({})}>Leave the view</MenuItem>}
      </Menu>
      {(asked === 'new' || (asked === 'rename' && here !== undefined)) && (
        <NameDialog
          title={asked === 'new' ? 'Save as a new view' : 'Rename the view'}
          label={asked === 'rename' ? here!.label : ''}
          onClose={() => setAsked(null)}
          onSave={async (label) => {
            const id = await saveView(
              projectId,
              asked === 'new' ? { label, definition: toDefinition(search) } : { ...here!, label },
            );
            await changed();
            setAsked(null);
            onOpen({ ...search, view: id });
          }}
        />
      )}
      {asked === 'delete' && here !== undefined && (
        <DeleteView
          view={here}
          onClose={() => setAsked(null)}
          onDelete={async () => {
            await deleteView(projectId, here.id);
            await changed();
            setAsked(null);
            onOpen({ ...search, view: undefined });
          }}
        />
      )}
      {error !== undefined && (
        <Dialog title="The view was not saved" onClose={() => setError(undefined)}>
          <p className="error-text">{messageOf(error)}</p>
        </Dialog>
      )}
    </>
  );
}

function NameDialog({
  title,
  label,
  onClose,
  onSave,
}: {
  readonly title: string;
  readonly label: string;
  readonly onClose: () => void;
  readonly onSave: (label: string) => Promise<void>;
}) {
  const [name, setName] = useState(label);
  const [error, setError] = useState<unknown>();
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          onSave(name.trim()).catch(setError);
        }}
      >
        <label>
          Name
          <input
            className="field"
            autoFocus
            maxLength={128}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <p className="soft">
          It keeps the filters, columns and order of this list, for everybody in the project.
        </p>
        {error !== undefined && (
          <p className="error-text" role="alert">
            {messageOf(error)}
          </p>
        )}
        <div>
          <button className="button primary" disabled={name.trim() === ''}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function DeleteView({
  view,
  onClose,
  onDelete,
}: {
  readonly view: SavedView;
  readonly onClose: () => void;
  readonly onDelete: () => Promise<void>;
}) {
  const [error, setError] = useState<unknown>();
  return (
    <Dialog title="Delete the view?" onClose={onClose}>
      <p>
        <bdi>{view.label}</bdi> goes for everybody. The calls stay.
      </p>
      {error !== undefined && (
        <p className="error-text" role="alert">
          {messageOf(error)}
        </p>
      )}
      <div>
        <button className="button danger" onClick={() => void onDelete().catch(setError)}>
          Delete the view
        </button>
      </div>
    </Dialog>
  );
}
