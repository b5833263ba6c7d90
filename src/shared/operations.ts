export const PUBLISH = 'aws.greengrass#PublishToIoTCore';
export const SUBSCRIBE = 'aws.greengrass#SubscribeToIoTCore';
export const SUBSCRIBE_STATUS = 'aws.greengrass#SubscribeToIoTCoreConnectionStatus';

/** Operations of the service model that a local nucleus has no handler for. Names outside the model get another answer. */
const OTHERS: ReadonlySet<string> = new Set(
  [
    'AuthorizeClientDeviceAction CancelLocalDeployment CreateDebugPassword CreateLocalDeployment DeferComponentUpdate DeleteThingShadow',
    'GetClientDeviceAuthToken GetComponentDetails GetConfiguration GetLocalDeploymentStatus GetSecretValue GetThingShadow ListComponents',
    'ListLocalDeployments ListNamedShadowsForThing PauseComponent PublishToTopic PutComponentMetric RestartComponent ResumeComponent',
    'SendConfigurationValidityReport StopComponent SubscribeToCertificateUpdates SubscribeToComponentUpdates SubscribeToConfigurationUpdate',
    'SubscribeToTopic SubscribeToValidateConfigurationUpdates UpdateConfiguration UpdateState UpdateThingShadow ValidateAuthorizationToken',
    'VerifyClientDeviceIdentity',
  ]
    .join(' ')
    .split(' ')
    .map(name => `aws.greengrass#${name}`),
);

/** Whether the service model has this operation, though this nucleus does not do it. */
export function isModelledElsewhere(operation: string): boolean {
  return OTHERS.has(operation);
}
