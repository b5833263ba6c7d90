import type { HeaderTemplate } from './header-template.js';

/**
 * One event for any number of streams: the JSON is written once, and streams with the same id (every client's first
 * subscription is stream 1) share one frame.
 */
export class EventFrames {
  readonly #template: HeaderTemplate;
  readonly #json: string;
  #frame: Buffer | undefined;
  #streamId = 0;

  constructor(template: HeaderTemplate, json: string) {
    this.#template = template;
    this.#json = json;
  }

  for(streamId: number): Buffer {
    if (this.#frame === undefined) this.#frame = this.#template.frame(streamId, this.#json);
    else if (this.#streamId !== streamId) this.#frame = this.#template.readdress(this.#frame, streamId);
    this.#streamId = streamId;
    return this.#frame;
  }
}
