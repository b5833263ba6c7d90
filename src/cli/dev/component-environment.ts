import type { ComponentEnvironment } from '../../local/lifecycle/component-process.js';
import type { ProfileName } from '../../shared/profile-name.js';

/** What a device is called, for components that ask. */
export interface DeviceNames {
  readonly thingName: string;
  readonly region: string;
}

/** The version a nucleus of this profile tells its components. */
const GGC_VERSION: Record<ProfileName, string> = { classic: '2.14.0', lite: '2.6.0' };

/**
 * The variables that Greengrass sets for the components it starts. Credentials (`AWS_CONTAINER_…`) are not among them: there is no
 * token exchange service here.
 *
 * Source: AWS IoT Greengrass developer guide, "Component environment variable reference".
 */
export function componentEnvironment(
  profile: ProfileName,
  reach: ComponentEnvironment,
  { thingName, region }: DeviceNames,
): Readonly<Record<string, string>> {
  return { ...reach, AWS_IOT_THING_NAME: thingName, AWS_REGION: region, AWS_DEFAULT_REGION: region, GGC_VERSION: GGC_VERSION[profile] };
}
