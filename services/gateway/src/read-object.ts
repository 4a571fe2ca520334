import { isUtf8 } from 'node:buffer';
import { readBody, requireProject, type ReadBodyOptions, type Request } from '@weft/http';
import { AppError, JsonMembers, parseProjectId } from '@weft/model';

/** The members of a body that is one JSON object; values stay the bytes that were sent. @throws AppError `invalid_request` */
export async function readJsonObject(req: Request, options: ReadBodyOptions = {}): Promise<JsonMembers> {
  const body = await readBody(req, options);
  if (!isUtf8(body)) throw new AppError('invalid_request', 'the body is not valid UTF-8');
  return JsonMembers.parse(body);
}

/** The member `project_id`, which the key may write to. */
export function projectOf(req: Request, members: JsonMembers): string {
  const projectId = parseProjectId(members.text('project_id'));
  requireProject(req, projectId, 'write');
  return projectId;
}
