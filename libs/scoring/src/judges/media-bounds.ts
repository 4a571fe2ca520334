/** What one question may have of pictures, sounds and films. */
export const MAX_MEDIA = 16;
/** Base64 characters of all of them together. */
export const MAX_MEDIA_CHARS = 20 * 1024 * 1024;
/** Of one that is a file. */
export const MAX_MEDIUM_BYTES = 8 * 1024 * 1024;
export const TOO_MUCH = 'too many or too large';
