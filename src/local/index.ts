export type { AccessControl, AccessControlPolicy } from './access-control.js';
export type { BrokerMessage, BrokerUserProperty } from './broker-message.js';
export type { ArmedFault, FaultScope } from './fault-switch.js';
export type { FaultOperation } from './fault-switches.js';
export type { FaultMessage, Faults, LastingFault, OperationFault } from './faults.js';
export { startLocalNucleus } from './local-nucleus.js';
export type {
  CloudMessage,
  ComponentEnvironment,
  LocalComponent,
  LocalNucleus,
  LocalNucleusLimits,
  LocalNucleusOptions,
} from './local-nucleus.js';
export type { NucleusEvent } from './nucleus-event.js';
export type { ProfileName } from './profile-name.js';
