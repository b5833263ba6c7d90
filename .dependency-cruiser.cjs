/**
 * Which way imports may point (docs: every module of src stands on the ones below it).
 *
 *   local, client  two sides of one wire: the server, and the client
 *   ipc            bytes <-> operations, no RxJS; local uses its frames and shapes, never its client
 *   flow, operators, schedule, stream, codec, topic, errors, and any new folder   pure RxJS and fp-ts, know no client
 *   the kit: recipe, dry-run, local, testing, cli, eslint   what a developer uses; no device ever loads a line of it
 */
const PURE = '^src/(?!ipc/|client/|outbox/|component/|recipe/|dry-run/|local/|testing/|cli/)[^/]+/';
/** The second storey: what a developer uses, and no device loads. */
const KIT = '^src/(recipe|dry-run|local|testing|cli|eslint)/';
/** The port's types: what a stage may know of a proxy, and only as types. */
const PORT = '^src/client/(mqtt-proxy|mqtt-message)\\.ts$';
/** Where a dry run begins, and the entry that names its types. */
const DRY_RUN = '^src/component/(dry-run|index)\\.ts$';
/** The part of ipc that is the client: who opens connections and streams. */
const CLIENT = '^src/ipc/(session|transport|socket/|crt/|wire/encode-request)';
/** What package.json exports. A folder's own index.ts, such as src/codec/index.ts, is none of these. */
const ENTRY = '^src/(index|fp|(local|operators|outbox|component|testing|eslint)/index)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', comment: 'Modules that need each other are one module.', from: {}, to: { circular: true } },
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
      name: 'client-stands-on-ipc',
      severity: 'error',
      comment: 'The client stands on ipc and the pure parts.',
      from: { path: '^src/client/' },
      to: { path: '^src/(operators|sinks|outbox|component)/' },
    },
    {
      name: 'pure-knows-no-client',
      severity: 'error',
      comment: 'Stages and operators work on any Observable, with or without a nucleus.',
      from: { path: PURE },
      to: { path: '^src/(ipc|client|outbox|component)/', pathNot: PORT },
    },
    {
      name: 'only-stages-name-the-port',
      severity: 'error',
      comment: 'publishTo takes a MqttProxy as an argument; nothing else in the pure parts has a use for it.',
      from: { path: PURE, pathNot: '^src/flow/' },
      to: { path: PORT },
    },
    {
      name: 'port-as-a-type',
      severity: 'error',
      comment: 'A stage is handed its proxy; it never makes one.',
      from: { path: '^src/flow/' },
      to: { path: PORT, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'outbox-takes-its-proxy',
      severity: 'error',
      comment: 'An outbox is handed a proxy; of the client it knows the types, and what checks a request.',
      from: { path: '^src/outbox/' },
      to: { path: '^src/(ipc/|client/(connect|connection|publisher|subscription)\\.ts|sinks/|component/)' },
    },
    {
      name: 'shared-is-a-leaf',
      severity: 'error',
      comment: 'The words that all share import nothing.',
      from: { path: '^src/shared/' },
      to: { path: '^src/', pathNot: '^src/shared/' },
    },
    {
      name: 'local-is-a-server',
      severity: 'error',
      comment: 'What the local nucleus accepts must not be what our own client happens to do.',
      from: { path: '^src/local/' },
      to: { path: '^src/(client|stream|flow|operators|sinks|outbox|component|dry-run|testing|cli)/' },
    },
    {
      name: 'local-without-the-client',
      severity: 'error',
      comment: 'Of ipc the local nucleus shares frames and shapes, not the session or the transports, and not by a detour either.',
      from: { path: '^src/local/' },
      to: { path: CLIENT, reachable: true },
    },
    {
      name: 'runtime-never-imports-the-kit',
      severity: 'error',
      comment: 'What a device loads stands on itself. Only the dry run is begun from a component, and loaded when asked for.',
      from: { path: '^src/', pathNot: [KIT, DRY_RUN] },
      to: { path: KIT },
    },
    {
      name: 'dry-run-only-when-asked-for',
      severity: 'error',
      comment: 'A static import would load the testing kit on every device.',
      from: { path: DRY_RUN },
      to: { path: KIT, dynamic: false, dependencyTypesNot: ['type-only'] },
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
      comment: 'An entry gathers what users see; inside src import what is meant, or every import loads everything.',
      from: { path: '^src/' },
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
