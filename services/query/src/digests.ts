import { createDigests } from '@weft/model';
import { sha256, sha256OfAll } from '@weft/runtime';

export const digests = createDigests(sha256, sha256OfAll);
