// The program comes in two parts (xtask/split). The page works before the rest is there; commands wait for it.

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
