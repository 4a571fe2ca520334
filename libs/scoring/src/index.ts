export { argumentsOf, payloadsOf, type Arguments, type ColumnMap } from './arguments.ts';
export type { MediaSource, ReadMedia, Unread } from './judges/media-source.ts';
export { createMatcher, matchesQuery, type Match, type Matcher } from './matching.ts';
export type { Debounce, Monitor } from './monitor.ts';
export { AGENT_TURN_OP, parseMonitor, type MonitorAbout } from './parse-monitor.ts';
export { envAllowedHosts, envCidrs } from './outgoing/env.ts';
export type { OutgoingPolicy } from './outgoing/destinations.ts';
export {
  createGuardedHttp,
  type GuardedHttp,
  type GuardedHttpOptions,
  type OutgoingAnswer,
  type OutgoingRequest,
} from './outgoing/guarded-http.ts';
export { OutgoingError, type OutgoingErrorKind } from './outgoing/outgoing-error.ts';
export { createScorers, type LoadOptions, type ScorersDeps } from './registry.ts';
export { createRemoteScorers, type RemoteScorersOptions } from './remote/remote-scorer.ts';
export { remoteScorerEnv, type RemoteScorerConfig } from './remote/settings.ts';
export { isSampled } from './sampling.ts';
export {
  NOTHING_SPENT,
  ScoreError,
  type CallToScore,
  type Forecast,
  type ScoreContext,
  type ScoreErrorKind,
  type Scorer,
  type Scores,
  type Spend,
  type Target,
  type Verdict,
} from './scorer.ts';
export type { AnswerCache, Configured, ScorerAbout, ScorerDeps, ScorerKind } from './scorer-kind.ts';
export { jsonTextOf, textOf } from './text-of.ts';
