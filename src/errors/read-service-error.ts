/** An error reply as it came: what the two nuclei agree on. */
export interface ServiceErrorReply {
  /** The error's name, without its namespace: `ServiceError`, `UnauthorizedError`, … */
  readonly serverCode: string;
  /** What the server says in words; empty where it says nothing. */
  readonly serverText: string;
  /** Why the MQTT broker refused a subscription, where the classic nucleus passes that on. */
  readonly reasonString: string | undefined;
}

/** The parts of an application error message that tell what the error is. */
export interface ServiceErrorMessage {
  /** `service-model-type`, such as `aws.greengrass#ServiceError`. */
  readonly modelType: string | undefined;
  readonly contentType: string | undefined;
  readonly payload: string;
}

/** How much of a server's text is kept: an error may be logged or held for long, and a frame can carry megabytes. */
const TEXT_CHARACTERS = 4_096;

type Members = Readonly<Record<string, unknown>>;

function jsonMembers(payload: string): Members {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Copied: what `slice` gives would keep all of the text it was cut from. */
function shortened(text: string): string {
  return text.length > TEXT_CHARACTERS ? Buffer.from(text.slice(0, TEXT_CHARACTERS)).toString() : text;
}

/** An empty code says nothing, so the next source is asked. */
function code(value: unknown): string | undefined {
  const name = text(value)?.split('#').pop();
  return name === undefined || name === '' ? undefined : shortened(name);
}

function reasonStringOf(context: unknown): string | undefined {
  return typeof context === 'object' && context !== null && 'reasonString' in context ? text(context.reasonString) : undefined;
}

/**
 * Reads the body of an error reply, in every form the nuclei are known to send. Never throws: what is not JSON is taken
 * as the text itself.
 *
 * The classic nucleus sends `message` and `_message`, Greengrass Lite only `_message`. An operation the classic nucleus
 * has never heard of is answered by `{ error, message }` without a code or a type, which reads as `UnsupportedOperation`
 * here; an exception nobody caught by the plain text `InternalServerError`.
 */
export function readServiceError({ modelType, contentType, payload }: ServiceErrorMessage): ServiceErrorReply {
  const members = jsonMembers(payload);
  const named = code(members['_errorCode']) ?? code(modelType);
  const unnamed =
    'error' in members ? 'UnsupportedOperation' : contentType?.startsWith('text/plain') === true ? 'InternalServerError' : 'UnknownError';
  const reasonString = reasonStringOf(members['context']);
  return {
    serverCode: named ?? unnamed,
    serverText: shortened(text(members['message']) ?? text(members['_message']) ?? payload),
    reasonString: reasonString === undefined ? undefined : shortened(reasonString),
  };
}
