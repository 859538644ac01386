// The timeline: any instant of the past on the whole page, going on from it on a line of its own, two lines side by
// side, undo. By hand and by keyboard; the bar and the panels of the past hold nothing against axe.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

const says = { en: 'Looking at the past', ko: '과거를 보고 있습니다' };
const onlyHere = { en: 'only in this line of time', ko: '이 갈래에만 있음' };

async function rolled(visit) {
  await visit.exec('kubectl create deployment web --image=nginx:1.25 --replicas=3');
  await visit.exec('kubectl expose deployment web --port=80');
  await visit.advance(20_000);
  await visit.exec('kubectl set image deployment/web nginx=nginx:1.27');
  await visit.advance(15_000);
}

/** Clicks the timeline so many tenths from its left. */
async function look(page, tenths) {
  const box = await page.locator('.tline svg').boundingBox();
  await page.mouse.click(box.x + (box.width * tenths) / 10, box.y + box.height - 6);
}

for (const [lang, theme] of [['en', 'light'], ['ko', 'dark']]) {
  test(`the past, a fork and both side by side: ${lang}`, () => visiting({ lang, theme, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await rolled(visit);
    const latest = await visit.state();
    const chart = () => page.locator('svg.tree').first().boundingBox();
    const stands = await chart();
    await look(page, 4);
    await page.locator('.pastbar', { hasText: says[lang] }).waitFor();
    const then = await visit.state();
    assert.ok(then.now < latest.now && then.revision < latest.revision, `${then.now} of ${latest.now}`);
    assert.ok(then.pods.every((pod) => pod.image === 'nginx:1.25'), JSON.stringify(then.pods));
    assert.deepEqual(await chart(), stands, 'nothing moves when the past comes into view');
    await visit.screenshot(`past-${lang}-${theme}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);
    await page.keyboard.press('End');
    await page.locator('.tline svg').focus();
    await page.keyboard.press('End');
    await page.locator('.pastbar').waitFor({ state: 'detached' });
    assert.ok((await visit.state()).now >= latest.now);

    await look(page, 4);
    await page.locator('.pastbar .fork').click();
    await visit.exec('kubectl scale deployment/web --replicas=1');
    await visit.advance(20_000);
    assert.equal((await visit.state()).pods.length, 1);
    await page.locator('.branches .ibtn').click();
    await page.locator('.half').nth(1).waitFor();
    // What one line has and the other has not is signed, counted and said.
    await page.locator(`.half.other [aria-label$="${onlyHere[lang]}"] ~ .apart`).first().waitFor();
    assert.match(await page.locator('.half.other .side').textContent(), /\+[1-9]/);
    await visit.screenshot(`lines-${lang}-${theme}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);
    await page.locator('.branches select').selectOption('A');
    assert.ok((await visit.state()).pods.length >= 3, 'the first line is as it was');
  }));
}

test('a command in the past begins a line of its own; undo takes it back', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await rolled(visit);
  await look(page, 4);
  await page.locator('.pastbar').waitFor();
  await visit.exec('kubectl delete deployment web');
  assert.equal(await page.locator('.pastbar').count(), 0);
  assert.equal(await page.locator('.branches option').count(), 2);
  await page.locator('.top .undo').click();
  await visit.exec('kubectl get deployment web');
  assert.equal(await page.locator('.branches option').count(), 3);
}));

test('the keyboard alone goes through time', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await rolled(visit);
  await page.locator('.tline svg').focus();
  await page.keyboard.press('Home');
  await page.locator('.pastbar').waitFor();
  const start = await visit.state();
  await page.keyboard.press('.');
  await page.keyboard.press('.');
  const after = await visit.state();
  assert.ok(after.revision > start.revision, `${start.revision} ${after.revision}`);
  await page.keyboard.press(',');
  assert.ok((await visit.state()).revision < after.revision);
  await page.keyboard.press('Enter');
  await page.locator('.pastbar').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.branches option').count(), 2);
}));

test('an instant within an hour is shown within 50 ms', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment web --image=nginx:1.25 --replicas=10');
  for (let n = 0; n < 12; n += 1) {
    await visit.advance(300_000);
    await visit.exec(`kubectl scale deployment/web --replicas=${8 + (n % 5)}`);
  }
  const box = await page.locator('.tline svg').boundingBox();
  await page.locator('.speeds button').nth(3).click();
  await look(page, 5);
  const spans = await page.evaluate(async ({ x, y, w }) => {
    const svg = document.querySelector('.tline svg');
    const out = [];
    for (const part of [0.5, 0.25, 0.45, 0.2, 0.55, 0.3]) {
      const event = { bubbles: true, clientX: x + w * part, clientY: y, button: 0, pointerId: 1 };
      const begun = performance.now();
      svg.dispatchEvent(new PointerEvent('pointerdown', event));
      out.push(performance.now() - begun);
      svg.dispatchEvent(new PointerEvent('pointerup', event));
      await new Promise(requestAnimationFrame);
    }
    return out;
  }, { x: box.x, y: box.y + 60, w: box.width });
  spans.sort((a, b) => a - b);
  // The build machine is shared: the median tells.
  assert.ok(spans[3] <= 50, `took ${spans.map(Math.round)} ms`);
}));
