import { readFile } from 'node:fs/promises';
import * as t from 'io-ts';
import { asyncScheduler, exhaustMap, finalize, type Subscription } from 'rxjs';
import { SIZE, layOut } from '../../dry-run/svg.js';
import type { Diagram, DiagramNode } from '../../dry-run/diagram-model.js';
import { every } from '../../schedule/clock.js';
import { messageOf } from '../../shared/visible.js';
import { readJson } from '../cli.js';
import { runOwn } from './own-process.js';
import type { PageAccount, PageDiagram, PageHealth } from './page-state.js';

/** From one look at the health file to the next, in milliseconds. */
export const LOOK_EVERY = 400;
/** How long the component may take to be drawn, in milliseconds, and how large its diagram may be, in bytes. */
const DRAWN_WITHIN = 20_000;
const MAX_DIAGRAM = 4 * 1024 * 1024;

const Amount = t.type({ messages: t.number });
const Account = t.type({
  kind: t.string,
  name: t.string,
  received: Amount,
  emitted: Amount,
  dropped: Amount,
  failed: Amount,
  buffered: Amount,
  discarded: Amount,
});
type Account = t.TypeOf<typeof Account>;
/** As much of the health file as the page shows. */
const Health = t.type({
  status: t.string,
  branches: t.record(t.string, t.type({ status: t.string, lefts: t.number })),
  stages: t.array(Account),
  feeds: t.array(t.type({ from: t.array(t.string), to: t.string, sent: t.number, absorbed: t.number })),
  outboxes: t.array(t.type({ path: t.string, inside: t.type({ messages: t.number, bytes: t.number }) })),
});
type Health = t.TypeOf<typeof Health>;

const Drawn: t.Type<Diagram, unknown> = t.type({
  title: t.string,
  branches: t.readonlyArray(t.string),
  nodes: t.readonlyArray(
    t.type({
      id: t.string,
      role: t.union([t.literal('in'), t.literal('stage'), t.literal('out'), t.literal('unknown')]),
      lines: t.readonlyArray(t.string),
      branch: t.union([t.string, t.undefined]),
      lost: t.boolean,
    }),
  ),
  edges: t.readonlyArray(t.type({ from: t.string, to: t.string })),
});

/** The module that a command runs as a component; `undefined`: it runs something else. */
export function moduleIn(command: readonly string[]): string | undefined {
  const at = command.findIndex((word, i) => word === 'run' && /(^|[\\/])(greengrass-rx|cli[\\/]main\.js)$/.test(command[i - 1] ?? ''));
  return at < 0 ? undefined : command.slice(at + 1).find(word => !word.startsWith('-'));
}

/** Looks at a component of this package from outside: at the file it writes, and once at a diagram of its code. */
export class ComponentWatch {
  readonly #file: () => string;
  readonly #module: string | undefined;
  readonly #tell: (health: PageHealth) => void;
  readonly #onUndrawn: (reason: string) => void;
  #undrawn: string | undefined;
  #drawn: Diagram | undefined;
  #drawing = new AbortController();
  #last = '';

  /** @param onUndrawn is told why the code cannot be drawn, once for each reason. */
  constructor(file: () => string, module: string | undefined, tell: (health: PageHealth) => void, onUndrawn: (reason: string) => void) {
    this.#file = file;
    this.#module = module;
    this.#tell = tell;
    this.#onUndrawn = onUndrawn;
  }

  start(): Subscription {
    return every(LOOK_EVERY, asyncScheduler)
      .pipe(
        exhaustMap(() => this.#look()),
        finalize(() => this.#drawing.abort()),
      )
      .subscribe();
  }

  /** The component was started, maybe with other code: draws it anew. A process of its own loads it for that. */
  async redraw(): Promise<void> {
    if (this.#module === undefined) return;
    // Of code that is no longer the component's.
    this.#drawing.abort();
    this.#drawing = new AbortController();
    const { signal } = this.#drawing;
    const bounds = { within: DRAWN_WITHIN, maxBytes: MAX_DIAGRAM, signal };
    const printed = await runOwn(['diagram', this.#module, '--format', 'json'], bounds).catch((error: unknown) => {
      if (!signal.aborted) this.#cannotDraw(messageOf(error));
      return '';
    });
    const drawn = readJson(Drawn, printed);
    if (drawn === undefined) return;
    this.#undrawn = undefined;
    this.#drawn = drawn;
    this.#last = '';
  }

  /** @param said on stderr, among what else there is to say of the component. */
  #cannotDraw(said: string): void {
    const reasons = said.split(/\n(?=\S)/).filter(text => !/^(?:note|warning) \(/.test(text));
    const reason = reasons.map(text => text.replaceAll(/\s+/g, ' ')).join(' ');
    if (reason === this.#undrawn) return;
    this.#undrawn = reason;
    this.#onUndrawn(reason);
  }

  async #look(): Promise<void> {
    const text = await readFile(this.#file(), 'utf8').catch(() => '');
    if (text === this.#last) return;
    this.#last = text;
    const health = readJson(Health, text);
    if (health !== undefined) this.#tell(pageHealth(health, this.#drawn));
  }
}

/** What the page shows of a health file; boxes and arrows as they were drawn, or else as the ledger knows them. */
function pageHealth(health: Health, drawn: Diagram | undefined): PageHealth {
  return {
    status: health.status,
    branches: Object.entries(health.branches).map(([name, { status, lefts }]) => ({ name, status, lefts })),
    diagram: pageDiagram(drawn ?? ofLedger(health), health),
    outboxes: health.outboxes.map(({ path, inside }) => ({ path, messages: inside.messages, bytes: inside.bytes })),
  };
}

function ofLedger({ stages, feeds }: Health): Diagram {
  const nodes = stages.map(({ kind, name }): DiagramNode => {
    const role = kind === 'subscription' ? 'in' : 'stage';
    return {
      id: `${kind} ${name}`,
      role,
      lines: [role === 'in' || kind === name ? name : `${name} (${kind})`],
      branch: undefined,
      lost: false,
    };
  });
  const idOf = (name: string): string | undefined => stages.flatMap(stage => (stage.name === name ? [`${stage.kind} ${name}`] : []))[0];
  const arrows = feeds.flatMap(({ from, to }) =>
    from.flatMap(source => {
      const [one, other] = [idOf(source), idOf(to)];
      return one === undefined || other === undefined ? [] : [{ from: one, to: other }];
    }),
  );
  return { title: '', branches: [], nodes, edges: arrows };
}

function pageDiagram(diagram: Diagram, { stages, feeds }: Health): PageDiagram {
  const numbered: Diagram = { ...diagram, nodes: diagram.nodes.map(node => ({ ...node, lines: [...node.lines, roomIn(node)] })) };
  const { width, height, boxes, bands } = layOut(numbered);
  const names = new Map(boxes.map(({ node }) => [node.id, nameOf(node)]));
  return {
    width: Math.max(width, SIZE.margin * 4),
    height,
    bands: bands.map(({ branch, y, height: bandHeight }) => ({ title: branch ?? '', y, height: bandHeight })),
    boxes: boxes.map(({ node, x, y, width: boxWidth, height: boxHeight }) => ({
      id: node.id,
      role: node.role,
      lines: node.lines.slice(0, -1),
      x,
      y,
      width: Math.max(boxWidth, 0),
      height: boxHeight,
      account: accountOf(node, stages),
    })),
    edges: diagram.edges.map(({ from, to }) => {
      const feed = feeds.find(each => each.to === names.get(to) && each.from.includes(names.get(from) ?? ''));
      return { from, to, sent: feed?.sent ?? 0, absorbed: feed?.absorbed ?? 0 };
    }),
  };
}

/** For the line of numbers that the page writes under the others. */
function roomIn({ role }: DiagramNode): string {
  return role === 'in' || role === 'stage' ? '00000 → 00000 · 0000 dropped' : '';
}

/** The name of a stage, whose box has its kind behind it. */
function nameOf({ role, lines: [first = ''] }: DiagramNode): string {
  return role === 'stage' ? first.replace(/ \(\w+\)$/, '') : first;
}

function accountOf(node: DiagramNode, stages: readonly Account[]): PageAccount | undefined {
  if (node.role !== 'in' && node.role !== 'stage') return undefined;
  const name = nameOf(node);
  const found = stages.find(stage => stage.name === name && (stage.kind === 'subscription') === (node.role === 'in'));
  if (found === undefined) return undefined;
  const { received, emitted, dropped, failed, buffered, discarded } = found;
  return {
    received: received.messages,
    emitted: emitted.messages,
    dropped: dropped.messages,
    failed: failed.messages,
    buffered: buffered.messages,
    discarded: discarded.messages,
  };
}
