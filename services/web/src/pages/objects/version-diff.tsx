import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { kindOf, objectQuery, versionsQuery, type ObjectVersion } from '../../api/objects.ts';
import { Diff } from '../../ui/editor.tsx';
import { localTime } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { useCode } from './code.ts';
import { DatasetDiff } from './dataset/dataset-diff.tsx';
import { promptText } from './prompt/messages.ts';
import type { ObjectSearch } from './search.ts';
import { textOf } from './value.tsx';

/** What has changed since another version, the one before unless one was chosen. */
export function VersionDiff({ version }: { readonly version: ObjectVersion }) {
  const search = useSearch({ strict: false }) as ObjectSearch;
  const versions = useQuery(versionsQuery(version.project_id, version.object_id));
  const navigate = useNavigate();
  if (versions.isPending) return <Loading what="versions" />;
  if (versions.isError) return <ErrorNote error={versions.error} retry={() => void versions.refetch()} />;
  const others = versions.data.filter(({ digest }) => digest !== version.digest);
  if (others.length === 0)
    return (
      <p className="note">
        This is the only version. Publish the same name with another content, and what has changed is shown
        here.
      </p>
    );
  const chosen =
    others.find(({ digest }) => digest === search.with) ??
    others.find(({ version_index }) => version_index < version.version_index) ??
    others[0]!;
  return (
    <section>
      <label className="object-against">
        From{' '}
        <select
          className="field"
          value={chosen.digest}
          onChange={(event) =>
            void navigate({ to: '.', search: { ...search, with: event.target.value }, replace: true })
          }
        >
          {others.map((each) => (
            <option key={each.digest} value={each.digest}>
              v{each.version_index} · {localTime(each.created_at)}
            </option>
          ))}
        </select>{' '}
        to v{version.version_index}, which is open
      </label>
      <Compared key={chosen.digest} after={version} digest={chosen.digest} />
    </section>
  );
}

function Compared({ after, digest }: { readonly after: ObjectVersion; readonly digest: string }) {
  const before = useQuery(objectQuery(after.project_id, after.object_id, digest));
  if (before.isPending) return <Loading what="the other version" />;
  if (before.isError) return <ErrorNote error={before.error} retry={() => void before.refetch()} />;
  if (after.kind === 'op') return <CodeDiff before={before.data} after={after} />;
  if (kindOf(after) === 'datasets') return <DatasetDiff before={before.data} after={after} />;
  const [was, is] = [promptText(before.data.val), promptText(after.val)];
  if (kindOf(after) === 'prompts' && was !== undefined && is !== undefined && was !== is)
    return <TextDiff before={was} after={is} language="text" />;
  return <TextDiff before={textOf(before.data.val)} after={textOf(after.val)} language="json" />;
}

function CodeDiff({ before, after }: { readonly before: ObjectVersion; readonly after: ObjectVersion }) {
  const [one, other] = [useCode(before), useCode(after)];
  const error = one.error ?? other.error;
  if (error !== null && error !== undefined) return <ErrorNote error={error} />;
  if (one.code === undefined || other.code === undefined) return <Loading what="the code" />;
  return <TextDiff before={one.code ?? ''} after={other.code ?? ''} language="python" />;
}

/** Larger texts would hold the page up for long. */
const MOST_CHARS = 400_000;

function TextDiff(props: {
  readonly before: string;
  readonly after: string;
  readonly language: 'json' | 'python' | 'text';
}) {
  const { before, after } = props;
  if (before === after) return <p className="note">Nothing that is shown here differs.</p>;
  if (before.length + after.length > MOST_CHARS)
    return (
      <p className="note">These versions are too large to be compared here. Export both, and use diff.</p>
    );
  return <Diff {...props} label="What has changed" />;
}
