import { kindOf, refOf, type ObjectVersion } from '../../api/objects.ts';
import { Snippet } from './asset-lessons.tsx';

/** How code gets this version. */
export function UseSnippet({ version }: { readonly version: ObjectVersion }) {
  const ref = JSON.stringify(refOf(version));
  const project = JSON.stringify(version.project_id);
  const [python, typescript] = thenOf(version);
  return (
    <section>
      <p className="soft">This version, whatever is published later. A name of your own that you can move: an alias.</p>
      <div className="assets-two">
        <Snippet title="Python" code={`import weave\nweave.init(${project})\n\n${nameOf(version)} = weave.ref(\n    ${ref}\n).get()\n${python}`} />
        <Snippet title="TypeScript" code={`import * as weave from 'weave';\nconst client = await weave.init(${project});\n\nconst ${nameOf(version)} = await client.get(\n  weave.ObjectRef.fromUri(\n    ${ref},\n  ),\n);\n${typescript}`} />
      </div>
    </section>
  );
} // prettier-ignore

/** What is done with it, in Python and TypeScript. */
function thenOf(version: ObjectVersion): [string, string] {
  switch (kindOf(version)) {
    case 'datasets':
      return [
        'for row in dataset.rows:\n    print(row)',
        'for await (const row of dataset) console.log(row);',
      ];
    case 'prompts':
      return ['print(prompt.format(name="Ada"))', 'console.log(prompt.format({ name: "Ada" }));'];
    case 'models':
      return ['print(model.predict(…))', 'console.log(model);'];
    case 'scorers':
      return ['print(scorer.score(output=…))', 'console.log(scorer);'];
    case 'ops':
      return ['print(op(…))', 'console.log(op);'];
    default:
      return ['print(value)', 'console.log(value);'];
  }
}

function nameOf(version: ObjectVersion): string {
  const kind = kindOf(version);
  return kind === 'other' ? 'value' : kind.slice(0, -1);
}
