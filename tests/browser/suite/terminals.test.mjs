// The terminal beyond one line: several of them, shells in pods, names that lead somewhere, watches, searching back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewports, visiting } from '../page.mjs';

const prompt = (page) => page.locator('#prompt');

async function enter(page, line) {
  await prompt(page).fill(line);
  await page.keyboard.press('Enter');
}

async function settled(visit, ms = 30_000) {
  await visit.advance(ms);
}

test('names in tables lead to their objects, by pointer and by keyboard', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment web --image=nginx:1.27');
  await settled(visit);
  await enter(page, 'kubectl get pods');
  const name = page.locator('.tty .name', { hasText: /^web-/ }).last();
  const text = await name.innerText();
  await name.click();
  await page.locator('.insp h2', { hasText: text }).waitFor();
  await enter(page, 'kubectl get nodes');
  await page.locator('.tty .name', { hasText: 'worker-3' }).waitFor();
  await prompt(page).focus();
  await page.keyboard.press('Alt+ArrowUp');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.locator('.insp h2', { hasText: 'worker-2' }).waitFor();
  await page.locator('.tty .name').last().focus();
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'prompt');
  await enter(page, 'kubectl delete deployment web && kubectl get deployments -A');
  await settled(visit);
  await page.locator('.tty .name', { hasText: text }).first().click();
  await page.locator('.note', { hasText: text }).waitFor();
}));

test('an error leads to its line in the editor', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await enter(page, "sed -i 's/replicas:/replica:/' web.yaml && kubectl apply -f web.yaml");
  const way = page.locator('.tty .link', { hasText: 'web.yaml, line' });
  const line = Number(/line (\d+)/.exec(await way.innerText())[1]);
  await way.click();
  await page.locator('.cm-content').waitFor();
  await page.locator('.cm-activeLine', { hasText: 'replica:' }).waitFor();
  assert.equal(await page.locator('.cm-activeLineGutter').first().innerText(), String(line));
}));

test('several terminals, each with its own directory and history', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await enter(page, 'mkdir -p a && cd a');
  await page.locator('.sign', { hasText: '~/a $' }).waitFor();
  await enter(page, 'echo only-here');
  await prompt(page).press('Alt+t');
  await page.locator('.ttab.on', { hasText: '2' }).waitFor();
  await page.locator('.ask .sign', { hasText: /^\$$/ }).waitFor();
  await enter(page, 'echo second');
  await prompt(page).press('Alt+1');
  await page.locator('.sign', { hasText: '~/a $' }).waitFor();
  assert.match(await page.locator('.tty .lines').first().innerText(), /only-here/);
  await page.keyboard.press('ArrowUp');
  assert.equal(await prompt(page).inputValue(), 'echo only-here');
  await prompt(page).fill('');
  // A click does not talk to the program that runs here: it finds a free terminal.
  await enter(page, 'kubectl get pods -w');
  await page.locator('.stop').waitFor();
  await page.locator('.tab-objects').click();
  await page.locator('.objects .runs').click();
  await page.locator('.ttab.on', { hasText: '2' }).waitFor();
  await page.locator('.tty .lines').first().filter({ hasText: 'kubectl get pods' }).waitFor();
  await prompt(page).press('Alt+w');
  await page.locator('.ttab', { hasText: '2' }).waitFor({ state: 'detached' });
  assert.equal(await page.locator('.stop').count(), 1, 'the first one still watches');
}));

test('a shell in a pod has its own prompt', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl run box --image=busybox:1.36 -- sleep 3600');
  await settled(visit);
  await enter(page, 'kubectl exec -it box -- sh');
  await page.locator('.sign', { hasText: '/ #' }).waitFor();
  await enter(page, 'cd /tmp && echo inside > x');
  await page.locator('.sign', { hasText: '/tmp #' }).waitFor();
  await enter(page, 'cat x');
  await page.locator('.tty .lines').first().filter({ hasText: '/tmp # cat x' }).waitFor();
  await enter(page, 'exit');
  await page.locator('.ask:not(.busy) .sign', { hasText: /^\$$/ }).waitFor();
  assert.equal((await visit.exec('kubectl exec box -- cat /tmp/x')).output, 'inside\n');
}));

test('a watch changes in place, and its text is kept', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment web --image=nginx:1.27 --replicas=2');
  await enter(page, 'kubectl get pods -w');
  await settled(visit);
  const rows = page.locator('.live .rows > div');
  await rows.nth(2).filter({ hasText: 'Running' }).waitFor();
  assert.equal(await rows.count(), 3, 'a header and a row of each pod');
  assert.equal(await page.locator('.lines.inplace .w:visible').count(), 0);
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await visit.screenshot('terminal-watch');
  await page.locator('.watch button').click();
  assert.ok(await page.locator('.lines .w:visible').count() > 3, 'one line after the other');
  await page.locator('.watch button').click();
  await prompt(page).focus();
  await page.keyboard.press('Control+c');
  await page.locator('.watch').waitFor({ state: 'detached' });
  assert.match(await page.locator('.tty .lines').first().innerText(), /ContainerCreating[^]*Running/);
}));

test('Ctrl+R searches back letter by letter; Tab goes through what is offered', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  for (const line of ['echo apples', 'echo pears', 'true']) await enter(page, line);
  await page.keyboard.press('Control+r');
  await page.keyboard.type('echo');
  await page.locator('.sought code', { hasText: 'echo pears' }).waitFor();
  await page.keyboard.press('Control+r');
  await page.locator('.sought code', { hasText: 'echo apples' }).waitFor();
  await page.keyboard.press('ArrowRight');
  assert.equal(await prompt(page).inputValue(), 'echo apples');
  // What is offered comes into view, however much has been printed above it.
  await enter(page, 'kubectl get pods -A');
  const inView = (selector) => page.waitForFunction((selector) => {
    const [one, view] = [document.querySelector(selector), document.querySelector('#tty')].map((e) => e?.getBoundingClientRect());
    return one && one.top >= view.top - 1 && one.bottom <= view.bottom + 1;
  }, selector);
  await prompt(page).fill('kubectl rollout ');
  await page.keyboard.press('End');
  await page.keyboard.press('Tab');
  const options = page.locator('#cands [role=option]');
  await inView('#cands [role=option]:last-child');
  assert.match(await options.first().innerText(), /history[^]*\w+ \w+/, 'with what it is');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await prompt(page).inputValue(), 'kubectl rollout pause');
  assert.equal(await page.locator('#cands [aria-selected=true]').count(), 1);
  await inView('#cands [aria-selected=true]');
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await visit.screenshot('terminal-completion');
  await page.keyboard.press('Escape');
  assert.equal(await options.count(), 0);
}));

for (const lang of ['en', 'ko']) {
  test(`files: a tab each, new, renamed, deleted, each by its command: ${lang}`, () => visiting({ lang, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    page.on('dialog', (dialog) => dialog.accept());
    await page.locator('.tab-editor').click();
    await page.locator('.newfile').click();
    await page.locator('.ftabs .on', { hasText: 'web-2.yaml' }).waitFor();
    await page.locator('.files .ibtn').first().click();
    await page.locator('.rename').fill('shop.yaml');
    await page.keyboard.press('Enter');
    await page.locator('.ftabs .on', { hasText: 'shop.yaml' }).waitFor();
    await page.locator('.files .ibtn').nth(1).click();
    await page.locator('.ftabs', { hasText: 'shop.yaml' }).waitFor({ state: 'detached' });
    assert.equal((await visit.exec('ls *.yaml')).output, 'web.yaml\n');
    const printed = await page.locator('.tty .lines').first().textContent();
    for (const line of ['touch web-2.yaml', 'mv web-2.yaml shop.yaml', 'rm shop.yaml']) assert.ok(printed.includes(line), line);
  }));
}

test('on a phone the terminal keeps its keys and tabs in reach', () => visiting({ fragment: 'free', viewport: viewports.phone, lang: 'ko', theme: 'dark' }, async (visit) => {
  const { page } = visit;
  await page.locator('.tabbar button').nth(2).click();
  await page.locator('.tty > .keys button').nth(8).click();
  await page.locator('.ttab.on', { hasText: '2' }).waitFor();
  const [keys, bar] = [await page.locator('.tty > .keys').boundingBox(), await page.locator('.tabbar').boundingBox()];
  assert.ok(Math.abs(keys.y + keys.height - bar.y) <= 2, 'the row of keys stands at the foot');
  for (const button of await page.locator('.ttabs button:visible, .tty > .keys button:visible').all()) {
    const box = await button.boundingBox();
    assert.ok(box.height >= 42, `${await button.innerText()} is ${box.height} px high`);
  }
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await visit.screenshot('terminal-phone');
}));
