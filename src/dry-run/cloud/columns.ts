import type { JsonSchemaObject } from './json-schema.js';

/** A column of a table that is made of one value: where it is in the value, and its type. */
export interface Column {
  readonly name: string;
  /** A member of the value; `undefined`: the value itself. */
  readonly member: string | undefined;
  /** `JSON`: an object or array, as its text. `ANY`: it may be that or a single value, as a text. */
  readonly type: 'STRING' | 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'JSON' | 'ANY';
}

/** Columns of the members of an object; of what is no object, one. */
export function columnsOf(schema: JsonSchemaObject, taken: readonly string[]): readonly Column[] {
  const members = membersOf(schema, schema);
  if (members === undefined) return [{ name: free('value', taken), member: undefined, type: typeOf(schema, schema) }];
  const names = [...taken];
  return Object.entries(members).map(([member, of]) => {
    const name = free(member, names);
    names.push(name);
    return { name, member, type: typeOf(of, schema) };
  });
}

/** Names of columns that differ only in case are one to many who read tables. */
function free(wanted: string, taken: readonly string[]): string {
  let name = wanted;
  while (taken.some(other => other.toLowerCase() === name.toLowerCase())) name = `${name}_value`;
  return name;
}

type Part = JsonSchemaObject | boolean;

function resolved(part: unknown, root: JsonSchemaObject): JsonSchemaObject | undefined {
  if (typeof part !== 'object' || part === null) return undefined;
  const schema = part as JsonSchemaObject;
  const { $ref } = schema;
  if (typeof $ref !== 'string') return schema;
  return resolved((root['$defs'] as Readonly<Record<string, Part>>)[$ref.slice('#/$defs/'.length)], root);
}

function membersOf(part: unknown, root: JsonSchemaObject): Readonly<Record<string, unknown>> | undefined {
  const schema = resolved(part, root);
  if (schema === undefined) return undefined;
  const { properties, allOf, anyOf } = schema;
  if (typeof properties === 'object' && properties !== null) return properties as Readonly<Record<string, unknown>>;
  // Of one that is this or that, it has the members of each.
  const list = (Array.isArray(allOf) ? allOf : Array.isArray(anyOf) ? anyOf : []) as readonly unknown[];
  const all = list.map(each => membersOf(each, root));
  return all.length === 0 || all.includes(undefined) ? undefined : (Object.assign({}, ...all) as Readonly<Record<string, unknown>>);
}

function typeOf(part: unknown, root: JsonSchemaObject): Column['type'] {
  const types = typesOf(part, root);
  types.delete('null');
  if (types.delete('integer') && types.size > 0) types.add('number');
  else if (types.size === 0 && typesOf(part, root).has('integer')) return 'BIGINT';
  const [only, ...others] = types;
  if (only === undefined || others.length > 0) {
    const all = [...types];
    return all.length > 0 && all.every(type => type === 'object' || type === 'array') ? 'JSON' : 'ANY';
  }
  return COLUMN_TYPES.get(only) ?? 'ANY';
}

const COLUMN_TYPES: ReadonlyMap<string, Column['type']> = new Map([
  ['string', 'STRING'],
  ['number', 'DOUBLE'],
  ['boolean', 'BOOLEAN'],
  ['object', 'JSON'],
  ['array', 'JSON'],
]);

/** The types of JSON that it may have; `any`: that is not said. */
function typesOf(part: unknown, root: JsonSchemaObject): Set<string> {
  const schema = resolved(part, root);
  if (schema === undefined) return new Set(['any']);
  const { type, anyOf, allOf, enum: values } = schema;
  if (typeof type === 'string') return new Set([type]);
  if (Array.isArray(type)) return new Set(type as readonly string[]);
  if ('const' in schema) return new Set([typeof schema['const']]);
  if (Array.isArray(values)) return new Set(values.map(value => typeof value));
  if (Array.isArray(anyOf)) return new Set(anyOf.flatMap(each => [...typesOf(each, root)]));
  if (Array.isArray(allOf)) return typesOf(allOf[0], root);
  return new Set(['any']);
}
