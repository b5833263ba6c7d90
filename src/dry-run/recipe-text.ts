import { stringify } from 'yaml';
import type { RecipeDocument } from './recipe-format.js';

/** The formats a recipe can be written in. */
export type RecipeTextFormat = 'yaml' | 'json';

/**
 * A recipe as text, ending with a line feed. The nucleus and GDK read YAML 1.1, where `2020-01-25` is a date and `on` is true: what they
 * would misread is quoted.
 */
export const recipeText = (recipe: RecipeDocument, format: RecipeTextFormat): string =>
  format === 'json' ? `${JSON.stringify(recipe, undefined, 2)}\n` : stringify(recipe, { version: '1.1', lineWidth: 0, singleQuote: true });
