import { useNavigate, useParams } from '@tanstack/react-router';
import { NEW_DRAFT } from './draft.ts';
import { MonitorForm } from './monitor-form.tsx';
import './monitors.css';

/** A new monitor. */
export function EditMonitorPage() {
  const { entity, project } = useParams({ from: '/$entity/$project/weave/monitors/new' });
  const navigate = useNavigate();
  return (
    <div className="page">
      <h1>New monitor</h1>
      <p className="soft">
        It scores calls that are stored from its activation on, within seconds. Calls before that can be
        scored afterwards.
      </p>
      <MonitorForm
        projectId={`${entity}/${project}`}
        first={NEW_DRAFT}
        onSaved={(name) =>
          void navigate({
            to: '/$entity/$project/weave/monitors/$name',
            params: { entity, project, name },
            search: {},
          })
        }
      />
    </div>
  );
}
