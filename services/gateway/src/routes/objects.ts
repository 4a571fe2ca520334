import { authorOf, createRouter, type Router } from '@weft/http';
import {
  classifyObject,
  encodeObject,
  type JsonMembers,
  objectEventId,
  parseObjectName,
  withBuiltinClass,
} from '@weft/model';
import { assertExpectedDigest, digests } from '../digests.ts';
import type { Ingest } from '../ingest.ts';
import { projectOf, readJsonObject } from '../read-object.ts';

/** Objects: values under their digests, kept as the bytes that were sent. */
export function objectRoutes(ingest: Ingest): Router {
  const router = createRouter();

  router.post('/obj/create', async (req, res) => {
    const obj = (await readJsonObject(req)).members('obj');
    const projectId = projectOf(req, obj);
    const objectId = parseObjectName(obj.requiredText('object_id'));
    const val = valueOf(obj);
    const digest = digests.json(val);
    assertExpectedDigest(obj.text('expected_digest'), digest);
    const payload = encodeObject({ ...classifyObject(val), val });
    const id = objectEventId(objectId, digest);
    const userId = authorOf(req, projectId, obj.text('wb_user_id'));
    await ingest.append([
      { kind: 'object.created', projectId, id, userId, receivedAtUs: ingest.nowUs(), note: '', payload },
    ]);
    res.json({ digest, object_id: objectId });
  });

  return router;
}

/** `val` may be null, but must be said. */
function valueOf(obj: JsonMembers): Uint8Array {
  const val = obj.raw('val');
  if (val === null) throw obj.invalid('val', 'is required');
  const builtin = obj.text('builtin_object_class') ?? obj.text('set_base_object_class');
  return builtin === null ? val : withBuiltinClass(val, builtin);
}
