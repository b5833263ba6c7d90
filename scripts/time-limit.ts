/** Under another Node, which may be emulated, all takes a multiple of its time. */
const SLOWER = process.env['TEST_NODE'] === undefined ? 1 : 6;

/**
 * How many milliseconds a test may take: a limit for what hangs, never for what is slow, as all takes a multiple of its time on a busy
 * machine.
 *
 * @param work of a test that does more the longer it is told to run.
 */
export const timeLimit = (work = 0): number => (300_000 + work) * SLOWER;
