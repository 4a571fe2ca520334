/** Personal data that a pattern can tell. Every repetition is bounded, so that no text takes long. */
export const PII: ReadonlyMap<string, Pattern> = new Map<string, Pattern>([
  ['email', { regex: /[\p{L}\d._%+-]{1,64}@[\p{L}\d-]{1,63}(?:\.[\p{L}\d-]{1,63}){0,8}\.\p{L}{2,24}/gu }],
  // With a country's + or grouped as people write numbers: bare digits are as likely an id.
  ['phone', { regex: /(?<![\w.])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,4}|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4})(?![\w])/g, isOne: (text) => within(digits(text).length, 7, 15) }],
  ['credit_card', { regex: /(?<![\w.-]|\d[ -])\d{4}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{1,4}){0,2}(?!\w|[ -]\d)/g, isOne: (text) => within(digits(text).length, 13, 19) && isLuhn(digits(text)) }],
  ['iban', { regex: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g, isOne: isIban }],
  ['us_ssn', { regex: /(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g }],
  ['ip_address', { regex: /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]\d)/g }],
]); // prettier-ignore

/** Keys and passwords by the shape that those who issue them gave them. */
export const SECRETS: ReadonlyMap<string, Pattern> = new Map<string, Pattern>([
  ['anthropic_key', { regex: /\bsk-ant-[\w-]{20,200}/g }],
  ['openai_key', { regex: /\bsk-(?!ant-)(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,200}/g }],
  ['aws_access_key', { regex: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g }],
  ['github_token', { regex: /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})/g }],
  ['gitlab_token', { regex: /\bglpat-[\w-]{20,100}/g }],
  ['google_key', { regex: /\bAIza[\w-]{35}/g }],
  ['slack_token', { regex: /\bxox[abeprs]-[A-Za-z0-9-]{10,250}/g }],
  ['stripe_key', { regex: /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}/g }],
  ['hugging_face_token', { regex: /\bhf_[A-Za-z0-9]{30,100}/g }],
  ['jwt', { regex: /\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,2000}/g }],
  ['private_key', { regex: /-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY-----/g }],
  ['password_in_url', { regex: /\b[a-z][a-z+.-]{1,20}:\/\/[^\s:/@]{1,100}:[^\s/@]{1,200}@[^\s/]/g }],
  ['assignment', { regex: /\b(?:api[_-]?key|secret(?:[_-]?key)?|access[_-]?token|auth[_-]?token|password|passwd)["']?\s{0,3}[:=]\s{0,3}["']?(?!REDACTED)[^\s"',;]{8,200}/gi }],
]); // prettier-ignore

export interface Pattern {
  readonly regex: RegExp;
  /** For what a pattern cannot tell. */
  readonly isOne?: (text: string) => boolean;
}

/** How many of each kind there are; kinds that are not there are left out. */
export function countKinds(text: string, kinds: ReadonlyMap<string, Pattern>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [kind, { regex, isOne }] of kinds) {
    let count = 0;
    for (const [found] of text.matchAll(regex)) if (isOne?.(found) ?? true) count++;
    if (count > 0) counts.set(kind, count);
  }
  return counts;
}

function digits(text: string): string {
  return text.replace(/\D/g, '');
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

/** The check digit of cards (ISO/IEC 7812). */
function isLuhn(number: string): boolean {
  let sum = 0;
  for (let i = 0; i < number.length; i++) {
    const digit = Number(number[number.length - 1 - i]) * (1 + (i % 2));
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

/** ISO 13616: letters count from 10, and the whole modulo 97 is 1. */
function isIban(text: string): boolean {
  const plain = text.replaceAll(' ', '');
  if (!within(plain.length, 15, 34)) return false;
  const turned = plain.slice(4) + plain.slice(0, 4);
  let rest = 0;
  for (const c of turned) rest = Number(`${rest}${parseInt(c, 36)}`) % 97;
  return rest === 1;
}
