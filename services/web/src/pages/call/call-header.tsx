import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { evaluationQuery } from '../../api/call.ts';
import { latencyMs, type Call } from '../../api/calls.ts';
import { copyText } from '../../ui/copy.tsx';
import { duration, money, opName } from '../../ui/format.ts';
import { Menu, MenuItem, MenuLine } from '../../ui/menu.tsx';
import { Status } from '../../ui/status.tsx';
import { Time } from '../../ui/time.tsx';
import { costOf } from './cost.ts';
import { DeleteCall } from './delete-call.tsx';
import { useMayWrite } from './may-write.ts';
import { RenameCall } from './rename-call.tsx';

/** What the call is called, how it went, and where it belongs. */
export function CallHeader({ call }: { readonly call: Call }) {
  const [asked, setAsked] = useState<'rename' | 'delete'>();
  const mayWrite = useMayWrite();
  const close = () => setAsked(undefined);
  const op = opName(call.op_name);
  return (
    <header>
      <div className="heading call-heading">
        <div className="call-name">
          <h1>
            <bdi>{call.display_name ?? op}</bdi>
          </h1>
          {call.display_name !== null && (
            <span className="soft">
              op <bdi>{op}</bdi>
            </span>
          )}
        </div>
        <span className="push">
          <Menu label="Actions">
            <MenuItem onSelect={() => void copyText(call.id).catch(() => undefined)}>Copy the id</MenuItem>
            <MenuItem onSelect={() => void copyText(call.trace_id).catch(() => undefined)}>
              Copy the trace id
            </MenuItem>
            <MenuItem onSelect={() => void copyText(window.location.href).catch(() => undefined)}>
              Copy the link
            </MenuItem>
            <MenuLine />
            <MenuItem disabled={!mayWrite} onSelect={() => setAsked('rename')}>
              Rename…
            </MenuItem>
            <MenuItem disabled={!mayWrite} onSelect={() => setAsked('delete')}>
              Delete…
            </MenuItem>
          </Menu>
        </span>
      </div>
      <Facts call={call} />
      {asked === 'rename' && <RenameCall call={call} onClose={close} />}
      {asked === 'delete' && <DeleteCall call={call} onClose={close} />}
    </header>
  );
}

function Facts({ call }: { readonly call: Call }) {
  const latency = latencyMs(call);
  const cost = costOf(call);
  const [entity, project] = call.project_id.split('/') as [string, string];
  const toCall = (id: string) => ({
    to: '/$entity/$project/weave/calls/$id' as const,
    params: { entity, project, id },
    search: {},
  });
  return (
    <dl className="facts">
      <Fact name="Status">
        <Status call={call} />
      </Fact>
      <Fact name="Started">
        <Time at={call.started_at} />
      </Fact>
      {latency !== undefined && <Fact name="Latency">{duration(latency)}</Fact>}
      {cost !== undefined && <Fact name="Cost">{money(cost)}</Fact>}
      {call.wb_user_id !== null && (
        <Fact name="User">
          <bdi>{call.wb_user_id}</bdi>
        </Fact>
      )}
      {call.thread_id !== null && (
        <Fact name="Thread">
          <Link
            to="/$entity/$project/weave/threads/$thread"
            params={{ entity, project, thread: call.thread_id }}
          >
            <bdi>{call.thread_id}</bdi>
          </Link>
        </Fact>
      )}
      {call.parent_id !== null && (
        <Fact name="Parent">
          <Link {...toCall(call.parent_id)}>{shortId(call.parent_id)}</Link>
        </Fact>
      )}
      <Evaluation call={call} />
    </dl>
  );
}

/** Most ids are long and differ at their ends. */
function shortId(id: string): string {
  return id.length <= 16 ? id : `…${id.slice(-12)}`;
}

function Evaluation({ call }: { readonly call: Call }) {
  const evaluation = useQuery(evaluationQuery(call)).data;
  const [entity, project] = call.project_id.split('/') as [string, string];
  if (evaluation === null || evaluation === undefined) return null;
  return (
    <Fact name="Evaluation">
      <Link to="/$entity/$project/weave/evaluations/$id" params={{ entity, project, id: evaluation.id }}>
        <bdi>{evaluation.display_name ?? shortId(evaluation.id)}</bdi>
      </Link>
    </Fact>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
