import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import type { Component } from '../../component/component.js';
import { isJsonObject, parsedJson } from '../../shared/check-argument.js';
import type { DryRecord } from '../record.js';
import { flinkSql } from './flink-sql.js';
import { messageSchema } from './message-schema.js';
import { type Outgoing, outgoingOf } from './outgoing.js';
import { cloudTemplate, templateText } from './template.js';

/** A file of the cloud side, by its path in the folder. */
export interface CloudFile {
  readonly path: string;
  readonly text: string;
}

/** The file of the template. */
export const TEMPLATE = 'template.yaml';

/** The cloud side of what a component publishes, as files; none where no stage says where it publishes. */
export function cloudFiles(component: Pick<Component, 'name' | 'version'>, record: DryRecord): readonly CloudFile[] {
  const all = outgoingOf(component.name, record);
  if (all.length === 0) return [];
  return [
    { path: TEMPLATE, text: templateText(cloudTemplate(component, all)) },
    ...all.flatMap(outgoing => filesOf(component.name, outgoing)),
    ...(all.some(({ shape }) => shape?.format === 'gzip') ? [{ path: 'GunzipBase64.java', text: GUNZIP }] : []),
  ];
}

function filesOf(componentName: string, outgoing: Outgoing): readonly CloudFile[] {
  const { name } = outgoing;
  const { files, kafka, views } = flinkSql(componentName, outgoing);
  return [
    { path: `${name}.schema.json`, text: `${JSON.stringify(messageSchema(outgoing), undefined, 2)}\n` },
    { path: `${name}.files.sql`, text: files },
    { path: `${name}.kafka.sql`, text: kafka },
    { path: `${name}.sql`, text: views },
  ];
}

const GUNZIP = `import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.GZIPInputStream;
import org.apache.flink.table.functions.ScalarFunction;

/** The text that was compressed with gzip and written as base64. What is neither, or is larger than a message can be, is NULL. */
public class GunzipBase64 extends ScalarFunction {
  private static final int MAX_BYTES = 16 << 20;

  public String eval(String base64) {
    if (base64 == null) return null;
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(base64)))) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      return bytes.length > MAX_BYTES ? null : new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException | IllegalArgumentException noGzip) {
      return null;
    }
  }
}
`;

/** Actions that one rule may have. Source: AWS General Reference, "AWS IoT Core rules engine limits and quotas". */
const MAX_ACTIONS = 10;
/** Bytes that a rule may have, its statement among them. Same source. */
export const MAX_RULE: number = 256 * 1_024;

/**
 * How files that were written earlier do not fit the code of now: one line each, `+` for what is lacking, `-` for what is there and the
 * code does not need, `~` for what differs. No line: they fit. Further resources, further views, what is behind `WITH`, and how much a
 * stream buffers are left to their author.
 *
 * @param read gives the text of a file; `undefined`: there is none.
 */
export function cloudDifference(derived: readonly CloudFile[], read: (path: string) => string | undefined): readonly string[] {
  return derived.flatMap(({ path, text }) => {
    const there = read(path);
    if (there === undefined) return [`+ ${path} is missing`];
    if (path === TEMPLATE) return templateDifference(path, there, parse(text));
    if (path.endsWith('.json')) return jsonDifference(path, there, JSON.parse(text));
    if (path.endsWith('.sql')) return sqlDifference(path, there, text);
    return there.replaceAll('\r\n', '\n') === text ? [] : [`~ ${path} differs`];
  });
}

/** What the author of a template may tune: it is not compared. */
const TUNED = /\/(BufferingHints|CompressionFormat|RetentionInDays|ClientProperties|Description|Default|RuleDisabled)(\/|$)/;

function templateDifference(path: string, there: string, wanted: unknown): readonly string[] {
  let parsed: unknown;
  try {
    // Short forms, such as !Ref, are the same as the long ones; what is behind another tag stays what it is.
    parsed = parse(there, { customTags: SHORT_FORMS, logLevel: 'error' });
  } catch (cause) {
    return [`~ ${path} is no YAML: ${cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause)}`];
  }
  return [...lacking(path, parsed, wanted), ...tooMuch(path, parsed, wanted)];
}

function short(tag: string, of: (text: string) => unknown): { readonly tag: string; readonly resolve: (text: string) => unknown } {
  return { tag: `!${tag}`, resolve: of };
}

const SHORT_FORMS = [
  short('Ref', text => ({ Ref: text })),
  short('Sub', text => ({ 'Fn::Sub': text })),
  short('GetAtt', text => ({ 'Fn::GetAtt': [text.slice(0, text.indexOf('.')), text.slice(text.indexOf('.') + 1)] })),
];

function lacking(path: string, there: unknown, wanted: unknown): readonly string[] {
  if (TUNED.test(path) && there !== undefined) return [];
  if (isDeepStrictEqual(there, wanted)) return [];
  if (isJsonObject(there) && isJsonObject(wanted))
    return Object.entries(wanted).flatMap(([key, value]) => lacking(`${path}/${key}`, there[key], value));
  if (Array.isArray(there) && Array.isArray(wanted) && there.length >= wanted.length) {
    // There may be more actions, or more statements, behind those that are wanted.
    return wanted.flatMap((value, i) => lacking(`${path}/${i}`, (there as readonly unknown[])[i], value));
  }
  if (there === undefined) return [`+ ${path} must be ${shown(wanted)}`];
  return [`~ ${path} is ${shown(there)}; the code says ${shown(wanted)}`];
}

/** Rules that were derived for topics that are no longer published to, and rules with more in them than there may be. */
function tooMuch(path: string, there: unknown, wanted: unknown): readonly string[] {
  const known = memberOf(wanted, 'Resources');
  return Object.entries(memberOf(there, 'Resources')).flatMap(([id, resource]) => {
    if (!isJsonObject(resource) || resource['Type'] !== 'AWS::IoT::TopicRule') return [];
    const { Sql, Actions, Description } = memberOf(memberOf(resource, 'Properties'), 'TopicRulePayload');
    const isOurs = typeof Description === 'string' && Description.startsWith('Messages to ');
    const count = Array.isArray(Actions) ? Actions.length : 0;
    const bytes = typeof Sql === 'string' ? Buffer.byteLength(Sql) : 0;
    return [
      ...(isOurs && known[id] === undefined ? [`- ${path}/Resources/${id}: the component publishes nothing there`] : []),
      ...(count > MAX_ACTIONS ? [`~ ${path}/Resources/${id} has ${count} actions; a rule may have ${MAX_ACTIONS}`] : []),
      ...(bytes > MAX_RULE ? [`~ ${path}/Resources/${id} has a statement of ${bytes} bytes; a rule may have ${MAX_RULE}`] : []),
    ];
  });
}

function memberOf(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const member = isJsonObject(value) ? value[key] : undefined;
  return isJsonObject(member) ? member : {};
}

function jsonDifference(path: string, there: string, wanted: unknown): readonly string[] {
  const parsed = parsedJson(there);
  return parsed === undefined ? [`~ ${path} is no JSON`] : exactly(path, parsed, wanted);
}

/** A schema says what is taken: more in it is another schema. */
function exactly(path: string, there: unknown, wanted: unknown): readonly string[] {
  if (isDeepStrictEqual(there, wanted)) return [];
  if (isJsonObject(there) && isJsonObject(wanted)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(there)]);
    return [...keys].flatMap(key => exactly(`${path}/${key}`, there[key], wanted[key]));
  }
  if (there === undefined) return [`+ ${path} must be ${shown(wanted)}`];
  if (wanted === undefined) return [`- ${path} is ${shown(there)}, and the codec has no such thing`];
  return [`~ ${path} is ${shown(there)}; the codec says ${shown(wanted)}`];
}

function sqlDifference(path: string, there: string, wanted: string): readonly string[] {
  const found = statements(there);
  return [...statements(wanted)].flatMap(([name, statement]) => {
    const other = found.get(name);
    if (other === undefined) return [`+ ${path} must have ${name}`];
    return other === statement ? [] : [`~ ${path}: ${name} differs`];
  });
}

/** The statements by what each makes or sets, without comments, needless spaces, and what is behind WITH. */
function statements(sql: string): ReadonlyMap<string, string> {
  const all = sql
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*(?:\n|$)/)
    .map(statement => statement.replace(/\s+/g, ' ').trim())
    .filter(statement => statement !== '');
  return new Map(
    all.map(statement => {
      const name = /^(SET '[^']+'|CREATE (?:TEMPORARY )?\w+ \S+)/i.exec(statement)?.[1] ?? statement;
      return [name, /^CREATE TABLE/i.test(statement) ? statement.replace(/\) WITH \(.*$/i, ')') : statement];
    }),
  );
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}
