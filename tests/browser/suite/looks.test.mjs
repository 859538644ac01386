// What is to be seen and to be pressed: lines from doors through Services to pods, charts of large clusters, how requests
// have ended, the switch between clusters; and room for a finger on a phone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, file, ingress, service } from '../manifests.mjs';
import { viewports, visiting } from '../page.mjs';

const web = file(
  deployment('web', 3, `
      containers:
      - {name: nginx, image: "nginx:1.27", ports: [{containerPort: 80}], resources: {requests: {cpu: 100m, memory: 64Mi}}}`),
  service('web', 'web'),
  ingress('door', 'web', { spec: 'ingressClassName: nginx,' }),
);

for (const dock of ['terminal', 'traffic']) {
  test(`lines lead from a door to its Service and on to the pods, whatever the dock shows: ${dock}`, () => visiting({ fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await visit.apply(web);
    await visit.advance(30_000);
    await page.locator(`.tab-${dock}`).click();
    const seen = (selector) => page.locator(selector).evaluateAll((all) => all.filter((line) => line.getClientRects().length && getComputedStyle(line).stroke !== 'none').length);
    assert.equal(await seen('path.ln.traffic'), 3);
    assert.equal(await seen('path.ln.door-ln'), 1);
    // The bar of a container stands below its last line.
    const [text, bar] = await page.locator('.pod.card').first().evaluate((pod) => [
      Math.max(...[...pod.querySelectorAll('text')].map((t) => t.getBBox().y + t.getBBox().height)), pod.querySelector('.bar').getBBox().y]);
    assert.ok(text <= bar + 2, `letters end at ${text}, the bar begins at ${bar}`);
    await visit.screenshot(`lines-${dock}`);
  }));
}

for (const [lang, theme, viewport] of [['en', 'dark', viewports.desktop], ['ko', 'light', viewports.phone]]) {
  test(`charts of a large cluster say what they tell of: ${lang}`, () => visiting({ lang, theme, viewport, fragment: 'free&nodes=60' }, async (visit) => {
    const { page } = visit;
    await visit.exec('kubectl create deployment web --image=nginx:1.27 --replicas=120');
    await visit.advance(30_000);
    if (viewport === viewports.phone) await page.locator('.tabbar button').nth(2).click();
    await page.locator('.tab-charts').click();
    const remark = await page.locator('.plots .grid > .remark').innerText();
    assert.match(remark, /61/);
    assert.equal(await page.locator('.chart figcaption').count(), 3);
    assert.match(await page.locator('.plot').nth(2).getAttribute('aria-label'), /2\d\d/);
    assert.deepEqual(await visit.accessibilityProblems(), []);
    await visit.screenshot(`charts-large-${lang}-${theme}`);
  }));
}

test('requests are counted by how they ended', () => visiting({ fragment: 'free', lang: 'ko' }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment web --image=nginx:1.27');
  await visit.exec('kubectl expose deployment web --port=80 --target-port=8080');
  await visit.exec('kubectl run client --image=busybox:1.36 -- sleep 3600');
  await visit.advance(30_000);
  await page.locator('.tab-traffic').click();
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await visit.exec('kubectl exec client -- wget -qO- -T 2 http://web/');
  await page.locator('.tab-traffic').click();
  await page.locator('.ends .bad', { hasText: '연결 거부 1' }).waitFor();
  // A load is told kind by kind while it runs: how many, why, and where to look.
  await visit.exec('load start svc/web --rps=40');
  await visit.advance(5_000);
  const fails = page.locator('.fails');
  await fails.locator('li', { hasText: '연결 거부' }).waitFor();
  assert.match(await fails.innerText(), /8080번을 수신 대기하는 프로세스가 없음/);
  const number = fails.locator('li .m').first();
  const before = await number.innerText();
  await visit.advance(2_000);
  assert.notEqual(await number.innerText(), before);
  await fails.locator('.link', { hasText: 'targetPort' }).click();
  await page.locator('.insp h2', { hasText: 'web' }).waitFor();
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await visit.screenshot('ends-ko');
}));

for (const [lang, theme, viewport] of [['en', 'light', viewports.desktop], ['ko', 'dark', viewports.phone]]) {
  test(`the picture follows the context in use: ${lang}`, () => visiting({ lang, theme, viewport, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await visit.exec('cluster add seoul --workers=1');
    const on = page.locator('.member.on b');
    await on.filter({ hasText: 'seoul' }).waitFor();
    await page.locator('[data-id="nodes//seoul-worker-1"]').first().waitFor();
    assert.deepEqual(await visit.accessibilityProblems(), []);
    // Timeline, charts and controllers are of that cluster too.
    await visit.exec('kubectl create deployment web --image=nginx:1.27');
    await visit.advance(20_000);
    assert.match(await page.locator('.tline svg').innerHTML(), /tick ok/);
    await page.locator('.tab-charts').evaluate((tab) => tab.click());
    await page.locator('.legend', { hasText: 'seoul-worker-1' }).first().waitFor();
    await page.locator('.tab-control').evaluate((tab) => tab.click());
    const row = page.locator('.control li', { hasText: 'deployment-controller' });
    await row.locator('button').first().click();
    await visit.exec('kubectl set image deployment/web nginx=nginx:1.28');
    await page.locator('.control .held .nextwrite', { hasText: 'create replicasets.apps default/web-' }).waitFor();
    assert.deepEqual(await visit.accessibilityProblems(), []);
    await visit.screenshot(`clusters-held-${lang}-${theme}`);
    await row.locator('button').nth(1).click();
    await page.locator('.member').first().click();
    await on.filter({ hasText: 'wheelhouse' }).waitFor();
    await page.locator('.tty .lines').first().filter({ hasText: 'kubectl config use-context wheelhouse' }).waitFor();
    await visit.screenshot(`clusters-${lang}-${theme}`);
  }));
}

/** What a finger can press and is less than 44 px either way, with the room around it that also counts. */
function tight() {
  const room = (e) => {
    const box = e.getBoundingClientRect();
    const around = getComputedStyle(e, '::after');
    const more = around.position === 'absolute' && around.content !== 'none' ? -2 * (parseFloat(around.top) || 0) : 0;
    return [box.width + more, box.height + more];
  };
  const all = [...document.querySelectorAll('button, select, summary, a[href]')];
  return all.filter((e) => {
    const box = e.getBoundingClientRect();
    const within = box.width && box.height && box.top < innerHeight && box.bottom > 0 && box.left < innerWidth && box.right > 0;
    return within && getComputedStyle(e).visibility !== 'hidden' && room(e).some((side) => side < 43.5);
  }).map((e) => `${e.className} ${e.innerText || e.ariaLabel} ${room(e).map(Math.round).join('x')}`);
}

for (const [lang, theme] of [['ko', 'light'], ['en', 'dark']]) {
  test(`the course on a phone: ${lang}`, () => visiting({ lang, theme, viewport: viewports.phone, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await page.locator('.tabbar button').first().click();
    await page.locator('.course-way').click();
    for (const [at, name] of ['map', 'words', 'progress'].entries()) {
      await page.locator('.maphead .seg button').nth(at).click();
      const body = page.locator('.cbody');
      await body.locator('> *').first().waitFor();
      assert.equal(await body.evaluate((e) => e.scrollTop), 0, `${name} begins at its beginning`);
      await body.evaluate((e) => { e.scrollTop = e.scrollHeight; });
      assert.ok(await body.evaluate((e) => e.scrollWidth <= e.clientWidth), `${name} is no wider than the screen`);
      assert.deepEqual(await page.evaluate(tight), [], name);
      assert.deepEqual(await visit.accessibilityProblems(), [], name);
      await visit.screenshot(`course-${name}-${lang}-${theme}-390`);
    }
  }));
}

test('on a phone everything has room for a finger', () => visiting({ viewport: viewports.phone, fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment web --image=nginx:1.27 --replicas=2');
  await visit.advance(30_000);
  const tabs = page.locator('.tabbar button');
  await page.locator('.pods [data-id]').first().click();
  for (const [view, name] of (await page.locator('.itabs button').all()).map((tab, i) => [tab, i])) {
    await view.click();
    await page.waitForTimeout(200);
    assert.deepEqual(await page.evaluate(tight), [], `inspector ${name}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);
  }
  for (const at of [1, 0, 3, 2]) {
    await tabs.nth(at).click();
    assert.deepEqual(await page.evaluate(tight), [], `tab ${at}`);
  }
  for (const name of ['events', 'objects', 'charts', 'control', 'traffic']) {
    await page.locator(`.tab-${name}`).evaluate((tab) => tab.click());
    await page.waitForTimeout(300);
    assert.deepEqual(await page.evaluate(tight), [], name);
  }
  await visit.screenshot('fingers');
}));
