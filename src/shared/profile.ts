/**
 * Which nucleus: `classic`, the Java nucleus (2.x), or `lite`, Greengrass Lite (2.6). They differ in handshake, limits, error forms,
 * policy matching and in what survives of a message.
 */
export type Profile = 'classic' | 'lite';

/** The transports there are: `node:net`, and AWS' native client. */
export type TransportName = 'socket' | 'crt';
