import { AppError } from '@weft/model';
import type { ClusterView } from './cluster-view.ts';
import { isKafkaError, isOutage, isRefused, isUnknownCodec, toAppError } from './errors.ts';
import { GapError, Positions } from './positions.ts';

/** Crashes in a row, without a commit in between, that are not an outage. */
const MAX_CRASHES = 5;

export interface Consumed {
  readonly view: ClusterView;
  /** Kafka's names. */
  readonly topic: string;
  readonly group: string;
}

/**
 * Why a crash of the client's consumer ends consume(), or undefined if joining again may help: an outage may last as long
 * as it likes; anything else that comes back at once is not going away.
 */
export async function fatalCrash(
  error: unknown,
  inARow: number,
  { view, topic, group }: Consumed,
): Promise<AppError | undefined> {
  const doing = `consume ${topic} as ${group}`;
  if (error instanceof GapError) return error;
  if (isRefused(error)) return toAppError(error, doing);
  if (isUnknownCodec(error)) {
    const message = `${doing}: a record is compressed in a way that this process can't read`;
    return new AppError('log_unavailable', message, { cause: error });
  }
  if (isKafkaError(error, 'KafkaJSOffsetOutOfRange')) {
    const partitions = view.known(topic).map((_, partition) => partition);
    const gap = await Positions.load(view, topic, group, partitions).catch((one: unknown) => one);
    return gap instanceof GapError ? gap : undefined;
  }
  return isOutage(error) || inARow < MAX_CRASHES ? undefined : toAppError(error, doing);
}
