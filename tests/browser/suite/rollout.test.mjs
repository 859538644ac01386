// What the playground is for: a Deployment pasted into the terminal comes to stand on three nodes, heals, rolls to a
// new image one pod above its number, and goes back. By the reader's hands: keyboard, clipboard, what the stage shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nginx, visiting } from '../page.mjs';

const paste = `kubectl apply -f - <<'EOF'
${nginx}EOF
`;

const words = {
  en: { ready: 'Ready', ends: 'Ending', on: /on (worker-\d)/ },
  ko: { ready: '준비됨', ends: '종료 중', on: /(worker-\d)에 있음/ },
};

/** The sentences by which the stage names its pods. */
function pods(page) {
  return page.locator('svg.tree .pods [role=treeitem]').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
}

async function until(page, what, holds) {
  const deadline = Date.now() + 20_000;
  let seen;
  do {
    seen = await pods(page);
    if (holds(seen)) return seen;
    await page.waitForTimeout(50);
  } while (Date.now() < deadline);
  assert.fail(`${what}: the stage shows ${JSON.stringify(seen)}`);
}

async function type(page, line) {
  await page.locator('#prompt').fill(line);
  await page.keyboard.press('Enter');
}

for (const lang of ['en', 'ko']) {
  test(`a Deployment comes, heals, rolls and goes back: ${lang}`, () => visiting({ lang, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    const { ready, ends, on } = words[lang];
    const isReady = (label) => label.includes(`, ${ready},`);
    await page.locator('.speeds button').nth(2).click();

    await page.locator('#prompt').focus();
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.setData('text', text);
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }, paste);
    const first = await until(page, 'three ready pods', (all) => all.length === 3 && all.every(isReady));
    assert.equal(new Set(first.map((label) => on.exec(label)?.[1])).size, 3, `one pod a node: ${first}`);

    const doomed = /nginx-deployment-\S+?(?=,)/.exec(first[0])[0];
    await type(page, `kubectl delete pod ${doomed} --wait=false`);
    await until(page, 'a replacement', (all) => all.length === 3 && all.every(isReady) && !all.some((l) => l.includes(doomed)));

    await page.locator('.speeds button').nth(1).click();
    await type(page, 'kubectl set image deployment/nginx-deployment nginx=nginx:1.16.1');
    await until(page, 'the surge', (all) => all.filter((l) => !l.includes(ends)).length === 4 && all.some((l) => l.endsWith('r2')));
    await visit.screenshot(`rollout-${lang}`);
    await page.locator('.speeds button').nth(2).click();
    const onSecond = (all) => all.length === 3 && all.every((l) => isReady(l) && l.endsWith('r2'));
    await until(page, 'all pods on the second revision', onSecond);

    await type(page, 'kubectl rollout undo deployment/nginx-deployment');
    await until(page, 'all pods on the template of before', (all) => all.length === 3 && all.every((l) => isReady(l) && l.endsWith('r3')));
    const state = await visit.state();
    assert.deepEqual(new Set(state.pods.map((pod) => pod.image)), new Set(['nginx:1.14.2']));
  }));
}

test('what cannot be applied changes nothing and says why', () => visiting({ fragment: 'free' }, async (visit) => {
  const before = (await visit.exec('kubectl get all -A -o name')).output;
  for (const [manifest, says] of [
    ['apiVersion: v1\nkind: Pod\nmetadata: [', /yaml/i],
    ['apiVersion: apps/v9\nkind: Deployment\nmetadata:\n  name: a\n', /no matches for kind "Deployment" in version "apps\/v9"/],
    ['apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  container: []\n', /unknown field "spec\.container"/],
  ]) {
    const { output, exit } = await visit.apply(manifest);
    assert.equal(exit, 1, output);
    assert.match(output, says);
  }
  assert.equal((await visit.exec('kubectl get all -A -o name')).output, before);
}));

test('files, language and theme outlive a reload', () => visiting({ lang: 'en', fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await page.locator('#manifest').focus();
  await page.locator('.cm-content').waitFor();
  await page.locator('#manifest').fill('kind: Mine\n');
  await page.locator('.top .right button', { hasText: '한국어' }).click();
  await page.locator('.top .right button').last().click();
  await page.reload();
  await page.locator('main').first().waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'ko');
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  assert.equal(await page.locator('.sheet textarea').inputValue(), 'kind: Mine\n');
}));

test('Hangul composed at the prompt is not sent before it is done', () => visiting({ lang: 'ko', fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await page.locator('#prompt').focus();
  const input = await page.context().newCDPSession(page);
  await input.send('Input.imeSetComposition', { text: 'ㅎ', selectionStart: 1, selectionEnd: 1 });
  await input.send('Input.imeSetComposition', { text: '한', selectionStart: 1, selectionEnd: 1 });
  await page.evaluate(() => document.querySelector('#prompt').dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true })));
  assert.equal(await page.locator('#prompt').inputValue(), '한');
  await input.send('Input.insertText', { text: '한글' });
  await page.locator('#prompt').press('Home');
  await page.keyboard.type('echo ');
  await page.keyboard.press('Enter');
  await page.locator('.lines > div', { hasText: /^한글$/ }).waitFor();
}));
