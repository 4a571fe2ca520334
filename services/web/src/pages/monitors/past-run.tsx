import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { readJob, scorePast, type Job } from '../../api/monitors.ts';
import { count } from '../../ui/format.ts';
import { ErrorNote } from '../../ui/notes.tsx';
import { ForecastBox } from './forecast-box.tsx';

/** Scores calls of before the monitor was active. */
export function PastRun({
  projectId,
  monitor,
  isActive,
}: {
  readonly projectId: string;
  readonly monitor: string;
  readonly isActive: boolean;
}) {
  const [id, setId] = useState<string>();
  const start = useMutation({
    mutationFn: (range: { readonly fromMs: number; readonly toMs: number }) =>
      scorePast({ projectId, monitor, ...range }),
    onSuccess: setId,
  });
  const job = useQuery<Job>({
    queryKey: ['monitors', projectId, 'job', id],
    enabled: id !== undefined,
    refetchInterval: ({ state }) =>
      state.data?.state === 'done' || state.data?.state === 'dead' ? false : 1000,
    queryFn: ({ signal }) => readJob(projectId, id!, signal),
  });
  return (
    <section className="mon-form">
      <p className="soft" style={{ margin: 0 }}>
        What has a score of this version is left alone; what failed or was skipped is tried again. It counts
        in the same ledger and budget.
      </p>
      <ForecastBox
        {...{ projectId, monitor }}
        {...(isActive && { onRun: (fromMs, toMs) => start.mutate({ fromMs, toMs }) })}
      />
      {!isActive && <p className="soft">A paused monitor scores nothing: resume it to score these.</p>}
      {start.isError && <ErrorNote error={start.error} />}
      <div aria-live="polite">
        {job.data !== undefined && (
          <p>
            {job.data.state === 'dead'
              ? `The run was given up: ${job.data.reason ?? 'nobody knows why'}`
              : job.data.state === 'done'
                ? `Done: ${count.format(job.data.counts?.to_score ?? 0)} scores are queued or made.`
                : `${count.format(job.data.progress?.done ?? 0)} of ${count.format(job.data.progress?.total ?? 0)} calls looked at…`}
          </p>
        )}
      </div>
    </section>
  );
}
