// The page loads from any path, in both languages and themes, without an error and without asking anybody else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewports, visiting } from '../page.mjs';

for (const [lang, theme, size] of [['en', 'light', 'desktop'], ['ko', 'dark', 'desktop'], ['ko', 'light', 'phone'], ['en', 'dark', 'phone']]) {
  test(`the page loads: ${lang}, ${theme}, ${size}`, () => visiting({ lang, theme, viewport: viewports[size] }, async (visit) => {
    const { page } = visit;
    assert.match(await page.title(), /Wheelhouse|조타실/);
    assert.equal(await page.locator('html').getAttribute('lang'), lang);
    const text = await page.locator('main').first().innerText();
    assert.equal(/\p{Script=Hangul}/u.test(text), lang === 'ko', `the text is in the visitor's language: ${text.slice(0, 200)}`);
    await visit.screenshot(`page-${lang}-${theme}-${size}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(sideways, 0, 'the page scrolls sideways');
  }));
}

test('a first visit fetches every file once, and nothing that is for later', () => visiting({}, async (visit) => {
  await visit.page.waitForLoadState('networkidle');
  assert.ok(visit.fetched.some((path) => path.endsWith('.wasm')), `fetched: ${visit.fetched.join(' ')}`);
  assert.deepEqual(visit.fetched.filter((path) => path.startsWith('later/')), []);
  assert.deepEqual(visit.fetched.filter((path, at) => visit.fetched.indexOf(path) !== at), []);
}));

// The browser says so on the console, as it should.
test('the policy of the page stops a script that was slipped in', () => visiting({ pardoned: /Content Security Policy/ }, async (visit) => {
  const ran = await visit.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.slippedIn = true';
    document.body.append(script);
    return window.slippedIn === true;
  });
  assert.equal(ran, false);
}));
