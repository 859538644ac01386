// The prompt under a reader's fingers: completion, history, here-documents, Ctrl+C.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

const prompt = (page) => page.locator('#prompt');
const lines = (page) => page.locator('.lines');

async function enter(page, line) {
  await prompt(page).fill(line);
  await page.keyboard.press('Enter');
}

test('Tab completes verbs, kinds, names and flags', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment shopfront --image=nginx:1.25');
  for (const [typed, becomes] of [
    ['kubectl desc', /^kubectl describe $/],
    ['kubectl get namesp', /^kubectl get namespaces? $/],
    ['kubectl describe deployment sho', /^kubectl describe deployment shopfront $/],
    ['kubectl scale deployment shopfront --repl', /^kubectl scale deployment shopfront --replicas=?/],
    ['cat web', /^cat web\.yaml ?$/],
  ]) {
    await prompt(page).fill(typed);
    await page.keyboard.press('End');
    await page.keyboard.press('Tab');
    assert.match(await prompt(page).inputValue(), becomes);
  }
  await prompt(page).fill('kubectl rollout ');
  await page.keyboard.press('End');
  await page.keyboard.press('Tab');
  const offered = await page.locator('.cands code').allInnerTexts();
  for (const verb of ['status', 'history', 'undo']) assert.ok(offered.includes(verb), `${verb} in ${offered}`);
}));

test('the arrows recall what was typed', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await enter(page, 'echo one');
  await enter(page, 'echo two');
  await page.keyboard.press('ArrowUp');
  assert.equal(await prompt(page).inputValue(), 'echo two');
  await page.keyboard.press('ArrowUp');
  assert.equal(await prompt(page).inputValue(), 'echo one');
  await page.keyboard.press('ArrowDown');
  assert.equal(await prompt(page).inputValue(), 'echo two');
  await page.keyboard.press('ArrowDown');
  assert.equal(await prompt(page).inputValue(), '');
  await page.reload();
  await page.locator('main').first().waitFor();
  await prompt(page).focus();
  await page.keyboard.press('ArrowUp');
  assert.equal(await prompt(page).inputValue(), 'echo two', 'history outlives a reload');
}));

test('a here-document goes on over several lines', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  const asks = (sign) => page.locator('.ask .sign').and(page.getByText(sign, { exact: true })).waitFor();
  await asks('$');
  await enter(page, 'cat > note.txt <<EOF');
  await asks('>');
  await enter(page, 'first');
  await enter(page, '  second');
  await lines(page).filter({ hasText: '> ' + '  second' }).waitFor();
  await asks('>');
  await enter(page, 'EOF');
  await asks('$');
  assert.equal((await visit.exec('cat note.txt')).output, 'first\n  second\n');
}));

test('Ctrl+C ends a watch', () => visiting({ fragment: 'free' }, async (visit) => {
  const { page } = visit;
  await visit.exec('kubectl create deployment web --image=nginx:1.25');
  await page.locator('.speeds button').nth(2).click();
  await enter(page, 'kubectl get pods -w');
  await page.locator('.stop').waitFor();
  await lines(page).filter({ hasText: 'Running' }).waitFor();
  await prompt(page).focus();
  await page.keyboard.press('Control+c');
  await page.locator('.stop').waitFor({ state: 'detached' });
  assert.match(await lines(page).innerText(), /\^C/);
  await enter(page, 'echo $?');
  await lines(page).filter({ hasText: '130' }).waitFor();
}));
