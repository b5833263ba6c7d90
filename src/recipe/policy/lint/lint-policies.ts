import { isJsonObject } from '../../../shared/check-argument.js';
import type { Profile } from '../../../shared/profile.js';
import { jsonPointer } from '../../configuration.js';
import { deviceSettings } from '../../interpolate.js';
import type { LocalComponent, RecipeComponent } from '../../recipe.js';
import { inactivePolicies, MQTT_PROXY_SERVICE, POLICY_SERVICES, PUBSUB_SERVICE } from '../access-control.js';
import { LITE_POLICY_MEMORY, liteDecodedSize } from '../read-policies.js';
import { lintResource } from './lint-resource.js';
import type { PolicyFinding } from './policy-finding.js';
import { edgeTopics, PolicySubject, sampleTopic, type WrittenPolicy } from './policy-subject.js';

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
 * Explains the surprises in components' policies for the MQTT proxy and for local topics: what is dropped, what never takes effect, what
 * allows more than it looks, what means one thing on classic and another on Lite. Each finding has a remedy, and a topic that shows it,
 * with what the policies as they are make of that topic. Nothing is thrown, whatever the document.
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
  const device = deviceSettings(options);
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

/** What is wrong with a component's policies as a document: what makes them count for nothing, whole or in part. */
export function* lintDocument(subject: PolicySubject): Iterable<PolicyFinding> {
  const { classic, lite } = subject.outcomes;
  const example = subject.example(firstTopic(subject), firstOperation(subject));
  const isWhole = subject.service === MQTT_PROXY_SERVICE;
  if (isWhole && classic.dropped !== undefined) {
    const rest = { path: '', profiles: ['classic'], example } as const;
    const remedy = 'Write operations, resources and policyDescription only, lists of texts where lists belong, and no null';
    yield subject.finding({ rule: 'classic-drops-all', severity: 'error', message: classic.dropped, remedy, ...rest });
  }
  const service = isJsonObject(subject.document) ? subject.document[subject.service] : undefined;
  const size = liteDecodedSize(service);
  if (size > LITE_POLICY_MEMORY) {
    yield subject.finding({
      rule: 'lite-too-large',
      severity: 'error',
      path: subject.pathOf(),
      profiles: ['lite'],
      message: `the policies take about ${size} bytes decoded and Lite reads at most ${LITE_POLICY_MEMORY}: everything is refused`,
      remedy: 'Replace resources by ones with wildcards, and shorten descriptions',
      example,
    });
  } else if (isWhole && (subject.isMisnamedOnLite || (lite.dropped !== undefined && !lite.dropped.startsWith('the deployment')))) {
    yield subject.finding({
      rule: 'lite-refuses-all',
      severity: 'error',
      path: '',
      profiles: ['lite'],
      message: lite.dropped ?? 'accessControl has another case, and names are compared exactly on Lite',
      remedy: 'Write accessControl as maps: services, in them policies, in them operations and resources',
      example,
    });
  }
  if (isWhole && isJsonObject(subject.document)) yield* services(subject, subject.document);
  for (const policy of subject.policies) yield* lists(subject, policy);
}

function* services(subject: PolicySubject, document: Readonly<Record<string, unknown>>): Iterable<PolicyFinding> {
  for (const [service, policies] of Object.entries(document)) {
    const meant = /pubsub/i.test(service) ? PUBSUB_SERVICE : MQTT_PROXY_SERVICE;
    if (service === meant || !/mqtt|pubsub/i.test(service)) continue;
    const topic = isJsonObject(policies) ? Object.values(policies).flatMap(topicsOf)[0] : undefined;
    yield subject.finding({
      rule: 'unknown-service',
      severity: 'error',
      path: jsonPointer([service]),
      profiles: ['classic', 'lite'],
      message: `${service} is no service of a nucleus, and its policies count for nothing`,
      remedy: `Write ${meant}`,
      example: subject.example(topic ?? 'a/b', subject.operations.subscribe),
    });
  }
}

function* lists(subject: PolicySubject, policy: WrittenPolicy): Iterable<PolicyFinding> {
  const { id, operations, resources } = policy;
  const profiles = ['classic', 'lite'] as const;
  const example = subject.example(topicsOf(policy)[0] ?? 'a/b', subject.operationOf(policy));
  const known = Object.values(subject.operations);
  const at = { severity: 'error', path: subject.pathOf(id), profiles, example } as const;
  if (operations === undefined || operations.length === 0) {
    const message = `policy ${id} has no operations and is skipped`;
    yield subject.finding({
      ...at,
      rule: 'operations-missing',
      message,
      remedy: `Give operations: ['${subject.operations.publish}'] or ['*']`,
    });
  }
  if (resources === undefined || resources.length === 0) {
    const message = `policy ${id} has no resources and grants nothing`;
    yield subject.finding({ ...at, rule: 'resources-missing', message, remedy: 'Give the topics as resources' });
  }
  if (!policy.isExactCase) {
    const message = `policy ${id} does not name operations and resources in small letters, which Lite wants: it grants nothing there`;
    yield subject.finding({ ...at, rule: 'operations-missing', profiles: ['lite'], message, remedy: 'Write operations and resources' });
  }
  for (const [i, operation] of (operations ?? []).entries()) {
    if (operation === '*' || typeof operation !== 'string' || known.includes(operation)) continue;
    const isPartial = operation.includes('*');
    yield subject.finding({
      ...at,
      rule: isPartial ? 'partial-operation' : 'unknown-operation',
      path: subject.pathOf(id, 'operations', i),
      message: isPartial
        ? `${operation} matches no operation: * is a wildcard only when it stands alone`
        : `${subject.title} has no operation ${operation}, so that it grants nothing`,
      remedy: `Write ${nearest(operation, known) ?? `${known.join(', ')} or '*'`}`,
      example: subject.example(topicsOf(policy)[0] ?? 'a/b', nearest(operation, known) ?? subject.operations.subscribe),
    });
  }
}

function nearest(operation: string, all: readonly string[]): string | undefined {
  const name = operation.toLowerCase().replace(/^.*[#:]/, '');
  return all.find(known => known.toLowerCase().endsWith(`#${name}`));
}

function topicsOf(policy: unknown): readonly string[] {
  const resources: unknown = isJsonObject(policy) ? policy['resources'] : (policy as WrittenPolicy).resources;
  return Array.isArray(resources) ? resources.filter(resource => typeof resource === 'string').map(sampleTopic) : [];
}

function firstTopic(subject: PolicySubject): string {
  return subject.policies.flatMap(topicsOf)[0] ?? 'a/b';
}

function firstOperation(subject: PolicySubject): string {
  return subject.policies.map(policy => subject.operationOf(policy))[0] ?? subject.operations.subscribe;
}
