import { describe, expect, it } from '@jest/globals';
import type { AgentSpan } from './agent-span.ts';
import { NO_COST, type ChatMessage } from './chat-message.ts';
import { chatMessages, type ChatOptions } from './chat.ts';
import { NO_CUSTOM_ATTRIBUTES } from './custom-attributes.ts';
import { displayText, normalizeMessages, promptTexts, type Message } from './messages.ts';
import { previewText, withoutJson } from './preview.ts';

const EMPTY: AgentSpan = {
  ...NO_CUSTOM_ATTRIBUTES, trace_id: 't', span_id: '', parent_span_id: '', span_name: '', span_kind: 'INTERNAL', started_at: '', ended_at: '',
  status_code: 'UNSET', status_message: '', error_type: '', operation_name: 'chat', provider_name: '', agent_name: '', agent_id: '',
  agent_version: '', conversation_id: '', conversation_name: '', request_model: '', response_model: '', input_tokens: 0, output_tokens: 0,
  reasoning_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, reasoning_content: '', tool_name: '', tool_call_id: '',
  tool_definitions: '', tool_call_arguments: '', tool_call_result: '', input_messages: [], output_messages: [], system_instructions: [],
  compaction_summary: '', compaction_items_before: 0, compaction_items_after: 0, content_refs: [], wb_user_id: '', startedAtUs: 0, endedAtUs: 0,
}; // prettier-ignore

/** `id` below `parent`, from `at` for one. */
const span = (id: string, parent: string, at: number, more: Partial<AgentSpan> = {}): AgentSpan => ({
  ...EMPTY, span_id: id, parent_span_id: parent, startedAtUs: at * 1e6, endedAtUs: (at + 1) * 1e6, ...more,
}); // prettier-ignore
const agent = (id: string, parent: string, at: number, more: Partial<AgentSpan> = {}) =>
  span(id, parent, at, { operation_name: 'invoke_agent', agent_name: id, ...more });
const message = (role: string, content: string | object[]): Message => ({
  role, content: typeof content === 'string' ? content : JSON.stringify(content), finish_reason: '',
}); // prettier-ignore
const asks = (...texts: string[]) => ({ input_messages: texts.map((text) => message('user', text)) });
const answers = (...texts: string[]) => ({
  output_messages: texts.map((text) => message('assistant', text)),
});

const chat = (spans: readonly AgentSpan[], options: Partial<ChatOptions> = {}) =>
  chatMessages(spans, { costOf: () => NO_COST, requestedCalls: false, ...options });
const told = (messages: readonly ChatMessage[]) =>
  messages.map(({ type, user_message: user, assistant_message: assistant, tool_call: tool, agent_start: start }) =>
    `${type.split('_')[0]} ${user?.text ?? assistant?.text ?? tool?.tool_name ?? start?.system_instructions ?? ''}`.trim(),
  ); // prettier-ignore

describe('the chat of a trace', () => {
  it('lets the user speak before the agent starts', () => {
    const spans = [
      agent('a', '', 0),
      span('m', 'a', 1, { ...asks('hi'), ...answers('hello'), system_instructions: ['Be kind.'] }),
    ];
    expect(told(chat(spans))).toEqual(['user hi', 'agent Be kind.', 'assistant hello']);
    expect(told(chat([agent('a', '', 0), span('m', 'a', 1, { ...asks('hi'), ...answers('hello') })]))).toEqual(['user hi', 'agent', 'assistant hello']); // prettier-ignore
    expect(told(chat([agent('a', '', 0, { ...asks('hi'), ...answers('hello') })]))).toEqual(['user hi', 'agent', 'assistant hello']); // prettier-ignore
  });

  it('puts instructions of the model into the start of its agent', () => {
    const spans = [agent('a', '', 0), span('m', 'a', 1, { ...answers('x'), system_instructions: ['Be kind.'] }), span('n', 'a', 2, { ...answers('y'), system_instructions: ['Be kind.'] })]; // prettier-ignore
    expect(told(chat(spans))).toEqual(['agent Be kind.', 'assistant x', 'assistant y']);
  });

  it('shows once what agents repeat of what is below them, with all that was used', () => {
    const spans = [
      agent('a', '', 0, answers('done')),
      span('m', 'a', 1, { ...answers('done'), input_tokens: 3 }),
    ];
    expect(told(chat(spans))).toEqual(['agent', 'assistant done']);
    const quiet = [agent('a', '', 0, { ...answers('done'), input_tokens: 1 }), span('m', 'a', 1, { input_tokens: 3 })];
    expect(chat(quiet).at(-1)!.assistant_message).toMatchObject({ text: 'done', input_tokens: 4 });
  }); // prettier-ignore

  it('shows only what the user has added', () => {
    const history = [message('user', 'one'), message('assistant', 'ONE'), message('user', 'two'), message('user', 'three')]; // prettier-ignore
    const spans = [span('m', '', 0, { ...asks('one'), ...answers('ONE') }), span('n', '', 2, { input_messages: history, ...answers('TWO') })]; // prettier-ignore
    expect(told(chat(spans))).toEqual([
      'user one',
      'assistant ONE',
      'user two',
      'user three',
      'assistant TWO',
    ]);
  });

  it('keeps what failed and what was thought', () => {
    const spans = [span('m', '', 0, { reasoning_content: 'hm' }), span('n', '', 1, { status_code: 'ERROR', error_type: 'Oops' }), span('o', '', 2)]; // prettier-ignore
    const messages = chat(spans);
    expect(messages.map((each) => [each.error_type, each.assistant_message?.reasoning_content])).toEqual([[null, 'hm'], ['Oops', '']]); // prettier-ignore
  });

  it('takes the exact time of a text below a model, and the figures of the model', () => {
    const spans = [
      span('m', '', 0, { ...answers('late'), input_tokens: 5 }),
      span('n', '', 0, { ...answers('early') }),
      span('x', 'm', 9, { operation_name: 'assistant_text', ...answers('late') }),
      span('y', 'n', 3, { operation_name: 'assistant_text', ...answers('early') }),
    ];
    const messages = chat(spans);
    expect(messages.map((each) => [each.span_id, each.assistant_message!.text, each.assistant_message!.input_tokens])).toEqual([['y', 'early', 0], ['x', 'late', 5]]); // prettier-ignore
  });

  it('shows calls that a model asked for, where that is wanted', () => {
    const ask = (id: string, name: string) => ({ type: 'tool_call', id, name, arguments: { a: 1 } });
    const output = [message('assistant', [{ type: 'text', content: 'first' }, ask('1', 'made'), ask('2', 'asked'), { type: 'text', content: 'then' }])]; // prettier-ignore
    const spans = [
      // Its clock goes wrong.
      span('t', '', 9, { operation_name: 'execute_tool', tool_name: 'made', tool_call_id: '1' }),
      span('m', '', 0, { output_messages: output, input_tokens: 7 }),
      span('n', '', 5, answers('end')),
    ];
    expect(told(chat(spans))).toEqual(['assistant first\nthen', 'assistant end', 'tool made']);
    const messages = chat(spans, { requestedCalls: true });
    expect(told(messages)).toEqual(['assistant first', 'tool asked', 'assistant then', 'tool made', 'assistant end']); // prettier-ignore
    expect(messages.map((each) => each.assistant_message?.input_tokens)).toEqual([7, undefined, null, undefined, 0]); // prettier-ignore
    expect(messages[1]!.tool_call).toMatchObject({
      tool_arguments: '{"a":1}',
      status: null,
      duration_ms: null,
    });
  });

  it('tells of finished subagents and those that run on as tools', () => {
    const note = '<task-notification>done</task-notification>';
    const launch = '{"isAsync":true,"status":"async_launched","agentId":"x","description":"look"}';
    expect(told(chat([span('m', '', 0, { ...asks(note), ...answers('ok') })]))).toEqual(['tool Task notification', 'assistant ok']); // prettier-ignore
    expect(told(chat([agent('a', '', 0, asks(note))]))).toEqual(['tool Task notification', 'agent']);
    const messages = chat([agent('a', '', 0, answers(launch))]);
    expect(told(messages)).toEqual(['agent', 'tool Start a']);
    expect(messages[1]!.tool_call).toMatchObject({ tool_arguments: 'look', tool_result: launch });
  });

  it('survives circles, orphans and very deep traces', () => {
    const circle = [span('a', 'b', 0, answers('A')), span('b', 'a', 1, answers('B'))];
    expect(told(chat(circle)).sort()).toEqual(['assistant A', 'assistant B']);
    const ring = Array.from({ length: 300 }, (_, i) =>
      span(`r${i}`, `r${(i + 1) % 300}`, i, answers(`${i}`)),
    );
    expect(chat(ring)).toHaveLength(201);
    expect(told(chat([span('a', 'gone', 0, answers('A')), span('b', 'b', 1, answers('B'))]))).toEqual(['assistant A', 'assistant B']); // prettier-ignore
    const deep = Array.from({ length: 5000 }, (_, i) =>
      span(`s${i}`, i === 0 ? '' : `s${i - 1}`, i, answers(`${i}`)),
    );
    expect(chat(deep)).toHaveLength(201);
    const nested = deep.map((each) => ({ ...each, operation_name: 'invoke_agent', output_messages: [] }));
    expect(chat([{ ...nested[0]!, ...answers('top') }, ...nested.slice(1)]).at(-1)!.assistant_message!.text).toBe('top'); // prettier-ignore
  });

  it('resolves what was uploaded with a message', () => {
    const part = (digest: string) => ({ type: 'uri', uri: `weave:///e/p/object/image:${digest}` });
    const refs = ['weave:///e/p/object/image:one'];
    const spans = [span('m', '', 0, { input_messages: [message('user', [part('one'), part('two')])], content_refs: refs })]; // prettier-ignore
    expect(chat(spans)[0]!.user_message).toEqual({ text: '', content_refs: [...refs, 'weave:///e/p/object/image:two'] }); // prettier-ignore
  });
});

describe('messages', () => {
  it.each<[unknown, readonly (readonly [string, string])[]]>([
    ['plain', [['user', 'plain']]],
    ['123', [['user', '123']]],
    ['[{"role":"system","content":"s"},"t"]', [['system', 's'], ['user', 't']]],
    ['{"role":"tool","parts":[{"n": 1.0, "big": 9007199254740993}]}', [['tool', '[{"n": 1.0, "big": 9007199254740993}]']]],
    [[{ content: [{ text: 'x' }] }, 7, null], [['user', '[{"text":"x"}]']]],
    ['{"no":"role"}', []],
    ['{broken', [['user', '{broken']]],
    ['', []],
    [undefined, []],
  ])('are read out of %j', (sent, expected) => {
    expect(normalizeMessages(sent, 'user').map(({ role, content }) => [role, content])).toEqual(expected);
  }); // prettier-ignore

  it('are shown without what was thought and without media', () => {
    const parts = [{ type: 'reasoning', content: 'hm' }, { type: 'text', content: 'a' }, { type: 'uri', uri: 'x' }, { text: 'b' }, 'c']; // prettier-ignore
    expect(displayText(JSON.stringify(parts))).toBe('a\nb\nc');
    expect(displayText('[not json')).toBe('[not json');
    expect(promptTexts([message('system', 's'), message('', 'p')])).toEqual(['p']);
  });

  it('are cut and freed of JSON for lists', () => {
    expect(previewText(`  ${'😀'.repeat(300)} `)).toBe(`${'😀'.repeat(280)}…`);
    expect(withoutJson('{"a":1} plan [1,2] a trip {x}')).toBe('plan [JSON] a trip {x}');
    expect(withoutJson('[1]')).toBe('');
  });
});
