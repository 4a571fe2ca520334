import type { AgentSpan } from './agent-span.ts';
import {
  addCosts,
  durationMs,
  requestedCall,
  spanMessage,
  userMessage,
  type AssistantMessage,
  type ChatMessage,
} from './chat-message.ts';
import { contentRefs } from './content-refs.ts';
import {
  answerText,
  displayText,
  isOfUser,
  isTaskNotification,
  partsOf,
  promptTexts,
  reasoningTexts,
  type Message,
  type Part,
} from './messages.ts';
import type { SpanCost } from './prices.ts';
import { EXECUTE_TOOL, INVOKE_AGENT, isExecution, MAX_DEPTH, spanTree, type SpanNode } from './span-tree.ts';

export interface ChatOptions {
  readonly costOf: (span: AgentSpan) => SpanCost;
  /** Shows also calls of tools that a model asked for, and puts executions behind the span that asked. */
  readonly requestedCalls: boolean;
}

/**
 * The spans of a trace as one line of messages (weave-api §4.16): what the user said, agents that start, tools, answers.
 * What a span and the agent around it both say is shown once.
 */
export function chatMessages(spans: readonly AgentSpan[], options: ChatOptions): ChatMessage[] {
  if (spans.length === 0) return [];
  const walk = new Walk(spans, options);
  for (const root of spanTree(spans, options.requestedCalls)) walk.visit(root, null, 0);
  const { messages } = walk;
  // Some clients record the prompt on the agent's span only.
  const first = [
    ...(walk.sawUser ? [] : [promptOf(spans)]),
    ...(walk.sawNotification ? [] : [notificationOf(spans)]),
  ].filter((message) => message !== undefined);
  messages.unshift(...first);
  // The agent starts because the user spoke.
  if (messages[0]?.type === 'agent_start' && messages[1]?.type === 'user_message')
    [messages[0], messages[1]] = [messages[1], messages[0]];
  return messages;
}

class Walk {
  readonly messages: ChatMessage[] = [];
  sawUser = false;
  sawNotification = false;
  private readonly options: ChatOptions;
  /** Calls of tools whose execution is a span, or that were shown. */
  private readonly knownCalls: Set<string>;
  private lastPrompt = '';
  private lastInstructions: string | undefined;
  /** An agent's start without instructions: some clients record them on the model's span below. */
  private bareStart: ChatMessage | undefined;

  constructor(spans: readonly AgentSpan[], options: ChatOptions) {
    this.options = options;
    this.knownCalls = new Set(
      spans.filter((span) => isExecution(span) && span.tool_call_id !== '').map((span) => span.tool_call_id),
    );
  }

  /** True if there is text of an assistant at or below the node. */
  visit(node: SpanNode, agent: string | null, depth: number): boolean {
    if (depth > MAX_DEPTH) return false;
    switch (node.span.operation_name) {
      case INVOKE_AGENT:
        return this.agent(node, agent, depth);
      case EXECUTE_TOOL:
        return this.tool(node, agent, depth);
      default:
        return this.content(node, agent, depth);
    }
  }

  private below({ children }: SpanNode, agent: string | null, depth: number): boolean {
    let answered = false;
    for (const child of children) if (this.visit(child, agent, depth + 1)) answered = true;
    return answered;
  }

  private agent(node: SpanNode, outer: string | null, depth: number): boolean {
    const { span } = node;
    const own = labelOf(span);
    const label = own ?? outer;
    if (own !== null || span.request_model !== '' || span.system_instructions.length > 0 || span.tool_definitions !== '')
      this.start(span, own);
    if (span.compaction_summary !== '' || span.compaction_items_before > 0)
      this.messages.push(
        spanMessage('context_compacted', span, label, {
          compaction_summary: span.compaction_summary,
          compaction_items_before: span.compaction_items_before,
          compaction_items_after: span.compaction_items_after,
        }),
      );
    if (this.below(node, label, depth)) {
      this.requested(span, label);
      return true;
    }
    const message = this.answer(span, label, node);
    if (message === undefined) {
      this.requested(span, label);
      return false;
    }
    const launched = launchOf(message.assistant_message!.text);
    if (launched === undefined) {
      this.push(span, message, label);
      return true;
    }
    const { text, duration_ms, status, content_refs } = message.assistant_message!;
    this.messages.push(
      spanMessage('tool_call', span, label, {
        tool_name: `Start ${label ?? 'subagent'}`,
        tool_arguments: typeof launched.description === 'string' ? launched.description : null,
        tool_result: text,
        duration_ms,
        status,
        content_refs,
      }),
    );
    return false;
  } // prettier-ignore

  private start(span: AgentSpan, agent: string | null, isOfAgent = true): void {
    const instructions = span.system_instructions.join('\n') || null;
    if (instructions !== null) this.lastInstructions = instructions;
    const message = spanMessage('agent_start', span, agent, {
      model: span.request_model,
      system_instructions: instructions,
      tool_definitions: span.tool_definitions || null,
      status: span.status_code,
    });
    this.messages.push(message);
    this.bareStart = isOfAgent && instructions === null ? message : undefined;
  }

  private tool(node: SpanNode, outer: string | null, depth: number): boolean {
    const { span } = node;
    const label = labelOf(span) ?? outer;
    const prefix = `${EXECUTE_TOOL} `;
    this.messages.push(
      spanMessage('tool_call', span, label, {
        tool_name: span.tool_name || (span.span_name.startsWith(prefix) ? span.span_name.slice(prefix.length) : span.span_name),
        tool_arguments: span.tool_call_arguments,
        tool_result: span.tool_call_result,
        duration_ms: durationMs(span),
        status: span.status_code,
        content_refs: span.content_refs,
      }),
    );
    return this.below(node, label, depth);
  } // prettier-ignore

  private content(node: SpanNode, outer: string | null, depth: number): boolean {
    const { span } = node;
    const label = labelOf(span) ?? outer;
    this.instructions(span, label);
    this.prompts(span, label);
    const from = this.messages.length;
    const answeredBelow = this.below(node, label, depth);
    const message = this.answer(span, label);
    if (message === undefined) {
      this.requested(span, label);
      return answeredBelow;
    }
    if (this.isMirrored(node, this.messages.slice(from), message)) {
      this.requested(span, label);
      return true;
    }
    this.push(span, message, label);
    return message.assistant_message!.text !== '' || answeredBelow;
  }

  /** Repeated with every call of a model; shown when they change. */
  private instructions(span: AgentSpan, label: string | null): void {
    const instructions = span.system_instructions.join('\n');
    if (instructions === '' || instructions === this.lastInstructions) return;
    this.lastInstructions = instructions;
    const bare = this.bareStart;
    this.bareStart = undefined;
    const start = bare?.agent_start;
    if (start === undefined || start === null || bare!.agent_name !== label) return this.start(span, label, false);
    start.system_instructions = instructions;
    start.model ||= span.request_model;
    start.tool_definitions ??= span.tool_definitions || null;
  } // prettier-ignore

  /** The messages of the user at the end: those before were answered by other spans. */
  private prompts(span: AgentSpan, label: string | null): void {
    const from = span.input_messages.findLastIndex((message) => !isOfUser(message)) + 1;
    for (const message of span.input_messages.slice(from)) {
      const text = displayText(message.content);
      const refs = contentRefs(span, [message]);
      if (text === '' && refs.length === 0) continue;
      const prompt = JSON.stringify([text, refs]);
      if (prompt === this.lastPrompt) continue;
      this.lastPrompt = prompt;
      this.bareStart = undefined;
      if (isTaskNotification(message)) {
        this.sawNotification = true;
        this.messages.push(notification(span, label, text, refs));
      } else {
        this.sawUser = true;
        this.messages.push(userMessage(span, text, refs));
      }
    }
  }

  /** @param whole counts what all of the subtree used. */
  private answer(span: AgentSpan, label: string | null, whole?: SpanNode): ChatMessage | undefined {
    const text = answerText(span.output_messages);
    if (text === '' && span.reasoning_content === '' && span.status_code !== 'ERROR') return undefined;
    const used = usedBy(whole ?? { span, children: [] }, this.options);
    return spanMessage('assistant_message', span, label, {
      text,
      model: span.response_model || span.request_model,
      reasoning_content: used.reasoning,
      reasoning_tokens: used.reasoningTokens,
      input_tokens: used.inputTokens,
      output_tokens: used.outputTokens,
      input_cost_usd: used.input,
      output_cost_usd: used.output,
      total_cost_usd: used.total,
      duration_ms: durationMs(span),
      status: span.status_code,
      content_refs: contentRefs(span, span.output_messages),
    });
  }

  /** A span directly below may say the same at the exact time: then it stays, with what the model's span knows. */
  private isMirrored({ children }: SpanNode, below: readonly ChatMessage[], message: ChatMessage): boolean {
    const parent = message.assistant_message!;
    if (parent.text === '') return false;
    const ids = new Set(children.map(({ span }) => span.span_id));
    const child = below.findLast(
      (each) => each.assistant_message?.text === parent.text && each.span_id !== null && ids.has(each.span_id),
    )?.assistant_message;
    if (child === undefined || child === null) return false;
    for (const name of ['model', 'reasoning_content', 'reasoning_tokens', 'input_tokens', 'output_tokens', 'duration_ms', 'status'] as const)
      Object.assign(child, { [name]: child[name] || parent[name] });
    for (const name of ['input_cost_usd', 'output_cost_usd', 'total_cost_usd'] as const) child[name] ??= parent[name];
    child.content_refs = [...new Set([...child.content_refs, ...parent.content_refs])];
    return true;
  } // prettier-ignore

  private push(span: AgentSpan, message: ChatMessage, label: string | null): void {
    if (this.options.requestedCalls) this.messages.push(...this.inOrder(span, message, label));
    else this.messages.push(message);
  }

  private requested(span: AgentSpan, label: string | null): void {
    if (!this.options.requestedCalls) return;
    for (const { content, role } of span.output_messages)
      if (role === 'assistant')
        for (const part of partsOf(content)) this.messages.push(...this.callOf(span, part, label));
  }

  /** At most one: of a call that is not known yet. */
  private callOf(span: AgentSpan, { type, name, id, arguments: args }: Part, label: string | null): ChatMessage[] {
    if (type !== 'tool_call' || typeof name !== 'string' || name === '') return [];
    if (typeof id === 'string' && id !== '') {
      if (this.knownCalls.has(id)) return [];
      this.knownCalls.add(id);
    }
    const text = args === undefined || args === null ? null : typeof args === 'string' ? args : JSON.stringify(args);
    return [requestedCall(span, label, name, text)];
  } // prettier-ignore

  /** What a model wrote and the calls it asked for, as they came; what it used is told once. */
  private inOrder(span: AgentSpan, message: ChatMessage, label: string | null): ChatMessage[] {
    const segments: { content: Message[]; call: ChatMessage | undefined }[] = [];
    let pending: Message[] = [];
    for (const each of span.output_messages) {
      const parts = each.role === 'assistant' ? partsOf(each.content) : [];
      if (parts.length === 0) pending.push(each);
      let kept: Part[] = [];
      const keep = () => {
        if (kept.length > 0) pending.push({ ...each, content: JSON.stringify(kept) });
        kept = [];
      };
      for (const part of parts) {
        const [call] = this.callOf(span, part, label);
        if (call === undefined) kept.push(part);
        else {
          keep();
          segments.push({ content: pending, call });
          pending = [];
        }
      }
      keep();
    }
    segments.push({ content: pending, call: undefined });
    if (segments.length === 1) return [message];
    return this.segments(span, message, segments);
  }

  private segments(
    span: AgentSpan,
    message: ChatMessage,
    segments: readonly { content: readonly Message[]; call: ChatMessage | undefined }[],
  ): ChatMessage[] {
    const whole = message.assistant_message!;
    const thoughts = span.output_messages.some(({ content }) => reasoningTexts(partsOf(content)).length > 0);
    const shown: ChatMessage[] = [];
    let isFirst = true;
    for (const { content, call } of segments) {
      const text = answerText(content);
      const thought = content.flatMap((each) => reasoningTexts(partsOf(each.content))).join('\n');
      const reasoning = thoughts || !isFirst ? thought || null : whole.reasoning_content;
      const refs = contentRefs(span, content);
      if (text !== '' || reasoning || refs.length > 0) {
        const payload: AssistantMessage = { ...whole, ...(isFirst ? {} : UNUSED), text, reasoning_content: reasoning, content_refs: refs };
        shown.push({ ...message, assistant_message: payload });
        isFirst = false;
      }
      if (call !== undefined) shown.push(call);
    }
    return isFirst ? [...shown, message] : shown;
  } // prettier-ignore
}

const UNUSED = {
  input_tokens: null,
  output_tokens: null,
  reasoning_tokens: null,
  input_cost_usd: null,
  output_cost_usd: null,
  total_cost_usd: null,
  duration_ms: null,
};

function labelOf({ agent_name: name, agent_id: id }: AgentSpan): string | null {
  return name || id || null;
}

interface Used {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly reasoning: string;
  readonly input: number | null;
  readonly output: number | null;
  readonly total: number | null;
}

function usedBy(node: SpanNode, options: ChatOptions, depth = 0): Used {
  const { span } = node;
  const cost = options.costOf(span);
  const own: Used = {
    inputTokens: span.input_tokens,
    outputTokens: span.output_tokens,
    reasoningTokens: span.reasoning_tokens,
    reasoning: span.reasoning_content,
    input: cost.input,
    output: cost.output,
    total: cost.total,
  };
  if (depth > MAX_DEPTH) return own;
  return node.children
    .map((child) => usedBy(child, options, depth + 1))
    .reduce(
      (sum, each) => ({
        inputTokens: sum.inputTokens + each.inputTokens,
        outputTokens: sum.outputTokens + each.outputTokens,
        reasoningTokens: sum.reasoningTokens + each.reasoningTokens,
        reasoning: sum.reasoning || each.reasoning,
        input: addCosts(sum.input, each.input),
        output: addCosts(sum.output, each.output),
        total: addCosts(sum.total, each.total),
      }),
      own,
    );
}

/** Agents first, then by time, longer ones first. */
function byPriority(spans: readonly AgentSpan[]): AgentSpan[] {
  const isAgent = (span: AgentSpan) => Number(span.operation_name !== INVOKE_AGENT);
  return [...spans].sort(
    (a, b) => isAgent(a) - isAgent(b) || a.startedAtUs - b.startedAtUs || b.endedAtUs - a.endedAtUs || (a.span_id < b.span_id ? -1 : 1),
  );
} // prettier-ignore

function promptOf(spans: readonly AgentSpan[]): ChatMessage | undefined {
  const media = [
    ...new Set(
      spans.flatMap((span) =>
        contentRefs(
          span,
          span.input_messages.filter((message) => isOfUser(message) && !isTaskNotification(message)),
        ),
      ),
    ),
  ];
  for (const span of byPriority(spans)) {
    const text = promptTexts(span.input_messages).at(-1);
    if (text !== undefined) return userMessage(span, text, media);
  }
  return undefined;
}

function notificationOf(spans: readonly AgentSpan[]): ChatMessage | undefined {
  for (const span of byPriority(spans)) {
    const message = span.input_messages.findLast(isTaskNotification);
    if (message === undefined) continue;
    return notification(span, labelOf(span), displayText(message.content), contentRefs(span, [message]));
  }
  return undefined;
}

function notification(
  span: AgentSpan,
  label: string | null,
  text: string,
  refs: readonly string[],
): ChatMessage {
  return spanMessage('tool_call', span, label, {
    tool_name: 'Task notification',
    tool_arguments: null,
    tool_result: text,
    duration_ms: 0,
    status: span.status_code,
    content_refs: refs,
  });
}

/** Claude Code answers for a subagent that it leaves running. */
function launchOf(text: string): Part | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const launch = JSON.parse(text) as Part;
    const isLaunch = launch.isAsync === true && launch.status === 'async_launched' && typeof launch.agentId === 'string';
    return isLaunch ? launch : undefined;
  } catch {
    return undefined;
  }
} // prettier-ignore
