import { isJsonObject } from '../../../shared/check-argument.js';
import type { Profile } from '../../../shared/profile.js';
import { jsonPointer } from '../../configuration.js';
import type { LocalComponent, RecipeComponent } from '../../recipe.js';
import { inactivePolicies, MQTT_PROXY_SERVICE, POLICY_SERVICES } from '../access-control.js';
import { lintDocument } from './lint-document.js';
import { lintResource } from './lint-resource.js';
import type { PolicyFinding } from './policy-finding.js';
import { edgeTopics, PolicySubject, sampleTopic } from './policy-subject.js';

/** What the linter compares with, and what it is to know of the devices. */
export interface LintOptions {
  /** What is on the devices now: the recipes, or components, of the deployment before. Those of the same name are compared. */
  readonly previous?: readonly (LocalComponent | RecipeComponent)[] | undefined;
  /** The profiles to look at. Default: both. */
  readonly profiles?: readonly Profile[] | undefined;
  /** A thing's name, for `{iot:thingName}`. Default: `local-thing`. */
  readonly thingName?: string | undefined;
  /** The nucleus' root folder. Default: `/greengrass/v2`. */
  readonly rootPath?: string | undefined;
  /** Whether the devices' classic nucleus fills in recipe variables in policies. Default: `false`, as on a device. */
  readonly interpolateComponentConfiguration?: boolean | undefined;
}

/**
 * Explains the surprises in components' policies for the MQTT proxy and for local topics: what is dropped, what never takes effect, what allows more
 * than it looks, what means one thing on classic and another on Lite. Each finding has a remedy, and a topic that shows it, with what
 * the policies as they are make of that topic. Nothing is thrown, whatever the document.
 *
 * @param components - Those that are on one device together: policy ids should be unique among them.
 *
 * @example
 * ```ts
 * import { lintPolicies } from 'greengrass-rx/local';
 *
 * const accessControl = {
 *   'aws.greengrass.ipc.mqttproxy': {
 *     'sensor:mqttproxy:1': { operations: ['aws.greengrass#SubscribeToIoTCore'], resources: ['cmd/+'] },
 *   },
 * };
 * for (const { rule, message, example } of lintPolicies([{ name: 'com.example.Sensor', accessControl }])) {
 *   console.log(rule, message, example.topic); // plus-allows-hash cmd/+ also allows subscribing to cmd/#, … cmd/#
 * }
 * ```
 *
 * Source: AWS IoT Greengrass developer guide, "Authorize components to perform IPC operations"; the sources of both servers.
 */
export function lintPolicies(
  components: readonly (LocalComponent | RecipeComponent)[],
  options: LintOptions = {},
): readonly PolicyFinding[] {
  const device = {
    thingName: options.thingName ?? 'local-thing',
    rootPath: options.rootPath ?? '/greengrass/v2',
    interpolates: options.interpolateComponentConfiguration ?? false,
  };
  // What is wrong with a document as a whole is said with the MQTT proxy's policies.
  const subjectsOf = (all: readonly (LocalComponent | RecipeComponent)[]): readonly PolicySubject[] =>
    all
      .flatMap(component => POLICY_SERVICES.map(service => new PolicySubject(component, device, service)))
      .filter(subject => subject.service === MQTT_PROXY_SERVICE || subject.hasService);
  const subjects = subjectsOf(components);
  const previous = subjectsOf(options.previous ?? []);
  const profiles = options.profiles ?? ['classic', 'lite'];
  const findings = subjects.flatMap(subject => [
    ...lintDocument(subject),
    ...lintResources(subject),
    ...lintChanges(subject, previous),
    ...lintIds(subject, subjects),
  ]);
  return findings.filter(finding => finding.profiles.some(profile => profiles.includes(profile)));
}

function* lintResources(subject: PolicySubject): Iterable<PolicyFinding> {
  for (const policy of subject.policies) {
    for (const [index, resource] of (policy.resources ?? []).entries()) {
      if (typeof resource === 'string') yield* lintResource(subject, policy, index, resource);
    }
  }
}

function* lintChanges(subject: PolicySubject, previous: readonly PolicySubject[]): Iterable<PolicyFinding> {
  const before = previous.find(({ name, service }) => name === subject.name && service === subject.service);
  if (before === undefined) return;
  for (const { service, id } of inactivePolicies(subject.document, before.document)) {
    // Each service's with its own subject, and what is of none of them with the MQTT proxy's.
    const isOthers = service !== subject.service && POLICY_SERVICES.some(known => known === service);
    if (isOthers || (service !== subject.service && subject.service !== MQTT_PROXY_SERVICE)) continue;
    const resources = [...subject.policies, ...before.policies]
      .filter(policy => policy.id === id)
      .flatMap(policy => policy.resources ?? []);
    const policy = subject.policies.find(written => written.id === id);
    const operation = policy === undefined ? subject.operations.subscribe : subject.operationOf(policy);
    const topics = resources.filter(resource => typeof resource === 'string').flatMap(edgeTopics);
    const changed = topics.find(topic =>
      (['classic', 'lite'] as const).some(
        profile => subject.outcomes[profile].authorize(operation, topic) !== before.outcomes[profile].authorize(operation, topic),
      ),
    );
    yield subject.finding({
      rule: 'inactive-policy',
      severity: 'error',
      path: isJsonObject(subject.document) ? jsonPointer([service, id]) : '',
      profiles: ['classic', 'lite'],
      message: `policy ${id} has changed under its old id: devices that have it keep the old one`,
      remedy: "Deploy with reset: ['/accessControl'], or give the policy a new id",
      // What a device that had the old one goes on to allow.
      example: before.example(changed ?? topics[0] ?? 'a/b', operation),
    });
  }
}

function* lintIds(subject: PolicySubject, all: readonly PolicySubject[]): Iterable<PolicyFinding> {
  for (const policy of subject.policies) {
    const other = all.find(one => one.name !== subject.name && one.policies.some(({ id }) => id === policy.id));
    if (other === undefined) continue;
    const topic = policy.resources?.filter(resource => typeof resource === 'string').map(sampleTopic)[0] ?? 'a/b';
    yield subject.finding({
      rule: 'duplicate-id',
      severity: 'warning',
      path: subject.pathOf(policy.id),
      profiles: ['classic', 'lite'],
      message: `${other.name} has a policy of the id ${policy.id} too, and AWS wants ids unique on a device; both take effect all the same`,
      remedy: `Name it after its component, such as ${subject.freshId}`,
      example: subject.example(topic, subject.operationOf(policy)),
    });
  }
}
