/** The sections of the documentation site, and the guides in each, in their order. A guide that is in none stops the build. */
export const SECTIONS: Readonly<Record<string, readonly (readonly [guide: string, title: string])[]>> = {
  'Start here': [
    ['tutorial', 'Tutorial'],
    ['first-hour', 'A first hour'],
    ['offline', 'A device that goes offline'],
    ['either', 'Either and io-ts in ten minutes'],
    ['migrating', 'From the official SDK'],
    ['other-stacks', 'From another stack'],
    ['examples/README', 'Examples'],
  ],
  Guides: [
    ['component', 'Components'],
    ['nucleus', 'The whole nucleus'],
    ['topics', 'Topics'],
    ['codecs', 'Codecs'],
    ['operators', 'Edge operators'],
    ['operators/change', 'Change'],
    ['operators/windows', 'Windows'],
    ['operators/aggregates', 'Aggregates'],
    ['operators/batch', 'Batch and shape'],
    ['operators/rate', 'Rate'],
    ['commands', 'Commands'],
    ['outbox', 'The outbox'],
    ['dead-letters', 'Dead letters'],
    ['testing', 'Testing'],
    ['tracing', 'Tracing'],
    ['small-device', 'On a small device'],
    ['fleet', 'A fleet'],
  ],
  Explanation: [
    ['backpressure', 'Backpressure'],
    ['failures', 'Failures'],
    ['reliability', 'Reliability'],
    ['nuclei-and-transports', 'Nuclei and transports'],
    ['architecture', 'Architecture'],
  ],
  Reference: [
    ['cli', 'The command line'],
    ['local-nucleus', 'The local nucleus'],
    ['brokers', 'Brokers behind the local nucleus'],
    ['benchmarks', 'Benchmarks'],
    ['glossary', 'Glossary'],
    ['stability', 'Stability'],
  ],
};

/** What a guide is called on the site, and where it stands. */
export function placeOf(guide: string): { readonly title: string; readonly section: string } {
  for (const [section, guides] of Object.entries(SECTIONS)) {
    const found = guides.find(([name]) => name === guide);
    if (found !== undefined) return { title: found[1], section };
  }
  throw new Error(`docs/${guide}.md is in no section of the site: give it a place in scripts/site-sections.ts.`);
}
