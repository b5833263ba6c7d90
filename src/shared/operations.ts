/** The operations, by the names they have on the wire and in policies. */
export const PUBLISH = 'aws.greengrass#PublishToIoTCore';
export const SUBSCRIBE = 'aws.greengrass#SubscribeToIoTCore';
/** Offered by nuclei of mid-2026 and newer. */
export const SUBSCRIBE_STATUS = 'aws.greengrass#SubscribeToIoTCoreConnectionStatus';
export const PUBLISH_TO_TOPIC = 'aws.greengrass#PublishToTopic';
export const SUBSCRIBE_TO_TOPIC = 'aws.greengrass#SubscribeToTopic';
export const GET_CONFIGURATION = 'aws.greengrass#GetConfiguration';
export const UPDATE_CONFIGURATION = 'aws.greengrass#UpdateConfiguration';
export const SUBSCRIBE_TO_CONFIGURATION_UPDATE = 'aws.greengrass#SubscribeToConfigurationUpdate';
export const SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES = 'aws.greengrass#SubscribeToValidateConfigurationUpdates';
export const SEND_CONFIGURATION_VALIDITY_REPORT = 'aws.greengrass#SendConfigurationValidityReport';
export const UPDATE_STATE = 'aws.greengrass#UpdateState';
export const SUBSCRIBE_TO_COMPONENT_UPDATES = 'aws.greengrass#SubscribeToComponentUpdates';
export const DEFER_COMPONENT_UPDATE = 'aws.greengrass#DeferComponentUpdate';

/** Operations of the service model that the local nucleus does not offer. A name that the model does not have gets another answer. */
const OTHERS: ReadonlySet<string> = new Set(
  [
    'AuthorizeClientDeviceAction CancelLocalDeployment CreateDebugPassword CreateLocalDeployment DeleteThingShadow',
    'GetClientDeviceAuthToken GetComponentDetails GetLocalDeploymentStatus GetSecretValue GetThingShadow ListComponents',
    'ListLocalDeployments ListNamedShadowsForThing PauseComponent PutComponentMetric RestartComponent ResumeComponent',
    'StopComponent SubscribeToCertificateUpdates',
    'UpdateThingShadow ValidateAuthorizationToken',
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
