/** Whether this is Windows: sockets are named pipes there, files have no modes, and processes get no signals. */
export const IS_WINDOWS: boolean = process.platform === 'win32';
