export type { ObservableEither } from './observable-either.js';
export { endAtTerminal } from './end-at-terminal.js';
export { mergeW } from './merge-w.js';
export { onRights } from './on-rights.js';
export { runToEnd, type RunToEndOptions } from './run-to-end.js';
