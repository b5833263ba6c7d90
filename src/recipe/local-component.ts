import type { ConfigurationUpdate } from './device-configuration.js';
import type { AccessControl } from './policy/access-control.js';
import type { Recipe } from './recipe.js';

/** A component that may connect. */
export interface LocalComponent {
  /** Such as `com.example.Sensor`. */
  readonly name: string;
  /**
   * As in its recipe; a text is its JSON, which classic reads and Lite does not. Left out: it may connect, and every operation is
   * Unauthorized, as on a device.
   */
  readonly accessControl?: AccessControl | string | undefined;
  /**
   * It watches, and what it subscribes changes nothing for the others: with the embedded broker it is no subscription of the device,
   * so that it neither multiplies messages on Lite, nor counts for the limit, nor stands in the events `delivered`; and it gets each
   * message once, whatever its size. With a broker elsewhere it is a component like any other. Left out: `false`.
   */
  readonly observer?: boolean | undefined;
}

/** A component that may connect, as its recipe describes it: see `readRecipe`. */
export interface RecipeComponent {
  readonly recipe: Recipe;
  /** What the deployment does to its configuration. Left out: the recipe's defaults, where the device has nothing. */
  readonly configurationUpdate?: ConfigurationUpdate | undefined;
}
