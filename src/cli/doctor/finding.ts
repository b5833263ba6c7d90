/** What one check of the doctor found. */
export interface Finding {
  /** What was looked at: `node`, `socket`, `transport crt`. */
  readonly check: string;
  /** `error`: a component could not work like this. `warning`: something will not. `skipped`: it could not be looked at. */
  readonly status: 'ok' | 'warning' | 'error' | 'skipped';
  readonly message: string;
  /** What to do about it; none where nothing is wrong. */
  readonly remedy?: string | undefined;
}
