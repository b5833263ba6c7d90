import { readRecipe, type Recipe } from '../../../src/local/index.js';

/** The recipe of a component that is only its configuration: it has no steps to run. */
export function recipeOf(name: string, defaultConfiguration: object): Recipe {
  const recipe = readRecipe(
    JSON.stringify({
      RecipeFormatVersion: '2020-01-25',
      ComponentName: name,
      ComponentVersion: '1.0.0',
      ComponentConfiguration: { DefaultConfiguration: defaultConfiguration },
      Manifests: [{}],
    }),
  );
  if (recipe._tag === 'Left') throw recipe.left;
  return recipe.right;
}
