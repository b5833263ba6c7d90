import type { PayloadShape } from '../../codec/codec.js';
import { type JsonSchemaObject, jsonSchemaOf } from './json-schema.js';
import { type Outgoing, valueTypeOf } from './outgoing.js';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** The JSON Schema of the messages of a topic, as they are published: envelope and all. */
export function messageSchema({ filters, shape, marks }: Outgoing): JsonSchemaObject {
  const type = valueTypeOf(shape);
  const { $defs, ...value } = type === undefined ? {} : jsonSchemaOf(type);
  const payload = payloadSchema(shape, value);
  return {
    $schema: DIALECT,
    title: filters.join(', '),
    ...(marks?.as === 'wrap' ? enveloped(shape, payload, marks.tellsOldest) : payload),
    ...($defs === undefined ? {} : { $defs }),
  };
}

/** The JSON Schema of one value in a message, where values are JSON. */
export function valueSchema({ shape }: Outgoing): JsonSchemaObject | undefined {
  const type = valueTypeOf(shape);
  return type === undefined ? undefined : jsonSchemaOf(type);
}

function payloadSchema(shape: PayloadShape | undefined, value: JsonSchemaObject): JsonSchemaObject {
  if (shape === undefined) return { description: 'No stage declares what its payload is: publishTo and storeIn take `payload`.' };
  switch (shape.format) {
    case 'json':
      return value;
    case 'jsonArray':
      return { type: 'array', items: value };
    case 'ndjson':
      return {
        type: 'string',
        description: 'NDJSON: a JSON text a line, each as contentSchema says. The payload itself is this text.',
        contentMediaType: 'application/x-ndjson',
        contentSchema: value,
      };
    case 'gzip': {
      const { description, ...inner } = payloadSchema(shape.of, value);
      const expanded = typeof description === 'string' ? ` Expanded: ${description}` : '';
      return {
        type: 'string',
        description: `Compressed with gzip: no JSON, and no text.${expanded}`,
        contentEncoding: 'gzip',
        ...(inner['contentMediaType'] === undefined
          ? { contentMediaType: 'application/json', contentSchema: inner }
          : { contentMediaType: inner['contentMediaType'], contentSchema: inner['contentSchema'] }),
      };
    }
    case 'text':
      return { type: 'string', description: 'A text in UTF-8, not JSON.' };
    case 'bytes':
      return { description: 'Bytes, of which the component says no more.' };
    case 'other':
      return { description: `In the format ${shape.name}, which JSON Schema does not describe.` };
    default:
      return shape satisfies never;
  }
}

const milliseconds = { type: 'integer', description: 'Time of day in milliseconds since 1970.' };

/** The envelope of an outbox with `mark: 'wrap'`, and of `envelope`. What is no JSON is base64 in it. */
function enveloped(shape: PayloadShape | undefined, payload: JsonSchemaObject, tellsOldest: boolean): JsonSchemaObject {
  const isJson = shape?.format === 'json' || shape?.format === 'jsonArray';
  const base64 = { type: 'string', contentEncoding: 'base64', description: 'The payload, where it is no JSON.' };
  return {
    type: 'object',
    properties: {
      epoch: { type: 'string', description: 'Made with the file of the outbox: where it changes, numbers start over.' },
      stream: { type: 'string' },
      number: { type: 'integer', minimum: 1, description: 'Goes up by 1. With epoch and stream it is the id of the message.' },
      storedAt: milliseconds,
      attempt: { type: 'integer', minimum: 1, description: 'More than 1: it may have been sent before.' },
      replayed: { type: 'boolean', description: 'It waited for a connection.' },
      ...(tellsOldest ? { oldest: { ...milliseconds, description: 'When the oldest was stored that had not been sent.' } } : {}),
      lost: {
        type: 'array',
        items: { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'integer' }], minItems: 2, maxItems: 2 },
        description: 'Ranges of numbers that will never come.',
      },
      payload: isJson ? payload : { description: 'The payload, where it happens to be one JSON text.' },
      ...(isJson ? {} : { payloadBase64: shape === undefined ? base64 : { ...base64, contentSchema: payload } }),
    },
    required: [
      ...['epoch', 'stream', 'number', 'storedAt', 'attempt', 'replayed', 'lost'],
      ...(tellsOldest ? ['oldest'] : []),
      ...(isJson ? ['payload'] : []),
    ],
    ...(isJson ? {} : { anyOf: [{ required: ['payload'] }, { required: ['payloadBase64'] }] }),
  };
}

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

/** A name for a column that is not taken: names that differ only in case are the same to many programs that read tables. */
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
  // What may be one of several things has the members of each.
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

/** The types of JSON that it may have; `any` where the schema does not say. */
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
