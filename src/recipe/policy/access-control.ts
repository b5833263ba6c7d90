/** One policy of a recipe's `accessControl`. */
export interface AccessControlPolicy {
  readonly policyDescription?: string | undefined;
  /** Such as `aws.greengrass#PublishToIoTCore`, or `*` alone. */
  readonly operations: readonly string[];
  /** Topics and filters, with the wildcards of the profile. */
  readonly resources?: readonly string[] | undefined;
}

/**
 * A recipe's `accessControl`: service, policy id, policy. What each server makes of the same document differs; both readings
 * are in this folder.
 *
 * Source: AWS IoT Greengrass developer guide, "Authorize components to perform IPC operations".
 */
export type AccessControl = Readonly<Record<string, Readonly<Record<string, AccessControlPolicy>>>>;
