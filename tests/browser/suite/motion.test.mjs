// What a reader asks of the page without a word: no motion for those who want none, and Korean lines that break between
// words. Both are read off the page as it is drawn, not off its styles.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewports, visiting } from '../page.mjs';

/** Runs in the page: notes which animations and transitions take time, however short next to a frame. */
function watchMotion() {
  window.moving = new Set();
  for (const begins of ['animationstart', 'transitionrun']) {
    document.addEventListener(begins, (event) => window.moving.add(`${event.animationName ?? event.propertyName} ${event.target.getAttribute('class')}`), true);
  }
}

/** What moves on a usual page: pods that come, change and end, a request on its way, panels. */
async function stir(visit, name) {
  const { page } = visit;
  await page.evaluate(() => window.moving.clear());
  await page.locator('.speeds button').nth(2).click();
  await visit.exec(`kubectl create deployment ${name} --image=nginx:1.27 --replicas=3`);
  await visit.exec(`kubectl expose deployment ${name} --port=80`);
  await visit.exec(`kubectl rollout status deployment/${name}`);
  await visit.exec(`kubectl run ${name}-client --image=busybox:1.36 -- sleep 3600`);
  await visit.exec(`kubectl wait --for=condition=Ready pod/${name}-client`);
  // A request stays in sight for so much of the cluster's time.
  await page.locator('.speeds button').nth(0).click();
  await visit.exec(`kubectl exec ${name}-client -- wget -qO- http://${name}/`);
  await page.locator('.route .hop').first().waitFor();
  await page.locator(`[data-id="deployments.apps/default/${name}"]`).first().click();
  await page.waitForTimeout(400);
  await page.locator('.insp .shut').click();
  return page.evaluate(() => [...window.moving]);
}

test('who wants no motion gets none, from the moment they say so', () => visiting({ fragment: 'free', motion: 'no-preference', viewport: { width: 1024, height: 768 } }, async (visit) => {
  const { page } = visit;
  await page.evaluate(watchMotion);
  const moved = await stir(visit, 'lively');
  for (const what of [/rise/, /run/, /transform/]) assert.ok(moved.some((one) => what.test(one)), `${what} in ${moved}`);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  // A request's hops are there all the same.
  assert.deepEqual(await stir(visit, 'calm'), []);
}));

/** Runs in the page: words with Hangul that stand on two lines, though a line has room for them. */
function brokenWords() {
  const broken = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!/[가-힣]/.test(node.data) || holder.closest('svg,script,style,textarea,option,.said')) continue;
    if (!holder.checkVisibility({ visibilityProperty: true })) continue;
    const block = holder.closest('p,li,h1,h2,h3,dt,dd,td,th,label,button,summary,small,div');
    const room = block.clientWidth || holder.getBoundingClientRect().width;
    for (const word of node.data.matchAll(/[^\s]*[가-힣][^\s]*/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = [...range.getClientRects()].filter((box) => box.width > 0);
      const wide = lines.reduce((sum, box) => sum + box.width, 0);
      const down = lines.length > 1 && Math.abs(lines.at(-1).top - lines[0].top) > lines[0].height / 2;
      // Hyphens, slashes and dots may end a line; so may a word that no line holds.
      if (down && wide < room * 0.85 && !/[-/·,.]/.test(word[0].slice(0, -1))) broken.push(`${holder.tagName}.${holder.className}: ${word[0]}`);
    }
  }
  return broken;
}

for (const viewport of [viewports.phone, { width: 1024, height: 768 }, viewports.desktop]) {
  test(`Korean lines break between words: ${viewport.width}`, () => visiting({ lang: 'ko', viewport, fragment: 'lesson=services' }, async (visit) => {
    const { page } = visit;
    const phone = viewport.width <= 640;
    const whole = async (where) => assert.deepEqual(await page.evaluate(brokenWords), [], where);
    // The search finds what it is to find.
    await page.evaluate(() => { document.querySelector('main').insertAdjacentHTML('beforeend', '<p id="narrow" style="position:fixed;top:0;width:110px;word-break:break-all">쿠버네티스 레플리카셋</p>'); });
    assert.ok((await page.evaluate(brokenWords)).length > 0);
    await page.evaluate(() => document.querySelector('#narrow').remove());

    await visit.exec('kubectl create deployment web --image=nginx:1.27');
    await visit.exec('kubectl expose deployment web --port=80 --target-port=8080');
    await visit.advance(20_000);
    await visit.exec('load start svc/web --rps=20');
    await visit.advance(5_000);
    await whole('the page');
    if (phone) await page.locator('.tabbar button').first().click();
    await whole('the lesson');
    await page.locator('.course-way').click();
    for (const at of [0, 1, 2]) {
      await page.locator('.maphead .seg button').nth(at).click();
      await page.locator('.cbody > *').first().waitFor();
      await whole(`course ${at}`);
    }
    await page.keyboard.press('Escape');
    if (phone) await page.locator('.tabbar button').nth(1).click();
    await page.locator('.astext').click();
    await whole('the diagram in words');
    await page.locator('.astext').click();
    for (const dock of ['events', 'objects', 'charts', 'control', 'traffic']) {
      await page.locator(`.tab-${dock}`).evaluate((tab) => tab.click());
      await whole(dock);
    }
    await page.evaluate(() => document.querySelector('[data-id="services/default/web"]').dispatchEvent(new MouseEvent('click', { bubbles: true })));
    for (const tab of await page.locator('.itabs button').all()) {
      await tab.click();
      await whole(await tab.innerText());
    }
  }));
}
