import { PUBLISH, SUBSCRIBE } from '../../../shared/operations.js';
import { jsonPointer } from '../../json-pointer.js';
import { isJsonObject } from '../../../shared/json-object.js';
import { MQTT_PROXY_SERVICE } from '../authorizer.js';
import { LITE_POLICY_MEMORY, liteDecodedSize } from '../lite-policy.js';
import { sampleTopic } from './example-topics.js';
import type { PolicyFinding } from './policy-finding.js';
import { operationOf, pathOf, type PolicySubject, type WrittenPolicy } from './policy-subject.js';

const OPERATIONS = [PUBLISH, SUBSCRIBE];

/** What is wrong with a component's policies as a document: what makes them count for nothing, whole or in part. */
export function* lintDocument(subject: PolicySubject): Iterable<PolicyFinding> {
  const { classic, lite } = subject.outcomes;
  const example = subject.example(firstTopic(subject), firstOperation(subject));
  if (classic.dropped !== undefined) {
    const rest = { path: '', profiles: ['classic'], example } as const;
    const remedy = 'Write operations, resources and policyDescription only, lists of texts where lists belong, and no null';
    yield subject.finding({ rule: 'classic-drops-all', severity: 'error', message: classic.dropped, remedy, ...rest });
  }
  const service = isJsonObject(subject.document) ? subject.document[MQTT_PROXY_SERVICE] : undefined;
  const size = liteDecodedSize(service);
  if (size > LITE_POLICY_MEMORY) {
    yield subject.finding({
      rule: 'lite-too-large',
      severity: 'error',
      path: pathOf(),
      profiles: ['lite'],
      message: `the policies take about ${size} bytes decoded and Lite reads at most ${LITE_POLICY_MEMORY}: everything is refused`,
      remedy: 'Replace resources by ones with wildcards, and shorten descriptions',
      example,
    });
  } else if (subject.isMisnamedOnLite || (lite.dropped !== undefined && !lite.dropped.startsWith('the deployment'))) {
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
  if (isJsonObject(subject.document)) yield* services(subject, subject.document);
  for (const policy of subject.policies) yield* lists(subject, policy);
}

function* services(subject: PolicySubject, document: Readonly<Record<string, unknown>>): Iterable<PolicyFinding> {
  for (const [service, policies] of Object.entries(document)) {
    if (service === MQTT_PROXY_SERVICE || !/mqtt/i.test(service)) continue;
    const topic = isJsonObject(policies) ? Object.values(policies).flatMap(topicsOf)[0] : undefined;
    yield subject.finding({
      rule: 'unknown-service',
      severity: 'error',
      path: jsonPointer([service]),
      profiles: ['classic', 'lite'],
      message: `${service} is no service of a nucleus, and its policies count for nothing`,
      remedy: `Write ${MQTT_PROXY_SERVICE}`,
      example: subject.example(topic ?? 'a/b', SUBSCRIBE),
    });
  }
}

function* lists(subject: PolicySubject, policy: WrittenPolicy): Iterable<PolicyFinding> {
  const { id, operations, resources } = policy;
  const profiles = ['classic', 'lite'] as const;
  const example = subject.example(topicsOf(policy)[0] ?? 'a/b', operationOf(policy));
  const at = { severity: 'error', path: pathOf(id), profiles, example } as const;
  if (operations === undefined || operations.length === 0) {
    const message = `policy ${id} has no operations and is skipped`;
    yield subject.finding({ ...at, rule: 'operations-missing', message, remedy: `Give operations: ['${PUBLISH}'] or ['*']` });
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
    if (operation === '*' || typeof operation !== 'string' || OPERATIONS.includes(operation)) continue;
    const isPartial = operation.includes('*');
    yield subject.finding({
      ...at,
      rule: isPartial ? 'partial-operation' : 'unknown-operation',
      path: pathOf(id, 'operations', i),
      message: isPartial
        ? `${operation} matches no operation: * is a wildcard only when it stands alone`
        : `the MQTT proxy has no operation ${operation}, so that it grants nothing`,
      remedy: `Write ${nearest(operation) ?? `${OPERATIONS.join(', ')} or '*'`}`,
      example: subject.example(topicsOf(policy)[0] ?? 'a/b', nearest(operation) ?? SUBSCRIBE),
    });
  }
}

function nearest(operation: string): string | undefined {
  const name = operation.toLowerCase().replace(/^.*[#:]/, '');
  return OPERATIONS.find(known => known.toLowerCase().endsWith(`#${name}`));
}

function topicsOf(policy: unknown): readonly string[] {
  const resources: unknown = isJsonObject(policy) ? policy['resources'] : (policy as WrittenPolicy).resources;
  return Array.isArray(resources) ? resources.filter(resource => typeof resource === 'string').map(sampleTopic) : [];
}

function firstTopic(subject: PolicySubject): string {
  return subject.policies.flatMap(topicsOf)[0] ?? 'a/b';
}

function firstOperation(subject: PolicySubject): string {
  return subject.policies.map(operationOf)[0] ?? SUBSCRIBE;
}
