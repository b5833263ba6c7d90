import { asyncScheduler } from 'rxjs';

/** Now, as `12:03:04.567` in local time: what a log line begins with. */
export function timeOfDay(): string {
  const now = new Date(asyncScheduler.now());
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${String(now.getMilliseconds()).padStart(3, '0')}`;
}

/** Now, or then, as ISO 8601 in UTC: what programs read. */
export function isoTime(at: number = asyncScheduler.now()): string {
  return new Date(at).toISOString();
}
