import type { WorkerFailure } from './worker-protocol.js';

// Runs in the worker: see database.ts.

/** What an error of SQLite or of the file system means for an outbox. */
export function failureOf(error: unknown): WorkerFailure {
  const { code, errcode, message } = error as { readonly code?: string; readonly errcode?: number; readonly message?: string };
  const says = String(message ?? error);
  if (code === 'ERR_UNKNOWN_BUILTIN_MODULE' || code === 'MODULE_NOT_FOUND') return { reason: 'needs-newer-node', message: says };
  if (errcode === undefined) {
    if (code === 'ENOSPC' || code === 'EDQUOT') return { reason: 'disk-full', message: says };
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return { reason: 'read-only', message: says };
    return { reason: code === 'EIO' ? 'sync-failed' : 'unusable', message: says };
  }
  switch (errcode & 0xff) {
    case 5: // SQLITE_BUSY
      return { reason: 'busy', message: says };
    case 8: // SQLITE_READONLY
      return { reason: 'read-only', message: says };
    case 10: // SQLITE_IOERR: what was synced and what was not is unknown from here on
      return { reason: 'sync-failed', message: says };
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return { reason: 'damaged', message: says };
    case 13: // SQLITE_FULL
      return { reason: 'disk-full', message: says };
    default:
      return { reason: 'unusable', message: says };
  }
}
