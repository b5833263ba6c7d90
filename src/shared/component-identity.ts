/** Whether a component may have this name. */
export function isComponentName(name: string): boolean {
  return /^[a-zA-Z0-9-_.]{1,128}$/.test(name);
}
export const COMPONENT_NAME_RULE = 'A component\'s name has 1 to 128 letters, digits, "-", "_" and ".".';

/** Numbers have six digits at most, and no part begins with a needless zero. */
const NUMBER = '(?:0|[1-9]\\d{0,5})';
const PRE_RELEASE = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)';
const BUILD = '[0-9A-Za-z-]+';
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRE_RELEASE}(?:\\.${PRE_RELEASE})*)?(?:\\+${BUILD}(?:\\.${BUILD})*)?$`);

/**
 * Whether a component may have this version.
 *
 * Source: Semantic Versioning 2.0.0; `ComponentRecipe` of aws-greengrass-component-common for the bounds: 64 characters, and six digits in
 * a number.
 */
export function isComponentVersion(version: string): boolean {
  return version.length <= 64 && VERSION.test(version);
}
export const COMPONENT_VERSION_RULE =
  "A component's version is a semantic version such as 1.0.0, of at most 64 characters, each number of at most six digits.";
