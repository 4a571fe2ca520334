import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Dialog } from '../../../ui/dialog.tsx';
import { count } from '../../../ui/format.ts';
import { messageOf } from '../../../ui/notes.tsx';
import { runBulk, type Progress } from './run.ts';

const calls = (n: number) => `${count.format(n)} ${n === 1 ? 'call' : 'calls'}`;

/** Asks for what has to be known, does it to the calls, and tells how that went. */
export function BulkDialog({
  title,
  ids,
  verb,
  done: past,
  isDanger = false,
  isReady = true,
  size,
  prepare,
  onClose,
  onDone,
  children,
}: {
  readonly title: string;
  readonly ids: readonly string[];
  /** On the button: `Delete`. */
  readonly verb: string;
  /** What happened to calls: `deleted`. */
  readonly done: string;
  readonly isDanger?: boolean;
  readonly isReady?: boolean;
  /** Ids of one request. */
  readonly size: number;
  /** Before the first ones; what it returns is done to some ids at a time. `finish` is called after the last. */
  readonly prepare: (signal: AbortSignal) => Promise<{
    readonly act: (ids: readonly string[]) => Promise<unknown>;
    readonly finish?: () => Promise<ReactNode>;
  }>;
  readonly onClose: () => void;
  /** @param failed stay chosen. */
  readonly onDone: (failed: readonly string[]) => void;
  readonly children: ReactNode;
}) {
  const [progress, setProgress] = useState<Progress>();
  const [error, setError] = useState<unknown>();
  const [result, setResult] = useState<ReactNode>();
  const [left, setLeft] = useState(ids);
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const isRunning = progress !== undefined && !progress.isOver;
  const start = async () => {
    setError(undefined);
    setProgress({ done: 0, total: left.length, failed: [], isOver: false });
    const abort = new AbortController();
    stop.current = abort;
    try {
      const { act, finish } = await prepare(abort.signal);
      const end = await runBulk(
        left,
        size,
        act,
        (each) => setProgress({ ...each, isOver: false }),
        abort.signal,
      );
      if (end.done > 0) setResult(await finish?.());
      setProgress(end);
      setLeft(end.failed);
      onDone(end.failed);
    } catch (failure) {
      setProgress(undefined);
      setError(failure);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        {progress === undefined && children}
        <div aria-live="polite">
          {progress !== undefined && <Told progress={progress} past={past} result={result} />}
          {error !== undefined && <p className="error-text">{messageOf(error)}</p>}
        </div>
        <div className="heading">
          {isRunning ? (
            <button type="button" className="button" onClick={() => stop.current?.abort()}>
              Stop
            </button>
          ) : (
            <>
              {(progress === undefined || left.length > 0) && (
                <button className={`button ${isDanger ? 'danger' : 'primary'}`} disabled={!isReady}>
                  {progress === undefined
                    ? `${verb} ${calls(left.length)}`
                    : `Try the ${count.format(left.length)} again`}
                </button>
              )}
              <button type="button" className="button quiet" onClick={onClose}>
                {progress === undefined ? 'Cancel' : 'Close'}
              </button>
            </>
          )}
        </div>
      </form>
    </Dialog>
  );
}

function Told({
  progress: { done, total, failed, reason, isOver },
  past,
  result,
}: {
  readonly progress: Progress;
  readonly past: string;
  readonly result: ReactNode;
}) {
  return (
    <>
      <progress value={done + failed.length} max={total} aria-label="Progress" />
      <p>
        {calls(done)} {past}
        {!isOver && ` of ${count.format(total)}…`}
        {failed.length > 0 && (
          <span className="error-text">
            , {count.format(failed.length)} not: {reason}
          </span>
        )}
      </p>
      {isOver && result}
    </>
  );
}
