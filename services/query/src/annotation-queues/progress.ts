import { ANNOTATION_STATES, AppError, type AnnotationState } from '@weft/model';

/** @throws AppError `invalid_request`, in W&B's words */
export function parseState(text: string): AnnotationState {
  const state = ANNOTATION_STATES.find((each) => each === text);
  if (state !== undefined) return state;
  const allowed = [...ANNOTATION_STATES].sort().join(', ');
  throw new AppError(
    'invalid_request',
    `annotation_state: Invalid annotation_state ${JSON.stringify(text.slice(0, 80))}. Must be one of: ${allowed}`,
  );
}

/**
 * Whether an annotator's state changes: begin, then complete or skip; either may come first, and the same again is no
 * change. @param current null = has not begun. @throws AppError `invalid_request` for any other way, in W&B's words
 */
export function changesState(current: AnnotationState | null, wanted: AnnotationState): boolean {
  if (current === wanted) return false;
  if (current === null) return true;
  if (wanted === 'in_progress')
    throw new AppError(
      'invalid_request',
      "annotation_state: Cannot transition to 'in_progress' when a record already exists. 'in_progress' can only be set on new items.",
    );
  if (current !== 'in_progress')
    throw new AppError(
      'invalid_request',
      `annotation_state: Invalid state transition from '${current}' to '${wanted}'. Only transitions from 'in_progress' or 'unstarted' are allowed.`,
    );
  return true;
}
