/**
 * The longest path that a Unix domain socket's address has room for, in bytes: 108 with the closing NUL on Linux, 104 on macOS.
 */
export const MAX_SOCKET_PATH: number = process.platform === 'darwin' ? 103 : 107;

/**
 * Whether this is a named pipe of Windows, such as `\\.\pipe\NucleusNamedPipe-…`, by which the classic nucleus is reached there. It is a
 * name and no file: it has no folder, no mode and no limit of a socket's address, and is gone with the process that listens.
 */
export function isNamedPipe(path: string): boolean {
  return /^[\\/]{2}[.?][\\/]pipe[\\/]./i.test(path);
}

/** Why a socket of this path cannot be: it has too many bytes. `undefined`: it can. */
export function tooLongForSocket(path: string): { readonly length: number; readonly limit: number } | undefined {
  const length = Buffer.byteLength(path);
  return length > MAX_SOCKET_PATH && !isNamedPipe(path) ? { length, limit: MAX_SOCKET_PATH } : undefined;
}
