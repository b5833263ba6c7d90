import { describe, expect, test } from 'vitest';
import {
  basicIngest,
  parseBasicIngest,
  parseSharedSubscription,
  publishTopicProblem,
  sharedSubscription,
  topicFilterProblem,
  topicMatches,
  topicTemplate,
} from '../../src/topic/index.js';

describe('Basic Ingest', () => {
  test('is built and read again', () => {
    const topic = basicIngest('Store_1', 'plant/7');
    expect(topic).toBe('$aws/rules/Store_1/plant/7');
    expect(parseBasicIngest(topic)).toEqual({ ruleName: 'Store_1', topicName: 'plant/7' });
  });

  test('does not count its prefix towards the limits', () => {
    const longest = 'a'.repeat(256);
    expect(publishTopicProblem(basicIngest('R'.repeat(128), longest))).toBeUndefined();
    expect(() => basicIngest('R', `${longest}a`)).toThrow('at most 256');
    expect(publishTopicProblem(basicIngest('R', 'a/b/c/d/e/f/g/h'))).toBeUndefined();
    expect(() => basicIngest('R', 'a/b/c/d/e/f/g/h/i')).toThrow('at most 7');
  });

  test.each(['', 'a/b', 'a b', 'a+', 'R'.repeat(129)])('%j is no rule', ruleName => {
    expect(() => basicIngest(ruleName, 'plant/7')).toThrow('1 to 128');
  });

  test.each(['$aws/rules/R/x', '$SYS/x', 'a/+', ''])('%j is no topic a rule sees', topicName => {
    expect(() => basicIngest('R', topicName)).toThrow(TypeError);
  });

  test.each(['plant/7', '$aws/rules/R', '$aws/rules/R/', '$aws/rules//x', '$aws/things/R/x', 'x/$aws/rules/R/x'])('%s is none', topic => {
    expect(parseBasicIngest(topic)).toBeUndefined();
  });
});

describe('a shared subscription', () => {
  test('is built and read again', () => {
    const filter = sharedSubscription('workers', 'jobs/+');
    expect(filter).toBe('$share/workers/jobs/+');
    expect(topicFilterProblem(filter)).toBeUndefined();
    expect(parseSharedSubscription(filter)).toEqual({ group: 'workers', filter: 'jobs/+' });
    expect(topicMatches(filter, 'jobs/17')).toBe(true);
  });

  test('keeps the parameters of a template', () => {
    const jobs = sharedSubscription('workers', topicTemplate('jobs/{id}'));
    expect(jobs.filter).toBe('$share/workers/jobs/+');
    expect(jobs.match('jobs/17')).toEqual({ id: '17' });
    expect(jobs.match('$share/workers/jobs/17')).toBeUndefined();
  });

  test.each([
    ['', 'jobs'],
    ['a/b', 'jobs'],
    ['+', 'jobs'],
    ['a\0', 'jobs'],
    ['workers', '$share/workers/jobs'],
    ['workers', ''],
    ['workers', 'jobs/#/x'],
  ])('%j of %j is none', (group, filter) => {
    expect(() => sharedSubscription(group, filter)).toThrow(TypeError);
  });

  test.each(['jobs', '$share/workers', '$share/workers/', '$share//jobs', '$share/+/jobs'])('%s is none', filter => {
    expect(parseSharedSubscription(filter)).toBeUndefined();
  });
});
