import { ROUTES, type OpenApiInfo } from '@weft/weave-api';
import { html, type Html, type Page } from './html.ts';

type Json = Readonly<Record<string, unknown>>;

/** The contract for people: what `/openapi.json` says, by group. */
export function apiPage(document: Json): Page {
  const { info, paths } = document as { info: OpenApiInfo; paths: Record<string, Record<string, Json>> };
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
  );
  const tags = [...new Set(ROUTES.map(({ tag }) => tag))];
  const groups = tags.map((tag) => {
    const routes = operations.filter(
      ({ operation }) => (operation.tags as string[])[0] === tag && operation.deprecated !== true,
    );
    return html`<h2>${tag}</h2>
      ${routes.map(({ method, path, operation }) => route(method, path, operation))}`;
  });
  const body = html`<h1>${info.title}: HTTP API</h1>
    <p>
      ${plain(info.description ?? '')} The same as OpenAPI 3.1: <a href="/openapi.json">/openapi.json</a>.
    </p>
    ${groups}`;
  return { title: `${info.title}: HTTP API`, body };
}

function route(method: string, path: string, operation: Json): Html {
  const head = html`<code>${method.toUpperCase()} ${path}</code>
    <span class="soft">${plain(operation.summary)}</span>`;
  if (operation.description !== undefined)
    return html`<p>${head}<br /><span class="soft">${plain(operation.description)}</span></p>`;
  const parameters = (operation.parameters as Json[]).map((each) =>
    member(String(each.name), each.schema as Json, each.required === true, String(each.in)),
  );
  const content = (operation.requestBody as { content?: Record<string, { schema: Json }> } | undefined)
    ?.content;
  const schema = Object.values(content ?? {})[0]?.schema;
  const required = new Set((schema?.required as string[] | undefined) ?? []);
  const members = Object.entries((schema?.properties as Record<string, Json> | undefined) ?? {}).map(
    ([name, each]) => member(name, each, required.has(name), 'body'),
  );
  const rows = [...parameters, ...members];
  return html`<details>
    <summary>${head}</summary>
    ${
      rows.length === 0
        ? html`<p class="soft">Takes nothing.</p>`
        : html`<table>
            <tr>
              <th>Member</th>
              <th>Where</th>
              <th>Type</th>
            </tr>
            ${rows}
          </table>`
    }
    <p class="soft">Answers ${answerOf(operation)}</p>
  </details>`;
}

function member(name: string, schema: Json, isRequired: boolean, where: string): Html {
  return html`<tr>
    <td><code>${name}</code>${isRequired ? '' : html` <span class="soft">optional</span>`}</td>
    <td class="soft">${where}</td>
    <td>${typeOf(schema)}</td>
  </tr>`;
}

const MAX_DEPTH = 3;

function typeOf(schema: Json, depth = 0): string {
  const choices = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
  if (choices !== undefined) {
    const types = choices.filter(({ type }) => type !== 'null').map((each) => typeOf(each, depth));
    return [...new Set(types)].join(' | ');
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((each) => JSON.stringify(each)).join(' | ');
  if (schema.type === 'array')
    return `[${schema.items === undefined ? '…' : typeOf(schema.items as Json, depth)}]`;
  const properties = Object.entries((schema.properties as Record<string, Json> | undefined) ?? {});
  if (properties.length > 0)
    return depth >= MAX_DEPTH
      ? '{…}'
      : `{${properties.map(([name, each]) => `${name}: ${typeOf(each, depth + 1)}`).join(', ')}}`;
  return typeof schema.type === 'string' ? schema.type : 'any';
}

function answerOf({ responses }: Json): string {
  const { content = {} } =
    (responses as Record<string, { content?: Record<string, { schema?: Json }> }>)['200'] ?? {};
  const [type, { schema } = { schema: undefined }] = Object.entries(content)[0] ?? ['nothing'];
  return schema === undefined ? type : `${type}: ${typeOf(schema, 1)}`;
}

/** Summaries are Markdown; their only markup are backticks. */
function plain(text: unknown): string {
  return String(text).replaceAll('`', '');
}
