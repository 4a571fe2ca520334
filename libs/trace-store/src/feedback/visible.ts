/**
 * Where a table with a column `id` of feedback is read: leaves out what was purged. Binds `{project:String}`. On a
 * Distributed table the subquery runs on the shard that has the project.
 */
export const IS_NOT_PURGED = 'id NOT IN (SELECT id FROM feedback_purges WHERE project_id = {project:String})';

/** `FEEDBACK_BY_KEY` where conditions on any column go behind it with AND. */
export const VISIBLE_FEEDBACK = `FROM feedback FINAL WHERE project_id = {project:String} AND ${IS_NOT_PURGED}`;

/**
 * A project's feedback, each once: FINAL keeps the row that was accepted last of those about one thing under one id. Binds
 * `{project:String}`. Conditions on `weave_ref` and `id` alone go behind it with AND: rows of one key go or stay together, so
 * they may be left out before FINAL has looked, and before their payloads are read. All others follow with WHERE.
 */
export const FEEDBACK_BY_KEY = `FROM feedback FINAL PREWHERE project_id = {project:String} AND ${IS_NOT_PURGED}`;
