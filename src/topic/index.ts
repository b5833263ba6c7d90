/**
 * Topics, filters and templates, and the rules of MQTT, AWS IoT Core and both nuclei by name: for tools as much as for components.
 *
 * @packageDocumentation
 */
export { basicIngest, type BasicIngest, parseBasicIngest, sharedSubscription } from './prefixed-topics.js';
export { classicResourceAllows, liteResourceAllows } from './resources.js';
export { parseSharedSubscription, publishTopicProblem, type SharedSubscription, TOPIC_LIMITS, topicFilterProblem } from './topic-rules.js';
export { classicRoutes, topicMatches } from './topic-matches.js';
export {
  type ParamsIn,
  type ParamsOf,
  type TopicArguments,
  topicFilterOf,
  type TopicParams,
  type TopicPattern,
  topicTemplate,
  type TopicTemplate,
} from './topic-template.js';
export { TopicTrie } from './topic-trie.js';
