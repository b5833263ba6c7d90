import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Profile } from '../../shared/profile.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A fresh token in the server's own form: sixteen random characters on classic, sixteen random bytes as base64 on Lite. */
function newToken(profile: Profile): string {
  if (profile === 'lite') return randomBytes(16).toString('base64');
  return Array.from({ length: 16 }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
}

/** Which component a token (`SVCUID`) belongs to. */
export class Tokens {
  readonly #profile: Profile;
  readonly #key = randomBytes(32);
  readonly #tokens = new Map<string, { readonly token: string; readonly digest: Buffer }>();

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  /** A token for a component that has none yet. */
  add(component: string): void {
    if (!this.#tokens.has(component)) this.issue(component);
  }

  issue(component: string): void {
    const token = newToken(this.#profile);
    this.#tokens.set(component, { token, digest: this.#digest(token) });
  }

  remove(component: string): void {
    this.#tokens.delete(component);
  }

  /** New tokens for all: what a restarted nucleus does, so that the old ones are refused for ever. */
  reissueAll(): void {
    for (const component of this.#tokens.keys()) this.issue(component);
  }

  of(component: string): string | undefined {
    return this.#tokens.get(component)?.token;
  }

  /** Compares with every token in constant time, through digests of equal length, and never stops early. */
  component(token: string): string | undefined {
    const digest = this.#digest(token);
    let found: string | undefined;
    for (const [component, known] of this.#tokens) if (timingSafeEqual(known.digest, digest)) found = component;
    return found;
  }

  #digest(token: string): Buffer {
    return createHmac('sha256', this.#key).update(token).digest();
  }
}
