import { InvalidRequest, type Operation } from '../errors/errors.js';
import { topicMatches } from '../topic/topic-matches.js';
import { topicFilterProblem } from '../topic/topic-rules.js';
import { topicFilterOf, type TopicPattern } from '../topic/topic-template.js';

/** A topic name, or a filter such as `alarms/+` or a template for topics that depend on data. */
export type DeclaredTopic = string | TopicPattern<unknown>;

/** The filters of declared topics. Throws `RangeError` for what is not a filter. */
export function declaredFilters(topics: readonly DeclaredTopic[]): readonly string[] {
  return topics.map(topic => {
    const filter = topicFilterOf(topic);
    const problem = topicFilterProblem(filter);
    if (problem !== undefined) throw new RangeError(`topics: ${problem}`);
    return filter;
  });
}

/**
 * Refuses requests to topics that a stage has not declared. So a wrong topic is found in every test, and not only on a device whose recipe
 * was derived from the declaration.
 */
export function onlyDeclared(filters: readonly string[], stageName: string, operation: Operation) {
  return (topicName: string): InvalidRequest<'message'> | undefined => {
    if (filters.some(filter => topicMatches(filter, topicName))) return undefined;
    const declared = filters.map(filter => JSON.stringify(filter)).join(', ');
    const problem = `The stage "${stageName}" declares that it publishes to ${declared}, and was about to publish to ${JSON.stringify(topicName)}. Add that to its topics, or do not publish there.`;
    return new InvalidRequest('message', operation, topicName, 'client', problem);
  };
}
