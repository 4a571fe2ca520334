import { useQuery } from '@tanstack/react-query';
import { pipelineQuery, readinessQuery, type Pipeline } from '../../api/operations.ts';
import { Freshness } from '../../ui/freshness.tsx';
import { count, duration } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { bytes } from './bytes.ts';

/** Older than this, readers notice. */
const LATE_MS = 10_000;

/** How the way from the log to the tables is. */
export function PipelineHealth() {
  const pipeline = useQuery(pipelineQuery);
  const readiness = useQuery(readinessQuery);
  if (pipeline.isPending) return <Loading what="the state of the pipeline" />;
  if (pipeline.data === undefined)
    return <ErrorNote error={pipeline.error} retry={() => void pipeline.refetch()} />;
  const { clickhouse, writer, admin } = pipeline.data;
  const reasons = Object.entries(readiness.data ?? {});
  return (
    <div aria-live="polite">
      <Freshness of={[pipeline]} />
      <div className="scroll-x" tabIndex={0}>
        <table className="plain" aria-label="Pipeline">
          <thead>
            <tr>
              <th>What</th>
              <th>State</th>
              <th>Figures</th>
            </tr>
          </thead>
          <tbody>
            <Line what="ClickHouse" trouble={clickhouse.trouble}>
              {clickhouse.answered_ms !== null && `answered in ${duration(clickhouse.answered_ms)}`}
            </Line>
            <Line
              what="Writer: log to tables"
              trouble={writer.trouble ?? (isLate(writer) ? `behind by ${duration(writer.oldest_ms!)}` : null)}
            >
              <WriterFigures writer={writer} />
            </Line>
            <Line
              what="This process"
              trouble={
                reasons.length === 0 ? null : reasons.map(([name, reason]) => `${name}: ${reason}`).join('; ')
              }
            >
              {readiness.isError
                ? 'it does not say whether it is ready'
                : 'is sent requests while it is ready'}
            </Line>
          </tbody>
        </table>
      </div>
      {writer.partitions !== null && writer.partitions.some((waiting) => waiting > 0) && (
        <p>
          Waiting by partition: <span className="mono">{writer.partitions.join(' ')}</span>
        </p>
      )}
      {!admin && (
        <p className="note">How much waits tells of every project: it needs a key that is admin of all.</p>
      )}
      <h2>What cannot be seen from here</h2>
      <p className="soft">
        How far scoring is: each scoring worker says it in its own <code>/metrics</code> (
        <code>weft_scoring_*</code>), and each project’s monitors say what waits. Gateways and writers other
        than the one behind this address: their <code>/readyz</code> and <code>/metrics</code>, which
        Prometheus reads. Disks, replicas and Kafka: <code>weft doctor</code>, run with the environment of the
        service.
      </p>
    </div>
  );
}

const isLate = ({ oldest_ms: oldest }: Pipeline['writer']): boolean => oldest !== null && oldest > LATE_MS;

function WriterFigures({ writer }: { readonly writer: Pipeline['writer'] }) {
  const { oldest_ms: oldest, events, bytes: size } = writer;
  if (oldest === null) return null;
  return (
    <>
      {oldest === 0 ? 'everything is stored' : `the oldest that waits is ${duration(oldest)} old`}
      {events !== null && events > 0 && `, ${count.format(events)} events wait`}
      {size !== null && size > 0 && ` (${bytes(size)})`}
    </>
  );
}

function Line({
  what,
  trouble,
  children,
}: {
  readonly what: string;
  readonly trouble: string | null;
  readonly children: React.ReactNode;
}) {
  return (
    <tr>
      <th scope="row">{what}</th>
      <td>
        <span className={`status ${trouble === null ? '' : 'error'}`}>{trouble ?? 'ok'}</span>
      </td>
      <td className="soft">{children}</td>
    </tr>
  );
}
