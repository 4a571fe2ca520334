/** Scorers that a server can run and this page can make, with what they begin with. */
export interface ScorerClass {
  readonly name: string;
  readonly label: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export const SCORER_CLASSES: readonly ScorerClass[] = [
  {
    name: 'LengthScorer',
    label: 'Length of the output',
    config: { min_characters: 1, max_characters: 2000 },
  },
  { name: 'ContainsScorer', label: 'Contains words', config: { substrings: ['sorry'], mode: 'none' } },
  { name: 'RegexScorer', label: 'Matches a pattern', config: { patterns: ['^[A-Z]'], mode: 'all' } },
  { name: 'ValidJSONScorer', label: 'Is valid JSON', config: {} },
  {
    name: 'JSONSchemaScorer',
    label: 'Fits a JSON Schema',
    config: { schema: { type: 'object', required: ['answer'] } },
  },
  { name: 'ValidXMLScorer', label: 'Is valid XML', config: {} },
  { name: 'LanguageScorer', label: 'Is in a language', config: { languages: ['en'] } },
  { name: 'PIIScorer', label: 'Has personal data', config: {} },
  { name: 'SecretLeakScorer', label: 'Has keys or passwords', config: {} },
  { name: 'LatencyScorer', label: 'Takes too long', config: { max_seconds: 10 } },
  { name: 'TokensScorer', label: 'Uses too many tokens', config: { max_total_tokens: 8000 } },
  { name: 'CostScorer', label: 'Costs too much', config: { max_usd: 0.1 } },
  { name: 'SimilarityScorer', label: 'Is like what is expected', config: { threshold: 0.8 } },
  {
    name: 'ToxicityScorer',
    label: 'Is toxic (asks a model)',
    config: { model_id: 'openai/gpt-4o-mini' },
  },
  {
    name: 'AnswerRelevancyScorer',
    label: 'Answers the question (asks a model)',
    config: { model_id: 'openai/gpt-4o-mini' },
  },
  {
    name: 'HallucinationFreeScorer',
    label: 'Invents nothing (asks a model)',
    config: { model_id: 'openai/gpt-4o-mini' },
  },
];

export const JUDGE = 'LLMAsAJudgeScorer';

/** The prompt of a new judge. */
export const FIRST_PROMPT = `A user asked: {question}
The answer was: {output}

Say how helpful the answer is.`;

/** What a new judge is to answer. */
export const FIRST_SCHEMA = `{
  "score": "0 to 1",
  "reason": "one sentence"
}`;

/** A scorer that is being written. */
export interface NewScorer {
  readonly kind: string;
  readonly name: string;
  /** Of judges. */
  readonly model: string;
  readonly prompt: string;
  /** JSON of what the judge answers; said to it below the prompt. */
  readonly schema: string;
  /** JSON, of the others. */
  readonly config: string;
}

/** Braces of a template are doubled: single ones are names of inputs. */
const escaped = (text: string): string => text.replaceAll('{', '{{').replaceAll('}', '}}');

/** As the SDKs publish it. @throws SyntaxError for what is no JSON. */
export function scorerVal({ kind, name, model, prompt, schema, config }: NewScorer): object {
  const base = {
    _type: kind,
    _class_name: kind,
    _bases: ['Scorer', 'Object', 'BaseModel'],
    name,
    description: null,
    column_map: null,
  };
  if (kind !== JUDGE) return { ...base, ...(JSON.parse(config) as object) };
  const answer = schema.trim() === '' ? '' : `\n\nAnswer as JSON:\n${escaped(pretty(schema))}`;
  return {
    ...base,
    model: {
      _type: 'LLMStructuredCompletionModel',
      _class_name: 'LLMStructuredCompletionModel',
      _bases: ['Model', 'Object', 'BaseModel'],
      name: null,
      description: null,
      llm_model_id: model,
      default_params: { temperature: 0, response_format: answer === '' ? 'text' : 'json_object' },
    },
    scoring_prompt: prompt + answer,
  };
}

const pretty = (json: string): string => JSON.stringify(JSON.parse(json), null, 2);

/** W&B's rule for names of objects. */
const NAME = /^[\w.-]{1,128}$/;
export const isName = (name: string): boolean => NAME.test(name);

/** What is wrong with it, for who writes it; undefined = nothing. */
export function problemOfScorer(scorer: NewScorer): string | undefined {
  if (!isName(scorer.name)) return 'A scorer’s name has letters, digits, “_”, “-” and “.” only.';
  if (scorer.kind === JUDGE) {
    if (scorer.model.trim() === '') return 'Say which model judges.';
    if (scorer.prompt.trim() === '') return 'Say what the judge is asked.';
    if (scorer.schema.trim() === '') return undefined;
    return isJsonObject(scorer.schema) ? undefined : 'What the judge answers has to be a JSON object.';
  }
  return isJsonObject(scorer.config) ? undefined : 'The settings have to be a JSON object.';
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
