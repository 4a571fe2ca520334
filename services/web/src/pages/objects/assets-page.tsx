import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { assetsQuery, LISTED, OBJECT_KINDS, type ObjectKind, type ObjectVersion } from '../../api/objects.ts';
import { count } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { AssetList } from './asset-list.tsx';
import { NoAssets } from './asset-lessons.tsx';
import './assets.css';
import { NewDataset } from './dataset/new-dataset.tsx';
import { NewPrompt } from './prompt/new-prompt.tsx';
import { useMayWrite } from './may-write.ts';

const LABELS: Readonly<Record<ObjectKind, string>> = {
  datasets: 'Datasets',
  prompts: 'Prompts',
  models: 'Models',
  scorers: 'Scorers',
  ops: 'Ops',
  other: 'Other',
};

/** Everything of a project that has versions. */
export function AssetsPage() {
  const params = useParams({ from: '/$entity/$project/weave/assets' });
  const { kind = 'datasets', text = '' } = useSearch({ from: '/$entity/$project/weave/assets' });
  return (
    <div className="page full">
      <h1>Assets</h1>
      <nav className="tabs" aria-label="Kinds of assets">
        {OBJECT_KINDS.map((each) => (
          <Link
            key={each}
            to="/$entity/$project/weave/assets"
            params={params}
            search={{ kind: each }}
            activeOptions={{ exact: true }}
            {...(each === kind && { 'aria-current': 'page' })}
          >
            {LABELS[each]}
          </Link>
        ))}
      </nav>
      <Kind key={kind} projectId={`${params.entity}/${params.project}`} kind={kind} text={text} />
    </div>
  );
}

interface KindProps {
  readonly projectId: string;
  readonly kind: ObjectKind;
  readonly text: string;
}

function Kind({ projectId, kind, text }: KindProps) {
  const assets = useQuery(assetsQuery(projectId, kind));
  if (assets.isPending) return <Loading what={LABELS[kind].toLowerCase()} />;
  if (assets.isError) return <ErrorNote error={assets.error} retry={() => void assets.refetch()} />;
  if (assets.data.length === 0)
    return (
      <>
        <NewAsset projectId={projectId} kind={kind} />
        <NoAssets kind={kind} projectId={projectId} />
      </>
    );
  return <Found {...{ projectId, kind, text }} all={assets.data} />;
}

function Found({ projectId, kind, text, all }: KindProps & { readonly all: readonly ObjectVersion[] }) {
  const navigate = useNavigate();
  const params = useParams({ from: '/$entity/$project/weave/assets' });
  const found = all.filter((asset) => isNamed(asset, text.trim().toLowerCase()));
  const search = (words: string) =>
    void navigate({
      to: '/$entity/$project/weave/assets',
      params,
      search: { kind, ...(words !== '' && { text: words }) },
      replace: true,
    });
  return (
    <>
      <div className="assets-tools" role="search">
        <input
          className="field"
          type="search"
          aria-label="Search by name, tag, alias or class"
          placeholder="Search by name, tag, alias or class"
          value={text}
          onChange={(event) => search(event.target.value)}
        />
        <span className="soft" aria-live="polite">
          {found.length === all.length
            ? count.format(all.length)
            : `${count.format(found.length)} of ${count.format(all.length)}`}
        </span>
        <span className="push" />
        <NewAsset projectId={projectId} kind={kind} />
      </div>
      {all.length === LISTED && (
        <p className="note">
          These are the {count.format(LISTED)} newest. The API lists all of them: /objs/query.
        </p>
      )}
      {found.length === 0 ? (
        <p>
          Nothing here is called “<bdi>{text}</bdi>”.{' '}
          <button className="button" onClick={() => search('')}>
            Show all
          </button>
        </p>
      ) : (
        <AssetList assets={found} />
      )}
    </>
  );
}

function isNamed(
  { object_id, tags, aliases, leaf_object_class, base_object_class, wb_user_id }: ObjectVersion,
  words: string,
): boolean {
  const names = [
    object_id,
    ...(tags ?? []),
    ...(aliases ?? []),
    leaf_object_class,
    base_object_class,
    wb_user_id,
  ];
  return names.some((name) => name?.toLowerCase().includes(words));
}

function NewAsset({ projectId, kind }: { readonly projectId: string; readonly kind: ObjectKind }) {
  const [isOpen, setOpen] = useState(false);
  const mayWrite = useMayWrite();
  if (!mayWrite || (kind !== 'datasets' && kind !== 'prompts')) return null;
  return (
    <>
      <button className="button primary" onClick={() => setOpen(true)}>
        {kind === 'datasets' ? 'New dataset' : 'New prompt'}
      </button>
      {isOpen && kind === 'datasets' && <NewDataset projectId={projectId} onClose={() => setOpen(false)} />}
      {isOpen && kind === 'prompts' && <NewPrompt projectId={projectId} onClose={() => setOpen(false)} />}
    </>
  );
}
