import { describe, expect, it } from 'vitest';
import { LifecycleServices } from '../../../src/local/lifecycle/lifecycle-services.js';

describe('who validates configurations', () => {
  it('is the first listener of a component, until it or another of it ends', () => {
    const services = new LifecycleServices();
    const heard: string[] = [];
    services.addValidator('a', () => heard.push('first'));
    const end = services.addValidator('a', () => heard.push('second'));
    services.validate('a', 'd', {}, () => undefined);
    expect(heard).toEqual(['first']);
    end();
    expect(services.validates('a')).toBe(false);
  });
});

describe('who is told of updates', () => {
  it('is nobody any more once its last subscription has ended', () => {
    const services = new LifecycleServices();
    const [one, other] = [services.addUpdateSubscriber('a', () => undefined), services.addUpdateSubscriber('a', () => undefined)];
    one();
    expect(services.updateSubscribers).toEqual(['a']);
    other();
    expect(services.updateSubscribers).toEqual([]);
  });

  it('answers once, and only where it has one subscription: of several, none can', () => {
    const services = new LifecycleServices();
    const waits: number[] = [];
    services.addUpdateSubscriber('a', () => undefined);
    services.announce('a', 'd', recheckAfter => waits.push(recheckAfter));
    expect(services.defer('a', 'd', 5)).toBe('taken');
    expect(services.defer('a', 'd', 7)).toBe('too late');
    services.addUpdateSubscriber('a', () => undefined);
    services.announce('a', 'e', recheckAfter => waits.push(recheckAfter));
    services.defer('a', 'e', 9);
    expect(waits).toEqual([5]);
  });
});
