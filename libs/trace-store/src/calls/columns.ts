import { formatInstant } from '@weft/model';
import { NO_INSTANT_US } from '../native.ts';

/** What several columns of `calls` say together, as SQL. */

/** An absent instant. */
export const NO_INSTANT = `'${formatInstant(NO_INSTANT_US).slice(0, 10)}'`;

/** The rename if there is one, else the start's name; empty = none. */
export const DISPLAY_NAME = 'if(rename_ver > 0, rename, display_name)';
