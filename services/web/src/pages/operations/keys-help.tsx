import { useQuery } from '@tanstack/react-query';
import { keysQuery, type ApiKey } from '../../api/operations.ts';
import { sessionQuery } from '../../api/session.ts';
import { CopyButton } from '../../ui/copy.tsx';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { Time } from '../../ui/time.tsx';

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

/** Who may what. Keys are made and ended where the server runs, in a file that no page changes. */
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
      {!session.open && session.all && session.role === 'admin' && <KeyList />}
      <p className="soft">
        Keys are in a file beside the server, as hashes; no page changes it. Where the server runs, with its{' '}
        <code>WEFT_KEYS_FILE</code> set:
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

const SHOWN = 500;

function KeyList() {
  const keys = useQuery(keysQuery);
  if (keys.isPending) return <Loading what="the keys" />;
  if (keys.isError) return <ErrorNote error={keys.error} retry={() => void keys.refetch()} />;
  // Those that are good first, the newest first.
  const rank = ({ revoked_at: revokedAt, created_at: createdAt }: ApiKey) =>
    `${revokedAt === null ? 1 : 0}${createdAt}`;
  const sorted = [...keys.data].sort((a, b) => (rank(a) < rank(b) ? 1 : -1));
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Keys, the newest first">
      <table className="plain" aria-label="Keys">
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col">Role</th>
            <th scope="col">Projects</th>
            <th scope="col">Made</th>
            <th scope="col">Id</th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, SHOWN).map((key) => (
            <tr key={key.id} className={key.revoked_at === null ? undefined : 'soft'}>
              <td>
                <bdi>{key.user}</bdi>
              </td>
              <td>{key.revoked_at === null ? key.role : 'revoked'}</td>
              <td>
                <bdi>{key.projects.slice(0, 5).join(', ')}</bdi>
                {key.projects.length > 5 && ` and ${key.projects.length - 5} more`}
              </td>
              <td>
                <Time at={key.created_at} />
              </td>
              <td className="mono">{key.id}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > SHOWN && (
        <p className="soft">{sorted.length - SHOWN} more: `weft keys list` shows them all.</p>
      )}
    </div>
  );
}
