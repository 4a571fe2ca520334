import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { latencyMs, type Call } from '../../api/calls.ts';
import { count, duration, money } from '../../ui/format.ts';
import { RefLink } from '../../ui/ref-link.tsx';
import { Time } from '../../ui/time.tsx';
import type { Example } from './metrics.ts';
import { costOf, evaluationOf, modelOf, nameOf, titleOf } from './run-facts.ts';
import { RunState } from './run-state.tsx';

interface RunHeadingProps {
  readonly run: Call;
  readonly examples: readonly Example[];
  readonly previous: ReactNode;
}

/** What ran, how it went, and where to go from here. */
export function RunHeading({ run, examples, previous }: RunHeadingProps) {
  const [entity, project] = run.project_id.split('/') as [string, string];
  const [latency, cost] = [latencyMs(run), costOf(run)];
  const trials = examples.reduce((sum, each) => sum + (each.trials.get(run.id)?.length ?? 0), 0);
  return (
    <header>
      <div className="heading">
        <h1>
          <bdi>{titleOf(run)}</bdi>
        </h1>
        <RunState run={run} />
        <span className="push" />
        {previous}
        <Link
          className="button"
          to="/$entity/$project/weave/calls/$id"
          params={{ entity, project, id: run.id }}
          search={{}}
        >
          Open the trace
        </Link>
      </div>
      <dl className="facts">
        <Fact name="Evaluation">
          <RefOrName value={evaluationOf(run)} />
        </Fact>
        <Fact name="Model">
          <RefOrName value={modelOf(run)} />
        </Fact>
        <Fact name="Started">
          <Time at={run.started_at} />
        </Fact>
        {latency !== undefined && <Fact name="Duration">{duration(latency)}</Fact>}
        <Fact name="Examples">
          {count.format(examples.length)}
          {trials !== examples.length && ` (${count.format(trials)} trials)`}
        </Fact>
        {cost !== undefined && <Fact name="Cost">{money(cost)}</Fact>}
      </dl>
      {run.exception !== null && (
        <pre className="json error-text" tabIndex={0}>
          {run.exception.slice(0, 4000)}
        </pre>
      )}
    </header>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function RefOrName({ value }: { readonly value: unknown }) {
  if (typeof value === 'string' && value.startsWith('weave:///')) return <RefLink value={value} />;
  return <bdi>{nameOf(value)}</bdi>;
}
