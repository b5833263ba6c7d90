import type { LiteCall } from '../lite/lite-call.js';
import { INVALID_PARAMETERS, type Members } from '../lite/lite-request.js';
import { shapeHeaders } from '../server/replies.js';

const stateReply = shapeHeaders('UpdateStateResponse', false, 'content last');

/** `UpdateState` on Lite: any text is a state. Source: `update_state.c` of Greengrass Lite. */
export function liteUpdateState(call: LiteCall, { state }: Members): void {
  if (typeof state !== 'string') return call.fail(INVALID_PARAMETERS);
  call.caller.reported(state);
  call.reply(() => stateReply.frame(call.streamId, '{}'));
}
