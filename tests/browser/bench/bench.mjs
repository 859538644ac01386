// `cargo xtask bench`: the work of `wheelhouse bench` in the wasm that ships. One JSON object a line; the time is that
// of the synchronous run on the page's only thread, best of the workload's rounds after a warm-up.
// The counts must be those of the native binary, whose lines come in WHEELHOUSE_NATIVE.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

const native = (process.env.WHEELHOUSE_NATIVE ?? '').split('\n').filter(Boolean).map((line) => JSON.parse(line));

test('wasm', () => visiting({ fragment: 'free' }, async (visit) => {
  const all = await visit.page.evaluate(() => window.wheelhouse.bench(''));
  const names = all.filter((name) => native.length === 0 || native.some((one) => one.bench === name));
  assert.ok(names.length > 0);
  for (const name of names) {
    const line = await visit.page.evaluate((name) => {
      let run = window.wheelhouse.bench(name);
      let best = Infinity;
      for (let round = 0; round < run.rounds; round += 1) {
        window.wheelhouse.bench(''); // lets go of the last cluster
        const begun = performance.now();
        run = window.wheelhouse.bench(name);
        best = Math.min(best, performance.now() - begun);
      }
      const line = { bench: run.bench, in: 'wasm', nodes: run.nodes, replicas: run.replicas, cpu_ms: Math.round(best * 1000) / 1000,
        rounds: run.rounds, writes: run.writes, events: run.events, virtual_ms: run.virtual_ms };
      // Work in units (seconds of load, requests) that have a limit of their own.
      return run.units ? { ...line, units: run.units, cpu_us_per_unit: Math.round(best * 1e4 / run.units) / 10, most_us: run.most_us } : line;
    }, name);
    console.log(JSON.stringify(line));
    if (line.most_us > 0) assert.ok(line.cpu_us_per_unit <= line.most_us, `${name}: ${line.cpu_us_per_unit} us, at most ${line.most_us}`);
    const same = native.find((one) => one.bench === name);
    if (same) {
      for (const count of ['writes', 'events', 'virtual_ms']) assert.equal(line[count], same[count], `${name}: ${count}`);
    }
  }
}));
