/**
 * Which way imports may point. Two storeys: the runtime, which a device loads, and the kit, which a developer uses and no device loads a line of.
 * In each the folders stand in an order, and each may import those before it: so no two need each other.
 * Each folder's name says what is in it.
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
  'component',
];
const KIT = ['recipe', 'local', 'testing', 'dry-run', 'eslint', 'cli'];
const FOLDERS = [...RUNTIME, ...KIT];
const among = folders => `^src/(${folders.join('|')})/`;

/** Pure RxJS and fp-ts: they work on any Observable, with or without a nucleus. */
const PURE = among(['errors', 'schedule', 'codec', 'topic', 'stream', 'ports', 'flow', 'operators', 'sinks']);
/** The part of ipc that is the client: who opens connections and streams. That aws-crt is loaded in one way only is no part of it. */
const CLIENT = '^src/ipc/(session|transport|socket/|crt/(?!crt-native)|wire/encode-request)';
/** What package.json exports, but for src/errors/errors.ts: failures are one union, which is also taken whole inside src. */
const ENTRY = '^src/(index|fp|[^/]+/index)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', comment: 'Modules that need each other are one module.', from: {}, to: { circular: true } },
    ...FOLDERS.slice(0, -1).map((folder, place) => ({
      name: 'folders-in-order',
      severity: 'error',
      comment: 'A folder may import those before it: no two folders need each other, and the runtime never imports the kit.',
      from: { path: `^src/${folder}/` },
      to: { path: among(FOLDERS.slice(place + 1)) },
    })),
    {
      name: 'every-folder-has-its-place',
      severity: 'error',
      comment: 'A new folder of src is named in the order above.',
      from: { path: '^src/[^/]+/', pathNot: among(FOLDERS) },
      to: {},
    },
    {
      name: 'the-package-is-the-runtime',
      severity: 'error',
      comment: 'What the main entry loads, a device loads.',
      from: { path: '^src/[^/]+$' },
      to: { path: among(KIT) },
    },
    {
      name: 'pure-knows-no-client',
      severity: 'error',
      comment: 'Stages and operators work on any Observable, with or without a nucleus; publishTo is handed a port.',
      from: { path: PURE },
      to: { path: '^src/(ipc|client|component)/' },
    },
    {
      name: 'ports-are-types',
      severity: 'error',
      comment: 'A port says what a service does. Who does it is in client, and in testing.',
      from: { path: '^src/ports/' },
      to: { dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-stands-on-ipc',
      severity: 'error',
      comment: 'The client stands on ipc and the pure parts, and leaves what is done with messages to others.',
      from: { path: '^src/client/' },
      to: { path: '^src/(operators|sinks|outbox)/' },
    },
    {
      name: 'ipc-stands-at-the-bottom',
      severity: 'error',
      comment: 'ipc turns bytes into operations and knows nothing of what is built on it. Of the rest it may use the words that all share.',
      from: { path: '^src/ipc/' },
      to: { path: '^src/', pathNot: ['^src/ipc/', '^src/shared/'] },
    },
    {
      name: 'ipc-without-rxjs',
      severity: 'error',
      comment: 'ipc takes its time from the Clock port and tells its news to listeners.',
      from: { path: '^src/ipc/' },
      to: { path: 'node_modules/rxjs/' },
    },
    {
      name: 'outbox-takes-its-proxy',
      severity: 'error',
      comment: 'An outbox is handed a proxy; of the client it knows the types, and what checks a request.',
      from: { path: '^src/outbox/' },
      to: { path: '^src/(ipc/|client/(connect|connection|publisher|subscription)\\.ts|sinks/)' },
    },
    {
      name: 'local-is-a-server',
      severity: 'error',
      comment:
        'What the local nucleus accepts must not be what our own client happens to do. How a function of the program is called is no part of that.',
      from: { path: '^src/local/' },
      to: { path: '^src/(client|stream|flow|operators|sinks|outbox|component|dry-run|testing|cli)/', pathNot: '^src/stream/hook\\.ts$' },
    },
    {
      name: 'local-without-the-client',
      severity: 'error',
      comment: 'Of ipc the local nucleus shares frames and shapes, not the session or the transports, and not by a detour either.',
      from: { path: '^src/local/' },
      to: { path: CLIENT, reachable: true },
    },
    {
      name: 'recipes-stand-alone',
      severity: 'error',
      comment: 'A recipe is read and written without a nucleus, a client or a terminal.',
      from: { path: '^src/recipe/' },
      to: { path: '^src/(ipc|client|component|dry-run|local|testing|cli)/' },
    },
    {
      name: 'dry-run-reads-policies-and-recipes',
      severity: 'error',
      comment: 'A dry run needs what reads policies and recipes, not the server, nor a terminal.',
      from: { path: '^src/dry-run/' },
      to: { path: '^src/(local|cli)/' },
    },
    {
      name: 'entries-are-for-users',
      severity: 'error',
      comment:
        'An entry gathers what users see; inside src import what is meant, or every import loads everything. Only the main entry picks from those of the rooms.',
      from: { path: '^src/', pathNot: '^src/index\\.ts$' },
      to: { path: ENTRY },
    },
    {
      name: 'aws-crt-in-one-place',
      severity: 'error',
      comment: 'The package may be absent: the crt transport and the MQTT client of the local nucleus alone know it.',
      from: { path: '^src/', pathNot: '^src/(ipc/crt|local/broker/crt)' },
      to: { path: '(^|/)aws-crt(/|$)' },
    },
    {
      name: 'aws-crt-only-when-asked-for',
      severity: 'error',
      comment: 'A static import takes 100 ms and fails at start where the optional package is absent.',
      from: { path: '^src/' },
      to: { path: '(^|/)aws-crt(/|$)', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-from-outside-src',
      severity: 'error',
      comment: 'Only src and its declared dependencies are shipped.',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|examples|build|dist)/' },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      comment: 'What src imports must be there when a user installs the package.',
      from: { path: '^src/' },
      // The types of syntax trees come with eslint, and only who has eslint needs them.
      to: {
        pathNot: '/@types/estree/',
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'],
        dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional'],
      },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
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
