import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { publish, setBudget, type MonitorObject } from '../../api/monitors.ts';
import { ErrorNote } from '../../ui/notes.tsx';
import { DebounceFields } from './debounce-fields.tsx';
import { isLimited, problemOf, valueOf, withStoredScorers, type Draft } from './draft.ts';
import { ForecastBox } from './forecast-box.tsx';
import { LimitsFields } from './limits-fields.tsx';
import { OpsField } from './ops-field.tsx';
import { QueryField } from './query-field.tsx';
import { ScorersField } from './scorers-field.tsx';
import { isOff } from './scoring-off.tsx';

/** Writes a monitor, or changes one. */
export function MonitorForm({
  projectId,
  first,
  known,
  onSaved,
}: {
  readonly projectId: string;
  readonly first: Draft;
  /** The version that is changed. */
  readonly known?: MonitorObject;
  readonly onSaved: (name: string) => void;
}) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState(first);
  const [hasTried, setTried] = useState(false);
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const problem = problemOf(draft);
  const value = async (isActive: boolean) => {
    const stored = await withStoredScorers(projectId, draft);
    return valueOf(projectId, stored, isActive, known?.val);
  };
  const save = useMutation({
    mutationFn: async (isActive: boolean) => {
      // Before calls are scored by it.
      if (isLimited(draft.limits) || isLimited(first.limits))
        await setBudget(projectId, draft.name, draft.limits).catch((error: unknown) => {
          if (!isOff(error)) throw error;
        });
      await publish(projectId, draft.name, await value(isActive));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['monitors', projectId] });
      onSaved(draft.name);
    },
  });
  const submit = (isActive: boolean) => {
    setTried(true);
    if (problem === undefined) save.mutate(isActive);
  };
  return (
    <form
      className="mon-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit(true);
      }}
    >
      <label>
        Name
        <input
          className="field"
          value={draft.name}
          placeholder="helpfulness"
          disabled={known !== undefined}
          onChange={(event) => set({ name: event.target.value.trim() })}
        />
      </label>
      <fieldset>
        <legend>Which calls</legend>
        <OpsField projectId={projectId} ops={draft.ops} onChange={(ops) => set({ ops })} />
        <QueryField query={draft.query} onChange={(query) => set({ query })} />
        <label>
          Sample, percent
          <input
            className="field"
            type="number"
            min={0}
            max={100}
            step="any"
            value={Number.isNaN(draft.percent) ? '' : draft.percent}
            onChange={(event) => set({ percent: event.target.valueAsNumber })}
          />
        </label>
      </fieldset>
      <fieldset>
        <legend>What scores them</legend>
        <ScorersField projectId={projectId} draft={draft} onChange={set} />
        <label className="mon-check">
          <input
            type="checkbox"
            checked={draft.isTraced}
            onChange={(event) => set({ isTraced: event.target.checked })}
          />
          Keep each run of a scorer as a call, with what the judge was asked and answered
        </label>
        <DebounceFields debounce={draft.debounce} onChange={(debounce) => set({ debounce })} />
      </fieldset>
      <fieldset>
        <legend>What a day may take (UTC)</legend>
        <LimitsFields limits={draft.limits} onChange={(limits) => set({ limits })} />
      </fieldset>
      <fieldset>
        <legend>What it would have done</legend>
        <p className="soft" style={{ margin: 0 }}>
          Counts calls that are stored and forecasts what scores of them cost. No model is asked; new scorers
          are stored, the monitor is not.
        </p>
        <ForecastBox
          projectId={projectId}
          monitor={draft.name === '' ? 'new' : draft.name}
          value={() => value(true)}
          disabled={problem !== undefined}
        />
      </fieldset>
      <div aria-live="polite">
        {hasTried && problem !== undefined && <p className="error-text">{problem}</p>}
        {save.isError && <ErrorNote error={save.error} />}
      </div>
      <div className="mon-row">
        <button className="button primary" disabled={save.isPending}>
          Save and activate
        </button>
        <button type="button" className="button" disabled={save.isPending} onClick={() => submit(false)}>
          Save paused
        </button>
      </div>
    </form>
  );
}
