import { EXIT, signalExitCode } from '../exit-code.js';
import type { ProcessEnd } from './dev-event.js';

/** How a process ended, in words. */
export function describeEnd(end: ProcessEnd): string {
  if ('code' in end) return `ended with exit code ${String(end.code)}`;
  if ('signal' in end) return `was ended by ${end.signal}`;
  return `could not be started: ${end.reason}`;
}

/** What `dev` exits with for it, as a shell would. */
export function exitCodeOf(end: ProcessEnd): number {
  if ('code' in end) return end.code;
  if ('signal' in end) return signalExitCode(end.signal);
  return end.failure === 'not-found' ? EXIT.NOT_FOUND : EXIT.NOT_EXECUTABLE;
}
