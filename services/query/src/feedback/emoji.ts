import emojiData from 'unicode-emoji-json/data-by-emoji.json' with { type: 'json' };

/** Text names as the Python package `emoji` gives them: W&B stores those beside a reaction. */
export interface EmojiNames {
  /** `:thumbs_up_light_skin_tone:` */
  readonly alias: string;
  /** The emoji without skin tones. */
  readonly detoned: string;
  readonly detonedAlias: string;
}

const TONES: ReadonlyMap<string, string> = new Map([
  ['🏻', 'light_skin_tone'],
  ['🏼', 'medium-light_skin_tone'],
  ['🏽', 'medium_skin_tone'],
  ['🏾', 'medium-dark_skin_tone'],
  ['🏿', 'dark_skin_tone'],
]);
const TONE = /[\u{1f3fb}-\u{1f3ff}]/gu;
/** Asks for the coloured form; senders leave it out or put it in. */
const VARIATION = /\ufe0f/g;
/** What follows the tone in a name: `woman_light_skin_tone_red_hair`. */
const LOOKS = /_(?:red_hair|curly_hair|white_hair|blond_hair|bald|beard)$/;

/** Without variation selectors → name with `_` for spaces. */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(emojiData as Readonly<Record<string, { name: string; group: string }>>).map(
    ([emoji, { name, group }]) => {
      // Countries and regions go by their own name.
      const plain = group === 'Flags' ? name.replace(/^flag:? /, '') : name;
      return [emoji.replace(VARIATION, ''), plain.replace(/[:,“”]/g, '').replaceAll(' ', '_')];
    },
  ),
);

/** Null unless `text` is exactly one emoji. */
export function describeEmoji(text: string): EmojiNames | null {
  if (text.length > 64) return null;
  const isToneAlone = TONES.has(text);
  const detoned = isToneAlone ? text : text.replace(TONE, '');
  const name = NAMES.get(detoned.replace(VARIATION, ''));
  if (isToneAlone) return { alias: `:${TONES.get(text)!}:`, detoned, detonedAlias: `:${TONES.get(text)!}:` };
  if (name === undefined) return null;
  const tones = (text.match(TONE) ?? []).map((tone) => `_${TONES.get(tone)!}`).join('');
  const looks = LOOKS.exec(name)?.[0] ?? '';
  const toned = tones === '' ? name : name.slice(0, name.length - looks.length) + tones + looks;
  return { alias: `:${toned}:`, detoned, detonedAlias: `:${name}:` };
}
