import { useEffect, useMemo, useRef } from 'react';
import { count } from '../../ui/format.ts';
import { CompareDialog } from './compare-dialog.tsx';
import { CompareTable } from './compare-table.tsx';
import { focusOf, selectCompared, type Compared } from './compared.ts';
import { labelOf } from './metrics.ts';
import { modelOf, nameOf, titleOf } from './run-facts.ts';
import { COMPARE_SHOW, type CompareSearch } from './search.ts';

interface CompareExamplesProps {
  readonly compared: Compared;
  readonly search: CompareSearch;
  readonly onChange: (changed: CompareSearch) => void;
}

const SHOW_LABELS = {
  regressions: 'Only what got worse',
  improvements: 'Only what got better',
  differs: 'Only what differs',
  errors: 'Only errors',
} as const;

/** The examples of all runs, by their rows in the dataset. */
export function CompareExamples({ compared, search, onChange }: CompareExamplesProps) {
  const part = useRef<HTMLElement>(null);
  const { metric, run } = focusOf(compared, search);
  const shown = useMemo(() => selectCompared(compared, search), [compared, search]);
  const place = `${search.show} ${search.metric} ${search.run}`;
  const first = useRef(place);
  useEffect(() => {
    // From a figure in the summary to its examples.
    if (first.current !== place && search.show !== undefined) part.current?.scrollIntoView();
    first.current = place;
  }, [place, search.show]);
  const others = compared.runs.filter((each) => each !== compared.base);
  return (
    <section ref={part}>
      <h2>Examples</h2>
      <div className="tools evaluations-tools">
        <select
          className="field"
          aria-label="Which examples"
          value={search.show ?? ''}
          onChange={(event) => onChange({ show: COMPARE_SHOW.find((each) => each === event.target.value) })}
        >
          <option value="">All examples</option>
          {COMPARE_SHOW.map((show) => (
            <option key={show} value={show}>
              {SHOW_LABELS[show]}
            </option>
          ))}
        </select>
        <select
          className="field"
          aria-label="By metric"
          value={metric?.key ?? ''}
          onChange={(event) => onChange({ metric: event.target.value })}
        >
          {compared.metrics.map((each) => (
            <option key={each.key} value={each.key}>
              by {labelOf(each)}
            </option>
          ))}
        </select>
        {others.length > 1 && (
          <select
            className="field"
            aria-label="Run against the baseline"
            value={run?.id ?? ''}
            onChange={(event) => onChange({ run: event.target.value })}
          >
            {others.map((each) => (
              <option key={each.id} value={each.id}>
                in {nameOf(modelOf(each)) || titleOf(each)}
              </option>
            ))}
          </select>
        )}
        <span className="soft" role="status">
          {count.format(shown.length)} of {count.format(compared.examples.length)} examples
        </span>
      </div>
      {shown.length === 0 && <p className="note">No example is like that.</p>}
      {shown.length > 0 && metric !== undefined && (
        <CompareTable
          compared={compared}
          examples={shown}
          metric={metric}
          onOpen={(example) => onChange({ example })}
        />
      )}
      {search.example !== undefined && (
        <CompareDialog {...{ compared, shown, run, onChange }} digest={search.example} />
      )}
    </section>
  );
}
