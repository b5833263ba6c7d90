export { countWindow, type CountWindowOptions } from './count-window.js';
export { hopping, type HoppingOptions } from './hopping.js';
export { session, type SessionOptions } from './session.js';
export { sliding, type SlidingOptions } from './sliding.js';
export { tumbling, type TumblingOptions } from './tumbling.js';
export type { EventTime, OnWindowGap, Timestamps, WindowOptions } from './window-options.js';
export type { ClosedBy, Windowed, WindowError, WindowResult } from './window-result.js';
