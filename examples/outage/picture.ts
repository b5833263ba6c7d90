/** How the outbox was at a moment. */
export interface Sample {
  /** Milliseconds since the start. */
  readonly at: number;
  /** Messages that waited. */
  readonly depth: number;
  /**
   * The longest delay of what was sent since the sample before, in milliseconds: of live messages, and of replayed ones. 0: none was sent.
   */
  readonly live: number;
  readonly replayed: number;
}

const WIDTH = 720;
const HEIGHT = 130;
const LEFT = 60;
const GAP = 50;

/** Draws depth over time and, below, delay over time. */
export const picture = (samples: readonly Sample[], outage: { readonly from: number; readonly to: number }, day: number): string => {
  const end = samples.at(-1)?.at ?? 1;
  const x = (at: number): string => (LEFT + (at / end) * WIDTH).toFixed(1);
  const chart = (
    top: number,
    title: string,
    most: string,
    lines: readonly { readonly colour: string; readonly of: (sample: Sample) => number }[],
  ): string => {
    const highest = Math.max(1, ...samples.flatMap(sample => lines.map(({ of }) => of(sample))));
    const y = (value: number): string => (top + HEIGHT - (value / highest) * HEIGHT).toFixed(1);
    return [
      `<text x="${LEFT}" y="${top - 10}">${title}</text>`,
      `<rect x="${x(outage.from)}" y="${top}" width="${(((outage.to - outage.from) / end) * WIDTH).toFixed(1)}" height="${HEIGHT}" fill="#8883" />`,
      `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${most.replace('%', String(highest))}</text>`,
      `<text x="${LEFT - 6}" y="${top + HEIGHT}" text-anchor="end">0</text>`,
      `<path d="M${LEFT} ${top}V${top + HEIGHT}H${LEFT + WIDTH}" fill="none" stroke="#888" />`,
      ...lines.map(
        ({ colour, of }) =>
          `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${[`${LEFT},${top + HEIGHT}`, ...samples.map(sample => `${x(sample.at)},${y(of(sample))}`)].join(' ')}" />`,
      ),
    ].join('\n  ');
  };
  const days = Array.from({ length: Math.round(end / day) + 1 }, (_, n) => n);
  const second = 40 + HEIGHT + GAP;
  const bottom = second + HEIGHT;
  const delay = Math.max(...samples.map(({ replayed }) => replayed)) / day;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 20} ${bottom + 40}" font-family="sans-serif" font-size="12" fill="#888">`,
    `  <title>A meter through an outage of a week: messages that wait, and how late they are sent</title>`,
    `  ${chart(40, 'messages that wait; grey: offline', '%', [{ colour: '#3b82f6', of: ({ depth }) => depth }])}`,
    `  ${chart(second, 'how late messages are sent: live (green), replayed (orange)', `${delay.toFixed(1)} d`, [
      { colour: '#f97316', of: ({ replayed }) => replayed },
      { colour: '#16a34a', of: ({ live }) => live },
    ])}`,
    ...days.map(n => `  <text x="${x(n * day)}" y="${bottom + 18}" text-anchor="middle">${n}</text>`),
    `  <text x="${LEFT + WIDTH / 2}" y="${bottom + 36}" text-anchor="middle">day</text>`,
    '</svg>\n',
  ].join('\n');
};
