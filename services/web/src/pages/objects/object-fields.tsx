import { membersOf, type ObjectVersion } from '../../api/objects.ts';
import { JsonText } from '../../ui/json-text.tsx';
import { mediaIn } from './media.ts';
import { MediaView } from './media-view.tsx';
import { Value } from './value.tsx';

/** What SDKs write about the class, not about the object. */
const BOOKKEEPING: readonly string[] = ['_type', '_class_name', '_bases'];
const MOST = 300;

/** Models, scorers, evaluations and whatever else: their fields. */
export function ObjectFields({ version }: { readonly version: ObjectVersion }) {
  const { project_id: projectId, val } = version;
  const media = mediaIn(val);
  if (media !== undefined) return <MediaView projectId={projectId} media={media} />;
  const fields = [...membersOf(val)].filter(([name]) => !BOOKKEEPING.includes(name));
  if (fields.length === 0) return <JsonText title="Value" value={val} />;
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Fields">
      <table className="plain object-fields">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {fields.slice(0, MOST).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">
                <bdi>{name}</bdi>
              </th>
              <td>
                <Value projectId={projectId} value={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {fields.length > MOST && <p className="soft">{fields.length - MOST} more fields are under JSON.</p>}
    </div>
  );
}
