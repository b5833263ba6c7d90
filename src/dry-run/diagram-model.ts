import type { Component } from '../component/component.js';
import type { StageAccount, StageKind } from '../flow/account.js';
import { BUFFER_MEMORY } from '../flow/buffer-memory.js';
import type { DeclaredBuffer } from '../flow/declaration.js';
import { filterCovers } from '../topic/topic-matches.js';
import { isLocalStage, topicsOf } from './access.js';
import { mib } from './check-branches.js';
import type { DryRecord } from './record.js';
import type { RecordedStage } from './recording-nucleus.js';

/** A box of the diagram. */
export interface DiagramNode {
  readonly id: string;
  /** What comes in, what works, what goes out; `unknown` stands for topics that depend on data. */
  readonly role: 'in' | 'stage' | 'out' | 'unknown';
  /** The first is the name. */
  readonly lines: readonly string[];
  /** `undefined`: a dry run could not tell which. */
  readonly branch: string | undefined;
  /** Whether messages were dropped, failed or discarded here, where there are live numbers. */
  readonly lost: boolean;
}

/** An arrow from one box to another. */
export interface DiagramEdge {
  readonly from: string;
  readonly to: string;
}

/** Where a diagram leads: `down` for a narrow page. */
export type DiagramDirection = 'right' | 'down';

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

/** Characters of a line of facts at most. */
const LINE = 34;

/** What is drawn: a record, and what the component declares besides. */
export type Drawn = Pick<
  DryRecord,
  'branches' | 'subscriptions' | 'stages' | 'feeds' | 'publishes' | 'localSubscriptions' | 'localPublishes' | 'news'
> & {
  readonly declared: Pick<Component, 'publishes' | 'subscribes' | 'localPublishes' | 'localSubscribes'>;
};

/** The diagram of what was recorded; with live numbers, each box says what has become of its messages. */
export function diagramOf(title: string, record: Drawn, live?: LiveNumbers): Diagram {
  const nodes = new Map<string, DiagramNode>();
  const edges = new Map<string, DiagramEdge>();
  const add = (key: string, node: Omit<DiagramNode, 'id' | 'lost'>, account?: StageAccount): string => {
    const known = nodes.get(key);
    if (known !== undefined) return known.id;
    const id = `n${nodes.size}`;
    nodes.set(key, { id, ...node, lines: [...node.lines, ...numbers(account)], lost: hasLost(account) });
    return id;
  };
  const accountOf = (kind: StageKind, name: string): StageAccount | undefined =>
    live?.stages.find(stage => stage.kind === kind && stage.name === name);
  const connect = (from: string | undefined, to: string | undefined): void => {
    if (from !== undefined && to !== undefined) edges.set(`${from} ${to}`, { from, to });
  };
  const addTopic = (isLocal: boolean, branch: string | undefined, topic: string): string =>
    isLocal
      ? add(`out local ${topic}`, { role: 'out', branch, lines: [topic, 'local'] })
      : add(`out ${topic}`, { role: 'out', branch, lines: [topic] });
  /** By the name under which the ledger knows what an edge comes from or leads to. */
  const byName = new Map<string, string>();

  for (const { branch, filter, qos, codec } of record.subscriptions) {
    const lines = [filter, `QoS ${qos}${codec === undefined ? '' : ', decoded'}`];
    byName.set(filter, add(`in ${filter}`, { role: 'in', branch, lines }, accountOf('subscription', filter)));
  }
  for (const { branch, filter, codec } of record.localSubscriptions) {
    const lines = [filter, `local${codec === undefined ? '' : ', decoded'}`];
    byName.set(filter, add(`in local ${filter}`, { role: 'in', branch, lines }, accountOf('subscription', filter)));
  }
  for (const { branch, kind, name } of record.news)
    add(`in ${kind} ${name}`, { role: 'in', branch, lines: kind === 'updates' ? ['updates of the device'] : [name, kind] });
  for (const stage of record.stages.filter(({ kind }) => kind !== 'subscription')) {
    const { branch, kind, name, declaration } = stage;
    const id = add(`${kind} ${name}`, { role: 'stage', branch, lines: stageLines(stage) }, accountOf(kind, name));
    byName.set(name, id);
    if (kind !== 'publishTo' && kind !== 'forwardFrom') continue;
    if (declaration.topics === undefined) connect(id, add(`unknown ${name}`, { role: 'unknown', branch, lines: ['depends on data'] }));
    else for (const topic of declaration.topics) connect(id, addTopic(isLocalStage(stage), branch, topic));
  }
  const staged = topicsOf(record.stages.filter(stage => !isLocalStage(stage)));
  const stagedLocally = topicsOf(record.stages.filter(isLocalStage));
  for (const { branch, topicName } of record.publishes) {
    if (staged.some(filter => filterCovers(filter, topicName))) continue;
    add(`out ${topicName}`, { role: 'out', branch, lines: [topicName, 'without a message'] });
  }
  for (const { branch, topic } of record.localPublishes) {
    if (stagedLocally.some(filter => filterCovers(filter, topic))) continue;
    add(`out local ${topic}`, { role: 'out', branch, lines: [topic, 'local, without a message'] });
  }
  for (const filter of record.declared.localSubscribes)
    add(`in local ${filter}`, { role: 'in', branch: undefined, lines: [filter, 'local, declared'] });
  for (const topic of record.declared.localPublishes)
    add(`out local ${topic}`, { role: 'out', branch: undefined, lines: [topic, 'local, declared'] });
  for (const filter of record.declared.subscribes) add(`in ${filter}`, { role: 'in', branch: undefined, lines: [filter, 'declared'] });
  for (const topic of record.declared.publishes) add(`out ${topic}`, { role: 'out', branch: undefined, lines: [topic, 'declared'] });
  for (const { from, to } of record.feeds) for (const source of from) connect(byName.get(source), byName.get(to));
  return { title, branches: record.branches.map(({ name }) => name), nodes: [...nodes.values()], edges: [...edges.values()] };
}

function stageLines({ kind, name, declaration }: RecordedStage): readonly string[] {
  const { inFlight, ordered, buffer, within } = declaration;
  const facts = [
    inFlight === undefined ? undefined : `${inFlight} at once`,
    ordered === true ? 'in order' : undefined,
    ...(buffer === undefined ? [] : bufferFacts(buffer)),
    within === undefined ? undefined : `within ${within} ms`,
  ].filter(fact => fact !== undefined);
  return [name === kind ? kind : `${name} (${kind})`, ...inLines(facts, ', ')];
}

function bufferFacts({ messages, bytes, onFull }: DeclaredBuffer): readonly string[] {
  const size = `${messages} messages${bytes === undefined || bytes === Infinity ? '' : ` or ${bytes} bytes`}`;
  return [
    onFull === undefined ? `up to ${size}` : `buffers ${size}`,
    ...(bytes === undefined && messages > 0 ? [`of ${mib(BUFFER_MEMORY)} shared`] : []),
    ...(onFull === undefined ? [] : [onFull]),
  ];
}

function numbers(account: StageAccount | undefined): readonly string[] {
  if (account === undefined) return [];
  const counts = [
    ['in', account.received],
    ['out', account.emitted],
    ['dropped', account.dropped],
    ['failed', account.failed],
    ['inside', account.buffered],
    ['discarded', account.discarded],
  ] as const;
  return inLines(
    counts.flatMap(([what, { messages }], i) => (messages > 0 || i < 2 ? [`${what} ${messages}`] : [])),
    ' · ',
  );
}

function hasLost(account: StageAccount | undefined): boolean {
  return account !== undefined && account.dropped.messages + account.failed.messages + account.discarded.messages > 0;
}

/** As many facts to a line as it holds. */
function inLines(facts: readonly string[], between: string): readonly string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const longer = [...lines.slice(-1), fact].join(between);
    if (lines.length > 0 && longer.length <= LINE) lines[lines.length - 1] = longer;
    else lines.push(fact);
  }
  return lines;
}

/**
 * A diagram as Mermaid text, which GitHub and many editors draw.
 *
 * Source: Mermaid documentation, "Flowcharts Syntax": shapes, subgraphs, entity codes in labels.
 */
export function mermaidOf({ title, branches, nodes, edges }: Diagram, direction: DiagramDirection = 'right'): string {
  const within = (branch: string | undefined): readonly string[] =>
    nodes.filter(node => node.branch === branch).map(node => `    ${boxOf(node)}`);
  return [
    '---',
    // JSON is YAML, whatever is in the title.
    `title: ${JSON.stringify(title)}`,
    '---',
    direction === 'right' ? 'flowchart LR' : 'flowchart TB',
    ...branches.flatMap((branch, i) => [`  subgraph b${i}["${escaped(branch)}"]`, ...within(branch), '  end']),
    ...within(undefined),
    ...edges.map(({ from, to }) => `  ${from} --> ${to}`),
    '  classDef topic fill:#eef6ff,stroke:#36c',
    '  classDef unknown stroke-dasharray:4',
    ...classOf('lost', nodes),
    '  classDef lost stroke:#d1242f,stroke-width:2px',
    '',
  ].join('\n');
}

function classOf(name: 'lost', nodes: readonly DiagramNode[]): readonly string[] {
  const ids = nodes.filter(node => node[name]).map(({ id }) => id);
  return ids.length === 0 ? [] : [`  class ${ids.join(',')} ${name}`];
}

function boxOf({ id, role, lines }: DiagramNode): string {
  const label = `"${lines.map(escaped).join('<br/>')}"`;
  switch (role) {
    case 'in':
    case 'out':
      return `${id}([${label}]):::topic`;
    case 'unknown':
      return `${id}([${label}]):::unknown`;
    case 'stage':
      return `${id}[${label}]`;
  }
}

/** Of a label: `#` begins an entity code, and a quote ends it. */
function escaped(text: string): string {
  return text.replace(/[#"&<>`\\]/g, char => `#${char.charCodeAt(0)};`).replace(/\s+/g, ' ');
}
