/** The name in a level of a template: of `{line}`, `line`. */
type Single<Level extends string> = Level extends `{${string}...}` ? never : Level extends `{${infer Name}}` ? Name : never;

type Singles<Text extends string> = Text extends `${infer Level}/${infer Rest}` ? Single<Level> | Singles<Rest> : Single<Text>;

type Rest<Text extends string> = Text extends `${string}/${infer Others}` ? Rest<Others> : Text extends `{${infer Name}...}` ? Name : never;

/** The parameters a template may have: one level, or at its end all that follow. */
export type TopicParams = Readonly<Record<string, string | readonly string[]>>;

/**
 * The parameters of a template, read from its text: a string for each `{name}`, the levels for a last `{name...}`.
 * A text the compiler does not know may have any.
 */
export type ParamsOf<Text extends string> = string extends Text
  ? TopicParams
  : { readonly [Name in Singles<Text> | Rest<Text>]: Name extends Rest<Text> ? readonly string[] : string };

/** What parameters are given as. A number becomes its decimal text. */
export type TopicArguments<P> = { readonly [Name in keyof P]: P[Name] extends string ? string | number : P[Name] };
