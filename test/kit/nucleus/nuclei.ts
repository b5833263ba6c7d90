import {
  startLocalNucleus,
  type AccessControl,
  type LocalNucleus,
  type LocalNucleusOptions,
  type Profile,
} from '../../../src/local/index.js';

export const COMPONENT = 'com.example.Test';
export const OTHER = 'com.example.Other';

export function allow(...resources: readonly string[]): AccessControl {
  return {
    'aws.greengrass.ipc.mqttproxy': {
      'policy:1': { operations: ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'], resources },
    },
  };
}

/** The same for local topics: `*` is the only wildcard. */
export function allowLocal(...resources: readonly string[]): AccessControl {
  return {
    'aws.greengrass.ipc.pubsub': {
      'policy:local': { operations: ['aws.greengrass#PublishToTopic', 'aws.greengrass#SubscribeToTopic'], resources },
    },
  };
}

export function start(profile: Profile, options: Partial<LocalNucleusOptions> = {}): Promise<LocalNucleus> {
  return startLocalNucleus({
    profile,
    components: [
      { name: COMPONENT, accessControl: allow('test/#') },
      { name: OTHER, accessControl: allow('#') },
    ],
    ...options,
  });
}

export const PROFILES: readonly Profile[] = ['classic', 'lite'];
