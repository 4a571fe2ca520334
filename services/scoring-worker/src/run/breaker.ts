/** Failures in a row after which nobody is asked any more, and for how long. */
const OPENS_AFTER = 5;
const OPEN_MS = 30_000;
/** A probe that was never heard of again does not keep the breaker shut. */
const PROBE_MS = 120_000;

/**
 * Spares a provider that fails, and those who would wait for it: after five failures in a row nobody asks for 30 s, then one
 * question at a time until one is answered.
 */
export class Breaker {
  private failures = 0;
  private openUntilMs = 0;
  private probingUntilMs = 0;

  /** Milliseconds until somebody may ask; 0 = now. */
  delay(nowMs: number): number {
    if (this.failures < OPENS_AFTER) return 0;
    return Math.max(0, this.openUntilMs - nowMs, this.probingUntilMs - nowMs);
  }

  /** Somebody asks now, and will tell how it went. */
  enter(nowMs: number): void {
    if (this.failures >= OPENS_AFTER) this.probingUntilMs = nowMs + PROBE_MS;
  }

  /** There was an answer, whatever it was. */
  answered(): void {
    this.failures = 0;
    this.probingUntilMs = 0;
  }

  failed(nowMs: number): void {
    this.failures++;
    this.probingUntilMs = 0;
    if (this.failures >= OPENS_AFTER) this.openUntilMs = nowMs + OPEN_MS;
  }

  /** Nothing was learned: it broke off before anybody was asked. */
  left(): void {
    this.probingUntilMs = 0;
  }
}
