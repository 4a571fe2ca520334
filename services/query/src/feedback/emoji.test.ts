import { describe, expect, it } from '@jest/globals';
import { describeEmoji } from './emoji.ts';

describe('describeEmoji', () => {
  it.each([
    ['👍', ':thumbs_up:', '👍', ':thumbs_up:'],
    ['👍🏻', ':thumbs_up_light_skin_tone:', '👍', ':thumbs_up:'],
    ['💤', ':ZZZ:', '💤', ':ZZZ:'],
    ['🇫🇷', ':France:', '🇫🇷', ':France:'],
    ['❤️', ':red_heart:', '❤️', ':red_heart:'],
    ['❤', ':red_heart:', '❤', ':red_heart:'],
    ['✌🏿', ':victory_hand_dark_skin_tone:', '✌', ':victory_hand:'],
    ['👩🏼‍🦰', ':woman_medium-light_skin_tone_red_hair:', '👩‍🦰', ':woman_red_hair:'],
    ['👨‍👩‍👦', ':family_man_woman_boy:', '👨‍👩‍👦', ':family_man_woman_boy:'],
    ['🏻', ':light_skin_tone:', '🏻', ':light_skin_tone:'],
  ])('%s is %s', (text, alias, detoned, detonedAlias) => {
    expect(describeEmoji(text)).toEqual({ alias, detoned, detonedAlias });
  });

  it.each(['', 'x', '👍👍', '👍 ', ':thumbs_up:', '1', '\ufe0f', '👍'.repeat(1000)])(
    '%j is not one emoji',
    (text) => {
      expect(describeEmoji(text)).toBeNull();
    },
  );
});
