// The program comes in three parts (xtask/split). The page works before the rest is there; commands wait for it. What is
// seldom used comes when it is called.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

test('a first visit needs nothing of the rest before it comes', () => visiting({
  prepare: (page) => page.addInitScript(() => {
    let real;
    window.neededEarly = 0;
    Object.defineProperty(window, 'wheelhouseRest', {
      configurable: true,
      get: () => real && (() => { window.neededEarly += 1; real(); }),
      set: (given) => { real = given; },
    });
  }),
}, async ({ page }) => {
  const early = await page.evaluate(() => window.neededEarly);
  assert.equal(early, 0, 'the start page stops to fetch the rest: `cargo xtask build && cargo xtask profile` and build again');
}));

test('without the rest the page shows, says what is missing, and commands run once it has come', () => {
  let held = true;
  return visiting({
    // The browser tells of each request that failed, as it should.
    pardoned: /rest-|ERR_FAILED/,
    prepare: (page) => page.route('**/rest-*.wasm', (route) => (held ? route.abort() : route.continue())),
  }, async (visit) => {
    const { page } = visit;
    await page.getByText('A part of Wheelhouse has not loaded').waitFor();
    const answer = page.evaluate(() => window.wheelhouse.exec('kubectl create deployment web --image=nginx:1.25'));
    assert.deepEqual((await visit.state()).pods, []);
    held = false;
    assert.deepEqual(await answer, { output: 'deployment.apps/web created\n', exit: 0 });
    await page.getByText('A part of Wheelhouse has not loaded').waitFor({ state: 'detached' });
  });
});

test('what is seldom used comes when it is first called, once', () => visiting({}, async (visit) => {
  const { page } = visit;
  const seldom = () => visit.fetched.filter((path) => path.startsWith('seldom-')).length;
  await page.evaluate(() => window.wheelhouse.exec('kubectl create deployment web --image=nginx:1.25 --replicas=2'));
  await page.evaluate(() => window.wheelhouse.advance(20_000));
  const { output } = await page.evaluate(() => window.wheelhouse.exec('kubectl get deployment web'));
  assert.match(output, /web +2\/2/);
  assert.equal(seldom(), 0, 'an everyday session fetches what is seldom used: `cargo xtask build && cargo xtask profile`');
  const docker = await page.evaluate(() => window.wheelhouse.exec('docker run --rm alpine:3.20 echo hello'));
  assert.equal(docker.exit, 0, docker.output);
  assert.match(docker.output, /hello\n$/);
  assert.equal(seldom(), 1);
}));
