import { parser } from '@prometheus-io/lezer-promql';

export interface Selector {
  readonly metric: string;
  /** Names of the labels it matches by. */
  readonly labels: readonly string[];
}

/** What an expression asks Prometheus for. `labels`: those it groups by. @throws Error where it is not PromQL. */
export function readPromQl(text: string): { selectors: Selector[]; labels: string[] } {
  const selectors: { metric: string; labels: string[] }[] = [];
  const labels: string[] = [];
  parser.parse(text).iterate({
    enter: (node) => {
      const word = text.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`not PromQL at ${node.from}: ${text.slice(node.from, node.from + 30)}`);
      if (node.name === 'VectorSelector') selectors.push({ metric: '', labels: [] });
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector')
        selectors.at(-1)!.metric = word;
      if (node.name !== 'LabelName') return;
      if (node.node.parent?.name === 'GroupingLabels') labels.push(word);
      else selectors.at(-1)!.labels.push(word);
    },
  }); // prettier-ignore
  return { selectors, labels };
}
