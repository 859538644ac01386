// The first lesson is played to its end by its own solution, in both languages, and its progress outlives a reload.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

const slug = 'first-deployment';

for (const lang of ['en', 'ko']) {
  test(`the first lesson can be finished: ${lang}`, () => visiting({ lang, fragment: `lesson=${slug}` }, async (visit) => {
    const { page } = visit;
    const lesson = await page.evaluate((name) => fetch(`lessons/${name}.json`).then((answer) => answer.json()), `${slug}.${lang}`);
    const pane = page.locator('.lesson .body');
    for (const [number, step] of lesson.steps.entries()) {
      assert.ok((await pane.innerText()).includes(step.title), `${step.id}: the step is open`);
      assert.equal(await pane.locator('.done').count(), 0, `${step.id}: nothing is done before it is done`);
      for (const act of step.solution) {
        if (typeof act === 'string') {
          assert.equal((await visit.exec(act)).exit, 0, act);
        } else if (act.answer !== undefined) {
          const option = step.question.options.findIndex((one) => one.id === act.answer);
          await pane.locator(`[data-answer="${option}"]`).click();
        } else {
          assert.fail(`an act that this test does not know: ${JSON.stringify(act)}`);
        }
      }
      for (let tries = 0; tries < 60 && (await pane.locator('.done').count()) === 0; tries += 1) await visit.advance(2000);
      assert.equal(await pane.locator('.done').count(), 1, `${step.id}: ${await pane.innerText()}`);
      if (number === 0) await visit.screenshot(`lesson-${lang}`);
      if (number + 1 < lesson.steps.length) await page.locator('.lesson .next').click();
      if (number === 1) {
        // Where the lesson stands is kept.
        await page.reload();
        await page.locator('main#main').waitFor();
        await pane.filter({ hasText: lesson.steps[2].title }).waitFor();
      }
    }
    const finished = { en: 'Lesson complete', ko: /마쳤|끝/ };
    await pane.locator('.done', { hasText: finished[lang] }).waitFor();
  }));
}

test('a broken lesson says where, and the others go on', () => visiting({
  fragment: 'lesson=labels',
  prepare: (page) => page.route('**/lessons/jobs.en.json', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace('"condition":{', '"conditoin":{') });
  }),
}, async (visit) => {
  const { page } = visit;
  const choice = page.locator('.crumb select');
  await page.locator('.lesson .eyebrow', { hasText: 'Found by what it wears' }).waitFor();
  await choice.selectOption('jobs');
  const note = page.locator('.note');
  await note.filter({ hasText: /All others can.*lessons\/jobs\.en\.json:1:\d+: steps\[0\]\.goals\[0\]\.want\.conditoin/ }).waitFor();
  assert.equal(await choice.inputValue(), 'labels', 'what is open is open still');
  await choice.selectOption('pods');
  await page.locator('.lesson .eyebrow', { hasText: 'Together in one Pod' }).waitFor();
  await note.waitFor({ state: 'hidden' });
}));

test('progress can be cleared', () => visiting({ fragment: 'lesson=labels' }, async (visit) => {
  const { page } = visit;
  await page.locator('.lesson .skip:not(:disabled)').click();
  await page.locator('.lesson .eyebrow', { hasText: 'Step 2 of' }).waitFor();
  await page.locator('.course-way').first().click();
  await page.locator('.course .seg button').nth(2).click();
  page.once('dialog', (dialog) => dialog.accept());
  await page.locator('.carry button').click();
  await page.locator('.carry [role=status]', { hasText: 'cleared' }).waitFor();
  await page.locator('.tally dd', { hasText: /^0 \/ \d+$/ }).first().waitFor();
  await page.keyboard.press('Escape');
  // The open lesson begins again.
  await page.locator('.lesson .eyebrow', { hasText: 'Step 1 of' }).waitFor();
}));
