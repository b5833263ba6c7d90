import type { Finding } from './finding.js';
import type { DryRecord } from './record.js';

/**
 * What it means for the device that a component lets a codec decide on deployments.
 *
 * Source: `DynamicComponentConfigurationValidator` of the nucleus; observed.
 */
export function checkValidation({ news }: Pick<DryRecord, 'news'>): readonly Finding[] {
  const places = news.filter(({ kind }) => kind === 'validation').length;
  if (places === 0) return [];
  const forAll: Finding = {
    severity: 'warning',
    about: 'configuration',
    message:
      'It validates its configuration before a deployment takes effect. A deployment then waits for the answer of every component whose configuration it changes, and fails after 20 s if one of them never validates. Do so only on devices on which every configured component does. Greengrass Lite asks nobody.',
  };
  if (places === 1) return [forAll];
  const message = `It validates its configuration in ${places} places: the nucleus asks only one of them, and none any more once one has ended. Validate in one place.`;
  return [forAll, { severity: 'error', about: 'configuration', message }];
}
