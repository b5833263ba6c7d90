import { Option } from 'commander';

/** An option that may be given several times: its values in their order, none if it is not given. */
export function repeated(flags: string, description: string): Option {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  return new Option(flags, description).argParser(collect).default([], 'none');
}
