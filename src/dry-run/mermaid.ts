import type { Diagram, DiagramDirection, DiagramNode } from './diagram-model.js';

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
