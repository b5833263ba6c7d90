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

/** `3 d 4 h ago`, in the two largest units. */
export function ago(timeOfDay: number): string {
  const seconds = Math.max(0, Math.round((asyncScheduler.now() - timeOfDay) / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const from = parts.findIndex(([number]) => number > 0);
  if (from < 0) return 'just now';
  return `${parts
    .slice(from, from + 2)
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${String(number)} ${unit}`)
    .join(' ')} ago`;
}
