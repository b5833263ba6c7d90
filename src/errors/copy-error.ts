/** `E` with the properties of `P` in the place of its own; each error of a union on its own. */
export type ErrorCopy<E, P> = E extends unknown ? Omit<E, keyof P> & P : never;

/**
 * An error once more, with other properties besides its own or in their place. A copy, since one error may be the answer to every
 * publish that is under way. The stack stays with the original: formatting it is most of what an error costs.
 */
export function copyError<E extends object, P extends object>(error: E, properties: P): ErrorCopy<E, P> {
  const { stack, ...own }: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(error);
  const copy = Object.create(Object.getPrototypeOf(error) as object, own) as object;
  if (stack !== undefined)
    Object.defineProperty(copy, 'stack', { configurable: true, get: () => (error as { readonly stack?: unknown }).stack });
  // The prototype makes it the same class again, which Object.create cannot tell the compiler.
  return Object.assign(copy, properties) as unknown as ErrorCopy<E, P>;
}
