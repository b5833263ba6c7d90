/** The longest wait a Node timer can have, in milliseconds: 24.8 days. One that is set for longer fires at once. */
export const LONGEST_TIMER = 2_147_483_647;
