/** Bytes of the length in an MQTT packet's fixed header. */
const LENGTH_BYTES = 4;

/**
 * Follows the packets in a stream of MQTT bytes and says when one announces more than it may have: a parser keeps all of an
 * unfinished packet, and the protocol allows it 256 MB.
 */
export class MqttPacketGuard {
  readonly #limit: number;
  /** Bytes of the packet's body that have not come. */
  #left = 0;
  #length = 0;
  /** Bytes of the length read so far; `undefined` before the type. */
  #lengthBytes: number | undefined;

  /** `limit`: bytes of a packet after its fixed header. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `false`: a packet in it is too large or its length is malformed. Nothing after that is followed. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (this.#lengthBytes === undefined) {
        this.#lengthBytes = 0;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes++;
      if (this.#length > this.#limit) return false;
      if (byte < 0x80) {
        this.#left = this.#length;
        this.#lengthBytes = undefined;
      } else if (this.#lengthBytes >= LENGTH_BYTES) return false;
    }
    return true;
  }
}
