/** One call that was recorded. */
export interface Call {
  readonly what: 'create' | 'write' | 'truncate' | 'sync' | 'unlink' | 'rename';
  readonly name: string;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Reads what the recorder wrote. */
export const readCalls = (recorded: Buffer): readonly Call[] => {
  const calls: Call[] = [];
  for (let at = 0; at < recorded.length;) {
    const end = recorded.indexOf(0x0a, at);
    const [what = '', name = '', offset = '0', length = '0'] = recorded.subarray(at, end).toString().split(' ');
    const carries = what === 'write' || what === 'rename';
    const after = end + 1 + (carries ? Number(length) : 0);
    calls.push({ what: what as Call['what'], name, offset: Number(offset), bytes: recorded.subarray(end + 1, after) });
    at = after;
  }
  return calls;
};

const SECTOR = 512;

/** A file as the disk has it, and what has been done to it since it was last synced. */
interface OnDisk {
  synced: Buffer;
  pending: Call[];
}

/** Does it to the content, in place where it has the room. */
const applied = (content: Buffer, { what, offset, bytes }: Call): Buffer => {
  if (what === 'truncate' && offset <= content.length) return content.subarray(0, offset);
  const length = what === 'truncate' ? offset : Math.max(content.length, offset + bytes.length);
  let next = content;
  if (length > content.length) {
    next = Buffer.alloc(length);
    content.copy(next);
  }
  if (what === 'write') bytes.copy(next, offset);
  return next;
};

/**
 * A disk that keeps what was synced, and of the rest whatever chance leaves: each sector of each write by itself, in any order; a name only
 * once its folder was synced, or by chance.
 */
export class Disk {
  private readonly files = new Map<string, OnDisk>();
  /** Names that a power cut may take, or bring back. */
  private readonly names = new Map<string, { durable: OnDisk | undefined; now: OnDisk | undefined }>();

  do(call: Call): void {
    const { what, name } = call;
    if (what === 'sync' && name === '.') for (const entry of this.names.values()) entry.durable = entry.now;
    else if (what === 'create') this.rename(name, { synced: Buffer.alloc(0), pending: [] });
    else if (what === 'unlink') this.rename(name, undefined);
    else if (what === 'rename') {
      const file = this.files.get(name);
      this.rename(name, undefined);
      this.rename(call.bytes.toString(), file);
    } else {
      const file = this.files.get(name);
      if (file === undefined) return;
      if (what !== 'sync') file.pending.push(call);
      else {
        file.synced = file.pending.reduce(applied, file.synced);
        file.pending = [];
      }
    }
  }

  /** What is there after the power was cut now. */
  cut(random: () => number): ReadonlyMap<string, Buffer> {
    const left = new Map<string, Buffer>();
    for (const [name, { durable, now }] of this.names) {
      const file = durable === now || random() < 0.5 ? now : durable;
      if (file !== undefined) left.set(name, this.contentAfter(file, random));
    }
    return left;
  }

  private contentAfter({ synced, pending }: OnDisk, random: () => number): Buffer {
    const share = random();
    const pieces: Call[] = pending.flatMap(call => {
      if (call.what !== 'write') return random() < share ? [call] : [];
      const sectors: Call[] = [];
      for (let at = 0; at < call.bytes.length;) {
        const end = Math.min(call.bytes.length, at + SECTOR - ((call.offset + at) % SECTOR));
        if (random() < share) sectors.push({ ...call, offset: call.offset + at, bytes: call.bytes.subarray(at, end) });
        at = end;
      }
      return sectors;
    });
    // Two writes to one place that were not synced may reach the disk in either order.
    for (let i = pieces.length - 1; i > 0; i--) {
      const j = random() < 0.2 ? Math.floor(random() * (i + 1)) : i;
      const [piece] = pieces.splice(i, 1);
      if (piece !== undefined) pieces.splice(j, 0, piece);
    }
    return pieces.reduce(applied, Buffer.from(synced));
  }

  private rename(name: string, file: OnDisk | undefined): void {
    const entry = this.names.get(name) ?? { durable: undefined, now: undefined };
    entry.now = file;
    this.names.set(name, entry);
    if (file === undefined) this.files.delete(name);
    else this.files.set(name, file);
  }
}
