import { parseRef } from '@weft/model';

/** What marks the calls of evaluations (weave/shared/constants.py): names of ops, and members of `attributes.weave`. */

export const EVALUATE_OP = 'Evaluation.evaluate';
export const PREDICT_AND_SCORE_OP = 'Evaluation.predict_and_score';
/** The class `Evaluation` of the TypeScript SDK names its ops after its methods. */
const PREDICT_AND_SCORE_OPS: readonly string[] = [PREDICT_AND_SCORE_OP, 'Evaluation.predictAndScore'];
export const SUMMARIZE_OP = 'Evaluation.summarize';

/** Each is `"true"` in `attributes.weave` of the calls that the routes of evaluation runs make. */
export type Marker = 'evaluation_run' | 'prediction' | 'score';

/** Name of an op ref's op; a free name as it is. */
export function opNameOf(opName: string): string {
  if (!opName.startsWith('weave:///')) return opName;
  return nameOfRef(opName) ?? opName;
}

export function isPredictAndScore(opName: string): boolean {
  return PREDICT_AND_SCORE_OPS.includes(opNameOf(opName));
}

/** Name of the object or op that a ref points at; undefined for other refs and for what is no ref. */
export function nameOfRef(text: string): string | undefined {
  try {
    const ref = parseRef(text);
    return ref.kind === 'object' || ref.kind === 'op' ? ref.name : undefined;
  } catch {
    return undefined;
  }
}
