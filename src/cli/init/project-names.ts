import { basename } from 'node:path';
import { COMPONENT_NAME_RULE, isComponentName } from '../../shared/component-identity.js';
import { UsageError } from '../cli-error.js';

/** What a new project is called. */
export interface ProjectNames {
  /** The name in package.json. */
  readonly packageName: string;
  /** The component's name, such as `com.example.MyComponent`. */
  readonly componentName: string;
}

/** Names for a project in this folder: `my-component` becomes `com.example.MyComponent`, unless another name is given. */
export function projectNames(folder: string, componentName: string | undefined): ProjectNames {
  const words = basename(folder)
    .split(/[^A-Za-z0-9]+/)
    .filter(word => word !== '');
  if (words.length === 0)
    throw new UsageError(`No name can be made of the folder ${folder}.`, 'Name it with letters or digits, such as my-component.');
  const name = componentName ?? `com.example.${words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('')}`;
  if (!isComponentName(name)) {
    throw new UsageError(
      `${JSON.stringify(name)} is no name of a component. ${COMPONENT_NAME_RULE}`,
      'Give one with --name com.example.MyComponent.',
    );
  }
  return { packageName: words.join('-').toLowerCase(), componentName: name };
}
