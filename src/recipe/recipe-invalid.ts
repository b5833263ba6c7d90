import { Failure } from '../errors/failure.js';

/** One thing in a recipe that is wrong, or that a device would silently leave out. */
export interface RecipeProblem {
  /** Where, as a JSON pointer: `/Manifests/0/Lifecycle/run`. Empty for the whole document. */
  readonly path: string;
  /** Line in the text, counted from 1. */
  readonly line: number;
  /** Column in the line, counted from 1. */
  readonly column: number;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** A recipe that no nucleus would take. It names everything that is wrong with it, not only the first thing. */
export class RecipeInvalid extends Failure<'RecipeInvalid', 'terminal'> {
  readonly _tag = 'RecipeInvalid';
  readonly code = 'GGRX_RECIPE_INVALID';
  readonly retryable = false;
  readonly problems: readonly RecipeProblem[];

  /** `source` is what the text is called in the sentence: a file's path, or `the recipe`. */
  constructor(source: string, problems: readonly RecipeProblem[]) {
    const lines = problems.map(({ path, line, column, message, remedy }) => {
      const where = path === '' ? '' : ` ${path}:`;
      return `  ${source}:${String(line)}:${String(column)}:${where} ${message}. ${remedy}.`;
    });
    super('terminal', `${source} is not a recipe a nucleus would take.\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** A recipe's file that could not be read. */
export class RecipeUnreadable extends Failure<'RecipeUnreadable', 'terminal'> {
  readonly _tag = 'RecipeUnreadable';
  readonly code = 'GGRX_RECIPE_UNREADABLE';
  readonly retryable = false;
  readonly path: string;

  constructor(path: string, cause: unknown) {
    const missing = (cause as { readonly code?: unknown }).code === 'ENOENT';
    super(
      'terminal',
      missing
        ? `There is no file ${path}. Give the path of the component's recipe, such as recipe.yaml.`
        : `The recipe ${path} could not be read. The cause says what the system reported.`,
      cause,
    );
    this.path = path;
  }
}
