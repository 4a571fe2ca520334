import type { Call } from '../../api/calls.ts';
import { errorText } from '../../ui/exception.ts';
import { LongText } from '../../ui/json-tree/long-text.tsx';
import { Payload } from './payload.tsx';
import { RefsOfCall } from './refs-of-call.tsx';

/** What went in and what came out. */
export function CallTab({ call }: { readonly call: Call }) {
  return (
    <>
      {call.exception !== null && (
        <section>
          <h2 className="error-text">Error</h2>
          <pre className="json error-text" dir="auto" tabIndex={0}>
            <LongText text={errorText(call.exception)} first={20_000} name="error.txt" />
          </pre>
        </section>
      )}
      <Payload call={call} column="inputs" title="Inputs" />
      <Payload call={call} column="output" title="Output" />
      <RefsOfCall call={call} />
      <Payload call={call} column="attributes" title="Attributes" isFolded />
      <Payload call={call} column="summary" title="Summary" isFolded />
    </>
  );
}
