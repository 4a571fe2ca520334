import { isContainer, isFields, jsonText, member } from '../../ui/json-tree/json-value.ts';
import { JsonTree } from '../../ui/json-tree/json-tree.tsx';
import { LongText } from '../../ui/json-tree/long-text.tsx';
import { BigNumber } from '../../api/request.ts';

const REASONS = ['reason', 'reasoning', 'reasons', 'explanation', 'rationale', 'comment'];
const MAX_SHORT = 60;
const MAX_FACTS = 12;

/** What a scorer said: its figures first, its reasons as text, the rest as JSON. */
export function ScoreValue({ value, label }: { readonly value: unknown; readonly label: string }) {
  if (!isFields(value))
    return isContainer(value) ? <JsonTree value={value} label={label} /> : <Figure value={value} />;
  const reason = REASONS.map((name) => member(value, name)).find((each) => typeof each === 'string');
  const facts = Object.entries(value).filter(([, each]) => isFact(each) && each !== reason);
  const shown = facts.slice(0, MAX_FACTS);
  const rest = Object.entries(value).filter(([name, each]) => each !== reason && !shown.some(([fact]) => fact === name)); // prettier-ignore
  return (
    <>
      {shown.length > 0 && (
        <dl className="facts">
          {shown.map(([name, each]) => (
            <div key={name}>
              <dt>
                <bdi>{name.slice(0, 60)}</bdi>
              </dt>
              <dd>
                <Figure value={each} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {reason !== undefined && (
        <p className="call-said" dir="auto">
          <LongText text={reason as string} first={3000} name="reason.txt" />
        </p>
      )}
      {rest.length > 0 && <JsonTree value={Object.fromEntries(rest)} label={label} />}
    </>
  );
}

/** Fits a line. */
function isFact(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_SHORT && !value.startsWith('weave:///');
  return value === null || typeof value !== 'object' || value instanceof BigNumber;
}

function Figure({ value }: { readonly value: unknown }) {
  if (value === true) return <b className="call-yes">yes</b>;
  if (value === false) return <b className="error-text">no</b>;
  return (
    <b>
      <bdi>
        <LongText text={jsonText(value)} />
      </bdi>
    </b>
  );
}
