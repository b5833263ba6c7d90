import { lintPolicies } from '../../recipe/policy/lint/lint-policies.js';
import { byKind } from '../../recipe/policy/lint/policy-finding.js';
import { readRecipeFile } from '../../recipe/read-recipe.js';
import { named } from '../../recipe/recipe-problems.js';

/** What one check of the doctor found. */
export interface CheckResult {
  /** What was looked at: `node`, `socket`, `transport crt`. */
  readonly check: string;
  /** `error`: a component could not work like this. `warning`: something will not. `skipped`: it could not be looked at. */
  readonly status: 'ok' | 'warning' | 'error' | 'skipped';
  readonly message: string;
  /** What to do about it; none where nothing is wrong. */
  readonly remedy?: string | undefined;
}

/** A recipe and its policies: what no nucleus would take, and what is otherwise than it looks. */
export async function checkRecipeFile(path: string): Promise<readonly CheckResult[]> {
  const read = await readRecipeFile(path)();
  if (read._tag === 'Left') {
    const { left } = read;
    if (left._tag === 'RecipeUnreadable') return [{ check: 'recipe', status: 'error', message: left.message }];
    return left.problems.map(({ line, column, message, remedy }) => ({
      check: 'recipe',
      status: 'error',
      message: `${path}:${line}:${column}: ${message}.`,
      remedy: `${remedy}.`,
    }));
  }
  const recipe = read.right;
  // What Lite alone takes otherwise matters to a recipe that is meant for it.
  const isForLite = recipe.manifests.some(({ platform }) => Object.keys(platform).some(name => name.toLowerCase() === 'runtime'));
  const problems = isForLite ? [...recipe.warnings, ...recipe.liteProblems] : recipe.warnings;
  const warnings = problems.map(({ line, message, remedy }): CheckResult => ({
    check: 'recipe',
    status: 'warning',
    message: `${path}:${line}: ${message}.`,
    remedy: `${remedy}.`,
  }));
  const policies = byKind(lintPolicies([{ recipe }])).map(({ first, others }): CheckResult => {
    const { severity, path: place, profiles, message, remedy } = first;
    const also = others.length === 0 ? '' : ` (also at ${named(others.map(other => other.path))})`;
    return {
      check: 'policy',
      status: severity === 'note' ? 'ok' : severity,
      message: `${place} (${profiles.join(', ')}): ${message}${also}`,
      remedy,
    };
  });
  const all = [...warnings, ...policies];
  return all.length > 0
    ? all
    : [
        {
          check: 'recipe',
          status: 'ok',
          message: `${path}: ${recipe.componentName} ${recipe.componentVersion}, nothing to be said against it`,
        },
      ];
}
