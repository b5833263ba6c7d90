import type * as t from 'io-ts';

/** A JSON Schema, or part of one, as data. `true` takes every value, `false` none. */
export type JsonSchema = boolean | JsonSchemaObject;
/** A JSON Schema that has keywords. */
export type JsonSchemaObject = Readonly<Record<string, unknown>>;

/** The definitions that recursive codecs refer to. */
interface Definitions {
  readonly names: Map<unknown, string>;
  readonly schemas: Record<string, JsonSchema>;
}

/** The codecs that io-ts has a tag for. A codec that the program has written itself has none of these tags. */
type Tagged =
  | t.StringType
  | t.NumberType
  | t.BooleanType
  | t.NullType
  | t.UndefinedType
  | t.VoidType
  | t.UnknownType
  | t.AnyType
  | t.NeverType
  | t.BigIntType
  | t.FunctionType
  // What io-ts calls deprecated is still met in programs.
  | { readonly _tag: 'ObjectType' }
  | t.AnyArrayType
  | t.AnyDictionaryType
  | t.LiteralType<string | number | boolean>
  | t.KeyofType<Readonly<Record<string, unknown>>>
  | t.RefinementType<t.Mixed>
  | t.RecursiveType<t.Mixed>
  | t.ArrayType<t.Mixed>
  | t.ReadonlyArrayType<t.Mixed>
  | t.InterfaceType<t.Props>
  | { readonly _tag: 'StrictType'; readonly props: t.Props }
  | t.PartialType<t.Props>
  | t.ExactType<t.Mixed>
  | t.ReadonlyType<t.Mixed>
  | t.DictionaryType<t.Mixed, t.Mixed>
  | t.UnionType<t.Mixed[]>
  | t.IntersectionType<t.Mixed[]>
  | t.TupleType<t.Mixed[]>;

/**
 * The JSON Schema of what an io-ts codec takes, read off its tags, in the dialect of 2020-12. Tags do not say everything, such as what a
 * refinement asks for, or a codec that the program has written itself. There a `description` says it in words, and the schema takes more
 * than the codec.
 */
export function jsonSchemaOf(type: t.Decoder<unknown, unknown>): JsonSchemaObject {
  const definitions: Definitions = { names: new Map(), schemas: {} };
  const schema = schemaOf(type, definitions);
  return {
    ...(typeof schema === 'boolean' ? (schema ? {} : { not: {} }) : schema),
    ...(definitions.names.size === 0 ? {} : { $defs: definitions.schemas }),
  };
}

function schemaOf(type: t.Decoder<unknown, unknown>, definitions: Definitions): JsonSchema {
  const of = (inner: t.Decoder<unknown, unknown>): JsonSchema => schemaOf(inner, definitions);
  // The tag says which of them it is. A codec that has none of these tags goes to the default.
  const tagged = type as unknown as Tagged;
  switch (tagged._tag) {
    case 'StringType':
      return { type: 'string' };
    case 'NumberType':
      return { type: 'number' };
    case 'BooleanType':
      return { type: 'boolean' };
    case 'NullType':
      return { type: 'null' };
    case 'UnknownType':
    case 'AnyType':
      return true;
    // No JSON text is one of these.
    case 'UndefinedType':
    case 'VoidType':
    case 'NeverType':
    case 'BigIntType':
    case 'FunctionType':
      return false;
    case 'ObjectType':
      return { type: ['object', 'array'] };
    case 'AnyArrayType':
      return { type: 'array' };
    case 'AnyDictionaryType':
      return { type: 'object' };
    case 'LiteralType':
      return { const: tagged.value };
    case 'KeyofType':
      return { enum: Object.keys(tagged.keys) };
    case 'RefinementType':
      return refined(of(tagged.type), tagged.name);
    case 'RecursiveType':
      return referred(tagged, definitions);
    case 'ArrayType':
    case 'ReadonlyArrayType':
      return { type: 'array', items: of(tagged.type) };
    case 'InterfaceType':
    case 'StrictType':
      return record(tagged.props, of, isRequired);
    case 'PartialType':
      return record(tagged.props, of, () => false);
    case 'ExactType':
    case 'ReadonlyType':
      return of(tagged.type);
    case 'DictionaryType':
      return dictionary(tagged, of);
    case 'UnionType':
      return either(tagged.types.map(of));
    case 'IntersectionType':
      return all(tagged.types.map(of));
    case 'TupleType':
      return tuple(tagged.types, of);
    default:
      return { description: `What the codec ${type.name} takes. JSON Schema does not say what that is.` };
  }
}

/** io-ts takes a member that is missing where the codec takes `undefined`. */
function isRequired(type: t.Decoder<unknown, unknown>): boolean {
  try {
    return type.validate(undefined, [])._tag === 'Left';
  } catch {
    return true;
  }
}

/** Further members are taken, whatever they are: `exact` leaves them out and does not refuse them. */
function record(
  props: t.Props,
  of: (type: t.Decoder<unknown, unknown>) => JsonSchema,
  mustBeThere: (type: t.Decoder<unknown, unknown>) => boolean,
): JsonSchema {
  const required = Object.entries(props).flatMap(([key, type]) => (mustBeThere(type) ? [key] : []));
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(props).map(([key, type]) => [key, of(type)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

function dictionary(
  { domain, codomain }: t.DictionaryType<t.Mixed, t.Mixed>,
  of: (type: t.Decoder<unknown, unknown>) => JsonSchema,
): JsonSchema {
  const keys = keysOf(domain);
  if (keys !== undefined) return record(Object.fromEntries(keys.map(key => [key, codomain])), of, isRequired);
  const isArrayToo = (codomain as unknown as Tagged)._tag === 'AnyType';
  if ((domain as unknown as Tagged)._tag === 'StringType')
    return isArrayToo ? { type: ['object', 'array'] } : { type: 'object', additionalProperties: of(codomain) };
  return {
    type: isArrayToo ? ['object', 'array'] : 'object',
    description: `Members whose names are ${domain.name} must be ${codomain.name}; others are left out.`,
  };
}

/** The names that a dictionary is asked for, where its domain lists them. */
function keysOf(domain: t.Mixed): readonly string[] | undefined {
  const tagged = domain as unknown as Tagged;
  if (tagged._tag === 'LiteralType') return typeof tagged.value === 'string' ? [tagged.value] : undefined;
  if (tagged._tag === 'KeyofType') return Object.keys(tagged.keys);
  if (tagged._tag !== 'UnionType') return undefined;
  const lists = tagged.types.map(keysOf);
  return lists.some(list => list === undefined) ? undefined : lists.flatMap(list => list ?? []);
}

function either(schemas: readonly JsonSchema[]): JsonSchema {
  const possible = schemas.filter(schema => schema !== false);
  if (possible.some(schema => schema === true)) return true;
  return possible.length > 1 ? { anyOf: possible } : (possible[0] ?? false);
}

function all(schemas: readonly JsonSchema[]): JsonSchema {
  if (schemas.includes(false)) return false;
  const asking = schemas.filter(schema => schema !== true);
  return asking.length > 1 ? { allOf: asking } : (asking[0] ?? true);
}

/** Elements behind the last are left out, not refused; one that may be `undefined` may be missing. */
function tuple(types: readonly t.Mixed[], of: (type: t.Decoder<unknown, unknown>) => JsonSchema): JsonSchema {
  const minItems = types.findLastIndex(isRequired) + 1;
  return {
    type: 'array',
    ...(types.length === 0 ? {} : { prefixItems: types.map(of) }),
    ...(minItems === 0 ? {} : { minItems }),
  };
}

function refined(inner: JsonSchema, name: string): JsonSchema {
  if (name === 'Int' || name === 'Integer') return { type: 'integer' };
  if (inner === false) return false;
  const { description, ...rest } = inner === true ? {} : inner;
  const words = `Refined by the codec ${name}, which says what else is asked for.`;
  return { ...rest, description: typeof description === 'string' ? `${description} ${words}` : words };
}

function referred(type: t.RecursiveType<t.Mixed>, definitions: Definitions): JsonSchema {
  const known = definitions.names.get(type);
  if (known !== undefined) return { $ref: `#/$defs/${known}` };
  const wanted = type.name.replace(/\W+/g, '_');
  const taken = new Set(definitions.names.values());
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
  definitions.names.set(type, name);
  definitions.schemas[name] = schemaOf(type.type, definitions);
  return { $ref: `#/$defs/${name}` };
}
