import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flinkJars } from '../interop/peers.js';
import { Flink, type QueryResult } from './flink.js';
import { derivedFiles, differences, judged, plantedFaults, questions, type Truth, truthOf } from './judge.js';
import { type FleetRun, runFleet } from './simulated-fleet.js';

const CORES = 10;
const READINGS = 500;

if (flinkJars === undefined)
  console.log('The fleet is skipped: there is no Flink. `bash scripts/install-peers.sh` gets it, where Java and Maven are.');

describe.skipIf(flinkJars === undefined)(
  'ten cores that are killed, go offline, and whose messages come twice, late, or not at all',
  () => {
    let folder: string;
    let run: FleetRun;
    let results: ReadonlyMap<string, readonly QueryResult[]>;
    const truth: Truth = truthOf(CORES, READINGS);

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'ggrx-fleet-'));
      const [flink, files] = await Promise.all([Flink.compile(join(folder, 'classes')), derivedFiles()]);
      run = await runFleet({ cores: CORES, readings: READINGS, wave: 5, folder: join(folder, 'cores') });
      results = await flink.run([...questions(files, { folder: run.files }), ...plantedFaults(files, run.files)]);
    }, 900_000);

    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('have been through all of that', () => {
      expect(run.kills).toBeGreaterThanOrEqual(CORES);
      expect(run.outages).toBeGreaterThanOrEqual(CORES);
      expect(run.duplicates).toBeGreaterThan(0);
      expect(run.late).toBeGreaterThan(0);
      expect(run.missing.length).toBeGreaterThan(0);
    });

    it('are in the tables exactly: count and sum by device and minute, nothing twice, nothing missing but what was made to be, and that is told', () => {
      expect(judged(truth, results, 'files')).toEqual([]);
    });

    it.each(['dedupe off', 'watermark by arrival', 'no id'])('would not be, with %s', fault => {
      const found = differences(truth, results.get(fault)?.[0]);
      expect(found).not.toEqual([]);
      expect(found[0]).not.toMatch(/^failed/);
    });
  },
);
