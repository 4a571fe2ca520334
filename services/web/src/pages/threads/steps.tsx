import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { latencyMs, statusOf, type Call } from '../../api/calls.ts';
import { MAX_STEPS, stepsQuery } from '../../api/threads.ts';
import { duration, opName } from '../../ui/format.ts';
import { ErrorNote } from '../../ui/notes.tsx';
import { Status } from '../../ui/status.tsx';
import { stepsOf } from './turn-text.ts';

/** What happened between question and answer: tools, models, other agents. Looked up when it is unfolded. */
export function Steps({ call }: { readonly call: Call }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="threads-steps" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Steps</summary>
      {isOpen && <StepList call={call} />}
    </details>
  );
}

const SHOWN = 200;
const REFRESH_MS = 4000;

function StepList({ call }: { readonly call: Call }) {
  const [entity, project] = call.project_id.split('/') as [string, string];
  const isRunning = statusOf(call) === 'running';
  const trace = useQuery({
    ...stepsQuery(call.project_id, call.trace_id),
    refetchInterval: isRunning ? REFRESH_MS : false,
  });
  if (trace.isPending) return <p className="soft">Loading steps…</p>;
  if (trace.isError) return <ErrorNote error={trace.error} retry={() => void trace.refetch()} />;
  const steps = stepsOf(trace.data, call.id);
  if (steps.length === 0) return <p className="soft">No calls were made below this one.</p>;
  return (
    <>
      <ul>
        {steps.slice(0, SHOWN).map(({ call: step, depth }) => {
          const latency = latencyMs(step);
          return (
            <li key={step.id} style={{ paddingLeft: Math.min(depth, 8) * 16 }}>
              <Link
                to="/$entity/$project/weave/calls/$id"
                params={{ entity, project, id: step.id }}
                search={{}}
              >
                <bdi>{step.display_name ?? opName(step.op_name)}</bdi>
              </Link>
              <Status call={step} />
              {latency !== undefined && <span className="soft">{duration(latency)}</span>}
            </li>
          );
        })}
      </ul>
      {(steps.length > SHOWN || trace.data.length >= MAX_STEPS) && (
        <p className="soft">There are more: open the turn to see its whole trace.</p>
      )}
    </>
  );
}
