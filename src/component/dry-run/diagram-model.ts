import type { DeclaredBuffer, StageAccount, StageKind } from '../../flow/account.js';
import type { DryRecord } from './record.js';
import type { RecordedStage } from './recording-ledger.js';

/** A box of the diagram. */
export interface DiagramNode {
  readonly id: string;
  /** What comes in, what works, what goes out; `unknown` stands for topics that depend on data. */
  readonly role: 'in' | 'stage' | 'out' | 'unknown';
  /** The first is the name. */
  readonly lines: readonly string[];
  readonly branch: string | undefined;
}

/** An arrow from one box to another. */
export interface DiagramEdge {
  readonly from: string;
  readonly to: string;
}

/** What a component does with messages, to be drawn. */
export interface Diagram {
  readonly title: string;
  /** In the order in which they were given. */
  readonly branches: readonly string[];
  readonly nodes: readonly DiagramNode[];
  readonly edges: readonly DiagramEdge[];
}

/** The accounts of a component that runs: the health file has them. */
export interface LiveNumbers {
  readonly stages: readonly StageAccount[];
}

/** The diagram of what was recorded; with live numbers, each box says what has become of its messages. */
export const diagramOf = (title: string, record: DryRecord, live?: LiveNumbers): Diagram => {
  const nodes = new Map<string, DiagramNode>();
  const edges = new Map<string, DiagramEdge>();
  const add = (key: string, node: Omit<DiagramNode, 'id'>): string => {
    const known = nodes.get(key);
    if (known !== undefined) return known.id;
    const id = `n${nodes.size}`;
    nodes.set(key, { id, ...node });
    return id;
  };
  const connect = (from: string | undefined, to: string | undefined): void => {
    if (from !== undefined && to !== undefined) edges.set(`${from} ${to}`, { from, to });
  };
  /** By the name under which the ledger knows what an edge comes from or leads to. */
  const byName = new Map<string, string>();

  for (const { branch, filter, qos, codec } of record.subscriptions) {
    const lines = [filter, `QoS ${qos}${codec === undefined ? '' : ', decoded'}`, ...numbers(live, 'subscription', filter)];
    byName.set(filter, add(`in ${filter}`, { role: 'in', branch, lines }));
  }
  for (const stage of record.stages.filter(({ kind }) => kind !== 'subscription')) {
    const { branch, kind, name, declaration } = stage;
    const id = add(`${kind} ${name}`, { role: 'stage', branch, lines: [...stageLines(stage), ...numbers(live, kind, name)] });
    byName.set(name, id);
    if (kind !== 'publishTo') continue;
    if (declaration.topics === undefined) connect(id, add(`unknown ${name}`, { role: 'unknown', branch, lines: ['depends on data'] }));
    else for (const topic of declaration.topics) connect(id, add(`out ${topic}`, { role: 'out', branch, lines: [topic] }));
  }
  for (const { from, to } of record.edges) for (const source of from) connect(byName.get(source), byName.get(to));
  return { title, branches: record.branches.map(({ name }) => name), nodes: [...nodes.values()], edges: [...edges.values()] };
};

const stageLines = ({ kind, name, declaration }: RecordedStage): readonly string[] => {
  const { concurrency, ordered, buffer, within } = declaration;
  const facts = [
    concurrency === undefined ? undefined : `${concurrency} at once`,
    ordered === true ? 'in order' : undefined,
    buffer === undefined ? undefined : bufferText(buffer),
    within === undefined ? undefined : `within ${within} ms`,
  ].filter(fact => fact !== undefined);
  return [name === kind ? kind : `${name} (${kind})`, ...(facts.length === 0 ? [] : [facts.join(', ')])];
};

const bufferText = ({ messages, bytes, onFull }: DeclaredBuffer): string => {
  const size = `${messages} messages${bytes === undefined ? '' : ` or ${bytes} bytes`}`;
  return onFull === undefined ? `up to ${size}` : `buffers ${size}, ${onFull}`;
};

const numbers = (live: LiveNumbers | undefined, kind: StageKind, name: string): readonly string[] => {
  const account = live?.stages.find(stage => stage.kind === kind && stage.name === name);
  if (account === undefined) return [];
  const counts = [
    ['in', account.received],
    ['out', account.emitted],
    ['dropped', account.dropped],
    ['failed', account.failed],
    ['inside', account.buffered],
    ['discarded', account.discarded],
  ] as const;
  return [counts.flatMap(([what, { messages }], i) => (messages > 0 || i < 2 ? [`${what} ${messages}`] : [])).join(' · ')];
};
