import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../../api/session.ts';
import { CopyButton } from '../../ui/copy.tsx';

const COMMANDS = [
  ['Who has a key', 'weft keys list'],
  [
    'A key for a program that sends traces of a team',
    "weft keys create --user my-app --projects 'my-team/*' --role write",
  ],
  [
    'A key for somebody who only looks',
    "weft keys create --user ada --projects 'my-team/my-project' --role read",
  ],
  ['A key for this page', 'weft keys create --user ops --role admin'],
  ['End a key', 'weft keys revoke <id>'],
] as const;

/** Who may what. Keys are in a file that no page reads: they are made where the server runs. */
export function KeysHelp() {
  const { data: session } = useQuery(sessionQuery);
  if (session === null || session === undefined) return null;
  return (
    <>
      <p className="card">
        {session.open
          ? 'This server has no keys: it answers this machine only, and everybody on it may everything. The first key changes that.'
          : `You are ${session.user ?? 'somebody without a name'}, with the role ${session.role} for ${
              session.all ? 'every project' : (session.project ?? 'some projects')
            }.`}
      </p>
      <p className="soft">
        Keys are in a file beside the server, as hashes; no page reads or changes it. Where the server runs,
        with its <code>WEFT_KEYS_FILE</code> set:
      </p>
      <dl className="ops-commands">
        {COMMANDS.map(([what, command]) => (
          <div key={command}>
            <dt>{what}</dt>
            <dd>
              <pre className="json" tabIndex={0}>
                {command}
              </pre>
              <CopyButton text={() => command} label={`Copy: ${what}`} />
            </dd>
          </div>
        ))}
      </dl>
      <p className="soft">A running server notices within seconds. A key is shown once, when it is made.</p>
    </>
  );
}
