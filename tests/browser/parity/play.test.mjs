// The same seed and the same script give the same event log, in the native binary and in the wasm that ships.
// The binary answers `wheelhouse log-hash --seed N FILE` with the hash alone on a line; the page answers
// `await window.wheelhouse.logHash(seed, script)`, played on a cluster of its own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { visiting } from '../page.mjs';

const file = fileURLToPath(new URL('play.txt', import.meta.url));
const script = readFileSync(file, 'utf8');

function native(seed) {
  assert.ok(process.env.WHEELHOUSE_BINARY, 'WHEELHOUSE_BINARY is the path of the native binary');
  const hash = execFileSync(process.env.WHEELHOUSE_BINARY, ['log-hash', '--seed', String(seed), file], { encoding: 'utf8' });
  assert.match(hash, /^[0-9a-f]{16,}\n$/, 'a hash alone on a line');
  return hash.trim();
}

test('native and wasm write the same event log', () => visiting({}, async (visit) => {
  const hashes = [];
  for (const seed of [1, 2026]) {
    const here = native(seed);
    const there = await visit.page.evaluate(([seed, script]) => window.wheelhouse.logHash(seed, script), [seed, script]);
    assert.equal(there, here, `seed ${seed}`);
    hashes.push(here);
  }
  assert.notEqual(hashes[0], hashes[1], 'another seed, another log');
}));
