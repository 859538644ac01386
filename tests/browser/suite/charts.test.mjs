// Charts over simulated time: they follow a load, the instant looked back at, and say the same in words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewports, visiting } from '../page.mjs';

const titles = { en: ['CPU', 'Memory'], ko: ['CPU', '메모리'] };

for (const [lang, theme, viewport] of [['en', 'light', viewports.desktop], ['ko', 'dark', viewports.desktop], ['ko', 'light', { width: 1024, height: 768 }]]) {
  test(`charts of nodes and of a load: ${lang} ${theme} ${viewport.width}`, () => visiting({ lang, theme, viewport, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await visit.exec('kubectl create deployment web --image=nginx:1.27 --replicas=2');
    await visit.exec('kubectl expose deployment web --port=80');
    await visit.advance(30_000);
    await page.locator('.tab-charts').click();
    assert.deepEqual(await page.locator('.chart figcaption').allInnerTexts(), titles[lang]);
    // The slider and its command.
    await page.locator('.loads input').fill('60');
    const start = page.locator('.loads .runs').filter({ hasText: 'load start' }).first();
    assert.equal(await start.innerText(), 'load start svc/web --rps=60');
    await start.click();
    await visit.advance(60_000);
    await page.locator('.tab-charts').click();
    await page.locator('.charts .files select').selectOption('load//web');
    const rate = page.locator('.plot').first();
    const says = await rate.getAttribute('aria-label');
    const served = Number(/(\d+(\.\d)?)\/s/.exec(says)[1]);
    assert.ok(served > 40 && served < 80, says);
    assert.equal(await page.locator('.charts .files .runs').innerText(), 'load status web');
    await page.locator('.asfigures summary').click();
    assert.ok(await page.locator('.figures tbody tr').count() >= 5);
    assert.deepEqual(await visit.accessibilityProblems(), []);
    await visit.screenshot(`charts-${lang}-${theme}-${viewport.width}`);
    // Looking back: before the load nothing was sent.
    await page.locator('.tline svg').focus();
    await page.keyboard.press('Home');
    await page.locator('[data-past]').waitFor();
    await page.locator('.plot .veil').first().waitFor();
    assert.doesNotMatch(await rate.getAttribute('aria-label'), /\d\/s/);
    await page.keyboard.press('End');
    await page.locator('.plot .veil').first().waitFor({ state: 'detached' });
  }));
}

test('without a Service the charts say what a load needs', () => visiting({ fragment: 'free', viewport: viewports.phone }, async (visit) => {
  const { page } = visit;
  await visit.advance(5_000);
  await page.locator('.tabbar button').nth(2).click();
  await page.evaluate(() => document.querySelector('.tab-charts').click());
  await page.locator('.plots .remark', { hasText: 'kubectl expose' }).waitFor();
  await visit.screenshot('charts-phone');
}));
