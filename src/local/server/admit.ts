import type { Peer, ProfileContext } from './protocol.js';

/** What a Connect claims: a token, on Lite also whose it is, or why it is no claim at all. */
export type Claim = { readonly token: string; readonly component?: string | undefined } | { readonly problem: string };

/** What becomes of it. `unanswered` is a fault: the client hears nothing. */
export type Admission = { readonly component: string } | 'refused' | 'unanswered';

/** Decides on a Connect. Why it was refused is for the nucleus' own log; the client is never told. */
export function admit(context: ProfileContext, peer: Peer, claim: Claim): Admission {
  const { faults, tokens, observe } = context;
  const component = 'token' in claim ? tokens.component(claim.token) : undefined;
  if (faults.noConnectAck.strike(component) !== undefined) return 'unanswered';
  const isAnothers = 'token' in claim && claim.component !== undefined && claim.component !== component;
  if (component !== undefined && !isAnothers && faults.refuseConnect.strike(component) === undefined) {
    peer.authenticated(component);
    return { component };
  }
  const reason =
    'problem' in claim
      ? claim.problem
      : component === undefined
        ? 'the authToken is unknown'
        : isAnothers
          ? 'the authToken is not of the componentName'
          : 'a fault is armed';
  observe({ kind: 'refused', connection: peer.id, reason });
  return 'refused';
}
