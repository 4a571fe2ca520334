import type { Lanes } from './data/lanes.ts';
import { nameOf, type Picture } from './picture.ts';

export const LANE_PX = 19;
const BAR_PX = 17;
const MIN_TEXT_PX = 34;
const PAD_PX = 4;
const LEAST_PX = 0.6;

/** Colours as the theme has them; a canvas knows no variables. */
export interface Palette {
  readonly text: string;
  readonly error: string;
  readonly accent: string;
  readonly series: readonly string[];
  readonly font: string;
}

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: color('--text'),
    error: color('--error'),
    accent: color('--accent'),
    series: [1, 2, 3, 4, 5, 6].map((i) => color(`--series-${i}`)),
    font: `11px ${style.fontFamily}`,
  };
}

export interface View {
  readonly width: number;
  readonly height: number;
  readonly top: number;
}

export function drawFlame(
  context: CanvasRenderingContext2D,
  picture: Picture,
  lanes: Lanes,
  view: View,
  palette: Palette,
): void {
  const { session, focus } = picture;
  const { table } = session;
  context.clearRect(0, 0, view.width, view.height);
  context.font = palette.font;
  context.textBaseline = 'middle';
  /** Up to where each lane is painted: a million calls are no more boxes than there are pixels. */
  const painted = new Float64Array(lanes.count).fill(-1);
  const perUs = view.width / (picture.window.toUs - picture.window.fromUs);
  for (const row of picture.state.shape.order) {
    const lane = lanes.laneOf[row]!;
    const endPx = (table.endOf(row, picture.state.nowUs) - picture.window.fromUs) * perUs;
    if (endPx < 0 || Math.max(endPx, LEAST_PX) - painted[lane]! < LEAST_PX) continue;
    const box = boxOf(picture, lanes, view, row);
    if (box === undefined) continue;
    const x = Math.max(box.x, painted[lane]!);
    const width = box.x + box.width - x;
    painted[lane] = x + width;
    const isError = table.isError(row);
    context.fillStyle = isError ? palette.error : palette.series[table.nameOf[row]! % palette.series.length]!;
    context.globalAlpha = isError ? 0.55 : 0.32;
    context.fillRect(x, box.y, width, BAR_PX);
    context.globalAlpha = 1;
    if (width >= MIN_TEXT_PX) write(context, nameOf(session, row), { ...box, x, width }, palette);
  }
  const box = focus < 0 ? undefined : boxOf(picture, lanes, view, focus);
  if (box === undefined) return;
  context.strokeStyle = palette.accent;
  context.lineWidth = 2;
  context.strokeRect(box.x, box.y, Math.max(box.width, 2), BAR_PX);
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Where a call is drawn, cut at the edges; undefined = not in view. */
function boxOf(
  { session, state, window }: Picture,
  { laneOf }: Lanes,
  { width, height, top }: View,
  row: number,
): Box | undefined {
  const y = laneOf[row]! * LANE_PX - top;
  if (y + LANE_PX < 0 || y > height) return undefined;
  const perUs = width / (window.toUs - window.fromUs);
  const from = (session.table.starts[row]! - window.fromUs) * perUs;
  const to = (session.table.endOf(row, state.nowUs) - window.fromUs) * perUs;
  if (to < 0 || from > width) return undefined;
  const x = Math.max(0, from);
  return { x, y, width: Math.max(Math.min(to, width) - x, LEAST_PX) };
}

function write(
  context: CanvasRenderingContext2D,
  text: string,
  { x, y, width }: Box,
  palette: Palette,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width - PAD_PX, BAR_PX);
  context.clip();
  context.fillStyle = palette.text;
  context.fillText(text.slice(0, 80), x + PAD_PX, y + BAR_PX / 2 + 1);
  context.restore();
}

/** The call that is drawn at a point, or -1. */
export function rowAt(picture: Picture, lanes: Lanes, view: View, x: number, y: number): number {
  const lane = Math.floor((y + view.top) / LANE_PX);
  let found = -1;
  for (const row of picture.state.shape.order) {
    if (lanes.laneOf[row] !== lane) continue;
    const box = boxOf(picture, lanes, view, row);
    if (box !== undefined && x >= box.x - 1 && x <= box.x + box.width + 1) found = row;
  }
  return found;
}
