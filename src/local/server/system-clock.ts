import { asyncScheduler } from 'rxjs';
import type { Clock } from '../../ipc/clock.js';
import { schedulerClock } from '../../schedule/clock.js';

/** Real time: what the nucleus runs on unless it is handed another clock. */
export const systemClock: Clock = schedulerClock(asyncScheduler);
