import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { annotationSpecsQuery, type AnnotationSpec, type Feedback } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';
import { jsonText, member } from '../../ui/json-tree/json-value.ts';
import { ErrorNote } from '../../ui/notes.tsx';
import { AnnotationField } from './annotation-field.tsx';
import { fieldOf, readAnswer } from './annotation-schema.ts';
import { useAddFeedback } from './use-feedback.ts';

/** The questions of the project about its calls, each a form of its schema. */
export function Annotate({ call, given }: { readonly call: Call; readonly given: readonly Feedback[] }) {
  const specs = useQuery(annotationSpecsQuery(call.project_id));
  const [isTaught, setTaught] = useState(false);
  if (specs.isError) return <ErrorNote error={specs.error} retry={() => void specs.refetch()} />;
  if (specs.data === undefined) return null;
  return (
    <section>
      <h2>Annotations</h2>
      {specs.data.length === 0 && (
        <>
          <p className="soft">
            Ask everybody the same about each call: a question is an object of the class{' '}
            <code>AnnotationSpec</code>.{' '}
            <button
              type="button"
              className="button small"
              aria-expanded={isTaught}
              onClick={() => setTaught(!isTaught)}
            >
              Make the first one
            </button>
          </p>
          {isTaught && <pre className="json">{exampleOf(call.project_id)}</pre>}
        </>
      )}
      <div className="call-specs">
        {specs.data.map((spec) => (
          <Question
            key={spec.ref}
            call={call}
            spec={spec}
            given={given.find(({ feedback_type: type }) => type === `wandb.annotation.${spec.name}`)}
          />
        ))}
      </div>
    </section>
  );
}

function exampleOf(projectId: string): string {
  return `import weave
weave.init(${JSON.stringify(projectId)})
weave.publish(
    weave.AnnotationSpec(
        name="quality",
        field_schema={"type": "integer", "minimum": 1, "maximum": 5},
    ),
    name="quality",
)`;
}

function Question({
  call,
  spec,
  given,
}: {
  readonly call: Call;
  readonly spec: AnnotationSpec;
  /** The last answer. */
  readonly given: Feedback | undefined;
}) {
  const id = useId();
  const [text, setText] = useState('');
  const add = useAddFeedback(call);
  const field = fieldOf(spec.schema);
  const answer = readAnswer(field, text);
  const save = () =>
    add.mutate(
      {
        feedback_type: `wandb.annotation.${spec.name}`,
        payload: { value: answer },
        annotation_ref: spec.ref,
      },
      { onSuccess: () => setText('') },
    );
  return (
    <form
      className="call-spec"
      onSubmit={(event) => {
        event.preventDefault();
        if (answer !== undefined) save();
      }}
    >
      <label htmlFor={id}>
        <bdi>{spec.name}</bdi>
        {given !== undefined && (
          <span className="tag">
            <bdi>{jsonText(member(given.payload, 'value')).slice(0, 40)}</bdi>
          </span>
        )}
      </label>
      {spec.description !== null && (
        <span className="soft">
          <bdi>{spec.description.slice(0, 500)}</bdi>
        </span>
      )}
      <span className="call-answer">
        <AnnotationField id={id} field={field} value={text} onChange={setText} />
        <button
          className="button"
          disabled={add.isPending || answer === undefined}
          aria-label={`Save ${spec.name}`}
        >
          Save
        </button>
      </span>
      {add.isError && <ErrorNote error={add.error} />}
    </form>
  );
}
