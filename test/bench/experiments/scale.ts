/** How much is measured. */
export interface Scale {
  /** Whether it is the form that is to be over soon. */
  readonly isShort: boolean;
  /** Of the short form, the first measures everything, and all others what has a budget. */
  readonly rounds: number;
  /** Messages of a throughput. The native clients take ten times as long for one. */
  readonly messages: number;
  readonly nativeMessages: number;
  readonly roundTrips: number;
  /** Messages of a flood, of which memory is read at {@link FIRST_READING} and at the end. */
  readonly flood: number;
  /** The same for the native clients, which read ahead and take long. */
  readonly nativeFlood: number;
  /** A large backlog, a large number of messages; and small ones. */
  readonly many: number;
  readonly few: number;
  /** Readings in an operator that tells sensors apart, and many sensors. */
  readonly changes: number;
  readonly manyKeys: number;
  readonly lines: number;
  /** Records in an outbox; and few. */
  readonly stored: number;
  readonly storedFew: number;
  readonly idle: number;
  /** Readings through a whole pipeline at a fixed speed, after as many to warm up; twice as many as fast as it goes. */
  readonly readings: number;
  /** Seconds of publishes at the pace that a broker takes. */
  readonly paced: number;
  /** How often each program is started. */
  readonly starts: number;
}

export const FIRST_READING = 100_000;

/** What the promises are about. Some forty minutes. */
export const FULL: Scale = {
  isShort: false,
  rounds: 5,
  messages: 1_000_000,
  nativeMessages: 200_000,
  roundTrips: 10_000,
  flood: 1_000_000,
  nativeFlood: 1_000_000,
  many: 1_000_000,
  few: 10_000,
  changes: 1_000_000,
  manyKeys: 100_000,
  lines: 100_000,
  stored: 1_000_000,
  storedFew: 1_000,
  idle: 5_000,
  readings: 25_000,
  paced: 40,
  starts: 9,
};

/** About three minutes: whether everything runs, and whether any ratio is over its budget. */
export const SHORT: Scale = {
  isShort: true,
  rounds: 3,
  messages: 150_000,
  nativeMessages: 20_000,
  roundTrips: 2_000,
  flood: 150_000,
  nativeFlood: 30_000,
  many: 100_000,
  few: 10_000,
  changes: 400_000,
  manyKeys: 10_000,
  lines: 10_000,
  stored: 20_000,
  storedFew: 1_000,
  idle: 800,
  readings: 10_000,
  paced: 3,
  starts: 4,
};
