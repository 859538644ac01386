// The host lab on the page: a day played both ways, machines looked into and broken; in both languages, both themes and
// three widths. Kept as pictures in output/.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewports, visiting } from '../page.mjs';

const sizes = { 1440: { width: 1440, height: 900 }, 1024: { width: 1024, height: 768 }, 390: viewports.phone };

for (const lang of ['en', 'ko']) {
  for (const theme of ['light', 'dark']) {
    for (const [width, viewport] of Object.entries(sizes)) {
      test(`the host lab: ${lang}, ${theme}, ${width}`, () => visiting({ lang, theme, viewport, fragment: 'free' }, async (visit) => {
        const { page } = visit;
        const all = async (...lines) => {
          for (const line of lines) assert.equal((await visit.exec(line)).exit, 0, line);
        };
        await all('lab open day', 'lab failures bad', 'lab place all 3', 'lab spares all 1', 'lab play-day');
        await page.locator('.lab .plate.spare').first().waitFor();
        await all('lab pool 4', 'lab play-day');
        await page.locator('.lab .plate.off').waitFor();
        assert.deepEqual(await visit.accessibilityProblems(), []);
        await visit.screenshot(`lab-day-${lang}-${theme}-${width}`);
        await page.locator('.hours input').fill('130');
        assert.equal(await page.locator('.lab .plate.off').count(), 0, 'all are up in the evening');
        // A guest starts within half a minute, which a slow machine needs for these commands.
        await page.locator('.playpause').click();
        await all('lab open machines', 'lab run guest app --memory 4096', 'lab install app jdk:8', 'lab deploy a app',
          'lab install app jdk:21', 'lab run container a', 'lab run container b', 'lab run container c --name inner --on app');
        await page.locator('.guest.starting').waitFor();
        await visit.advance(30_000);
        await page.locator('.guest.fine').waitFor();
        await all('lab break a --kernel');
        await page.locator('.server.reached .ctr.broken').waitFor();
        assert.deepEqual(await visit.accessibilityProblems(), []);
        await visit.screenshot(`lab-machines-${lang}-${theme}-${width}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(wide, 0, 'the page scrolls sideways');
        await all('lab close');
        await page.locator('.lab').waitFor({ state: 'hidden' });
      }));
    }
  }
}
