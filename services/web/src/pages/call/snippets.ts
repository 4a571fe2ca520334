import type { Call } from '../../api/calls.ts';
import { callRef } from '../../api/call.ts';

/** Programs that work with one call, ready to be run. Ids may hold quotes. */

const text = (value: string) => JSON.stringify(value);
const shell = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;

export interface Snippet {
  readonly title: string;
  readonly code: string;
  readonly language: 'python' | 'text';
}

export function snippetsOf(call: Call, origin: string): readonly Snippet[] {
  const { id, project_id } = call;
  const json = (body: object) => shell(JSON.stringify(body));
  const curl = (path: string, body: object) =>
    `curl ${origin}${path} -u "api:$WANDB_API_KEY" \\\n  -H 'content-type: application/json' \\\n  -d ${json(body)}`;
  return [
    {
      title: 'First, in the shell',
      language: 'text',
      code: `pip install weave        # or: npm install weave
export WF_TRACE_SERVER_URL=${origin} WANDB_BASE_URL=${origin} WANDB_API_KEY=…`,
    },
    {
      title: 'Python: read the call',
      language: 'python',
      code: `import weave

client = weave.init(${text(project_id)})
call = client.get_call(${text(id)})
print(call.inputs, call.output)`,
    },
    {
      title: 'Python: say something about it',
      language: 'python',
      code: `call.feedback.add_note("looks good")
call.feedback.add_reaction("👍")
call.set_display_name("the one that worked")`,
    },
    {
      title: 'TypeScript: read the call',
      language: 'text',
      code: `import * as weave from 'weave';

const client = await weave.init(${text(project_id)});
const call = await client.getCall(${text(id)});
console.log(call.inputs, call.output);`,
    },
    {
      title: 'TypeScript: say something about it',
      language: 'text',
      code: `await client.traceServerApi.feedback.feedbackCreateFeedbackCreatePost({
  project_id: ${text(project_id)},
  weave_ref: ${text(callRef(call))},
  feedback_type: 'wandb.note.1',
  payload: { note: 'looks good' },
});`,
    },
    { title: 'curl: read the call', language: 'text', code: curl('/call/read', { project_id, id }) },
    {
      title: 'curl: say something about it',
      language: 'text',
      code: curl('/feedback/create', {
        project_id,
        weave_ref: callRef(call),
        feedback_type: 'wandb.note.1',
        payload: { note: 'looks good' },
      }),
    },
  ];
}
