/** One measurement in a process of its own: takes a job from the parent, gives back the result, and ends by itself. */
import { once } from 'node:events';
import { MEASURES, type JobOf, type MeasureName } from './index.js';

export type Assignment = { [M in MeasureName]: { readonly measure: M; readonly job: JobOf<M> } }[MeasureName];

const [{ measure, job }] = (await once(process, 'message')) as [Assignment];
const result = await (MEASURES[measure] as (job: Assignment['job']) => Promise<unknown>)(job);
process.send?.(result, () => process.disconnect());
