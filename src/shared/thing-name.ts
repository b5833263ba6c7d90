/** The variable with the name of the core device's thing, which every nucleus sets for a component. */
const THING_VARIABLE = 'AWS_IOT_THING_NAME';

/** What the core device's thing is called where no nucleus says so: in a marble test, a dry run, and at the local nucleus unless told otherwise. */
const NO_NUCLEUS = 'local-thing';

/** The name of the core device's thing. */
export function coreThingName(): string {
  const name = process.env[THING_VARIABLE];
  return name === undefined || name === '' ? NO_NUCLEUS : name;
}
