import { expect, test } from 'vitest';
import { interpolate, type RecipeVariables } from '../../src/local/index.js';

const OTHER: RecipeVariables = {
  componentName: 'com.example.Other',
  componentVersion: '2.0.0',
  configuration: { port: 8080 },
  thingName: 'thing-1',
  rootPath: '/greengrass/v2',
};

const VARIABLES: RecipeVariables = {
  ...OTHER,
  componentName: 'com.example.A',
  componentVersion: '1.0.0',
  configuration: { text: 'a b', number: 5, flag: false, 'a/b': { c: ['x', { y: 1 }] }, nothing: null },
  dependencies: [OTHER],
};

test.each([
  ['{artifacts:path}/main.js', '/greengrass/v2/packages/artifacts/com.example.A/1.0.0/main.js'],
  ['{artifacts:decompressedPath}', '/greengrass/v2/packages/artifacts-unarchived/com.example.A/1.0.0'],
  ['{work:path} {kernel:rootPath}', '/greengrass/v2/work/com.example.A /greengrass/v2'],
  ['devices/{iot:thingName}/#', 'devices/thing-1/#'],
  ['{configuration:/text}{configuration:/text}', 'a ba b'],
  ['{configuration:/number} {configuration:/flag}', '5 false'],
  ['{configuration:/a~1b/c/0} {configuration:/a~1b}', 'x {"c":["x",{"y":1}]}'],
  ['{configuration:/a~1b/c/1/y}', '1'],
  ['{com.example.Other:configuration:/port} {com.example.Other:work:path}', '8080 /greengrass/v2/work/com.example.Other'],
  ['a/${*}/${?}/${$}', 'a/${*}/${?}/${$}'],
  ['{"json": 1} ${x}', '{"json": 1} ${x}'],
])('%s', (text, result) => {
  const unresolved: string[] = [];
  expect(interpolate(text, VARIABLES, variable => unresolved.push(variable))).toBe(result);
  expect(unresolved).toEqual([]);
});

test.each([
  '{configuration:/none}',
  '{configuration:/text/deeper}',
  '{configuration:/toString}',
  '{configuration:text}',
  '{artifacts:none}',
  '{unknown:path}',
  '{com.example.Stranger:work:path}',
])('%s has no value, stays, and is told', variable => {
  const unresolved: string[] = [];
  expect(interpolate(`a ${variable} b`, VARIABLES, name => unresolved.push(name))).toBe(`a ${variable} b`);
  expect(unresolved).toEqual([variable]);
});

test('lite ends the paths of a component with a slash', () => {
  const text = '{artifacts:path} {artifacts:decompressedPath} {work:path} {kernel:rootPath}';
  const unarchived = '/greengrass/v2/packages/artifacts-unarchived/com.example.A/1.0.0/';
  expect(interpolate(text, { ...VARIABLES, profile: 'lite' })).toBe(
    `/greengrass/v2/packages/artifacts/com.example.A/1.0.0/ ${unarchived} /greengrass/v2/work/com.example.A/ /greengrass/v2`,
  );
});

test('paths can be others than a device’s', () => {
  const here = { ...VARIABLES, artifactsPath: '/home/me/app', decompressedPath: '/home/me/dist', workPath: '/tmp/w' };
  expect(interpolate('{artifacts:path} {artifacts:decompressedPath} {work:path}', here)).toBe('/home/me/app /home/me/dist /tmp/w');
});
