// Without a pointer: to the prompt, run a command, walk the diagram, open an object, and out again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

test('the keyboard reaches the terminal, the diagram and the inspector', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await page.keyboard.press('Control+`');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'prompt');
  await page.keyboard.type('kubectl create deployment web --image=nginx:1.25 --replicas=3');
  await page.keyboard.press('Enter');
  await page.locator('.tty .lines', { hasText: 'deployment.apps/web created' }).waitFor();
  await visit.advance(10_000);
  // What becomes of it is told to those who hear the page.
  await page.locator('.news', { hasText: 'Deployment web: 3 / 3 ready' }).waitFor();
  const inTree = () => page.evaluate(() => document.activeElement.classList.contains('tree'));
  for (let tries = 0; tries < 6 && !(await inTree()); tries += 1) await page.keyboard.press('F6');
  assert.ok(await inTree(), 'F6 goes round the panels');
  const active = () => page.locator('svg.tree').getAttribute('aria-activedescendant');
  const seen = new Set();
  for (const way of ['Right', 'Right', 'Down', 'Right', 'Down', 'Left', 'Up', 'Right']) {
    await page.keyboard.press(`Arrow${way}`);
    const id = await active();
    assert.ok(id, `after ${way}`);
    assert.ok(await page.evaluate((id) => document.getElementById(id) !== null, id), `${id} is on the page`);
    seen.add(id);
  }
  assert.ok(seen.size >= 3, `the arrows move: ${[...seen]}`);
  await page.keyboard.press('Enter');
  const inspector = page.locator('.insp');
  const name = (await active()).split('/').at(-1);
  await inspector.filter({ hasText: name }).waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await active(), null);
}));

test('Tab alone reaches every panel, and the prompt is no trap', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  const met = new Set();
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    met.add(await page.evaluate(() => {
      const here = document.activeElement;
      return here === document.body ? 'end' : (here.closest('.top,.lesson,.stage,.tline,.tty,.ed,.events,.insp,.dock')?.classList[0] ?? here.tagName);
    }));
  }
  for (const panel of ['top', 'lesson', 'stage', 'dock', 'tty']) assert.ok(met.has(panel), `${panel} in ${[...met]}`);
}));
