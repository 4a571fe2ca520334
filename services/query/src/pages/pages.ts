import { formatInstant } from '@weft/model';
import type { StoredCall, StoredObject, TraceReader } from '@weft/trace-store';
import { withFileUrls } from '../call-chat-media.ts';
import { CHAT_PAYLOADS, chatOfCall, readCallById } from '../call-chat.ts';
import { statusOf, traceName } from '../render-call.ts';
import { inTreeOrder } from './call-tree.ts';
import { chatView } from './chat-view.ts';
import { html, type Html } from './html.ts';
import { prettyJson } from './json-text.ts';

/** What the links that SDKs print lead to: readable without a script. */
export interface Page {
  readonly title: string;
  readonly body: Html;
  readonly status?: number;
}

const NEWEST = 100;
const TREE_CALLS = 1000;

/** The newest root calls of a project. */
export async function projectPage(reader: TraceReader, projectId: string): Promise<Page> {
  const calls = await all(
    reader.streamCalls({
      projectId,
      filter: { traceRootsOnly: true },
      sort: [{ field: 'started_at', direction: 'desc' }],
      limit: NEWEST,
      payloads: [],
    }),
  );
  const rows = calls.map(
    (call) =>
      html`<tr>
        <td class="soft">${started(call)}</td>
        <td><a href="${callPath(call)}">${nameOf(call)}</a></td>
        <td>${status(call)}</td>
        <td class="number">${latency(call)}</td>
      </tr>`,
  );
  const body = html`${crumbs(projectId)}
    <h1>${projectId}</h1>
    ${
      rows.length === 0
        ? html`<p>No calls yet. Point a Weave SDK or an OTLP exporter at this server and reload.</p>`
        : html`<p class="soft">The newest ${rows.length} traces</p>
            <table>
              <tr>
                <th>Started</th>
                <th>Name</th>
                <th>Status</th>
                <th class="number">Latency</th>
              </tr>
              ${rows}
            </table>`
    }`;
  return { title: projectId, body };
}

/** One call with its trace around it. */
export async function callPage(reader: TraceReader, projectId: string, id: string): Promise<Page> {
  const call = await readCallById(reader, projectId, id, CHAT_PAYLOADS);
  if (call === undefined) return notFound(projectId, `There is no call ${id}: it is deleted, or not stored.`);
  const trace = await all(
    reader.streamCalls({
      projectId,
      filter: { traceIds: [call.traceId] },
      sort: [],
      limit: TREE_CALLS,
      payloads: [],
    }),
  );
  const name = nameOf(call);
  const chat = await withFileUrls(reader, projectId, chatOfCall(call));
  const body = html`${crumbs(projectId)}
    <h1>${name}</h1>
    <p>
      ${status(call)} <span class="soft">· ${latency(call)} · started ${started(call)} · ${call.id}</span>
    </p>
    ${
      call.exception === null
        ? null
        : html`<h2>Error</h2>
            <pre class="error">${call.exception}</pre>`
    }
    ${chatView(chat)}${payload('Inputs', call.inputs)}${payload('Output', call.output)}
    <h2>Trace</h2>
    ${trace.length === TREE_CALLS ? html`<p class="soft">The first ${TREE_CALLS} calls</p>` : null}
    <table class="tree">
      ${inTreeOrder(trace).map(({ call: each, depth }) => branch(each, depth, each.id === id))}
    </table>
    ${folded('Attributes', call.attributes)}${folded('Summary', call.summary)}`;
  return { title: `${name} · ${projectId}`, body };
}

/** One version of an object or op. */
export async function objectPage(
  reader: TraceReader,
  projectId: string,
  objectId: string,
  digest: string,
): Promise<Page> {
  const object = await reader.readObject(projectId, objectId, digest);
  if (object === null || object.deletedAtUs !== null)
    return notFound(projectId, `There is no version ${digest} of ${objectId}: it is deleted, or not stored.`);
  const body = html`${crumbs(projectId)}
    <h1>${object.objectId} <span class="soft">v${object.versionIndex}</span></h1>
    <p class="soft">${classOf(object)} · ${object.digest} · published ${formatInstant(object.createdAtUs)}</p>
    ${payload('Value', object.val)}`;
  return { title: `${object.objectId} · ${projectId}`, body };
}

export function homePage(): Page {
  const body = html`<h1>Weft is running</h1>
    <p>
      Traces of a project are at <code>/{entity}/{project}/weave</code>; the links that the SDKs print lead to
      single calls.
    </p>
    <p>The HTTP API: <a href="/docs">as a page</a>, <a href="/openapi.json">as OpenAPI</a>.</p>`;
  return { title: 'Weft', body };
}

function notFound(projectId: string, text: string): Page {
  return {
    title: 'Not found',
    status: 404,
    body: html`${crumbs(projectId)}
      <h1>Not found</h1>
      <p>${text}</p>`,
  };
}

function crumbs(projectId: string): Html {
  return html`<nav><a href="/${projectPath(projectId)}/weave">${projectId}</a></nav>`;
}

function branch(call: StoredCall, depth: number, isHere: boolean): Html {
  const indent = '\u00a0\u00a0\u00a0'.repeat(Math.min(depth, 40));
  return html`<tr>
    <td class="${isHere ? 'here' : ''}">${indent}<a href="${callPath(call)}">${nameOf(call)}</a></td>
    <td>${status(call)}</td>
    <td class="number">${latency(call)}</td>
  </tr>`;
}

function payload(title: string, json: Uint8Array): Html {
  if (json.length === 0) return html``;
  return html`<h2>${title}</h2>
    <pre>${prettyJson(json)}</pre>`;
}

function folded(title: string, json: Uint8Array): Html {
  if (json.length <= 2) return html``;
  return html`<h2></h2>
    <details>
      <summary>${title}</summary>
      <pre>${prettyJson(json)}</pre>
    </details>`;
}

function classOf({ kind, baseObjectClass }: StoredObject): string {
  return kind === 'op' ? 'Op' : (baseObjectClass ?? 'Object');
}

function nameOf(call: StoredCall): string {
  return call.displayName ?? traceName(call.opName);
}

/** Its own: of the calls below it a list does not know. */
function status(call: StoredCall): Html {
  const own = statusOf(call, false);
  return html`<span class="${own}">${own}</span>`;
}

function latency({ startedAtUs, endedAtUs }: StoredCall): string {
  if (endedAtUs === null) return '';
  const ms = (endedAtUs - startedAtUs) / 1000;
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function started({ startedAtUs }: StoredCall): string {
  return formatInstant(startedAtUs).slice(0, 19).replace('T', ' ');
}

function callPath({ projectId, id }: StoredCall): string {
  return `/${projectPath(projectId)}/r/call/${encodeURIComponent(id)}`;
}

function projectPath(projectId: string): string {
  return projectId.split('/').map(encodeURIComponent).join('/');
}

async function all(pages: AsyncIterable<readonly StoredCall[]>): Promise<StoredCall[]> {
  const calls: StoredCall[] = [];
  for await (const page of pages) calls.push(...page);
  return calls;
}
