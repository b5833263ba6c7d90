import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { InvalidTopic } from '../errors/errors.js';
import { mqttStringProblem, quoted } from './mqtt-string.js';
import { textOfLevels, type TemplateLevel } from './template-levels.js';

/**
 * The levels with every parameter that `given` has in its place. A value that would be more than its level is refused: who names a sensor
 * `a/#` or `../admin` must not choose the topic.
 */
export function fillLevels(
  levels: readonly TemplateLevel[],
  given: Readonly<Record<string, unknown>>,
): Either<InvalidTopic, readonly TemplateLevel[]> {
  const filled: TemplateLevel[] = [];
  for (const level of levels) {
    if (level.kind === 'text' || !Object.hasOwn(given, level.name)) {
      filled.push(level);
      continue;
    }
    const value = given[level.name];
    const values = level.kind === 'rest' && Array.isArray(value) ? (value as readonly unknown[]) : [value];
    for (const one of values) {
      const text = textOf(one);
      const problem = text === undefined ? 'is no text and no finite number' : levelProblem(text, filled.length === 0);
      if (problem !== undefined || text === undefined)
        return left(new InvalidTopic(textOfLevels(levels), level.name, `${quoted(text ?? String(one))} ${problem ?? ''}`));
      filled.push({ kind: 'text', text });
    }
  }
  return right(filled);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

/** Why a text cannot be one level of a topic name. */
function levelProblem(text: string, first: boolean): string | undefined {
  const malformed = mqttStringProblem(text);
  if (malformed !== undefined) return malformed;
  const special = /[/+#]/.exec(text);
  if (special !== null) return `contains ${special[0]}, which is more than one level of a topic name`;
  if (first && text.startsWith('$')) return 'begins with $, which makes a topic of the server of it';
  return undefined;
}
