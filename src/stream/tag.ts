/** The tags the errors of `E` can have. Errors without `_tag` have none. */
export type TagOf<E> = E extends { readonly _tag: infer Tag extends string } ? Tag : never;

/** The errors of `E` that have the tag. */
export type Tagged<E, Tag extends string> = Extract<E, { readonly _tag: Tag }>;

/** The tag of an error at run time. */
export function tagOf(error: unknown): string | undefined {
  const tag = typeof error === 'object' && error !== null ? (error as { readonly _tag?: unknown })._tag : undefined;
  return typeof tag === 'string' ? tag : undefined;
}
