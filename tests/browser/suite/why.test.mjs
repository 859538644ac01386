// "Why?" on the page: a Service whose selector is off by a letter, a pod that no node takes; from the summary, the
// condition and the event. And the other panes: objects, controllers, requests, the palette. axe finds nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

const letters = { en: /Pods carry app=web; the selector asks for app=wbe/, ko: /파드의 레이블은 app=web인데 셀렉터는 app=wbe/ };

for (const [lang, theme] of [['en', 'dark'], ['ko', 'light']]) {
  test(`why there are no endpoints, and why a pod waits: ${lang}`, () => visiting({ lang, theme, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await visit.exec('kubectl create deployment web --image=nginx:1.25 --replicas=2');
    await visit.exec('kubectl create service clusterip web --tcp=80:80');
    await visit.advance(15_000);
    await visit.exec('kubectl set selector service web app=wbe');
    await visit.advance(2_000);
    await page.locator('[data-id="services/default/web"]').first().click();
    await page.locator('.whycard').click();
    const answer = page.locator('#insp-body');
    assert.match(await answer.innerText(), letters[lang]);
    assert.match(await answer.innerText(), /kubectl set selector service web app=wbe/);
    await visit.screenshot(`why-endpoints-${lang}-${theme}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);

    await visit.exec(`kubectl run big --image=nginx --overrides='{"spec":{"nodeSelector":{"disk":"ssd"}}}'`);
    await visit.advance(2_000);
    await page.locator('[data-id="pods/default/big"]').first().click();
    await page.locator('.verdicts tbody tr').nth(3).waitFor();
    await visit.screenshot(`why-pending-${lang}-${theme}`);
    await page.locator('.chain .when').first().click();
    await page.locator('.pastbar').waitFor();
  }));

  test(`tables, controllers, requests, the palette and the keys: ${lang}`, () => visiting({ lang, theme, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await visit.exec('kubectl create deployment web --image=nginx:1.25 --replicas=2');
    await visit.exec('kubectl expose deployment web --port=80');
    await visit.exec('kubectl run client --image=busybox:1.36 -- sleep 3600');
    await visit.advance(20_000);
    await page.locator('.tab-objects').click();
    await page.locator('.tbl tbody tr', { hasText: 'Running' }).first().waitFor();
    await visit.screenshot(`objects-${lang}-${theme}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);

    await page.locator('.tab-control').click();
    const sets = page.locator('.control li', { hasText: 'replicaset-controller' });
    await sets.locator('.btn').first().click();
    await visit.exec('kubectl scale deployment/web --replicas=4');
    await visit.advance(1_000);
    await sets.locator('.nextwrite').first().waitFor();
    await visit.screenshot(`controllers-${lang}-${theme}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);
    // A step by key leaves the keyboard where it is, also once nothing is left to do.
    const step = sets.locator('[data-step]');
    await step.focus();
    for (let steps = 0; steps < 4 && (await step.getAttribute('aria-disabled')) !== 'true'; steps += 1) {
      await page.keyboard.press('Enter');
      await visit.advance(500);
      assert.equal(await page.evaluate(() => document.activeElement.dataset.step), 'replicaset-controller');
    }
    assert.equal((await visit.state()).pods.filter((pod) => pod.name.startsWith('web')).length, 4);

    await visit.exec('kubectl exec client -- wget -qO- -T 2 http://web/');
    await page.locator('.tab-traffic').click();
    await page.locator('.path summary').first().click();
    await page.locator('.hops li').first().waitFor();
    await visit.screenshot(`requests-${lang}-${theme}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);

    await page.keyboard.press('Control+k');
    await page.keyboard.type('web');
    await page.locator('.palette [role=option]').first().waitFor();
    await visit.screenshot(`palette-${lang}-${theme}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);
    await page.keyboard.press('Escape');
    await page.keyboard.press('F1');
    await page.locator('.keymap').waitFor();
    assert.deepEqual(await visit.accessibilityProblems(), []);
  }));
}
