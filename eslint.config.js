import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';

const root = dirname(fileURLToPath(import.meta.url));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/', '.demo/', 'test/histories/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      // Workflow code is replayed: it may not look at the world, and what it draws must come from its history.
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['node:*', 'fs', 'fs/*', 'net', 'http', 'crypto', 'child_process', 'os', 'path'],
              message: 'A workflow touches nothing: use an activity.',
            },
            {
              group: ['**/adapters/**', '**/ports/**', '**/config/**', '**/cli/**', '**/lab/**'],
              message: 'A workflow knows the domain only.',
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Derive ids from the plan, or use uuid4() of the SDK.' },
        { object: 'process', property: 'env', message: 'A workflow takes what it needs from its argument.' },
      ],
      'no-restricted-globals': ['error', 'process', 'fetch', 'setInterval', 'require'],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      'no-restricted-properties': [
        'error',
        { object: 'describe', property: 'only', message: 'Run one file with: npm test -- NAME' },
        { object: 'it', property: 'only', message: 'Run one file with: npm test -- NAME' },
      ],
    },
  },
);
