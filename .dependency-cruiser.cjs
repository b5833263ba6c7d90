/**
 * Which way imports may point (docs: every module of src stands on the ones below it).
 *
 *   local, proxy   two sides of one wire: the server, and the client
 *   ipc            bytes <-> operations, no RxJS; local uses its frames and shapes, never its client
 *   flow, operators, schedule, stream, codec, topic, errors, and any new folder   pure RxJS and fp-ts, know no proxy
 */
const PURE = '^src/(?!ipc/|proxy/|local/|component/|testing/|cli/)[^/]+/';
/** The port's types: what a stage may know of a proxy, and only as types. */
const PORT = '^src/proxy/(mqtt-proxy|mqtt-message)\\.ts$';
/** The part of ipc that is the client: who opens connections and streams. */
const CLIENT = '^src/ipc/(.*session|.*transport|crt|encode-request)';
/** What package.json exports. A folder's own index.ts, such as src/codec/index.ts, is none of these. */
const ENTRY = '^src/(index|fp|(local|operators|component|testing|eslint)/index)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', comment: 'Modules that need each other are one module.', from: {}, to: { circular: true } },
    {
      name: 'ipc-stands-at-the-bottom',
      severity: 'error',
      comment: 'ipc turns bytes into operations and knows nothing of what is built on it. Of the rest it may use the QOS numbers.',
      from: { path: '^src/ipc/' },
      to: { path: '^src/', pathNot: ['^src/ipc/', '^src/qos\\.ts$'] },
    },
    {
      name: 'ipc-without-rxjs',
      severity: 'error',
      comment: 'ipc takes its time from the Clock port and tells its news to listeners.',
      from: { path: '^src/ipc/' },
      to: { path: 'node_modules/rxjs/' },
    },
    {
      name: 'proxy-is-the-client',
      severity: 'error',
      comment: 'The proxy stands on ipc and the pure parts.',
      from: { path: '^src/proxy/' },
      to: { path: '^src/(local|operators|component|testing|cli)/' },
    },
    {
      name: 'pure-knows-no-proxy',
      severity: 'error',
      comment: 'Stages and operators work on any Observable, with or without a nucleus.',
      from: { path: PURE },
      to: { path: '^src/(ipc|proxy|local|component|testing|cli)/', pathNot: PORT },
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
      name: 'qos-is-a-leaf',
      severity: 'error',
      comment: 'The words that all share import nothing.',
      from: { path: '^src/qos\\.ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'local-is-a-server',
      severity: 'error',
      comment: 'What the local nucleus accepts must not be what our own client happens to do.',
      from: { path: '^src/local/' },
      to: { path: '^src/(proxy|stream|flow|operators|component|testing|cli)/' },
    },
    {
      name: 'local-without-the-client',
      severity: 'error',
      comment: 'Of ipc the local nucleus shares frames and shapes, not the session or the transports, and not by a detour either.',
      from: { path: '^src/local/' },
      to: { path: CLIENT, reachable: true },
    },
    {
      name: 'component-runs-without-the-kit',
      severity: 'error',
      comment:
        'What runs on a device loads neither the testing kit nor the local nucleus. Only the dry run does, and it is loaded when asked for.',
      from: { path: '^src/component/', pathNot: '^src/component/dry-run/' },
      to: { path: '^src/(testing|local|cli)/' },
    },
    {
      name: 'dry-run-only-when-asked-for',
      severity: 'error',
      comment: 'A static import would load the testing kit on every device.',
      from: { path: '^src/component/', pathNot: '^src/component/dry-run/' },
      to: { path: '^src/component/dry-run/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'dry-run-reads-policies-and-recipes',
      severity: 'error',
      comment: 'Of the local nucleus a dry run has a use for what reads policies and recipes, not for the server.',
      from: { path: '^src/component/dry-run/' },
      to: { path: '^src/(local/(?!recipe/|policy/|profile-name)|cli/)' },
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
      from: { path: '^src/', pathNot: '^src/(ipc|local)/crt' },
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
