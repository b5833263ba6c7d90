import type { PageAction, PageAnswer, PageMessage } from '../src/cli/page/page-state.js';

/** Behind the # of the address: it lets this page do something. */
export const token: string = location.hash.slice(1);

/** Has `dev` do something. */
export async function ask(action: PageAction): Promise<PageAnswer> {
  try {
    const response = await fetch('act', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(action),
    });
    return (await response.json()) as PageAnswer;
  } catch {
    return { problem: 'dev does not answer' };
  }
}

/** A message that was drawn; `undefined`: it is no longer kept. */
export async function messageOf(id: number): Promise<PageMessage | undefined> {
  try {
    const response = await fetch(`message?id=${String(id)}`);
    return response.ok ? ((await response.json()) as PageMessage) : undefined;
  } catch {
    return undefined;
  }
}
