import { expect, it } from 'vitest';
import { encodePublish, publishProblem, subscribeProblem } from '../../src/client/mqtt-request.js';
import { messageStream } from '../../src/client/mqtt-proxy.js';
import { QOS, qosOf } from '../../src/shared/qos.js';

it('a qos by the number of MQTT is sent as the one by its name', () => {
  for (const [number, name] of [
    [0, QOS.AT_MOST_ONCE],
    [1, QOS.AT_LEAST_ONCE],
  ] as const) {
    const request = { topicName: 'a', payload: '1' };
    expect([qosOf(number), qosOf(name)]).toEqual([name, name]);
    expect([publishProblem({ ...request, qos: number }), subscribeProblem({ topicName: 'a', qos: number })]).toEqual([
      undefined,
      undefined,
    ]);
    expect(encodePublish({ ...request, qos: number })).toBe(encodePublish({ ...request, qos: name }));
    expect(messageStream({ topicName: 'a', qos: number }).payload).toBe(messageStream({ topicName: 'a', qos: name }).payload);
  }
  expect(publishProblem({ topicName: 'a', payload: '', qos: 2 as 1 })?.message).toContain('no QoS 2');
});
