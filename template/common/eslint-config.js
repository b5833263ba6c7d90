import { recommended } from 'greengrass-rx/eslint';
import tseslint from 'typescript-eslint';

export default [
  { ignores: ['dist/', 'artifact/', 'greengrass-build/', 'zip-build/'] },
  ...tseslint.configs.recommended,
  // Hidden queues, dropped failures, tasks that nobody runs.
  recommended,
];
