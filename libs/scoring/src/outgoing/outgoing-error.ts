/**
 * Why there is no answer.
 * - `refused`: the address is not one that this server may ask. Nothing was sent.
 * - `unreachable`: whatever went wrong on the way: name, connection, TLS, time, or something there that does not speak HTTP.
 *   One text for all of it, so that addresses cannot be told apart by who asks for them.
 * - `unusable`: an answer came that is larger or other than asked for.
 */
export type OutgoingErrorKind = 'refused' | 'unreachable' | 'unusable';

export class OutgoingError extends Error {
  override readonly name = 'OutgoingError';
  readonly kind: OutgoingErrorKind;
  /** What was refused: the URL itself, its host (ask the operator), or where its name leads to. */
  readonly refused: 'url' | 'host' | 'address' | undefined;

  constructor(
    kind: OutgoingErrorKind,
    message: string,
    refused?: 'url' | 'host' | 'address',
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.refused = refused;
  }
}

export const UNREACHABLE = 'the address could not be reached, or did not answer in time';
export const NOT_ALLOWED = 'the host leads to an address that this server may not ask';
