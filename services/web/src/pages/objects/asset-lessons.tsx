import type { ObjectKind } from '../../api/objects.ts';
import { CopyButton } from '../../ui/copy.tsx';

interface Lesson {
  readonly title: string;
  readonly what: string;
  readonly python: (project: string) => string;
  readonly typescript: (project: string) => string;
}

const py = (body: string) => (project: string) => `import weave\nweave.init('${project}')\n\n${body}`;
const ts = (body: string) => (project: string) =>
  `import * as weave from 'weave';\nconst client = await weave.init('${project}');\n\n${body}`;

const LESSONS: Readonly<Record<ObjectKind, Lesson>> = {
  datasets: {
    title: 'No datasets yet',
    what: 'A dataset is a table of examples. Evaluations run over its rows, and each change is a version that you can go back to. Publish one from code, or make one here from a CSV or JSONL file.',
    python: py(`weave.publish(weave.Dataset(
    name='sums',
    rows=[{'question': '1 + 1?', 'answer': 2}],
))`),
    typescript: ts(`const sums = new weave.Dataset({
  name: 'sums',
  rows: [{ question: '1 + 1?', answer: 2 }],
});
await sums.save();`),
  },
  prompts: {
    title: 'No prompts yet',
    what: 'A prompt is a text, or a list of messages, with {variables} in it. Publish one from code, or write one here; try it in the playground.',
    python: py(`weave.publish(
    weave.MessagesPrompt([
        {'role': 'system', 'content': 'Answer in {language}.'},
        {'role': 'user', 'content': '{question}'},
    ]),
    name='answer',
)`),
    typescript: ts(`const answer = new weave.MessagesPrompt({
  name: 'answer',
  messages: [
    { role: 'system', content: 'Answer in {language}.' },
    { role: 'user', content: '{question}' },
  ],
});
await client.publish(answer);`),
  },
  models: {
    title: 'No models yet',
    what: 'A model is code with its settings: a class with a predict method. Change a setting and it is a new version, so evaluations can be compared.',
    python: py(`class Greeter(weave.Model):
    greeting: str

    @weave.op
    def predict(self, name: str) -> str:
        return f'{self.greeting} {name}'

Greeter(greeting='Hello').predict('Ada')`),
    typescript: ts(`class Greeter extends weave.WeaveObject {
  greeting = 'Hello';
  predict = weave.op(this, async (name: string) => \`\${this.greeting} \${name}\`);
}
await new Greeter({ name: 'greeter' }).predict('Ada');`),
  },
  scorers: {
    title: 'No scorers yet',
    what: 'A scorer judges an output: in evaluations, and on live calls by monitors.',
    python: py(`class Short(weave.Scorer):
    limit: int = 200

    @weave.op
    def score(self, output: str) -> dict:
        return {'short': len(output) <= self.limit}

weave.publish(Short(name='short'))`),
    typescript: ts(`const short = weave.op(
  ({ modelOutput }) => ({ short: modelOutput.length <= 200 }),
  { name: 'short' },
);
// Give it to an evaluation: new weave.Evaluation({ dataset, scorers: [short] })`),
  },
  ops: {
    title: 'No ops yet',
    what: 'An op is a function that is traced. Its code is kept too: a change of the code is a new version.',
    python: py(`@weave.op
def greet(name: str) -> str:
    return f'Hello {name}'

greet('Weft')`),
    typescript: ts(`const greet = weave.op(async function greet(name: string) {
  return \`Hello \${name}\`;
});
await greet('Weft');`),
  },
  other: {
    title: 'Nothing else yet',
    what: 'Anything that JSON can hold may be published: settings, schemas, results. Evaluations and annotation specs are found here, too.',
    python: py(`ref = weave.publish({'retries': 3}, name='settings')
print(ref.uri())`),
    typescript: ts(`const ref = await client.publish({ retries: 3 }, 'settings');
console.log(ref.uri());`),
  },
};

/** What a kind is for, and how to make the first one. */
export function NoAssets({ kind, projectId }: { readonly kind: ObjectKind; readonly projectId: string }) {
  const { title, what, python, typescript } = LESSONS[kind];
  return (
    <section className="card assets-teach">
      <h2 style={{ marginTop: 0 }}>{title}</h2>
      <p>{what}</p>
      <div className="assets-two">
        <Snippet title="Python" code={python(projectId)} />
        <Snippet title="TypeScript" code={typescript(projectId)} />
      </div>
      <p className="soft">
        Both find this server by <code>WF_TRACE_SERVER_URL</code> and <code>WANDB_BASE_URL</code>, each{' '}
        <code>{window.location.origin}</code>, in the environment.
      </p>
    </section>
  );
}

export function Snippet({ title, code }: { readonly title: string; readonly code: string }) {
  return (
    <div>
      <div className="heading">
        <h3>{title}</h3>
        <span className="push">
          <CopyButton text={() => code} label={`Copy the ${title} code`} />
        </span>
      </div>
      <pre className="json" tabIndex={0}>
        {code}
      </pre>
    </div>
  );
}
