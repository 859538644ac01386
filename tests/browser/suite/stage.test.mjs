// The stage beyond pods and Services: what pods use and what is missing, doors, the cluster's own parts, filters, the
// way from a fleet of nodes to one container, the same in words. Pictures are kept; nothing is held against axe.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, file, ingress, service } from '../manifests.mjs';
import { viewports, visiting } from '../page.mjs';

const shop = file(`
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: dark}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: lost, labels: {app: lost}}
spec:
  containers:
  - {name: app, image: nginx:1.27, envFrom: [{secretRef: {name: keys}}]}
`,
  deployment('shop', 2, `
      initContainers:
      - {name: wait, image: busybox:1.36, command: [sh, -c, 'true']}
      - {name: proxy, image: busybox:1.36, restartPolicy: Always, command: [sh, -c, 'sleep 100000']}
      containers:
      - name: app
        image: nginx:1.27
        env: [{name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: mode}}}]
        readinessProbe: {httpGet: {path: /, port: 80}}
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 128Mi}}
        volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]`),
  service('shop', 'shop'),
  service('wrong', 'shop', 'port: 80, targetPort: 8080'),
  service('none', 'shp'),
  ingress('front', 'shop', { rule: 'host: shop.test,' }),
  ingress('back', 'bakc', { rule: 'host: back.test,' }),
);

const says = {
  en: { missing: 'missing', unheard: 'nobody hears 8080', none: '0 endpoints', door: 'no Service bakc', sidecar: 'sidecar' },
  ko: { missing: '없음', unheard: '8080 포트 닫힘', none: '엔드포인트 0', door: '서비스 bakc 없음', sidecar: '사이드카' },
};

const label = (page, id) => page.locator(`[data-id="${id}"] [role=treeitem]`).first().getAttribute('aria-label');

for (const [lang, theme, viewport] of [
  ['en', 'light', viewports.desktop], ['ko', 'dark', viewports.desktop], ['ko', 'light', viewports.phone], ['en', 'dark', viewports.phone], ['en', 'dark', { width: 1024, height: 768 }],
]) {
  test(`what pods use, what is broken, down to a container: ${lang}, ${theme}, ${viewport.width}`, () => visiting({ lang, theme, viewport, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    const picture = (name) => visit.screenshot(`stage-${name}-${lang}-${theme}-${viewport.width}`);
    const clean = async (where) => assert.deepEqual(await visit.accessibilityProblems(), [], where);
    await visit.apply(shop);
    await visit.advance(40_000);
    const words = says[lang];
    if (viewport.width > 640) {
      assert.match(await label(page, 'secrets/default/keys'), new RegExp(words.missing));
      assert.match(await label(page, 'services/default/wrong'), new RegExp(words.unheard));
      assert.match(await label(page, 'services/default/none'), new RegExp(words.none));
      assert.match(await label(page, 'ingresses.networking.k8s.io/default/back'), new RegExp(words.door));
      assert.equal(await page.locator('.use.lack').count(), 1, 'the edge to what is missing');
      assert.equal(await page.locator('.use').count(), 5, 'edges of two pods to a ConfigMap and a claim');
    }
    await picture('things');
    await clean('things');

    const pod = (await visit.state()).pods.find((one) => one.name.startsWith('shop'));
    const [farther, nearer] = [page.locator('.zoom button').nth(0), page.locator('.zoom button').nth(1)];
    await page.evaluate((id) => document.querySelector(`[data-id="${id}"]`).dispatchEvent(new MouseEvent('click', { bubbles: true })), `pods/default/${pod.name}`);
    if (viewport.width <= 640) await page.locator('.tabbar button').nth(1).click();
    else if (viewport.width < 1280) await page.locator('.insp .shut').click();
    if (viewport.width < 1280 && viewport.width > 640) {
      await page.evaluate((id) => document.querySelector(`[data-id="${id}"]`).dispatchEvent(new MouseEvent('click', { bubbles: true })), `pods/default/${pod.name}`);
    }
    await nearer.click();
    assert.equal(await page.locator('.way [aria-current]').innerText(), pod.node);
    await nearer.click();
    await page.locator('.close .cbox').first().waitFor();
    assert.match(await page.locator('.close').innerText(), new RegExp(words.sidecar));
    await picture('pod');
    await clean('pod');
    await page.locator('.close .cbox').last().click();
    assert.match(await page.locator('.close').innerText(), /configMap|ConfigMap settings/);
    for (const value of await page.locator('.close dl.kv dd').all()) assert.ok((await value.boundingBox()).width > 60, 'what is mounted has room');
    await picture('container');
    await clean('container');
    for (let i = 0; i < 3; i += 1) await farther.click();
    assert.equal(await page.locator('.way button').count(), 1);

    await page.locator('.filters').click();
    await page.locator('.filterbar .sys').click();
    await page.locator('[data-id^="pods/kube-system/etcd"]').first().waitFor();
    await picture('system');
    await clean('system');
    await page.locator('.filterbar input[type=text]').fill('app=lost');
    await page.locator(`.tree [data-id="pods/default/${pod.name}"]`).waitFor({ state: 'detached' });
    assert.equal(await page.locator('.pods [data-id^="pods/"]').count(), 1);
    await page.locator('.filterbar .btn').click();
    await page.locator('.filters').click();

    await page.locator('.astext').click();
    const text = await page.locator('.close.outline').innerText();
    for (const part of ['keys', 'bakc', 'wrong', 'none', pod.name]) assert.ok(text.includes(part), `${part} is told`);
    await picture('text');
    await clean('text');
  }));
}

for (const [lang, theme, viewport] of [['ko', 'light', viewports.desktop], ['en', 'dark', viewports.desktop], ['ko', 'dark', viewports.phone]]) {
  test(`from a fleet to one container: ${lang}, ${theme}, ${viewport.width}`, () => visiting({ lang, theme, viewport, fragment: 'free&nodes=120' }, async (visit) => {
    const { page } = visit;
    await visit.exec('kubectl create deployment web --image=nginx:1.25 --replicas=300');
    await visit.advance(15_000);
    await visit.exec('kubectl cordon worker-005');
    await visit.exec('fault node worker-007 crash');
    await visit.advance(60_000);
    const fleet = page.locator('.fleet').first();
    await fleet.waitFor();
    assert.match(await fleet.getAttribute('aria-label'), lang === 'en' ? /121 nodes: 120 ready, 1 not ready/ : /노드 121개: 준비됨 120, 준비 안 됨 1/);
    await visit.screenshot(`fleet-${lang}-${theme}-${viewport.width}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);
    // By keyboard: a node is picked and told, then entered; Escape and the way lead back.
    await fleet.focus();
    await page.keyboard.press('ArrowRight');
    assert.match(await page.locator('.said').innerText(), /worker-\d+/);
    await page.keyboard.press('Enter');
    await page.locator('.way button').nth(1).waitFor();
    await page.locator('.way button').first().click();
    // By wheel: nearer and nearer, until a node fills the stage.
    const box = await fleet.boundingBox();
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.4);
    for (let i = 0; i < 4; i += 1) await page.mouse.wheel(0, -250);
    await visit.screenshot(`fleet-near-${lang}-${theme}-${viewport.width}`);
    for (let i = 0; i < 12 && (await page.locator('.way button').count()) < 2; i += 1) await page.mouse.wheel(0, -300);
    await page.locator('.way button').nth(1).waitFor();
    await visit.screenshot(`fleet-node-${lang}-${theme}-${viewport.width}`);
    assert.deepEqual(await visit.accessibilityProblems(), []);
  }));
}
