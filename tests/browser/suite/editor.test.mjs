// From the editor: what is applied there comes to stand on the stage; what is wrong says so in the terminal and changes
// nothing. And an edited file is what the terminal reads.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nginx, visiting } from '../page.mjs';

/** By the reader's hands: the tab of the editor, the text, the button. */
async function applied(page, text) {
  await page.locator('.tab-editor').click();
  // The editor with colours takes the plain one's place as soon as somebody comes near.
  await page.locator('#manifest').focus();
  await page.locator('.cm-content').waitFor();
  await page.locator('#manifest').fill(text);
  await page.locator('.apply').click();
}

async function until(visit, what, holds) {
  let state;
  for (let tries = 0; tries < 300; tries += 1) {
    state = await visit.state();
    if (holds(state.pods)) return state.pods;
    await visit.page.waitForTimeout(50);
  }
  return assert.fail(`${what}: ${JSON.stringify(state.pods)}`);
}

const words = { en: 'Ready', ko: '준비됨' };

for (const lang of ['en', 'ko']) {
  test(`the editor applies: ${lang}`, () => visiting({ lang, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await page.locator('.speeds button').nth(2).click();
    await applied(page, nginx);
    const pods = await until(visit, 'three ready pods', (all) => all.length === 3 && all.every((pod) => pod.ready));
    assert.equal(new Set(pods.map((pod) => pod.node)).size, 3, 'on three nodes');
    assert.deepEqual(new Set(pods.map((pod) => pod.status)), new Set(['Running']));
    const labels = page.locator('svg.tree .pods [role=treeitem]');
    await labels.nth(2).waitFor();
    for (const label of await labels.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))) {
      assert.ok(label.includes(words[lang]), label);
    }
    const printed = await page.locator('.lines').innerText();
    assert.match(printed, /kubectl apply -f web\.yaml\n+deployment\.apps\/nginx-deployment created/);
  }));
}

const wrong = [
  ['broken YAML', nginx.replace('  selector:', ' selector:'), /error converting YAML to JSON: yaml: line \d+: did not find expected key/],
  ['an unknown kind', nginx.replace('kind: Deployment', 'kind: Deploymnet'), /no matches for kind "Deploymnet" in version "apps\/v1"/],
  ['an unknown field', nginx.replace('replicas:', 'replica:'), /strict decoding error: unknown field "spec\.replica"/],
  ['a selector that would change', nginx.replaceAll('app: nginx', 'app: other'), /field is immutable/],
  ['a wrong type', nginx.replace('replicas: 3', 'replicas: "many"'), /unrecognized type: int32/],
];

for (const lang of ['en', 'ko']) {
  test(`what is wrong changes nothing: ${lang}`, () => visiting({ lang, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    await page.locator('.speeds button').nth(2).click();
    await applied(page, nginx);
    await until(visit, 'three ready pods', (all) => all.length === 3 && all.every((pod) => pod.ready));
    const everything = 'kubectl get deployments,replicasets,pods,services -o yaml';
    const before = (await visit.exec(everything)).output;
    for (const [what, text, says] of wrong) {
      await page.evaluate(() => window.wheelhouse.exec('clear'));
      await applied(page, text);
      await page.locator('.lines', { hasText: /error|invalid/i }).waitFor();
      assert.match(await page.locator('.lines').innerText(), says, what);
      assert.equal((await visit.exec('kubectl apply -f web.yaml > /dev/null')).exit, 1, what);
    }
    assert.equal((await visit.exec(everything)).output, before);
  }));
}

test('the editor knows the schema: faults at their lines, what could stand there, Hangul', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await page.locator('.tab-editor').click();
  await page.locator('.cm-content').waitFor();
  await page.locator('#manifest').fill(nginx.replace('replicas:', 'replica:'));
  await page.locator('.faults', { hasText: 'Did you mean replicas?' }).waitFor();
  await page.locator('.cm-lintRange-error').first().waitFor();
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await visit.screenshot('editor-faults');
  await page.locator('#manifest').fill('apiVersion: apps/v1\nkind: Deployment\nspec:\n  ');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('rep');
  await page.locator('.cm-tooltip-autocomplete li', { hasText: 'replicas' }).waitFor();
  await visit.screenshot('editor-completion');
  await page.keyboard.press('Escape');
  // Hangul as an input method gives it: a syllable grows while it is composed.
  await page.locator('#manifest').fill('# ');
  await page.keyboard.press('Control+End');
  const client = await visit.context.newCDPSession(page);
  for (const text of ['ㅎ', '하', '한']) await client.send('Input.imeSetComposition', { text, selectionStart: 1, selectionEnd: 1 });
  await client.send('Input.insertText', { text: '한' });
  for (const text of ['ㄱ', '그', '글']) await client.send('Input.imeSetComposition', { text, selectionStart: 1, selectionEnd: 1 });
  await client.send('Input.insertText', { text: '글' });
  assert.equal((await page.locator('.cm-line').allInnerTexts()).join('\n').trim(), '# 한글');
  assert.equal((await visit.exec('cat web.yaml')).output.trim(), '# 한글');
}));
