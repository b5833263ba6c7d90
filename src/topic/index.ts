/**
 * Topics, filters and templates, and the rules of MQTT, AWS IoT Core and both nuclei by name: for tools as much as for components.
 *
 * @packageDocumentation
 */
export { basicIngest, parseBasicIngest, type BasicIngest } from './basic-ingest.js';
export { classicResourceAllows } from './classic-resource.js';
export { classicRoutes } from './classic-routes.js';
export { TOPIC_LIMITS } from './iot-core-limits.js';
export { liteResourceAllows } from './lite-resource.js';
export { parseSharedSubscription, type SharedSubscription } from './parse-shared-subscription.js';
export { sharedSubscription } from './shared-subscription.js';
export { topicFilterProblem } from './topic-filter.js';
export { topicMatches } from './topic-matches.js';
export { publishTopicProblem } from './topic-name.js';
export type { ParamsOf, TopicArguments, TopicParams } from './topic-params.js';
export { topicFilterOf, type TopicPattern } from './topic-pattern.js';
export { topicTemplate, type TopicTemplate } from './topic-template.js';
export { TopicTrie } from './topic-trie.js';
