import { isJsonObject } from '../../../shared/check-argument.js';
import { jsonPointer } from '../../configuration.js';
import { MQTT_PROXY_SERVICE, PUBSUB_SERVICE } from '../access-control.js';
import { LITE_POLICY_MEMORY, liteDecodedSize } from '../lite-policy.js';
import type { PolicyFinding } from './policy-finding.js';
import { type PolicySubject, sampleTopic, type WrittenPolicy } from './policy-subject.js';

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
