import { expect, test } from 'vitest';
import { placeOf } from '../../src/testing/place-of.js';

const stack = (...lines: readonly string[]): string => ['Error', ...lines.map(line => `    at ${line}`)].join('\n');

test.each([
  ['/app/node/dist/testing/', 'file:///app/node/dist/testing/virtual-time.js:1:1', 'f (file:///app/src/component.ts:7:3)'],
  ['/app/node/dist/testing/', '/app/node/dist/testing/virtual-time.js:1:1', '/app/src/component.ts:7:3'],
  ['C:\\app\\dist\\testing\\', 'file:///C:/app/dist/testing/virtual-time.js:1:1', 'f (file:///C:/app/src/component.ts:7:3)'],
  ['C:\\app\\dist\\testing\\', 'C:\\app\\dist\\testing\\virtual-time.js:1:1', 'C:\\app\\src\\component.ts:7:3'],
])('a stack in which the kit at %s has the line %s leads to %s', (kit, ofKit, own) => {
  expect(placeOf(stack(ofKit, 'node:internal/x:1:1', '/app/node_modules/x/y.js:1:1', own), kit)).toBe(own);
  expect(placeOf(stack(ofKit), kit)).toBeUndefined();
});
