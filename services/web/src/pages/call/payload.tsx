import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { wholeCallQuery } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';
import { downloadText } from '../../ui/copy.tsx';
import { jsonText } from '../../ui/json-tree/json-value.ts';
import { JsonText, type JsonPlace } from '../../ui/json-text.tsx';
import { bytesText } from '../../ui/json-tree/media.tsx';
import { ErrorNote } from '../../ui/notes.tsx';
import { FilterLink } from './filter-link.tsx';
import { claimedOf, type Claimed } from './tabs.ts';

export type Column = 'inputs' | 'output' | 'attributes' | 'summary';

/** A payload of the call. Of one that is too large for a look its head, and all of it when it is asked for. */
export function Payload({
  call,
  column,
  title,
  isFolded = false,
}: {
  readonly call: Call;
  readonly column: Column;
  readonly title: string;
  readonly isFolded?: boolean;
}) {
  const [isAsked, setAsked] = useState(false);
  const claimed = claimedOf(call[column]);
  const whole = useQuery({
    ...wholeCallQuery(call.project_id, call.id),
    enabled: isAsked && claimed !== undefined,
  });
  const loaded = whole.data?.[column];
  const isWhole = claimed === undefined || loaded !== undefined;
  const actions = useCallback(
    (place: JsonPlace) => <FilterLink projectId={call.project_id} place={place} />,
    [call.project_id],
  );
  const queries = useQueryClient();
  const download = async () => {
    const found = await queries.fetchQuery(wholeCallQuery(call.project_id, call.id)).catch(() => null);
    if (found !== null) downloadText(`${column}.json`, jsonText(found[column]));
    else setAsked(true);
  };
  const value = claimed === undefined ? call[column] : (loaded ?? claimed.head);
  return (
    <>
      <JsonText
        title={isWhole ? title : `${title} (a part)`}
        value={value}
        path={[column]}
        isFolded={isFolded}
        actions={actions}
      />
      {!isWhole && !isFolded && (
        <CutNote
          claimed={claimed}
          isLoading={whole.isFetching}
          error={whole.error}
          download={() => void download()}
          load={() => (whole.isError ? void whole.refetch() : setAsked(true))}
        />
      )}
    </>
  );
}

function CutNote({
  claimed,
  isLoading,
  error,
  load,
  download,
}: {
  readonly claimed: Claimed;
  readonly isLoading: boolean;
  readonly error: Error | null;
  readonly load: () => void;
  readonly download: () => void;
}) {
  return (
    <div className="note call-cut" role="status">
      {claimed.isAway
        ? 'What is above is only a part: the bucket that has the rest cannot be reached now.'
        : `What is above is only a part of ${bytesText(claimed.sizeBytes)}: long texts and lists are cut.`}{' '}
      <button type="button" className="button" disabled={isLoading} onClick={load}>
        {isLoading ? 'Loading…' : `Load all ${bytesText(claimed.sizeBytes)}`}
      </button>
      <button type="button" className="button" onClick={download}>
        Download all
      </button>
      {error !== null && <ErrorNote error={error} />}
    </div>
  );
}
