import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Who may import whom is `check:fences`; layout is prettier; unused names are tsc. Here: what goes wrong at run time. */
export default tseslint.config(
  { ignores: ['**/node_modules/', '**/dist/', '**/fixtures/', '.cache/', '.weft/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'warn' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-undef': 'off', // tsc knows better
      'no-unused-vars': 'off', // tsc: noUnusedLocals, noUnusedParameters
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'A front door names what it lets out: no `export *`.' },
      ],
      'prefer-const': 'error',
      'object-shorthand': 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      'no-redeclare': 'off', // overloads; tsc finds the real ones
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-implied-eval': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/no-unsafe-function-type': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['services/web/**/*.ts', 'services/web/**/*.tsx'],
    languageOptions: {
      parserOptions: { project: './services/web/tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
  },
  {
    files: ['**/*.test.ts', '**/*.contract.ts', '**/e2e/**/*.ts', '**/chaos/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off', // tests look at answers as their readers do
      'no-loss-of-precision': 'off', // and hold numbers that doubles cannot
      '@typescript-eslint/only-throw-error': 'off', // and throw what a stranger might
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
);
