import { useRef, useState, type PointerEvent } from 'react';
import { duration } from '../../ui/format.ts';
import { scaled, windowOf, type Picture, type TimeWindow } from './picture.ts';

const TICKS = 4;
const MIN_DRAG = 0.01;

/** What the bars are measured by; dragging over it zooms in, buttons and keys do too. */
export function TimeRuler({ picture }: { readonly picture: Picture }) {
  return (
    <div className="trace-ruler">
      <ZoomButtons picture={picture} />
      <span className="number trace-tokens">Tokens</span>
      <span className="number trace-cost">Cost</span>
      <span className="number">Time</span>
      <Axis picture={picture} />
    </div>
  );
}

export function ZoomButtons({ picture }: { readonly picture: Picture }) {
  const { window, isZoomed, zoom, focus } = picture;
  return (
    <span className="trace-zoom">
      <ZoomButton label="Zoom in" hint="Zoom in (+)" onClick={() => zoom(scaled(window, 0.5))}>
        +
      </ZoomButton>
      <ZoomButton
        label="Zoom out"
        hint="Zoom out (-)"
        disabled={!isZoomed}
        onClick={() => zoom(scaled(window, 2))}
      >
        −
      </ZoomButton>
      {isZoomed ? (
        <ZoomButton label="All of the trace" hint="All of the trace (0)" onClick={() => zoom(undefined)}>
          All
        </ZoomButton>
      ) : (
        <ZoomButton
          label="Fit the chosen call"
          hint="Fit the chosen call (z)"
          disabled={focus < 0}
          onClick={() => zoom(windowOf(picture, focus))}
        >
          Fit
        </ZoomButton>
      )}
    </span>
  );
}

function ZoomButton({
  label,
  hint,
  disabled = false,
  onClick,
  children,
}: {
  readonly label: string;
  readonly hint: string;
  readonly disabled?: boolean;
  readonly onClick: () => void;
  readonly children: string;
}) {
  return (
    <button className="button quiet" aria-label={label} title={hint} disabled={disabled} onClick={onClick}>
      {children}
    </button>
  );
}

export function Axis({ picture: { window, zoom } }: { readonly picture: Picture }) {
  const axis = useRef<HTMLSpanElement>(null);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number }>();
  const lengthUs = window.toUs - window.fromUs;
  const at = ({ clientX }: PointerEvent) => {
    const { left, width } = axis.current!.getBoundingClientRect();
    return Math.max(0, Math.min((clientX - left) / width, 1));
  };
  const end = () => {
    setDrag(undefined);
    if (drag === undefined || Math.abs(drag.to - drag.from) < MIN_DRAG) return;
    const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
    zoom({ fromUs: window.fromUs + from * lengthUs, toUs: window.fromUs + to * lengthUs });
  };
  return (
    <span
      className="trace-axis"
      ref={axis}
      title="Drag to zoom in"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: at(event), to: at(event) });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, to: at(event) })}
      onPointerUp={end}
      onPointerCancel={() => setDrag(undefined)}
    >
      {Array.from({ length: TICKS }, (_, i) => (
        <span key={i} className="trace-tick" style={{ left: `${(i / TICKS) * 100}%` }}>
          {tick(window, i / TICKS)}
        </span>
      ))}
      {drag && (
        <i
          className="trace-drag"
          style={{
            left: `${Math.min(drag.from, drag.to) * 100}%`,
            width: `${Math.abs(drag.to - drag.from) * 100}%`,
          }}
        />
      )}
    </span>
  );
}

/** Of a stretch far from the start, how much later than its own start. */
function tick({ fromUs, toUs }: TimeWindow, part: number): string {
  const laterUs = (toUs - fromUs) * part;
  const isFar = Math.abs(fromUs) > toUs - fromUs;
  if (part > 0 && isFar) return `+${duration(laterUs / 1000)}`;
  const us = fromUs + laterUs;
  if (Math.abs(us) < 1) return '0';
  return us < 0 ? `−${duration(-us / 1000)}` : duration(us / 1000);
}
