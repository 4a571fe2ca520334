/**
 * Prompts of W&B's ClassifierMonitor, word by word (weave/flow/monitor.py): templates as Python formats them. The classifiers stand
 * between header and footer.
 */

export const OP_CALL_HEADER = [
  'You are a multi-classifier evaluation system. Evaluate a traced function call against multiple binary classifiers.',
  '<trace>',
  '  <metadata>',
  '    <operation>{op_name}</operation>',
  '    <status>{status}</status>',
  '  </metadata>',
  '  <input>',
  '  {inputs}',
  '  </input>',
  '  <output>',
  '  {output}',
  '  </output>',
  '  <exception>',
  '  {exception}',
  '  </exception>',
  '  <source_code>',
  '  {op_source}',
  '  </source_code>',
  '</trace>',
  'Evaluate the trace above against each classifier below. Base your judgment strictly on the evidence in the trace.',
].join('\n');

export const AGENT_TURN_HEADER = [
  'You are a multi-classifier evaluation system. Evaluate a traced function call against multiple binary classifiers.',
  '<agent>',
  '<name>{agent_name}</name>',
  '<version>{agent_version}</version>',
  '<description>{agent_description}</description>',
  '<status>',
  '  <code>{status_code}</code>',
  '  <message>{status_message}</message>',
  '</status>',
  '<messages>',
  '  <conversation-name>{conversation_name}</conversation-name>',
  '  <system-instructions>',
  '  {system_instructions}',
  '  </system-instructions>',
  '  <input-messages>',
  '  {input_messages}',
  '  </input-messages>',
  '  <output-messages>',
  '  {output_messages}',
  '  </output-messages>',
  '</messages>',
  '</agent>',
  'Evaluate the trace above against each classifier below. Base your judgment strictly on the evidence in the trace.',
].join('\n');

export const FOOTER = [
  'Respond with ONLY a JSON object. No markdown fences, no explanation — just the JSON.',
  'Use the exact classifier name from each <classifier> tag.',
  '{{"classifiers": {{',
  '    "ExactName1": {{"is_match": true, "confidence": 0.95, "reason": "one sentence citing specific evidence from the trace"}},',
  '    "ExactName2": {{"is_match": false, "confidence": 0.80, "reason": "one sentence citing specific evidence from the trace"}},',
  '  }}',
  '}}',
  'Rules:',
  '- "classifiers": include an entry for EVERY classifier (match or not) with is_match, confidence, and reason.',
  '- "is_match": true if this classifier applies (the trace exhibits this issue), false otherwise.',
  '- "confidence": your certainty from 0.0 (uncertain) to 1.0 (certain)',
  '- "reason": cite specific evidence from the trace (quote error messages, describe output content, reference status). Be concise (one sentence). Do NOT give generic reasons like "no evidence found".',
  '- If multiple classifiers could apply, choose the MOST SPECIFIC ones. For example, "Request Too Large" is more specific than "Bad Request", and "Ratelimited" is more specific than "Bad Response". Only set is_match to true for the most specific matches.',
].join('\n');
