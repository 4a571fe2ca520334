import { useState } from 'react';
import { edgesOf, type Dimension } from '../../api/dashboard.ts';
import { DIMENSIONS, spanOf, timeZoneOf, type DashboardSearch } from './dashboard-search.ts';
import { fromClock, MAX_SPAN_MS, PRESETS, readTimeZone, toClock, type Preset } from './time-range.ts';

interface Props {
  readonly search: DashboardSearch;
  readonly onChange: (search: DashboardSearch) => void;
}

/** What time is shown, in which zone, and what it is split by. All of it stands in the address. */
export function RangeTools({ search, onChange }: Props) {
  const { range: _range, from: _from, to: _to, ...rest } = search;
  const isCustom = search.from !== undefined;
  const choose = (value: string) => {
    if (value !== 'custom') return onChange({ ...rest, range: value as Preset });
    const { fromMs, toMs } = edgesOf(spanOf(search));
    onChange({ ...rest, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });
  };
  const split = (by: string) => {
    const { by: _by, ...others } = search;
    onChange({ ...others, ...(by !== '' && { by: by as Dimension }) });
  };
  const every = (all: boolean) => {
    const { all: _all, ...others } = search;
    onChange({ ...others, ...(all && { all }) });
  };
  return (
    <div className="dash-tools">
      <label>
        Time
        <select
          className="field"
          value={isCustom ? 'custom' : (search.range ?? '24h')}
          onChange={(event) => choose(event.target.value)}
        >
          {Object.entries(PRESETS).map(([name, { label }]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
          <option value="custom">From … to …</option>
        </select>
      </label>
      {isCustom && <CustomRange key={`${search.from} ${search.to} ${search.tz}`} {...{ search, onChange }} />}
      <TimeZone key={search.tz} {...{ search, onChange }} />
      <label>
        Split by
        <select className="field" value={search.by ?? ''} onChange={(event) => split(event.target.value)}>
          <option value="">Nothing</option>
          {DIMENSIONS.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label className="dash-check">
        <input
          type="checkbox"
          checked={search.all ?? false}
          onChange={(event) => every(event.target.checked)}
        />
        every call
      </label>
    </div>
  );
}

function CustomRange({ search, onChange }: Props) {
  const timeZone = timeZoneOf(search);
  const { fromMs, toMs } = edgesOf(spanOf(search));
  const [from, setFrom] = useState(toClock(fromMs, timeZone));
  const [to, setTo] = useState(toClock(toMs, timeZone));
  const [start, end] = [fromClock(from, timeZone), fromClock(to, timeZone)];
  const problem =
    start === undefined || end === undefined
      ? 'Give two times.'
      : start >= end
        ? 'The end is before the start.'
        : end - start > MAX_SPAN_MS
          ? 'At most 31 days.'
          : undefined;
  const apply = () =>
    onChange({ ...search, from: new Date(start!).toISOString(), to: new Date(end!).toISOString() });
  return (
    <>
      <label>
        From
        <input
          className="field"
          type="datetime-local"
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label>
        To
        <input
          className="field"
          type="datetime-local"
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
      </label>
      <button className="button" disabled={problem !== undefined} onClick={apply}>
        Show
      </button>
      <span className="error-text" role="status">
        {problem}
      </span>
    </>
  );
}

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

function TimeZone({ search, onChange }: Props) {
  const [text, setText] = useState(timeZoneOf(search));
  const known = readTimeZone(text);
  const change = (typed: string) => {
    setText(typed);
    // While it is typed, parts of names may be names: of Etc/GMT+1 say. What is in the list is meant.
    if (ZONES.includes(typed)) onChange({ ...search, tz: typed });
  };
  const leave = () => {
    if (known !== undefined && text !== timeZoneOf(search)) onChange({ ...search, tz: text });
  };
  return (
    <label>
      Time zone
      <input
        className="field"
        list="dash-zones"
        value={text}
        aria-invalid={known === undefined}
        onChange={(event) => change(event.target.value)}
        onBlur={leave}
        onKeyDown={(event) => event.key === 'Enter' && leave()}
      />
      <datalist id="dash-zones">
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </label>
  );
}
