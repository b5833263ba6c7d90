import type { PayloadShape } from '../../codec/codec.js';
import { jsonSchemaOf, type JsonSchemaObject } from './json-schema.js';
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

/** One of the values in it, as far as it is JSON. */
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
