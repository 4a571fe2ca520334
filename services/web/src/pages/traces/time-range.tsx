import { useState } from 'react';
import type { Range } from '../../api/trace-filters.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { localTime } from '../../ui/format.ts';
import type { TracesSearch } from './traces-search.ts';

const WORDS: Readonly<Record<Range, string>> = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '1d': 'Last day',
  '7d': 'Last week',
  '30d': 'Last 30 days',
};

/** When the calls started, in the viewer's zone. */
export function TimeRange({
  search,
  onChange,
}: {
  readonly search: TracesSearch;
  readonly onChange: (change: TracesSearch) => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const { since, from, to } = search;
  const isCustom = since === undefined && (from !== undefined || to !== undefined);
  const chosen = since ?? (isCustom ? 'custom' : '');
  return (
    <>
      <select
        className="field"
        aria-label="Time"
        value={chosen}
        onChange={(event) => {
          const { value } = event.target;
          if (value === 'choose') return setOpen(true);
          if (value === 'custom') return;
          onChange({ since: (value || undefined) as Range | undefined, from: undefined, to: undefined });
        }}
      >
        <option value="">Any time</option>
        {(Object.keys(WORDS) as Range[]).map((range) => (
          <option key={range} value={range}>
            {WORDS[range]}
          </option>
        ))}
        {isCustom && <option value="custom">{said(from, to)}</option>}
        <option value="choose">From … to …</option>
      </select>
      {isOpen && (
        <CustomRange
          from={from}
          to={to}
          onClose={() => setOpen(false)}
          onDone={(range) => {
            setOpen(false);
            onChange({ since: undefined, ...range });
          }}
        />
      )}
    </>
  );
}

/** Minutes are enough in a list. */
const short = (iso: string) => localTime(iso).replace(/:\d\d$/, '');

function said(from: string | undefined, to: string | undefined): string {
  if (from === undefined) return `Before ${short(to!)}`;
  return to === undefined ? `Since ${short(from)}` : `${short(from)} – ${short(to)}`;
}

interface Given {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

function CustomRange({
  from: givenFrom,
  to: givenTo,
  onClose,
  onDone,
}: Given & { readonly onClose: () => void; readonly onDone: (range: Given) => void }) {
  const [from, setFrom] = useState(toField(givenFrom));
  const [to, setTo] = useState(toField(givenTo));
  const [problem, setProblem] = useState<string>();
  return (
    <Dialog title="Started between" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          const range = { from: fromField(from), to: fromField(to) };
          if (range.from !== undefined && range.to !== undefined && range.from >= range.to)
            return setProblem('The end has to come after the begin.');
          onDone(range);
        }}
      >
        <label>
          From
          <input
            className="field"
            type="datetime-local"
            step="1"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
          />
        </label>
        <label>
          To
          <input
            className="field"
            type="datetime-local"
            step="1"
            value={to}
            onChange={(event) => setTo(event.target.value)}
          />
        </label>
        <p className="soft">
          In the zone of this browser, {Intl.DateTimeFormat().resolvedOptions().timeZone}. An empty field is
          no limit.
        </p>
        {problem !== undefined && (
          <p className="error-text" role="alert">
            {problem}
          </p>
        )}
        <div>
          <button className="button primary">Show</button>
        </div>
      </form>
    </Dialog>
  );
}

/** An instant as the field of the viewer's zone has it. */
function toField(iso: string | undefined): string {
  if (iso === undefined) return '';
  const date = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function fromField(text: string): string | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
