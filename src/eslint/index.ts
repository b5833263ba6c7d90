/**
 * Lint rules for pipelines of messages: against hidden queues, dropped failures, tasks that nobody runs, outcomes that nobody reads,
 * streams that nobody subscribes to, lists that are pushed where they could be pulled, and work that is lost.
 *
 * @packageDocumentation
 */
import type { ESLint, Linter } from 'eslint';
import { noDroppedFailures, noUnreadOutcome, noUnrunTask, noUnsubscribed } from './unread.js';
import { noHiddenQueue, noLostWork, noPushedSource } from './lost-messages.js';

/** The plugin's rules, by the names they have behind `greengrass-rx/`. */
const plugin: ESLint.Plugin = {
  meta: { name: 'greengrass-rx' },
  rules: {
    'no-hidden-queue': noHiddenQueue,
    'no-dropped-failures': noDroppedFailures,
    'no-unrun-task': noUnrunTask,
    'no-unread-outcome': noUnreadOutcome,
    'no-unsubscribed': noUnsubscribed,
    'no-pushed-source': noPushedSource,
    'no-lost-work': noLostWork,
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
    'greengrass-rx/no-unread-outcome': 'error',
    'greengrass-rx/no-unsubscribed': 'error',
    'greengrass-rx/no-pushed-source': 'error',
    'greengrass-rx/no-lost-work': 'error',
  },
};

export default plugin;
