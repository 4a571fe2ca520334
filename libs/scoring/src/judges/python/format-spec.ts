import { pyStr, twoDigits } from './repr.ts';

/** Something in a template that Python refuses. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** Wider than anybody writes, and small enough to be harmless. */
const MAX_WIDTH = 1000;

const SPEC =
  /^(?:(?<fill>[^]?)(?<align>[<>=^]))?(?<sign>[-+ ])?(?<alt>#)?(?<zero>0)?(?<width>\d{1,9})?(?<group>[,_])?(?:\.(?<precision>\d{1,9}))?(?<type>[bcdeEfFgGnosxX%])?$/u;

interface Spec {
  readonly fill?: string;
  readonly align?: string;
  readonly sign?: string;
  readonly alt?: string;
  readonly zero?: string;
  readonly width?: string;
  readonly group?: string;
  readonly precision?: string;
  readonly type?: string;
}

/** `format(value, spec)` (Python: Format Specification Mini-Language). @throws TemplateError */
export function formatValue(value: unknown, spec: string): string {
  if (spec === '') return pyStr(value);
  if (typeof value === 'object') throw unsupported(spec, Array.isArray(value) ? 'list' : value === null ? 'None' : 'dict'); // prettier-ignore
  const parsed = SPEC.exec(spec)?.groups as Spec | undefined;
  if (parsed === undefined) throw new TemplateError(`Invalid format specifier '${spec}'`);
  for (const size of [parsed.width, parsed.precision])
    if (size !== undefined && Number(size) > MAX_WIDTH)
      throw new TemplateError(`Format specifier '${spec}' is wider than ${MAX_WIDTH}`);
  return typeof value === 'string' ? ofText(value, parsed, spec) : ofNumber(Number(value), parsed, spec);
}

function unsupported(spec: string, type: string): TemplateError {
  return new TemplateError(`unsupported format string '${spec}' for a ${type}`);
}

function ofText(text: string, spec: Spec, whole: string): string {
  const { type = 's', sign, alt, group, align } = spec;
  if (type !== 's' || sign !== undefined || alt !== undefined || group !== undefined || align === '=')
    throw unsupported(whole, 'str');
  const cut = spec.precision === undefined ? text : [...text].slice(0, Number(spec.precision)).join('');
  return pad('', cut, spec, '<');
}

function ofNumber(value: number, spec: Spec, whole: string): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : spec.sign === '+' || spec.sign === ' ' ? spec.sign : '';
  return pad(sign, digits(Math.abs(value), spec, whole), spec, '>');
} // prettier-ignore

const RADIX: ReadonlyMap<string, number> = new Map([
  ['b', 2],
  ['o', 8],
  ['x', 16],
  ['X', 16],
]);

function digits(size: number, { type, alt, group, precision }: Spec, whole: string): string {
  const places = precision === undefined ? 6 : Math.min(100, Number(precision));
  const radix = RADIX.get(type ?? '');
  if (radix !== undefined || type === 'd' || type === 'c' || (type === 'n' && Number.isInteger(size))) {
    if (!Number.isInteger(size) || precision !== undefined) throw unsupported(whole, 'float');
    if (type === 'c') return String.fromCodePoint(Math.min(size, 0x10ffff));
    const text = (alt === undefined || radix === undefined ? '' : `0${type!}`) + size.toString(radix ?? 10);
    return grouped(type === 'X' ? text.toUpperCase() : text, group);
  }
  switch (type) {
    case 'e':
    case 'E': {
      const text = twoDigits(size.toExponential(places));
      return type === 'E' ? text.toUpperCase() : text;
    }
    case 'f':
    case 'F':
      return grouped(size.toFixed(places), group);
    case '%':
      return `${grouped((size * 100).toFixed(places), group)}%`;
    case 'g':
    case 'G':
    case 'n':
      return general(size, places || 1, type, group);
    case 's':
      throw unsupported(whole, 'number');
    default:
      return precision === undefined
        ? grouped(pyStr(size), group)
        : general(size, Number(precision) || 1, 'g', group);
  }
}

/** `g`: the shorter of fixed and exponent, without zeros at the end. */
function general(size: number, places: number, type: string, group: string | undefined): string {
  const exponent = size === 0 ? 0 : Number(size.toExponential(Math.min(100, places) - 1).split('e')[1]);
  const isFixed = exponent >= -4 && exponent < places;
  const text = isFixed
    ? grouped(trimmed(size.toFixed(Math.min(100, Math.max(0, places - 1 - exponent)))), group)
    : twoDigits(size.toExponential(Math.min(100, places) - 1).replace(/^[^e]+/, trimmed));
  return type === 'G' ? text.toUpperCase() : text;
}

function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function grouped(text: string, group: string | undefined): string {
  if (group === undefined) return text;
  const [whole = '', fraction] = text.split('.');
  const parts = whole.replace(/\B(?=(?:\d{3})+(?!\d))/g, group);
  return fraction === undefined ? parts : `${parts}.${fraction}`;
}

function pad(sign: string, text: string, spec: Spec, usual: string): string {
  const { fill = spec.zero === undefined ? ' ' : '0', width = '0' } = spec;
  const align = spec.align ?? (spec.zero === undefined ? usual : usual === '<' ? '<' : '=');
  const missing = Math.max(0, Number(width) - [...sign, ...text].length);
  const char = fill === '' ? ' ' : fill;
  if (align === '=') return sign + char.repeat(missing) + text;
  const left = align === '>' ? missing : align === '^' ? Math.floor(missing / 2) : 0;
  return char.repeat(left) + sign + text + char.repeat(missing - left);
}
