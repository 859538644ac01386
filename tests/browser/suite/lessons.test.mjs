// Every lesson is played to its end by "show me", in both languages; a lesson is downloaded alone and in one language;
// a broken lesson file leaves the rest of the course standing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

/** In the page: plays the open lesson step by step. Returns what is missing, or nothing. */
async function play(steps) {
  const seen = () => new Promise((go) => setTimeout(go, 0));
  const pane = document.querySelector('.lesson');
  const until = async (what, fits, round) => {
    for (let tries = 0; tries < 400; tries += 1) {
      if (fits()) return true;
      await round();
      await seen();
    }
    return false;
  };
  const later = () => new Promise((go) => setTimeout(go, 10));
  for (let step = 0; step < steps; step += 1) {
    const show = pane.querySelector('.show');
    if (!await until('open', () => !show.disabled, later)) return `step ${step + 1} never opened`;
    show.click();
    const done = () => pane.querySelector('.body .done') !== null;
    if (!await until('done', done, () => window.wheelhouse.advance(2000))) {
      return `step ${step + 1} is not done: ${pane.querySelector('.goals')?.innerText}`;
    }
    if (step + 1 < steps) {
      const next = pane.querySelector('.next');
      if (!await until('next', () => !next.disabled, later)) return `no way on from step ${step + 1}`;
      next.click();
      await seen();
    }
  }
  return '';
}

for (const lang of ['en', 'ko']) {
  test(`every lesson's solution: ${lang}`, () => visiting({ lang, fragment: 'free' }, async (visit) => {
    const { page } = visit;
    const { lessons } = await page.evaluate(() => fetch('lessons/index.json').then((answer) => answer.json()));
    assert.ok(lessons.length >= 30, `${lessons.length} lessons`);
    await page.waitForFunction(() => typeof globalThis.wheelhouseRest !== 'function');
    const unsolved = [];
    for (const lesson of lessons) {
      await page.locator('.crumb select').selectOption(lesson.slug);
      await page.locator('.lesson .eyebrow', { hasText: lesson.title[lang] }).waitFor();
      const missing = await page.evaluate(`(${play})(${lesson.steps})`);
      if (missing) unsolved.push(`${lesson.slug}: ${missing}`);
    }
    assert.deepEqual(unsolved, []);
    // All of it is on the page of progress.
    await page.locator('.course-way').click();
    await page.locator('.course .seg button').nth(2).click();
    await page.locator('.alldone').waitFor();
    assert.deepEqual(await visit.accessibilityProblems(), []);
    await visit.screenshot(`course-done-${lang}`);
  }));
}

test('a lesson comes alone and in one language', () => visiting({ lang: 'ko', fragment: 'lesson=pods' }, async (visit) => {
  await visit.page.locator('.lesson .goals').waitFor();
  const fetched = visit.fetched.filter((path) => path.startsWith('lessons/'));
  assert.deepEqual(fetched, ['lessons/index.json', 'lessons/pods.ko.json']);
}));

test('a broken lesson file is told of, and the others go on', () => visiting({
  fragment: 'lesson=pods',
  prepare: (page) => page.route('**/lessons/pods.en.json', (route) => route.fulfill({ body: '{"version":1,"slug":' })),
}, async (visit) => {
  const { page } = visit;
  await page.locator('.note', { hasText: 'lessons/pods.en.json' }).waitFor();
  await page.locator('.crumb select').selectOption('labels');
  await page.locator('.lesson .goals').waitFor();
}));

test('words, map and progress', () => visiting({ lang: 'ko', fragment: 'lesson=services' }, async (visit) => {
  const { page } = visit;
  await page.locator('.lesson a[href^="#glossary="]').first().click();
  await page.locator('.course .term:focus').waitFor();
  await page.locator('.course .asked input').fill('파드');
  await page.locator('#term-pod').waitFor();
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await page.locator('.course .seg button').nth(0).click();
  await page.locator('.stop.later [data-known]').first().waitFor();
  const known = page.locator('[data-known="docker"]');
  await known.click();
  await page.locator('.stop.done', { has: known }).waitFor();
  assert.deepEqual(await visit.accessibilityProblems(), []);
  await visit.screenshot('course-map-ko');
  await page.locator('.course .seg button').nth(2).click();
  const href = await page.locator('.carry a').getAttribute('href');
  const file = decodeURIComponent(href.slice(href.indexOf(',') + 1));
  assert.equal(JSON.parse(file).lessons.docker.known, true);
  const bring = (text) => page.locator('.carry input').setInputFiles({ name: 'p.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  await bring('{"wheelhouse":"progress"');
  await page.locator('.carry', { hasText: '파일이 아닙니다' }).waitFor();
  await bring(file.replaceAll('docker', 'pods'));
  await page.locator('.carry', { hasText: '가져왔습니다' }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.course').waitFor({ state: 'detached' });
}));

test('a step that is skipped counts as played', () => visiting({ fragment: 'lesson=why-orchestration' }, async (visit) => {
  const { page } = visit;
  await page.locator('.lab').waitFor();
  await page.locator('.lesson .skip').click();
  await page.locator('.lab .daychart').waitFor();
  await page.locator('.lesson .skip').click();
  await page.locator('.lesson .eyebrow', { hasText: '3' }).waitFor();
}));
