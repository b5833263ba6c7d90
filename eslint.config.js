import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import prettier from './prettier.config.js';

const { printWidth = 80 } = prettier;

/** Specifiers that type-check and run under vitest, and then fail in plain Node or load a second copy. */
const imports = [
  {
    regex: '^(fp-ts|io-ts)/(?!lib/.+\\.js$)',
    message:
      "Native Node finds only 'fp-ts/lib/Either.js' and the like: 'fp-ts/Either' type-checks, passes the tests and dies at run time.",
  },
  { regex: '^fp-ts$', message: "Import the module itself, such as 'fp-ts/lib/Either.js': the root loads all of fp-ts." },
  { regex: '^io-ts/', message: "Import from 'io-ts': a deep import gives bundlers a second copy." },
  { regex: '^rxjs/(?!testing$)', message: "Operators come from 'rxjs' itself." },
];

const syntax = [
  {
    selector: "NewExpression[callee.name='Subscriber']",
    message: 'The constructor of Subscriber is no public API: use new Observable(subscriber => ...).',
  },
];

/** One way to write what can be written in two. */
const dialect = [
  {
    selector:
      ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator:not([id.typeAnnotation]) > ArrowFunctionExpression.init',
    message: 'A function of a module is declared with `function`; a constant is one only where its type is named.',
  },
  {
    selector: ":matches(PropertyDefinition, MethodDefinition[kind!='constructor'])[accessibility='private']",
    message: 'What is private has a name with #.',
  },
];

/** The formatter breaks code and leaves comments as they are: those are held to its width here. */
const commentWidth = {
  meta: { type: 'layout', schema: [] },
  create: context => ({
    Program() {
      const { lines } = context.sourceCode;
      for (const { loc, value } of context.sourceCode.getAllComments()) {
        // Behind a line that is long for a reason.
        if (value.trim() === 'prettier-ignore') continue;
        for (let line = loc.start.line; line <= loc.end.line; line++)
          if ((lines[line - 1] ?? '').length > printWidth)
            context.report({
              loc: { line, column: printWidth },
              message: `A comment is at most ${printWidth} columns wide: break the line.`,
            });
      }
    },
  }),
};

/** The globals of Node that programs in plain JavaScript use. */
const NODE = [
  'Buffer',
  'URL',
  'clearInterval',
  'clearTimeout',
  'console',
  'process',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
];

export default defineConfig(
  globalIgnores(['dist/', 'build/', 'coverage/']),
  { plugins: { own: { rules: { 'comment-width': commentWidth } } }, rules: { 'own/comment-width': 'error' } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    // Two programs. A project service would make one more for each tsconfig.json that only says how its folder is built.
    languageOptions: { parserOptions: { project: ['./tsconfig.json', './page/tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-restricted-imports': ['error', { patterns: imports }],
      'no-restricted-syntax': ['error', ...syntax],
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],

      // A number in a sentence reads as it should; wrapping each in String() hides the sentence.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => subscription.unsubscribe()` is the usual way to write a teardown, and `return fail(...)` to leave with a reply.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      // isolatedDeclarations wants the type on the left of an exported `readonly table: Map<K, V> = new Map()`.
      '@typescript-eslint/consistent-generic-constructors': 'off',
      // Overloads that could be one signature differ in what they let the compiler infer.
      '@typescript-eslint/unified-signatures': 'off',
      // Loops that leave by `return` are how a parser or a ring reads best.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      // `interface Reading extends t.TypeOf<typeof Reading> {}`: the compiler shows an interface by its name, and an alias by all that it
      // stands for.
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      // A task's success may be nothing: TaskEither<E, void>.
      '@typescript-eslint/no-invalid-void-type': ['error', { allowInGenericTypeArguments: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...syntax, ...dialect],
      // Time goes through RxJS schedulers, and in ipc through the Clock, so that tests can move it.
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval', 'Date'].map(name => ({
          name,
          message: 'Time goes through an RxJS scheduler; in ipc through the Clock port.',
        })),
        { name: 'performance', message: 'Time goes through an RxJS scheduler; in ipc through the Clock port.' },
      ],
    },
  },
  {
    // The time of day in logs.
    files: ['src/cli/output.ts'],
    rules: { 'no-restricted-globals': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Listeners and fakes that do nothing are what many tests need.
      '@typescript-eslint/no-empty-function': 'off',
      // A fake keeps the asynchronous signature of what it stands for.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    extends: [js.configs.recommended],
    languageOptions: { globals: Object.fromEntries(NODE.map(name => [name, 'readonly'])) },
    rules: { 'no-restricted-imports': ['error', { patterns: imports }] },
  },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: { require: 'readonly', module: 'writable' } } },
);
