import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { kindOf, objectQuery, type ObjectVersion } from '../../api/objects.ts';
import { ApiError } from '../../api/request.ts';
import { localTime } from '../../ui/format.ts';
import { JsonText } from '../../ui/json-text.tsx';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import './assets.css';
import { DatasetView } from './dataset/dataset-view.tsx';
import './object.css';
import { ObjectFields } from './object-fields.tsx';
import { OpView } from './op-view.tsx';
import { PromptView } from './prompt/prompt-view.tsx';
import { OBJECT_TABS, type ObjectTab } from './search.ts';
import { UseSnippet } from './use-snippet.tsx';
import { UsedBy } from './used-by.tsx';
import { VersionDiff } from './version-diff.tsx';
import { VersionHeader } from './version-header.tsx';

/** One version of an asset. */
export function ObjectPage() {
  const { entity, project, name, version } = useParams({ strict: false }) as Record<string, string>;
  const projectId = `${entity}/${project}`;
  const object = useQuery(objectQuery(projectId, name!, version!));
  if (object.isPending) return <Loading what={name!} />;
  if (object.isError)
    return object.error instanceof ApiError && object.error.status === 404 ? (
      <Gone
        error={object.error}
        {...{ entity: entity!, project: project!, name: name!, version: version! }}
      />
    ) : (
      <div className="page">
        <ErrorNote error={object.error} retry={() => void object.refetch()} />
      </div>
    );
  return <Found key={object.data.digest} version={object.data} />;
}

function Gone({
  error,
  entity,
  project,
  name,
  version,
}: {
  readonly error: ApiError;
  readonly entity: string;
  readonly project: string;
  readonly name: string;
  readonly version: string;
}) {
  const deletedAt = error.details['deleted_at'];
  return (
    <Empty title={typeof deletedAt === 'string' ? 'This version is deleted' : 'There is no such version'}>
      <p className="soft">
        <bdi>
          {name}:{version}
        </bdi>{' '}
        {typeof deletedAt === 'string'
          ? `was deleted on ${localTime(deletedAt)}.`
          : 'was never published to this project, or its name is written otherwise.'}
      </p>
      <p className="heading">
        <Link
          to="/$entity/$project/weave/objects/$name/versions/$version"
          params={{ entity, project, name, version: 'latest' }}
        >
          Its latest version
        </Link>
        <Link to="/$entity/$project/weave/assets" params={{ entity, project }} search={{}}>
          All assets
        </Link>
      </p>
    </Empty>
  );
}

const TABS: Readonly<Record<ObjectTab, string>> = {
  content: 'Content',
  diff: 'Compare versions',
  use: 'Use',
  calls: 'Calls',
  raw: 'JSON',
};

function Found({ version }: { readonly version: ObjectVersion }) {
  const { tab = 'content' } = useSearch({ strict: false }) as { tab?: ObjectTab };
  const kind = kindOf(version);
  const first = { datasets: 'Rows', prompts: 'Prompt', ops: 'Code', models: 'Fields', scorers: 'Fields', other: 'Content' }[kind]; // prettier-ignore
  return (
    <div className="page full">
      <VersionHeader version={version} />
      <nav className="tabs" aria-label="About this version">
        {OBJECT_TABS.map((each) => (
          <Link
            key={each}
            to="."
            search={each === 'content' ? {} : { tab: each }}
            activeOptions={{ exact: true }}
            {...(each === tab && { 'aria-current': 'page' })}
          >
            {each === 'content' ? first : TABS[each]}
          </Link>
        ))}
      </nav>
      {tab === 'content' && <Content version={version} />}
      {tab === 'diff' && <VersionDiff version={version} />}
      {tab === 'use' && <UseSnippet version={version} />}
      {tab === 'calls' && <UsedBy version={version} />}
      {tab === 'raw' && <JsonText title="As it is stored" value={version.val} />}
    </div>
  );
}

function Content({ version }: { readonly version: ObjectVersion }) {
  switch (kindOf(version)) {
    case 'datasets':
      return <DatasetView version={version} />;
    case 'prompts':
      return <PromptView version={version} />;
    case 'ops':
      return <OpView version={version} />;
    default:
      return <ObjectFields version={version} />;
  }
}
