import { compileClassicResource, liteResourceAllows, liteResourceIsValid } from '../../../topic/resources.js';
import { interpolate, withoutVariables } from '../../interpolate.js';
import { PUBSUB_SERVICE } from '../access-control.js';
import type { PolicyFinding } from './policy-finding.js';
import { edgeTopics, hashInPlaceOfPlus, type PolicySubject, sampleTopic, type WrittenPolicy } from './policy-subject.js';

const BOTH = ['classic', 'lite'] as const;

/** What may surprise about one resource of a policy. */
export function* lintResource(subject: PolicySubject, policy: WrittenPolicy, index: number, resource: string): Iterable<PolicyFinding> {
  const operation = subject.operationOf(policy);
  const { subscribe } = subject.operations;
  const path = subject.pathOf(policy.id, 'resources', index);
  if (!liteResourceIsValid(resource)) {
    yield subject.finding({
      rule: 'malformed-resource',
      severity: 'error',
      path,
      profiles: BOTH,
      message: `${resource} has a bare ? or an escape other than \${*}, \${?}, \${$}: classic skips it, and Lite refuses the deployment`,
      remedy: 'Write ${?} for a question mark; + and # need no escape and have none',
      example: subject.example(resource, operation),
    });
    return;
  }
  if (withoutVariables(resource) !== resource) yield* variable(subject, path, operation, resource);
  if (subject.service === PUBSUB_SERVICE && resource !== '*') {
    yield* plainWildcard(subject, policy, path, resource);
    yield* escapeBeforeWildcard(subject, path, operation, resource, /\*/);
    return;
  }
  if (resource === '*' || resource === '#') {
    const isLocal = subject.service === PUBSUB_SERVICE;
    yield subject.finding({
      rule: 'allows-everything',
      severity: 'warning',
      path,
      profiles: BOTH,
      message: `${resource} allows every topic, ${isLocal ? '' : 'reserved ones and '}those of other components included`,
      remedy: 'Name the topics that the component uses',
      example: subject.example(isLocal ? 'another/component' : '$aws/things/another/shadow/update', operation),
    });
    return;
  }
  const hash = hashInPlaceOfPlus(resource);
  if (hash !== undefined && operation === subscribe && isOnlyAllowedBy(subject, policy, index, subscribe, hash)) {
    yield subject.finding({
      rule: 'plus-allows-hash',
      severity: 'warning',
      path,
      profiles: BOTH,
      message: `${resource} also allows subscribing to ${hash}, and so to everything below: a request's wildcards are compared as plain text`,
      remedy: 'Let only trusted components subscribe here, or name the topics; no resource confines a subscription to one level',
      example: subject.example(hash, subscribe),
    });
  }
  yield* escapeBeforeWildcard(subject, path, operation, resource, /[*#+]/);
  if (/(^|[^{])\*/.test(resource)) {
    const deep = edgeTopics(resource)[resource.endsWith('/#') ? 2 : 1] ?? resource;
    yield subject.finding({
      rule: 'star-crosses-levels',
      severity: 'note',
      path,
      profiles: BOTH,
      message: `* stands for any characters, slashes too: ${resource} is not confined to a level`,
      remedy: 'Write + for one level',
      example: subject.example(deep, operation),
    });
  }
  if (policy.isExactCase) yield* difference(subject, path, operation, resource);
}

/** Of local topics `*` is the only wildcard, and the habit of the MQTT proxy's policies allows nothing there. */
function* plainWildcard(subject: PolicySubject, policy: WrittenPolicy, path: string, resource: string): Iterable<PolicyFinding> {
  if (!/[+#]/.test(resource)) return;
  const { publish, subscribe } = subject.operations;
  const mayPublish = policy.operations?.some(allowed => allowed === publish || allowed === '*') === true;
  const meant = resource.replace(/[+#]/g, '*');
  yield subject.finding({
    rule: 'plain-wildcard',
    severity: mayPublish ? 'error' : 'note',
    path,
    profiles: BOTH,
    message: mayPublish
      ? `+ and # are plain text in a resource of a local topic: ${resource} allows no topic to publish on`
      : `+ and # are plain text in a resource of a local topic: ${resource} allows subscribing with this text, and with no other`,
    remedy: mayPublish
      ? `Write ${meant} to publish, in which * stands for any characters, slashes too; and ${resource} to subscribe with it`
      : `Write ${meant} to allow the topics below it as well`,
    example: subject.example(sampleTopic(resource), mayPublish ? publish : subscribe),
  });
}

function* escapeBeforeWildcard(
  subject: PolicySubject,
  path: string,
  operation: string,
  resource: string,
  wildcards: RegExp,
): Iterable<PolicyFinding> {
  const behindEscape = resource.split('${*}').slice(1).join('');
  if (!wildcards.test(behindEscape)) return;
  yield subject.finding({
    rule: 'escape-before-wildcard',
    severity: 'warning',
    path,
    profiles: ['classic'],
    message: `the escape in ${resource} stands before a wildcard: classic reads it a second time, as a * that stands for any text`,
    remedy: 'Name the topics one by one, or leave the * out of them',
    example: subject.example(sampleTopic(resource.replaceAll('${*}', 'any')), operation),
  });
}

function* variable(subject: PolicySubject, path: string, operation: string, resource: string): Iterable<PolicyFinding> {
  let unresolved: string | undefined;
  const text = interpolate(resource, subject.variables, name => (unresolved ??= name));
  const example = subject.example(sampleTopic(text), operation);
  if (unresolved !== undefined) {
    yield subject.finding({
      rule: 'recipe-variable',
      severity: 'error',
      path,
      profiles: BOTH,
      message: `${unresolved} has no value: Lite skips the resource, and classic takes it as plain text`,
      remedy: 'Give the configuration a value there, or correct the name',
      example,
    });
  } else if (!example.allowed.classic) {
    yield subject.finding({
      rule: 'recipe-variable',
      severity: 'warning',
      path,
      profiles: ['classic'],
      message: `classic takes the recipe variable in ${resource} as plain text unless the nucleus has interpolateComponentConfiguration on`,
      remedy: 'Deploy aws.greengrass.Nucleus (2.6 or later) with interpolateComponentConfiguration: true',
      example,
    });
  }
}

/** A topic at the resource's edges that one profile allows and the other does not, all policies considered. */
function* difference(subject: PolicySubject, path: string, operation: string, resource: string): Iterable<PolicyFinding> {
  const { classic, lite } = subject.outcomes;
  if (classic.dropped !== undefined || lite.dropped !== undefined || withoutVariables(resource) !== resource) return;
  const match = compileClassicResource(resource);
  const topic = edgeTopics(resource).find(edge => {
    const mine = match?.(edge) === true || liteResourceAllows(resource, edge);
    return mine && liteResourceIsValid(edge) && classic.authorize(operation, edge) !== lite.authorize(operation, edge);
  });
  if (topic === undefined) return;
  const example = subject.example(topic, operation);
  const isParent = resource === `${topic}/#`;
  const [allows, refuses] = example.allowed.classic ? ['classic', 'Lite'] : ['Lite', 'classic'];
  yield subject.finding({
    rule: 'profiles-differ',
    severity: isParent ? 'note' : 'warning',
    path,
    profiles: BOTH,
    message: `of ${resource}, ${allows} allows ${topic} and ${refuses} does not`,
    remedy: isParent
      ? `If the component uses ${topic} itself, name it as a resource of its own`
      : 'Use # only last after a slash, + only as a whole level, and * not together with them',
    example,
  });
}

/** Whether it is this resource, and none beside it, that allows a topic on either profile. */
function isOnlyAllowedBy(subject: PolicySubject, policy: WrittenPolicy, index: number, operation: string, topic: string): boolean {
  const others = subject.policies.flatMap(other => {
    const isOfUse = other.operations?.some(entry => entry === '*' || entry === operation) === true;
    return isOfUse ? (other.resources ?? []).filter((_, i) => other.id !== policy.id || i !== index) : [];
  });
  const { classic, lite } = subject.example(topic, operation).allowed;
  const byOther = others.some(
    other => typeof other === 'string' && !/(^|\/)\+$/.test(other) && compileClassicResource(other)?.(topic) === true,
  );
  return (classic || lite) && !byOther;
}
