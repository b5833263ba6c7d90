import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, test } from 'vitest';
import { InvalidTopic } from '../../src/errors/errors.js';
import { basicIngest, publishTopicProblem, topicFilterOf, topicMatches, topicTemplate } from '../../src/topic/index.js';

const temperature = topicTemplate('plant/{line}/{sensor}/temperature');
const events = topicTemplate('plant/{line}/events/{path...}');

/** The template of a random text, whose parameters the compiler does not know. */
const anyTemplate = (levels: readonly string[]) => topicTemplate<string>(levels.join('/'));

const level = fc.constantFrom('a', 'b', 'x y', 'é', '');
const templateLevels = fc
  .tuple(fc.array(fc.oneof(fc.constantFrom('a', 'b', '$aws', ''), fc.constant('{}')), { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([levels, rest]) => [...levels.map((text, i) => (text === '{}' ? `{p${i}}` : text)), ...(rest ? ['{rest...}'] : [])])
  .filter(levels => levels.join('/') !== '');
const nameLevels = fc.array(fc.oneof(level, fc.constant('$aws')), { minLength: 1, maxLength: 6 });

describe('a template', () => {
  test('is the filter to subscribe to', () => {
    expect([temperature.filter, events.filter]).toEqual(['plant/+/+/temperature', 'plant/+/events/#']);
    expect(topicTemplate('{all...}').filter).toBe('#');
    expect(topicTemplate('plant/state').filter).toBe('plant/state');
    expect(topicFilterOf(temperature)).toBe('plant/+/+/temperature');
  });

  test('reads the parameters of a topic name', () => {
    expect(temperature.match('plant/7/inlet/temperature')).toEqual({ line: '7', sensor: 'inlet' });
    expect(temperature.match('plant//inlet/temperature')).toEqual({ line: '', sensor: 'inlet' });
    expect(temperature.match('plant/7/inlet/pressure')).toBeUndefined();
    expect(temperature.match('plant/7/inlet/temperature/')).toBeUndefined();
    expect(temperature.match('plant/7/inlet')).toBeUndefined();
    expect(events.match('plant/7/events')).toEqual({ line: '7', path: [] });
    expect(events.match('plant/7/events/')).toEqual({ line: '7', path: [''] });
    expect(events.match('plant/7/events/a/b')).toEqual({ line: '7', path: ['a', 'b'] });
    expect(events.match('plant/7/eventsX')).toBeUndefined();
  });

  test('matches what its filter matches, and builds again what it has matched', () => {
    let matched = 0;
    fc.assert(
      fc.property(templateLevels, nameLevels, (levels, names) => {
        const template = anyTemplate(levels);
        const topicName = names.join('/');
        const params = template.match(topicName);
        expect(params !== undefined, `${template.filter} on ${topicName}`).toBe(topicMatches(template.filter, topicName));
        if (params === undefined) return;
        matched++;
        const built = template.tryBuild(params);
        const isEmpty = Object.values(params).flat().includes('');
        if (!isEmpty && publishTopicProblem(topicName) === undefined) expect(built).toEqual({ _tag: 'Right', right: topicName });
        else expect(built._tag).toBe('Left');
      }),
      { numRuns: 5_000 },
    );
    expect(matched).toBeGreaterThan(100);
  });

  test('builds only names that it matches, with the same parameters, whatever they are', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('+', '#', 'a/b', '', '\0', '$aws', '\ud800', '..', 'a'));
    let built = 0;
    fc.assert(
      fc.property(value, fc.array(value, { maxLength: 3 }), (first, rest) => {
        const template = topicTemplate('{first}/x/{rest...}');
        const result = template.tryBuild({ first, rest });
        if (!isRight(result)) return;
        built++;
        expect(template.match(result.right)).toEqual({ first, rest });
        expect(publishTopicProblem(result.right)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
    expect(built).toBeGreaterThan(100);
  });

  test('builds topic names, from numbers too', () => {
    expect(temperature.build({ line: 7, sensor: 'inlet' })).toBe('plant/7/inlet/temperature');
    expect(events.build({ line: 'a', path: ['x', 'y'] })).toBe('plant/a/events/x/y');
    expect(events.build({ line: 'a', path: [] })).toBe('plant/a/events');
    expect(basicIngest('Store', temperature.build({ line: 1, sensor: 's' }))).toBe('$aws/rules/Store/plant/1/s/temperature');
  });

  test.each([
    ['a/b', 'contains /'],
    ['+', 'contains +'],
    ['a#', 'contains #'],
    ['', 'is empty'],
    ['a\0', 'U+0000'],
    ['\ud800', 'surrogate'],
    [Number.NaN, 'NaN'],
    [1e21, 'contains +'],
  ])('refuses the parameter %j', (sensor, problem) => {
    const refused = temperature.tryBuild({ line: '7', sensor });
    expect(refused).toMatchObject({
      _tag: 'Left',
      left: { _tag: 'InvalidTopic', parameter: 'sensor', template: 'plant/{line}/{sensor}/temperature' },
    });
    expect(() => temperature.build({ line: '7', sensor })).toThrow(problem);
    expect(() => temperature.with({ sensor })).toThrow(InvalidTopic);
    if (typeof sensor === 'string') expect(() => events.build({ line: '7', path: ['a', sensor] })).toThrow(`the parameter path`);
  });

  test('refuses what makes a topic of the server of it, a missing parameter and a name over the limits', () => {
    const tenant = topicTemplate('{tenant}/x');
    expect(() => tenant.build({ tenant: '$aws' })).toThrow('begins with $');
    expect(topicTemplate('x/{tenant}').build({ tenant: '$aws' })).toBe('x/$aws');
    // @ts-expect-error -- JavaScript lets it
    expect(() => temperature.build({ line: '7' })).toThrow('the parameter sensor is missing');
    expect(() => tenant.build({ tenant: 'a'.repeat(255) })).toThrow('at most 256');
    expect(() => events.build({ line: '7', path: ['1', '2', '3', '4', '5', '6'] })).toThrow('at most 7');
    expect(() => tenant.build(Object.create({ tenant: 'inherited' }) as { tenant: string })).toThrow('is missing');
  });

  test('takes some of its parameters and keeps the others', () => {
    const line7 = temperature.with({ line: 7 });
    expect([line7.text, line7.filter]).toEqual(['plant/7/{sensor}/temperature', 'plant/7/+/temperature']);
    expect(line7.match('plant/7/inlet/temperature')).toEqual({ sensor: 'inlet' });
    expect(line7.match('plant/8/inlet/temperature')).toBeUndefined();
    expect(line7.build({ sensor: 'inlet' })).toBe('plant/7/inlet/temperature');
    expect(line7.with({ sensor: '{braces}' }).filter).toBe('plant/7/{braces}/temperature');
    expect(events.with({ path: ['a', 'b'] }).filter).toBe('plant/+/events/a/b');
    expect(events.with({ path: [] }).filter).toBe('plant/+/events');
  });

  test.each([
    ['plant/{line}-{sensor}', 'whole level'],
    ['plant/{}', 'whole level'],
    ['plant/{a b}', 'whole level'],
    ['plant/{__proto__}', 'whole level'],
    ['plant/{a}/{a}', 'two placeholders {a}'],
    ['plant/{a...}/x', 'before its end'],
    ['plant/+/{a}', 'Give what stands there a name'],
    ['plant/#', 'Give what stands there a name'],
    ['$share/g/plant/{a}', 'sharedSubscription(group'],
    ['', 'is empty'],
    ['plant/\0', 'U+0000'],
    ['a/{b}/c/d/e/f/g/h/i', 'at most 7'],
  ])('%s is none', (text, problem) => {
    expect(() => topicTemplate(text)).toThrow(problem);
    expect(() => topicTemplate(text)).toThrow(TypeError);
  });
});
