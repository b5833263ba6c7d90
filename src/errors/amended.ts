/**
 * An error once more, with other properties besides its own or in their place. A copy, since one error may be the answer to every
 * publish that is under way. The stack stays with the original: formatting it is most of what an error costs.
 */
export function amended<E extends object, P extends object>(error: E, properties: P): Omit<E, keyof P> & P {
  const { stack, ...own }: Record<string, PropertyDescriptor> = Object.getOwnPropertyDescriptors(error);
  // The prototype makes it the same class again, which Object.create cannot tell the compiler.
  const copy = Object.create(Object.getPrototypeOf(error) as object, own) as E;
  if (stack !== undefined)
    Object.defineProperty(copy, 'stack', { configurable: true, get: () => (error as E & { stack?: unknown }).stack });
  return Object.assign(copy, properties);
}
