/**
 * Where streams end: answers to commands, dead letters, fallbacks, and what is fatal. With the types of their parts.
 *
 * @packageDocumentation
 */
export { deadLetterFile, type DeadLettered, type DeadLetterFileOptions } from './dead-letter-file.js';
export { deadLetterTo, type DeadLetter, type DeadLetterOptions } from './dead-letter-to.js';
export { failFast, type Fatal } from './fail-fast.js';
export { fallbackTo, type FallbackOptions } from './fallback-to.js';
export { respond } from './respond.js';
export type {
  Answer,
  AnswerPayload,
  AnswerResult,
  Command,
  CommandBuffer,
  CommandFailure,
  CommandDedupeOptions,
  FailureOf,
  Handling,
  Responded,
  RespondError,
  RespondOptions,
  UndecodedIn,
} from './commands.js';
