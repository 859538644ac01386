// The main screen with a cluster at work: in both languages, both themes and three widths. Kept as pictures in output/;
// checked for what axe-core finds and for sideways scrolling. On a phone, every tab shows its panel.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewports, visiting } from '../page.mjs';

const sizes = { 1440: { width: 1440, height: 900 }, 1024: { width: 1024, height: 768 }, 390: viewports.phone };

async function sideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Runs in the page: texts that have been given too little room, one letter or two to a line. */
function squeezed() {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.trim();
    if (text.length < 8 || !node.parentElement.checkVisibility({ visibilityProperty: true }) || node.parentElement.closest('svg,.said,.news')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const lines = new Set([...range.getClientRects()].filter((box) => box.width > 1).map((box) => Math.round(box.top)));
    // Lines that the text itself ends are not for want of room.
    const ended = text.split('\n').length - 1;
    if (lines.size - ended > text.length / 3) found.push(text);
  }
  return found;
}

for (const lang of ['en', 'ko']) {
  for (const theme of ['light', 'dark']) {
    for (const [width, viewport] of Object.entries(sizes)) {
      test(`a cluster at work: ${lang}, ${theme}, ${width}`, () => visiting({ lang, theme, viewport }, async (visit) => {
        const { page } = visit;
        await visit.exec('kubectl create deployment web --image=nginx:1.25 --replicas=3');
        await visit.exec('kubectl expose deployment web --port=80');
        await visit.advance(20_000);
        await visit.exec('kubectl set image deployment/web nginx=nginx:1.27');
        await visit.advance(1500);
        await visit.exec('kubectl get pods -o wide');
        await visit.screenshot(`main-${lang}-${theme}-${width}`);
        assert.equal(await page.locator('html').getAttribute('data-theme'), theme);
        assert.deepEqual(await visit.accessibilityProblems(), []);
        assert.equal(await sideways(page), 0, 'the page scrolls sideways');
        if (viewport === viewports.phone) await page.locator('.tabbar button').first().click();
        assert.deepEqual(await page.evaluate(squeezed), []);
        // Whatever the dock offers can be seen.
        const last = await page.locator('.tabs .restart').boundingBox();
        if (viewport !== viewports.phone) assert.ok(last.x + last.width <= viewport.width, `the last tab ends at ${last.x + last.width}`);
      }));
    }
  }
}

test('the tabs of a phone', () => visiting({ lang: 'ko', viewport: viewports.phone }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment web --image=nginx:1.25');
  const tabs = page.locator('.tabbar button');
  for (const [at, shown, hidden] of [
    [0, '.lesson', null], [2, '.tty', '.stage'], [3, '.ed', '.tty'], [4, '.insp', null], [1, '.stage', '.insp'],
  ]) {
    await tabs.nth(at).click();
    await page.locator(shown).first().waitFor({ state: 'visible' });
    if (hidden) await page.locator(hidden).first().waitFor({ state: 'hidden' });
    assert.equal(await tabs.nth(at).getAttribute('aria-pressed'), 'true');
    assert.equal(await sideways(page), 0, `tab ${at} scrolls sideways`);
    await visit.screenshot(`phone-tab-${at}`);
  }
}));

for (const lang of ['en', 'ko']) {
  test(`with the inspector open nothing above the dock or the stage is cut: ${lang}`, () => visiting({ lang, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await visit.exec('kubectl create deployment web --image=nginx:1.25');
    await visit.advance(20_000);
    await page.locator('[data-id^="pods/"]').first().click();
    await page.locator('.insp .name').waitFor();
    const beyond = () => page.evaluate(() => [...document.querySelectorAll('.tabs, .tools')]
      .filter((bar) => bar.scrollWidth > bar.clientWidth).map((bar) => bar.className));
    assert.deepEqual(await beyond(), []);
    await page.locator('.tline svg').focus();
    await page.keyboard.press('ArrowLeft');
    const words = page.locator('.pastbar b');
    await words.waitFor();
    assert.deepEqual(await beyond(), []);
    assert.ok(await words.evaluate((here) => here.scrollWidth <= here.clientWidth), 'the past is said in full');
  }));
}

test('on a phone the card of an empty stage covers no node', () => visiting({ lang: 'ko', viewport: viewports.phone, fragment: 'free' }, async ({ page }) => {
  const card = await page.locator('.start').boundingBox();
  const node = await page.locator('[data-id^="nodes/"] .hit').first().boundingBox();
  assert.ok(card.y + card.height <= node.y, `the card ends at ${card.y + card.height}, a node begins at ${node.y}`);
}));
