/**
 * Which way imports may point. Two storeys: the runtime, which a device loads, and the kit, which a developer uses and no device loads a
 * line of. In each the folders stand in an order, and each may import those before it: so no two need each other. Each folder's name says
 * what is in it.
 */
const RUNTIME = [
  'shared',
  'errors',
  'schedule',
  'codec',
  'topic',
  'stream',
  'ipc',
  'ports',
  'flow',
  'operators',
  'sinks',
  'client',
  'outbox',
  'tracing',
  'component',
];
const KIT = ['recipe', 'local', 'testing', 'dry-run', 'eslint', 'cli'];
const FOLDERS = [...RUNTIME, ...KIT];
const among = folders => `^src/(${folders.join('|')})/`;

/** Pure RxJS and fp-ts: they work on any Observable, with or without a nucleus. */
const PURE = among(['errors', 'schedule', 'codec', 'topic', 'stream', 'ports', 'flow', 'operators', 'sinks']);
/** The part of ipc that is the client: all but frames and shapes, and but for the one way in which aws-crt is loaded. */
const CLIENT = '^src/ipc/(?!crt/crt-native|wire/(?!encode-request))';
/** What package.json exports, but for src/errors/errors.ts: failures are one union, which is also taken whole inside src. */
const ENTRY = '^src/(index|fp|[^/]+/index)\\.ts$';
const AWS_CRT = '(^|/)aws-crt(/|$)';

/** The rules: a name, what it is for, which files it is about (a path, or more), and what they must not import. */
const RULES = [
  ['no-cycle', 'Modules that need each other are one module.', {}, { circular: true }],
  ...FOLDERS.slice(0, -1).map((folder, place) => [
    'folders-in-order',
    'A folder may import those before it: no two folders need each other, and the runtime never imports the kit.',
    `^src/${folder}/`,
    among(FOLDERS.slice(place + 1)),
  ]),
  ['every-folder-has-its-place', 'A new folder of src is named in the order above.', { path: '^src/[^/]+/', pathNot: among(FOLDERS) }, {}],
  ['the-package-is-the-runtime', 'What the main entry loads, a device loads.', '^src/[^/]+$', among(KIT)],
  [
    'pure-knows-no-client',
    'Stages and operators work on any Observable, with or without a nucleus; publishTo is handed a port.',
    PURE,
    '^src/(ipc|client|component)/',
  ],
  [
    'ports-are-types',
    'A port says what a service does. Who does it is in client, and in testing.',
    '^src/ports/',
    { dependencyTypesNot: ['type-only'] },
  ],
  [
    'client-stands-on-ipc',
    'The client stands on ipc and the pure parts, and leaves what is done with messages to others.',
    '^src/client/',
    '^src/(operators|sinks|outbox)/',
  ],
  [
    'ipc-stands-at-the-bottom',
    'ipc turns bytes into operations and knows nothing of what is built on it. Of the rest it may use the words that all share.',
    '^src/ipc/',
    { path: '^src/', pathNot: ['^src/ipc/', '^src/shared/'] },
  ],
  ['ipc-without-rxjs', 'ipc takes its time from the Clock port and tells its news to listeners.', '^src/ipc/', 'node_modules/rxjs/'],
  [
    'outbox-takes-its-proxy',
    'An outbox is handed a proxy; of the client it has only what checks a request.',
    '^src/outbox/',
    '^src/(ipc/|client/(?!mqtt-request\\.ts)|sinks/)',
  ],
  [
    'local-is-a-server',
    'What the local nucleus accepts must not be what our own client happens to do. How a function of the program is called is no part of that.',
    '^src/local/',
    { path: '^src/(client|stream|flow|operators|sinks|outbox|component|dry-run|testing|cli)/', pathNot: '^src/stream/hook\\.ts$' },
  ],
  [
    'local-without-the-client',
    'Of ipc the local nucleus shares frames and shapes, not the session or the transports, and not by a detour either.',
    '^src/local/',
    { path: CLIENT, reachable: true },
  ],
  [
    'recipes-stand-alone',
    'A recipe is read and written without a nucleus, a client or a terminal.',
    '^src/recipe/',
    '^src/(ipc|client|component|dry-run|local|testing|cli)/',
  ],
  [
    'dry-run-reads-policies-and-recipes',
    'A dry run needs what reads policies and recipes, not the server, nor a terminal.',
    '^src/dry-run/',
    '^src/(local|cli)/',
  ],
  [
    'entries-are-for-users',
    'An entry gathers what users see; inside src import what is meant, or every import loads everything. Only the main entry picks from those of the rooms.',
    { path: '^src/', pathNot: '^src/index\\.ts$' },
    ENTRY,
  ],
  [
    'aws-crt-in-one-place',
    'The package may be absent: the crt transport and the MQTT client of the local nucleus alone know it.',
    { path: '^src/', pathNot: '^src/(ipc/crt|local/broker/crt)' },
    AWS_CRT,
  ],
  [
    'aws-crt-only-when-asked-for',
    'A static import takes 100 ms and fails at start where the optional package is absent.',
    '^src/',
    { path: AWS_CRT, dynamic: false, dependencyTypesNot: ['type-only'] },
  ],
  [
    'opentelemetry-in-one-place',
    'An optional peer: who does not import the entry for tracing need not have it, and loads nothing of it.',
    { path: '^src/', pathNot: '^src/tracing/' },
    '(^|/)@opentelemetry/',
  ],
  [
    'tracing-only-where-asked-for',
    'As above: nothing else of src may lead to it.',
    { path: '^src/', pathNot: '^src/tracing/' },
    '^src/tracing/',
  ],
  ['nothing-from-outside-src', 'Only src and its declared dependencies are shipped.', '^src/', '^(test|scripts|examples|build|dist)/'],
  [
    'declared-dependencies-only',
    'What src imports must be there when a user installs the package.',
    '^src/',
    // The types of syntax trees come with eslint, and only who has eslint needs them.
    {
      pathNot: '/@types/estree/',
      dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'],
      dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional'],
    },
  ],
  ['resolvable', 'What is imported is there.', {}, { couldNotResolve: true }],
];
const pathOf = which => (typeof which === 'string' ? { path: which } : which);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: RULES.map(([name, comment, from, to]) => ({ name, severity: 'error', comment, from: pathOf(from), to: pathOf(to) })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
