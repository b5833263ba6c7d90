/** Something a dry run found. `error`: it will not work. `warning`: it is likely not what was meant. `note`: worth knowing. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note';
  readonly about: 'branches' | 'topics' | 'policies' | 'quotas' | 'memory' | 'codecs' | 'loops' | 'configuration' | 'cloud';
  /** What it is and what to do about it. */
  readonly message: string;
}
