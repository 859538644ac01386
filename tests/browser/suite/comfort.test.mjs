// What makes the page a good place: the tour, the menu of an object, keys, dividers, touch.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewports, visiting } from '../page.mjs';

for (const lang of ['en', 'ko']) {
  for (const [theme, viewport] of [['light', viewports.desktop], ['dark', viewports.phone]]) {
    test(`the tour is shown once, can be skipped and had again: ${lang} ${theme}`, () => visiting({ lang, theme, viewport, tour: true, fragment: 'free' }, async (visit) => {
      const { page } = visit;
      const card = page.locator('.tour .card');
      await card.waitFor();
      const titles = new Set();
      for (let stop = 0; stop < 7; stop += 1) {
        titles.add(await card.locator('h2').innerText());
        const box = await card.boundingBox();
        assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= viewport.width && box.y + box.height <= viewport.height, `stop ${stop} is in view`);
        if (stop === 1) {
          assert.deepEqual(await visit.accessibilityProblems(), []);
          await visit.screenshot(`tour-${lang}-${theme}`);
        }
        if (stop < 6) await page.keyboard.press('ArrowRight');
      }
      assert.equal(titles.size, 7);
      await page.keyboard.press('Escape');
      await card.waitFor({ state: 'detached' });
      await page.reload();
      await page.locator('main').first().waitFor();
      await visit.exec('true');
      assert.equal(await card.count(), 0, 'never shown twice');
      await page.keyboard.press('Control+k');
      await page.keyboard.type(lang === 'ko' ? '둘러보기' : 'tour');
      await page.keyboard.press('Enter');
      await card.waitFor();
    }));
  }
}

test('the menu of an object: its deeds with their commands, by pointer and by key', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment web --image=nginx:1.27');
  await visit.advance(30_000);
  await page.locator('[data-id="deployments.apps/default/web"]').first().click({ button: 'right' });
  const menu = page.locator('[role=menu]');
  await menu.waitFor();
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await visit.screenshot('menu');
  await menu.locator('button', { hasText: 'kubectl scale deployment web --replicas=2' }).click();
  await page.locator('.tty .lines').first().filter({ hasText: 'deployment.apps/web scaled' }).waitFor();
  await page.locator('[data-id="nodes//worker-1"]').first().click({ button: 'right' });
  await menu.waitFor();
  assert.match(await menu.getAttribute('aria-label'), /worker-1/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('.tty .lines').first().filter({ hasText: 'node/worker-1 cordoned' }).waitFor();
  await page.locator('svg.tree').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+F10');
  await menu.waitFor();
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
}));

test('the menu has the keys before the next frame', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await page.locator('#prompt').focus();
  const reached = await page.evaluate(async () => {
    const [frame, held] = [window.requestAnimationFrame, []];
    window.requestAnimationFrame = (callback) => held.push(callback);
    document.querySelector('[data-id="nodes//worker-1"]').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: 400, clientY: 300 }));
    await new Promise((resolve) => { setTimeout(resolve); });
    window.requestAnimationFrame = frame;
    for (const callback of held) frame(callback);
    return document.activeElement.getAttribute('role');
  });
  assert.equal(reached, 'menuitem');
}));

test('a finger that rests opens the menu, one that moves does not', () => visiting({ fragment: 'free', viewport: viewports.phone }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment web --image=nginx:1.27');
  await visit.advance(30_000);
  const client = await visit.context.newCDPSession(page);
  const box = await page.locator('.pods [data-id]').first().boundingBox();
  const point = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const touch = (type, at) => client.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [at] : [] });
  await touch('touchStart', point);
  await touch('touchMove', { x: point.x + 60, y: point.y });
  await page.waitForTimeout(700);
  await touch('touchEnd');
  assert.equal(await page.locator('[role=menu]').count(), 0);
  await touch('touchStart', point);
  await page.locator('[role=menu]').waitFor();
  await touch('touchEnd');
  for (const item of await page.locator('[role=menuitem]').all()) assert.ok((await item.boundingBox()).height >= 44);
  await visit.screenshot('menu-phone');
}));

test('? shows the keys where nothing is written', () => visiting({ fragment: 'free', lang: 'ko' }, async (visit) => {
  const { page } = visit;
  await page.locator('#prompt').focus();
  await page.keyboard.type('?');
  assert.equal(await page.locator('.keymap').count(), 0);
  await page.locator('.finder').focus();
  await page.keyboard.press('?');
  await page.locator('.keymap').waitFor();
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await visit.screenshot('keymap-ko');
}));

test('dividers move by pointer and keyboard, are remembered, and a double click puts them back', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  for (const [panel, way, key] of [['.lesson', [60, 0], 'ArrowRight'], ['.insp', [-60, 0], 'ArrowLeft'], ['.dock', [0, -60], 'ArrowUp']]) {
    const side = way[0] ? 'width' : 'height';
    const size = async () => Math.round((await page.locator(panel).boundingBox())[side]);
    const divider = page.locator(`${panel} > .divider`);
    const usual = await size();
    const box = await divider.boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + way[0], y + way[1], { steps: 4 });
    await page.mouse.up();
    const dragged = await size();
    assert.ok(Math.abs(dragged - usual - 60) <= 6, `${panel}: ${usual} to ${dragged}`);
    await divider.focus();
    await page.keyboard.press(key);
    assert.equal(await size(), dragged + 16, `${panel} by key`);
    await page.reload();
    await page.locator('main').first().waitFor();
    assert.equal(await size(), dragged + 16, `${panel} is remembered`);
    await divider.dblclick();
    assert.equal(await size(), usual, `${panel} is put back`);
  }
}));
