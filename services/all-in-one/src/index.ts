export { startAllInOne, type StartedAllInOne } from './start.ts';
