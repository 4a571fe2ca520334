import { z } from 'zod';
import { flag, given, projectId, strings } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';
import { Call, CallsFilter, expression, SortBy } from './calls.ts';
import { CALLS_LIST_ROUTES } from './calls-list.ts';

/** Routes of this server that W&B has none like. */

const part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string(), refusal: z.literal(true).optional() }),
  z.object({
    type: z.literal('reasoning'),
    text: z.string(),
    signed: z.literal(true).optional(),
    redacted: z.literal(true).optional(),
  }),
  z.object({
    type: z.literal('toolCall'),
    id: z.string().nullable(),
    name: z.string(),
    arguments: z.unknown(),
    argumentsText: z.string().optional(),
    server: z.literal(true).optional(),
  }),
  z.object({
    type: z.literal('toolResult'),
    id: z.string().nullable(),
    name: z.string().optional(),
    result: z.unknown(),
    isError: z.literal(true).optional(),
  }),
  z.object({
    type: z.enum(['image', 'audio', 'video', 'file']),
    mimeType: z.string().optional(),
    url: z.string().optional(),
    data: z.string().optional(),
    fileId: z.string().optional(),
    name: z.string().optional(),
    transcript: z.string().optional(),
  }),
  z.object({ type: z.literal('json'), value: z.unknown() }),
  z.object({ type: z.literal('unknown'), kind: z.string(), raw: z.unknown() }),
]);

const message = z.object({
  role: z.string(),
  name: z.string().optional(),
  parts: z.array(part),
  finishReason: z.string().optional(),
});

/** A conversation in one form, whatever the call's own. */
export const ChatOfCall = z.object({
  messages: z.array(message),
  choices: z.array(message),
  systemInstructions: z.array(part),
  tools: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      description: z.string().optional(),
      parameters: z.unknown().optional(),
    }),
  ),
  model: z.string().nullable(),
  parameters: z.unknown(),
  formats: z.object({ input: z.string().nullable(), output: z.string().nullable() }),
  omittedMessages: z.int(),
});

export const chatRead = defineRoute({
  method: 'get',
  path: '/weft/v1/chat',
  tag: 'Weft',
  summary: 'The conversation of a call in one form, whichever SDK or framework recorded it',
  request: z.object({ project_id: projectId, call_id: z.string().min(1) }),
  answer: json(ChatOfCall),
});
export type ChatReadRequest = z.output<typeof chatRead.request>;

const MAX_PAGE = 1000;

/** For lists that people look through: the newest first, page by page, and no more of large payloads than a line shows. */
export const callsPage = defineRoute({
  method: 'post',
  path: '/weft/v1/calls/page',
  tag: 'Weft',
  summary: 'Calls that match, a page at a time, with previews of their payloads',
  request: z.object({
    project_id: projectId,
    filter: given(CallsFilter),
    query: expression,
    columns: strings('columns', 200),
    limit: given(z.int().min(1).max(MAX_PAGE)).transform((limit) => limit ?? 100),
    /** Default: the newest first. Other orders than that of `started_at` end after 10,000 calls. */
    sort_by: given(z.array(SortBy).max(1)),
    /** `next` of the page before. */
    after: given(z.string().max(2000)),
    /** Payloads that are larger come as previews: the same JSON with long texts cut (`…`) and lists shortened. */
    preview_bytes: given(z.int().min(100).max(65_536)).transform((bytes) => bytes ?? 1000),
    include_costs: flag,
    include_feedback: flag,
  }),
  answer: json(
    z.object({
      calls: z.array(Call),
      /** Null: that was the last page. */
      next: z.string().nullable(),
      /** There are more, and this order does not go further: narrow the filter. */
      is_capped: z.boolean(),
    }),
  ),
});
export type CallsPageRequest = z.output<typeof callsPage.request>;

const session = json(
  z.object({
    /** The server has no keys, and nobody signs in. */
    open: z.boolean(),
    user: z.string().nullable(),
    role: z.enum(['read', 'write', 'admin']),
    /** The role holds for every project. */
    all: z.boolean(),
    /** The only project that the key reaches. */
    project: z.string().nullable(),
  }),
);
const SESSION = { path: '/weft/v1/session', tag: 'Weft', access: 'none' } as const;

export const sessionRead = defineRoute({
  ...SESSION,
  method: 'get',
  summary: 'Who asks',
  request: z.object({}),
  answer: session,
});
export const sessionCreate = defineRoute({
  ...SESSION,
  method: 'post',
  summary: 'Signs a browser in: the key becomes a cookie that scripts cannot read',
  request: z.object({ key: z.string().trim().min(1).max(200) }),
  answer: session,
});
export const sessionDelete = defineRoute({
  ...SESSION,
  method: 'delete',
  summary: 'Signs a browser out',
  request: z.object({}),
});

export const keysRead = defineRoute({
  method: 'get',
  path: '/weft/v1/keys',
  tag: 'Weft',
  access: 'none',
  summary: 'The API keys, without the keys themselves, for keys that are admin of everything',
  request: z.object({}),
  answer: json(
    z.object({
      keys: z.array(
        z.object({
          id: z.string(),
          user: z.string(),
          /** `*`, `entity/*` or `entity/project`. */
          projects: z.array(z.string()),
          role: z.enum(['read', 'write', 'admin']),
          created_at: z.iso.datetime(),
          /** Null: it is good. */
          revoked_at: z.iso.datetime().nullable(),
        }),
      ),
    }),
  ),
});

export const WEFT_ROUTES = [
  chatRead,
  callsPage,
  ...CALLS_LIST_ROUTES,
  sessionRead,
  sessionCreate,
  sessionDelete,
  keysRead,
];
