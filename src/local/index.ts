/**
 * A nucleus on this machine: the real protocol on a Unix socket, an MQTT broker behind it, policies and misbehaviour included, to build
 * and test components without a device.
 *
 * @packageDocumentation
 */
export type { AccessControl, AccessControlPolicy } from '../recipe/policy/access-control.js';
export {
  BrokerClientMissing,
  BrokerConnectionLost,
  BrokerCredentialsInvalid,
  BrokerPortUnavailable,
  type BrokerProblem,
  BrokerRefused,
  type BrokerStartError,
  BrokerSubscriptionDenied,
  BrokerTlsFailed,
  BrokerUnreachable,
  type CredentialRole,
  type UnreachableReason,
} from './broker/errors.js';
export type { BrokerMessage } from './broker/broker.js';
export type { BrokerChoice, EmbeddedBrokerChoice, IotCoreChoice, ReconnectDelays, UrlBrokerChoice } from './broker/address.js';
export type { ArmedFault, FaultOperation, FaultScope, MessageStreamOperation } from './faults/fault-switches.js';
export type { LastingFault } from './faults/faults-on.js';
export type { FaultMessage, FaultName, FaultWithDetails } from './faults/fault-words.js';
export type { Faults, OperationFault, StreamFault } from './faults/faults.js';
export { startLocalNucleus } from './local-nucleus.js';
export type { LocalNucleusLimits, LocalNucleusOptions, MqttVersion } from './nucleus.js';
export type { CloudMessage, LocalNucleus } from './nucleus.js';
export type { BrokerEvent, NucleusEvent } from './nucleus-event.js';
export type { NeighbourMessage } from './pubsub/neighbour.js';
export type {
  ComponentEnvironment,
  ComponentProcess,
  ComponentState,
  ProcessStart,
  ProcessStep,
  StartProcess,
} from './lifecycle/component-process.js';
export type { Deployment, RollOut, RollOutOptions } from './lifecycle/roll-out.js';

export type { PolicyRemedy } from '../recipe/policy/policies.js';
export type { Configuration, ConfigurationUpdate } from '../recipe/configuration.js';
export type { Profile } from '../shared/profile.js';
export { readRecipe, readRecipeFile } from '../recipe/read-recipe.js';
export { recipeText, type LifecycleStepName, type RecipeDocument, type RecipeTextFormat } from '../recipe/recipe-format.js';
export type { GdkComponent } from '../recipe/gdk-config.js';
export {
  currentPlatform,
  type DevicePlatform,
  type Lifecycle,
  type LifecycleStep,
  type LiteManifest,
  type LocalComponent,
  manifestFor,
  type Recipe,
  type RecipeArtifact,
  type RecipeComponent,
  type RecipeManifest,
} from '../recipe/recipe.js';
export { RecipeInvalid, RecipeUnreadable, type RecipeProblem } from '../recipe/recipe-problems.js';
export { interpolate, type RecipeVariables } from '../recipe/interpolate.js';
export { lintPolicies, type LintOptions } from '../recipe/policy/lint/lint-policies.js';
export type { PolicyExample, PolicyFinding, PolicyRule } from '../recipe/policy/lint/policy-finding.js';
