/**
 * A number with what it counts: `1 message`, `2 publishes`. A verb may follow, in its form for one and for several: `1 message was`,
 * `2 messages were`.
 */
export function plural(count: number, noun: string, verb?: readonly [one: string, several: string]): string {
  const [counted, form] = count === 1 ? [noun, verb?.[0]] : [noun + (noun.endsWith('sh') ? 'es' : 's'), verb?.[1]];
  return `${count} ${counted}${form === undefined ? '' : ` ${form}`}`;
}
