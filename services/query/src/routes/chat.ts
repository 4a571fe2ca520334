import { route, type Route } from '@weft/http';
import { AppError } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { chatRead } from '@weft/weave-api';
import { withFileUrls } from '../call-chat-media.ts';
import { CHAT_PAYLOADS, chatOfCall, readCallById } from '../call-chat.ts';
import { sendJson } from '../send.ts';

/** Conversations in one form: made of the stored call when they are asked for. */
export function chatRoutes(reader: TraceReader): Route[] {
  return [
    route(chatRead, async ({ project_id: projectId, call_id: id }, { req, res, signal }) => {
      const call = await readCallById(reader, projectId, id, CHAT_PAYLOADS, signal);
      if (call === undefined) throw new AppError('not_found', `Call ${id} not found`);
      const chat = await withFileUrls(reader, projectId, chatOfCall(call));
      await sendJson(req, res, JSON.stringify(chat));
    }),
  ];
}
