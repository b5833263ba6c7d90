import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Diagram, mermaidOf } from '../../src/dry-run/diagram-model.js';
import { layOut, svgOf } from '../../src/dry-run/svg.js';
import { component } from '../../src/component/index.js';
import { dryRun } from '../../src/dry-run/index.js';
import { type BufferPolicy, publishTo, type StageAccount } from '../../src/flow/index.js';
import { QOS } from '../../src/shared/qos.js';
import { edgeAggregator } from '../kit/component/edge-aggregator.js';

const drawn = async () => {
  const run = await dryRun(edgeAggregator);
  if (run._tag === 'Left') throw run.left;
  return run.right;
};

const amount = (messages: number) => ({ messages, bytes: 0 });
const account = (kind: StageAccount['kind'], name: string, received: number, dropped: number): StageAccount => ({
  kind,
  name,
  active: 1,
  received: amount(received),
  emitted: amount(received - dropped),
  dropped: amount(dropped),
  failed: amount(0),
  buffered: amount(0),
  discarded: amount(0),
  peak: amount(0),
});

/** Diagrams of any shape, cycles and lone boxes included. */
const diagrams: fc.Arbitrary<Diagram> = fc.integer({ min: 1, max: 12 }).chain(count =>
  fc.record({
    title: fc.string(),
    branches: fc.constant(['one', 'two']),
    nodes: fc
      .array(
        fc.record({
          lines: fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 3 }),
          branch: fc.constantFrom('one', 'two', undefined),
        }),
        { minLength: count, maxLength: count },
      )
      .map(nodes => nodes.map((node, i) => ({ id: `n${i}`, role: 'stage' as const, lost: i % 2 === 0, ...node }))),
    edges: fc.array(fc.record({ from: fc.nat(count - 1).map(i => `n${i}`), to: fc.nat(count - 1).map(i => `n${i}`) }), { maxLength: 20 }),
  }),
);

describe('the layout', () => {
  it('has every box once, none over another, all within their band and the picture', () => {
    fc.assert(
      fc.property(diagrams, fc.constantFrom('right', 'down'), (diagram, direction) => {
        const { boxes, bands, width, height } = layOut(diagram, direction);
        expect(boxes.map(({ node }) => node.id).sort()).toEqual(diagram.nodes.map(({ id }) => id).sort());
        for (const [i, one] of boxes.entries()) {
          const band = bands.find(({ branch }) => branch === one.node.branch);
          expect(band !== undefined && one.y >= band.y && one.y + one.height <= band.y + band.height).toBe(true);
          expect(one.x >= 0 && one.x + one.width <= width && one.y + one.height <= height).toBe(true);
          for (const other of boxes.slice(i + 1)) {
            const apart =
              one.x + one.width <= other.x ||
              other.x + other.width <= one.x ||
              one.y + one.height <= other.y ||
              other.y + other.height <= one.y;
            expect(apart).toBe(true);
          }
        }
      }),
    );
  });

  it('leads from left to right', async () => {
    const diagram = (await drawn()).diagram();
    const x = new Map(layOut(diagram).boxes.map(box => [box.node.id, box.x]));
    expect(diagram.edges.length).toBeGreaterThan(6);
    for (const { from, to } of diagram.edges) expect(x.get(from) ?? NaN).toBeLessThan(x.get(to) ?? NaN);
  });

  it('leads down where it is told to, and is no wider than a phone then', async () => {
    const diagram = (await drawn()).diagram();
    const { boxes, width } = layOut(diagram, 'down');
    const bottom = new Map(boxes.map(({ node, y, height }) => [node.id, { top: y, bottom: y + height }]));
    for (const { from, to } of diagram.edges) expect(bottom.get(from)?.bottom ?? NaN).toBeLessThan(bottom.get(to)?.top ?? NaN);
    expect(width).toBeLessThan(390);
    expect((await drawn()).mermaid(undefined, 'down')).toContain('flowchart TB');
  });
});

describe('the pictures', () => {
  it('are Mermaid text', async () => {
    expect((await drawn()).mermaid().split('\n')).toEqual([
      '---',
      'title: "com.example.EdgeAggregator 1.2.0"',
      '---',
      'flowchart LR',
      '  subgraph b0["telemetry"]',
      '    n0(["sensors/+/temperature<br/>QoS 1, decoded"]):::topic',
      '    n3["telemetry (publishTo)<br/>4 at once, buffers 1000 messages<br/>of 16 MiB shared, dropOldest"]',
      '    n4(["telemetry/mean"]):::topic',
      '    n5["readings (batch)<br/>up to 3 messages, of 16 MiB shared<br/>within 1000 ms"]',
      '  end',
      '  subgraph b1["commands"]',
      '    n1(["cmd/+<br/>QoS 1"]):::topic',
      '    n6["results (publishTo)<br/>buffers 10 messages<br/>of 16 MiB shared, fail"]',
      '    n7(["cmd/+/result"]):::topic',
      '  end',
      '  subgraph b2["alarms"]',
      '    n2(["sensors/+/alarm<br/>QoS 1"]):::topic',
      '    n8["alarms (publishTo)<br/>buffers 1000 messages<br/>of 16 MiB shared, dropOldest"]',
      '    n9(["alarms/+"]):::topic',
      '  end',
      ...['n3 --> n4', 'n6 --> n7', 'n8 --> n9', 'n5 --> n3', 'n0 --> n5', 'n1 --> n6', 'n2 --> n8'].map(edge => `  ${edge}`),
      '  classDef topic fill:#eef6ff,stroke:#36c',
      '  classDef unknown stroke-dasharray:4',
      '  classDef lost stroke:#d1242f,stroke-width:2px',
      '',
    ]);
  });

  it('say of each buffer in what memory it waits: its own bytes, or a part of what all share', async () => {
    const sizeOf = () => 1;
    const buffers: readonly (readonly [BufferPolicy<unknown> | undefined, readonly string[]])[] = [
      [undefined, ['buffers 1000 messages', 'of 16 MiB shared, dropOldest']],
      [{ messages: 5, bytes: 4_096, sizeOf }, ['buffers 5 messages or 4096 bytes', 'dropOldest']],
      [{ messages: 5, bytes: Infinity, sizeOf }, ['buffers 5 messages, dropOldest']],
      [{ messages: 0, onFull: 'fail' }, ['buffers 0 messages, fail']],
    ];
    for (const [buffer, lines] of buffers) {
      const run = await dryRun(
        component({
          name: 'a',
          version: '1.0.0',
          run: proxy =>
            proxy
              .subscribe({ topicName: 'in', qos: QOS.AT_LEAST_ONCE })
              .pipe(publishTo(proxy, () => ({ topicName: 'out', payload: '', qos: QOS.AT_LEAST_ONCE }), { topics: ['out'], buffer })),
        }),
      );
      if (run._tag === 'Left') throw run.left;
      expect(run.right.diagram().nodes.find(({ role }) => role === 'stage')?.lines).toEqual(['publishTo', ...lines]);
    }
  });

  it('have the numbers of a component that runs', async () => {
    const stages = [account('subscription', 'cmd/+', 12, 0), account('publishTo', 'results', 12, 3)];
    const { lines } = (await drawn()).diagram({ stages }).nodes.find(({ lines }) => lines[0] === 'results (publishTo)') ?? {};
    expect(lines?.at(-1)).toBe('in 12 · out 9 · dropped 3');
    expect((await drawn()).svg({ stages })).toContain('in 12 · out 12<');
    expect((await drawn()).svg({ stages }).match(/class="stage lost"/g)).toHaveLength(1);
    expect((await drawn()).mermaid({ stages })).toContain('\n  class n6 lost\n');
  });

  it('have what no stage does: direct publishes, and what is declared', async () => {
    const direct = component({
      name: 'a',
      version: '1.0.0',
      publishes: ['report'],
      subscribes: ['config/+'],
      run: proxy => proxy.publish$({ topicName: 'hello', payload: '', qos: QOS.AT_LEAST_ONCE }),
    });
    const run = await dryRun(direct);
    if (run._tag === 'Left') throw run.left;
    expect(run.right.diagram().nodes).toMatchObject([
      { role: 'out', branch: 'run', lines: ['hello', 'without a message'] },
      { role: 'in', branch: undefined, lines: ['config/+', 'declared'] },
      { role: 'out', branch: undefined, lines: ['report', 'declared'] },
    ]);
  });

  it('are whole whatever the topics are', () => {
    fc.assert(
      fc.property(diagrams, fc.string({ unit: 'binary' }), (diagram, text) => {
        const [first, ...rest] = diagram.nodes;
        const nodes = first === undefined ? [] : [{ ...first, lines: [`<&">#\`]) ${text}`] }, ...rest];
        const svg = svgOf({ ...diagram, nodes });
        // Each tag is closed, and nothing but the tags has an angle bracket.
        expect(svg.match(/<g>/g)?.length).toBe(nodes.length);
        expect(svg.replace(/<\/?[a-zA-Z][^<>]*>/g, '')).not.toMatch(/[<>]/);
        const labels = mermaidOf({ ...diagram, nodes })
          .split('\n')
          .filter(line => /^ {4}n\d/.test(line));
        expect(labels).toHaveLength(nodes.length);
        for (const label of labels) expect(label.match(/"/g)).toHaveLength(2);
      }),
    );
  });
});
