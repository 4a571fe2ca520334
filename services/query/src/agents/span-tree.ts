import type { AgentSpan } from './agent-span.ts';
import { partsOf } from './messages.ts';

export interface SpanNode {
  readonly span: AgentSpan;
  readonly children: SpanNode[];
}

export const INVOKE_AGENT = 'invoke_agent';
export const EXECUTE_TOOL = 'execute_tool';

export function isExecution({ operation_name: name }: AgentSpan): boolean {
  return name === EXECUTE_TOOL || name === INVOKE_AGENT;
}

/**
 * Spans below their parents, siblings by time. A span whose parent is not there is a root, and so is one of a circle.
 * @param byCause a tool's execution comes right behind the span that asked for it, whatever its clock says.
 */
export function spanTree(spans: readonly AgentSpan[], byCause: boolean): SpanNode[] {
  const nodes = new Map(spans.map((span) => [span.span_id, { span, children: [] } as SpanNode]));
  const roots: SpanNode[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.span.parent_span_id);
    if (parent === undefined) roots.push(node);
    else parent.children.push(node);
  }
  breakCircles(nodes, roots);
  for (const node of nodes.values()) sortSiblings(node.children, byCause);
  sortSiblings(roots, byCause);
  return roots;
}

/** Deeper ones are cut off when they are shown. */
export const MAX_DEPTH = 200;

/** What no root leads to goes in circles: one of each becomes a root. */
function breakCircles(nodes: ReadonlyMap<string, SpanNode>, roots: SpanNode[]): void {
  const reached = new Set<SpanNode>();
  const reach = (from: SpanNode) => {
    const left = [from];
    for (let node = left.pop(); node !== undefined; node = left.pop()) {
      reached.add(node);
      left.push(...node.children);
    }
  };
  roots.forEach(reach);
  for (const node of nodes.values()) {
    if (reached.has(node)) continue;
    const siblings = nodes.get(node.span.parent_span_id)!.children;
    siblings.splice(siblings.indexOf(node), 1);
    roots.push(node);
    reach(node);
  }
}

function sortSiblings(nodes: SpanNode[], byCause: boolean): void {
  const times = new Map(nodes.map((node) => [node, eventTime(node)]));
  nodes.sort(
    (a, b) => times.get(a)! - times.get(b)! || a.span.endedAtUs - b.span.endedAtUs || compareIds(a, b),
  );
  if (byCause) nodes.splice(0, nodes.length, ...inOrderOfCause(nodes));
}

function compareIds(a: SpanNode, b: SpanNode): number {
  return a.span.span_id < b.span.span_id ? -1 : 1;
}

/** Some clients give the answers of a model one coarse time, and the texts below them the exact ones. */
function eventTime({ span, children }: SpanNode): number {
  const exact = span.operation_name === 'chat' ? children.filter((child) => child.span.operation_name === 'assistant_text') : [];
  return exact.reduce((first, child) => Math.min(first, child.span.startedAtUs), exact.length > 0 ? Infinity : span.startedAtUs);
} // prettier-ignore

function inOrderOfCause(nodes: readonly SpanNode[]): SpanNode[] {
  const askedBy = new Map<string, number[]>();
  for (const [index, { span }] of nodes.entries()) {
    if (isExecution(span)) continue;
    for (const id of askedCalls(span)) askedBy.set(id, [...(askedBy.get(id) ?? []), index]);
  }
  const place = nodes.map(({ span }, index) => {
    const askers = isExecution(span) ? (askedBy.get(span.tool_call_id) ?? []) : [];
    // An id that several have asked for tells nothing.
    return askers.length === 1 ? askers[0]! : index;
  });
  return nodes
    .map((node, index) => ({ node, index }))
    .sort((a, b) => place[a.index]! - place[b.index]! || Number(place[a.index] !== a.index) - Number(place[b.index] !== b.index) || a.index - b.index)
    .map(({ node }) => node);
} // prettier-ignore

function askedCalls(span: AgentSpan): Set<string> {
  const parts = span.output_messages
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ content }) => partsOf(content));
  return new Set(
    parts.flatMap(({ type, id }) =>
      type === 'tool_call' && typeof id === 'string' && id !== '' ? [id] : [],
    ),
  );
}
