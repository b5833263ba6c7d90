/**
 * Lint rules for pipelines of messages: against hidden queues, dropped failures and tasks that nobody runs.
 *
 * @packageDocumentation
 */
import type { ESLint, Linter } from 'eslint';
import { noDroppedFailures } from './no-dropped-failures.js';
import { noHiddenQueue } from './no-hidden-queue.js';
import { noUnrunTask } from './no-unrun-task.js';

/** The plugin's rules, by the names they have behind `greengrass-rx/`. */
const plugin: ESLint.Plugin = {
  meta: { name: 'greengrass-rx' },
  rules: {
    'no-hidden-queue': noHiddenQueue,
    'no-dropped-failures': noDroppedFailures,
    'no-unrun-task': noUnrunTask,
  },
};

/**
 * All rules as errors, for a flat configuration.
 *
 * @example
 * ```ts
 * import { recommended } from 'greengrass-rx/eslint';
 *
 * export default [recommended];
 * ```
 */
export const recommended: Linter.Config = {
  name: 'greengrass-rx/recommended',
  plugins: { 'greengrass-rx': plugin },
  rules: {
    'greengrass-rx/no-hidden-queue': 'error',
    'greengrass-rx/no-dropped-failures': 'error',
    'greengrass-rx/no-unrun-task': 'error',
  },
};

export default plugin;
