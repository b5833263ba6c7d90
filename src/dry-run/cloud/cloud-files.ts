import type { Component } from '../../component/component.js';
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

/** What there is to have in the cloud for what a component publishes; nothing where no stage says where it publishes. */
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
  private static final int MOST_BYTES = 16 << 20;

  public String eval(String base64) {
    if (base64 == null) return null;
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(base64)))) {
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      return bytes.length > MOST_BYTES ? null : new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException | IllegalArgumentException noGzip) {
      return null;
    }
  }
}
`;
