import type { AccessControl } from '../recipe/policy/access-control.js';
import type { Policies } from '../recipe/policy/policies.js';

/** The component of a nucleus in memory. */
export const COMPONENT = 'com.example.Component';

/** Gives a component its policies. */
export function allow(policies: Policies, componentName: string, accessControl: AccessControl): void {
  policies.set(componentName, accessControl, {
    componentName,
    componentVersion: '0.0.0',
    configuration: { accessControl },
    thingName: 'memory-thing',
    rootPath: '/greengrass/v2',
  });
}
