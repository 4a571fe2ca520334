/** What model calls cost: which price counts for a call, the prices that are built in, and the sums. No I/O. */
export { costOf, costsOf, renderCost, type Cost } from './cost.ts';
export { builtInPrice } from './built-in.ts';
export { choosePrice, priceBook, type Price, type Prices } from './price.ts';
