import { SaxesParser } from 'saxes';
import { z } from 'zod';
import { ScoreError } from '../scorer.ts';
import { localKind } from './local-scorer.ts';

/**
 * W&B: `weave.scorers.ValidXMLScorer()`. Says `{"xml_valid": true}` where the output, or the member `output` of an object, is a
 * well-formed document with namespaces. Entities of a document type are not read: texts that use them are not valid.
 */
export const validXml = localKind({
  classNames: ['ValidXMLScorer'],
  config: z.looseObject({}),
  prepare: () => (subject) => {
    const value = subject.outputValue();
    const inner =
      typeof value === 'object' && value !== null ? (value as { output?: unknown }).output : undefined;
    return { output: { xml_valid: isXml(typeof inner === 'string' ? inner : subject.output()) } };
  },
});

/** Namespaces are looked for all the way up. */
const MAX_DEPTH = 500;

/** @throws ScoreError `unscorable` for elements that are nested too deep to tell. */
function isXml(text: string): boolean {
  const parser = new SaxesParser({ xmlns: true, position: false });
  parser.on('error', (error) => {
    throw error;
  });
  let depth = 0;
  parser.on('opentagstart', () => {
    if (++depth > MAX_DEPTH)
      throw new ScoreError('unscorable', `XML nested deeper than ${MAX_DEPTH} is not read`);
  });
  parser.on('closetag', () => depth--);
  try {
    parser.write(text).close();
    return true;
  } catch (error) {
    if (error instanceof ScoreError) throw error;
    return false;
  }
}
