import { CLASSIC_MAX_FRAME, LITE_MAX_FRAME } from '../ipc/wire/frame.js';
import type { TransportName } from '../shared/profile-name.js';
import type { Capabilities, Profile } from '../ports/mqtt-proxy.js';

/** Publishes under way at once. Lite stores at most ten that the cloud has not acknowledged, and refuses the rest. */
const PUBLISH_WINDOW: Record<Profile, number> = { classic: 64, lite: 8 };

/** What a nucleus of this profile can do. */
export function capabilitiesOf(profile: Profile, transport: TransportName, publishWindow: number | undefined): Capabilities {
  return {
    profile,
    transport,
    maxFrameBytes: profile === 'classic' ? CLASSIC_MAX_FRAME : LITE_MAX_FRAME,
    publishWindow: publishWindow ?? PUBLISH_WINDOW[profile],
    mqtt5Members: profile === 'classic',
  };
}
