/** Under another Node, which may be emulated, all takes a multiple of its time. */
const SLOWER = process.env['TEST_NODE'] === undefined ? 1 : 6;

/**
 * How many milliseconds a test may take: a limit for what hangs, never for what is slow, as all takes a multiple of its time on a busy
 * machine.
 *
 * @param more milliseconds, for a test whose number of runs can be chosen.
 */
export const timeLimit = (more = 0): number => (300_000 + more) * SLOWER;
