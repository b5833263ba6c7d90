export { countWindow, type CountWindowOptions } from './count-window.js';
export { hopping, type HoppingOptions } from './hopping.js';
export { session, type SessionOptions } from './session.js';
export { sliding, type SlidingOptions } from './sliding.js';
export { tumbling, type TumblingOptions } from './tumbling.js';
export type { ClosedBy, EventTime, OnWindowGap, Timestamps, Windowed, WindowError, WindowOptions, WindowResult } from './window-options.js';
