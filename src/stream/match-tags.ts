import { handleBy, type Only, type PerKind, type PerTag, type Returned } from './handlers.js';
import { kindOf, type KindOf } from './kind.js';
import { tagOf, type TagOf } from './tag.js';

/**
 * A function of an error, made of one function for each tag. Exhaustive: a tag without one is a compile error, and so is one for a tag that
 * cannot come.
 *
 * @example
 * ```ts
 * import { matchTags } from 'greengrass-rx';
 * import { ProxyClosed, TokenRefused } from 'greengrass-rx/errors';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const error: ProxyClosed | TokenRefused = new TokenRefused(true) as ProxyClosed | TokenRefused;
 * const exitCode = pipe(error, matchTags({ ProxyClosed: () => 0, TokenRefused: refused => (refused.afterSuccess ? 1 : 2) }));
 * console.log(exitCode); // 1
 * ```
 */
export function matchTags<E extends { readonly _tag: string }, H extends PerTag<E, unknown>>(
  handlers: H & Only<H, TagOf<E>>,
): (error: E) => Returned<H> {
  return error => handleBy(handlers, tagOf(error), error) as Returned<H>;
}

/**
 * A function of an error, made of one function for each kind. Exhaustive: a kind without one is a compile error, and so is one for a kind
 * that cannot come. An error of one's own without `kind` counts as a `message`.
 *
 * @example
 * ```ts
 * import { matchKinds } from 'greengrass-rx';
 * import { Interrupted, ProxyClosed } from 'greengrass-rx/errors';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const error: Interrupted | ProxyClosed = new Interrupted('sensors/#') as Interrupted | ProxyClosed;
 * console.log(pipe(error, matchKinds({ gap: gap => `missing some of ${gap.topicName}`, terminal: () => 'over' })));
 * ```
 */
export function matchKinds<E, H extends PerKind<E, unknown>>(handlers: H & Only<H, KindOf<E>>): (error: E) => Returned<H> {
  return error => handleBy(handlers, kindOf(error), error) as Returned<H>;
}
