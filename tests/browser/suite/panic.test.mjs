// A fault in the engine ends in a page that tells the seed and the commands, and a reload works. #break lets a test ask
// for such a fault.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

for (const lang of ['en', 'ko']) {
  test(`a panic leaves a page to go on from: ${lang}`, () => visiting({ lang, fragment: 'free&break&seed=77', pardoned: /asked to stop|unreachable/ }, async (visit) => {
    const { page } = visit;
    await visit.exec('echo mine > kept.txt');
    await visit.exec('kubectl create deployment web --image=nginx:1.25');
    await page.evaluate(() => { try { window.wheelhouse.panic(); } catch { /* that is the point */ } });
    const stopped = page.locator('main.stopped');
    await stopped.waitFor();
    const record = await stopped.locator('pre').innerText();
    assert.match(record, /seed 77\n/);
    assert.match(record, /^\d+ kubectl create deployment web --image=nginx:1\.25$/m);
    assert.match(record, /asked to stop/);
    assert.equal(/\p{Script=Hangul}/u.test(await stopped.locator('h1').innerText()), lang === 'ko');
    await visit.screenshot(`panic-${lang}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);
    await stopped.locator('button').first().click();
    await page.locator('main#main').waitFor();
    assert.equal((await visit.exec('cat kept.txt')).output, 'mine\n');
    assert.equal((await visit.exec('kubectl get deployments')).output, 'No resources found in default namespace.\n');
  }));
}
