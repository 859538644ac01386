// The program comes in three parts (xtask/split). The page works before the rest is there; commands wait for it. What is
// seldom used comes when it is called.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewports, visiting } from '../page.mjs';

const early = (page) => page.addInitScript(() => {
  let real;
  window.neededEarly = 0;
  Object.defineProperty(window, 'wheelhouseRest', {
    configurable: true,
    get: () => real && (() => { window.neededEarly += 1; real(); }),
    set: (given) => { real = given; },
  });
});

const seldom = (visit) => visit.fetched.filter((path) => path.startsWith('seldom-')).length;

for (const [where, options] of [
  ['the first lesson', {}],
  ['the playground', { fragment: 'free' }],
  ['the playground on a phone', { fragment: 'free&lang=ko&seed=3', lang: 'ko', theme: 'dark', viewport: viewports.phone }],
]) {
  test(`a first visit to ${where} needs nothing of the rest before it comes, and nothing of what is seldom used`, () => visiting({
    ...options, tour: true, prepare: early,
  }, async (visit) => {
    const { page } = visit;
    assert.equal(await page.evaluate(() => window.neededEarly), 0,
      'the start page stops to fetch the rest: `cargo xtask build && cargo xtask profile` and build again');
    await page.locator('.tour .card').waitFor();
    for (let stop = 0; stop < 7; stop += 1) await page.keyboard.press('ArrowRight');
    await page.locator('.tour .card').waitFor({ state: 'detached' });
    await visit.exec('kubectl get nodes');
    assert.equal(seldom(visit), 0, 'a newcomer fetches what is seldom used');
  }));
}

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
  await page.evaluate(() => window.wheelhouse.exec('kubectl create deployment web --image=nginx:1.25 --replicas=2'));
  await page.evaluate(() => window.wheelhouse.advance(20_000));
  const { output } = await page.evaluate(() => window.wheelhouse.exec('kubectl get deployment web'));
  assert.match(output, /web +2\/2/);
  assert.equal(seldom(visit), 0, 'an everyday session fetches what is seldom used: `cargo xtask build && cargo xtask profile`');
  const docker = await page.evaluate(() => window.wheelhouse.exec('docker run --rm alpine:3.20 echo hello'));
  assert.equal(docker.exit, 0, docker.output);
  assert.match(docker.output, /hello\n$/);
  assert.equal(seldom(visit), 1);
}));
