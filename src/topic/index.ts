export { TOPIC_LIMITS } from './iot-core-limits.js';
export { topicFilterProblem } from './topic-filter.js';
export { topicMatches } from './topic-matches.js';
export { publishTopicProblem } from './topic-name.js';
