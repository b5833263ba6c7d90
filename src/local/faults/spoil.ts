import type { FaultSwitches } from './fault-switches.js';

/** A frame on its way to a client. */
export interface OutgoingFrame {
  readonly bytes: Buffer;
  /** An event can be dropped; a reply cannot. */
  readonly isEvent: boolean;
}

/** What is written instead of what should have been. */
interface SpoiledBytes {
  readonly bytes: Buffer;
  /** Bytes of each write, if they are to arrive in pieces. */
  readonly pieceSize: number | undefined;
  /** The connection is destroyed once they are written. */
  readonly destroy: boolean;
}

/**
 * Applies the armed faults of the bytes. `undefined`: nothing is written yet, since more frames are to be glued to these; none are if these
 * are the last.
 */
export function spoil(
  frames: readonly OutgoingFrame[],
  faults: FaultSwitches,
  component: string | undefined,
  isLast: boolean,
): SpoiledBytes | undefined {
  const glue = faults.glueFrames.strike(component)?.parameter ?? 0;
  if (frames.length < glue && !isLast) return undefined;
  const pieces: Buffer[] = [];
  let destroy = false;
  for (const { bytes, isEvent } of frames) {
    if (faults.cutMidFrame.strike(component) !== undefined) {
      pieces.push(bytes.subarray(0, bytes.length >> 1));
      destroy = true;
    } else {
      pieces.push(faults.corrupt.strike(component) === undefined ? bytes : withWrongChecksum(bytes));
      destroy = isEvent && isLastMessage(faults, component);
    }
    if (destroy) break;
  }
  return { bytes: Buffer.concat(pieces), pieceSize: faults.splitWrites.strike(component)?.parameter, destroy };
}

function withWrongChecksum(frame: Buffer): Buffer {
  // A copy: other subscribers share the frame.
  const broken = Buffer.from(frame);
  broken.writeUInt32BE((broken.readUInt32BE(broken.length - 4) ^ 1) >>> 0, broken.length - 4);
  return broken;
}

function isLastMessage({ cutAfterMessages }: FaultSwitches, component: string | undefined): boolean {
  const count = cutAfterMessages.strike(component)?.parameter;
  if (count === undefined) return false;
  count.left--;
  return count.left === 0;
}
