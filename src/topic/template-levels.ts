import { quoted } from './mqtt-string.js';

/** One level of a template. */
export type TemplateLevel =
  | { readonly kind: 'text'; readonly text: string }
  /** Any one level. */
  | { readonly kind: 'param'; readonly name: string }
  /** All levels that follow, or none. */
  | { readonly kind: 'rest'; readonly name: string };

/** Begins with a letter, so that no parameter is called `__proto__`. */
const PLACEHOLDER = /^\{([A-Za-z][A-Za-z0-9_]*)(\.\.\.)?\}$/;

/** The levels of a template's text. Throws a `TypeError` that says what to write instead. */
export function templateLevels(text: string): readonly TemplateLevel[] {
  const refuse = (problem: string): TypeError => new TypeError(`The topic template ${quoted(text)} ${problem}`);
  if (text.startsWith('$share/'))
    throw refuse(`is a shared subscription, to which nothing can be published. Write sharedSubscription(group, topicTemplate(…)).`);
  const texts = text.split('/');
  const names = new Set<string>();
  return texts.map((level, i): TemplateLevel => {
    if (/[+#]/.test(level)) throw refuse(`has a wildcard in the level ${quoted(level)}. Give what stands there a name, such as {sensor}.`);
    if (!/[{}]/.test(level)) return { kind: 'text', text: level };
    const [, name, dots] = PLACEHOLDER.exec(level) ?? [];
    if (name === undefined) {
      throw refuse(
        `has the level ${quoted(level)}. A placeholder takes a whole level, because a wildcard of MQTT does, and its name is letters, digits and _ after a letter: {sensor}, or at the end {levels...}.`,
      );
    }
    if (names.has(name)) throw refuse(`has two placeholders {${name}}. Give each a name of its own.`);
    names.add(name);
    if (dots === undefined) return { kind: 'param', name };
    if (i < texts.length - 1) throw refuse(`has {${name}...} before its end. It stands for all that follows, as # does.`);
    return { kind: 'rest', name };
  });
}

/** The filter a subscription to these levels sends. */
export function filterOfLevels(levels: readonly TemplateLevel[]): string {
  return levels.map(level => (level.kind === 'text' ? level.text : level.kind === 'param' ? '+' : '#')).join('/');
}

/** The template as it is written. */
export function textOfLevels(levels: readonly TemplateLevel[]): string {
  return levels
    .map(level => (level.kind === 'text' ? level.text : level.kind === 'param' ? `{${level.name}}` : `{${level.name}...}`))
    .join('/');
}

/** What the levels say of a topic name, or `undefined` where it is not theirs. One pass over the name. */
export function matchLevels(levels: readonly TemplateLevel[], topicName: string): Record<string, string | readonly string[]> | undefined {
  // MQTT 3.1.1, 4.7.2: a wildcard in the first level leaves out the topics of the server.
  if (levels[0]?.kind !== 'text' && topicName.startsWith('$')) return undefined;
  const params: Record<string, string | readonly string[]> = {};
  let at = 0;
  for (const level of levels) {
    if (level.kind === 'rest') {
      params[level.name] = at > topicName.length ? [] : topicName.slice(at).split('/');
      return params;
    }
    if (at > topicName.length) return undefined;
    const slash = topicName.indexOf('/', at);
    const end = slash === -1 ? topicName.length : slash;
    if (level.kind === 'param') params[level.name] = topicName.slice(at, end);
    else if (end - at !== level.text.length || !topicName.startsWith(level.text, at)) return undefined;
    at = end + 1;
  }
  return at > topicName.length ? params : undefined;
}
