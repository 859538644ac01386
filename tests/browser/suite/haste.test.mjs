// A reader quicker than the page: keys that come before the next frame, lessons chosen one after the other, and what is
// typed or picked before the rest of the program is there. Frames and files are held back, so that this does not depend on
// the machine.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewports, visiting } from '../page.mjs';

/** Every frame comes a second late. */
const lateFrames = (page) => page.addInitScript(() => {
  const soon = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (draw) => setTimeout(() => soon(draw), 1000);
});

const focused = (page, selector) => page.evaluate((selector) => document.activeElement.closest(selector) !== null, selector);

for (const viewport of [viewports.desktop, { width: 1024, height: 768 }, viewports.phone]) {
  test(`the keyboard is where it was sent before the next key comes: ${viewport.width}`, () => visiting({ viewport, fragment: 'free', prepare: lateFrames }, async (visit) => {
    const { page } = visit;
    await visit.exec('true');
    for (const [key, selector] of [['Control+e', '.ed'], ['Control+`', '#prompt'], ['Control+k', '.palette']]) {
      await page.keyboard.press(key);
      assert.ok(await focused(page, selector), `${key} leads to ${selector}`);
    }
    // Closed again, the palette and the keys give the keyboard back.
    await page.keyboard.press('Escape');
    assert.ok(await focused(page, '#prompt'), 'after the palette');
    await page.keyboard.press('F1');
    assert.ok(await focused(page, '.keymap'), 'the map of keys has the keyboard');
    await page.keyboard.press('Tab');
    assert.ok(await focused(page, '.keymap'), 'and keeps it');
    await page.keyboard.press('Escape');
    assert.ok(await focused(page, '#prompt'), 'after the map of keys');
    await page.keyboard.press('Control+e');
    await page.evaluate(() => document.querySelector('.files .ibtn').click());
    assert.ok(await focused(page, '.rename'), 'a file that is renamed');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('tour');
    await page.keyboard.press('Enter');
    const title = page.locator('.tour h2');
    const first = await title.innerText();
    await page.keyboard.press('ArrowRight');
    assert.notEqual(await title.innerText(), first, 'the tour goes on');
  }));
}

test('of two lessons chosen the later one is opened, whichever comes first', () => visiting({
  fragment: 'free',
  prepare: (page) => page.route('**/lessons/pods.en.json', async (route) => {
    const answer = await route.fetch();
    await new Promise((go) => { setTimeout(go, 1500); });
    await route.fulfill({ response: answer });
  }),
}, async (visit) => {
  const { page } = visit;
  const choice = page.locator('.crumb select');
  const slow = page.waitForResponse('**/lessons/pods.en.json');
  await choice.selectOption('pods');
  await choice.selectOption('labels');
  await page.locator('.lesson .eyebrow', { hasText: 'Found by what it wears' }).waitFor();
  await (await slow).finished();
  await visit.exec('true');
  assert.equal(await choice.inputValue(), 'labels');
}));

test('what is typed before the rest has come is not lost', () => {
  let held = true;
  return visiting({
    lang: 'ko',
    tour: true,
    pardoned: /rest-|ERR_FAILED/,
    prepare: (page) => page.route('**/rest-*.wasm', (route) => (held ? route.abort() : route.continue())),
  }, async (visit) => {
    const { page } = visit;
    await page.locator('#prompt').fill('echo early');
    await page.keyboard.press('Enter');
    await page.locator('.waiting', { hasText: 'echo early' }).waitFor();
    assert.deepEqual(await visit.accessibilityProblems(), []);
    await visit.screenshot('early-ko');
    held = false;
    await page.locator('.lines > div', { hasText: /^early$/ }).waitFor();
    assert.equal(await page.locator('.waiting').count(), 0);
    assert.equal(await page.locator('.tour').count(), 0, 'whoever writes is not interrupted');
  });
});

// What a press needs of the rest is waited for, so the rest is slow here and does come.
test('what is picked and answered before the rest has come is not lost', () => visiting({
  prepare: (page) => page.route('**/rest-*.wasm', async (route) => {
    await new Promise((go) => { setTimeout(go, 2000); });
    await route.continue();
  }),
}, async (visit) => {
  const { page } = visit;
  await page.locator('[data-answer="1"]').click();
  await page.locator('[data-id="nodes//worker-2"]').first().click();
  await page.locator('.insp h2', { hasText: 'worker-2' }).waitFor();
  await visit.exec('true');
  assert.equal(await page.locator('.insp h2').innerText(), 'worker-2');
  assert.equal(await page.locator('[data-answer="1"]').getAttribute('aria-pressed'), 'true');
}));

test('what a script applies before the rest has come is applied', () => visiting({
  fragment: 'free',
  prepare: (page) => page.route('**/rest-*.wasm', async (route) => {
    await new Promise((go) => { setTimeout(go, 2000); });
    await route.continue();
  }),
}, async (visit) => {
  const done = await visit.apply('apiVersion: v1\nkind: Namespace\nmetadata: {name: early}\n');
  assert.deepEqual([done.exit, done.output.trim()], [0, 'namespace/early created']);
}));
