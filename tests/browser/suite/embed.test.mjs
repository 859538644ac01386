// A lesson in a page of another origin: it says that it is ready, how it goes and that it is done, takes orders, shrugs
// off nonsense, and works where nothing may be stored.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { visiting } from '../page.mjs';

const site = process.env.WHEELHOUSE_URL ?? 'http://127.0.0.1:8080/';
const slug = 'labels';

/** A foreign page with the lesson in a frame; it keeps what it is told. */
const host = (sandbox) => `<!doctype html><html lang="en"><head><title>host</title><link rel="icon" href="data:,"></head><body>
<iframe title="lesson" width="1300" height="800" ${sandbox} src="${site}embed.html#lesson=${slug}&lang=ko"></iframe>
<script>
window.told = [];
addEventListener('message', (event) => {
  if (event.source === document.querySelector('iframe').contentWindow) window.told.push(event.data);
});
window.order = (message) => document.querySelector('iframe').contentWindow.postMessage(message, '*');
</script></body></html>`;

const server = createServer((request, answer) => {
  answer.setHeader('Content-Type', 'text/html; charset=utf-8');
  answer.end(host(request.url === '/strict' ? 'sandbox="allow-scripts"' : ''));
});
await new Promise((go) => server.listen(0, '127.0.0.1', go));
after(() => server.close());
const foreign = `http://localhost:${server.address().port}`;

// The visit begins at the site itself; the foreign page is elsewhere by design.
const options = { fragment: 'free', viewport: { width: 1360, height: 900 }, pardoned: /^request to elsewhere: http:\/\/localhost|ERR_ABORTED/ };

const told = (page, type) => page.evaluate((type) => window.told.filter((one) => one.type === type), type);

async function hears(page, type, count = 1) {
  await page.waitForFunction(([type, count]) => window.told?.filter((one) => one.type === type).length >= count, [type, count]);
  return (await told(page, type)).at(-1);
}

async function solve(page, frame) {
  const [ready] = await told(page, 'ready');
  for (let step = 0; step < ready.steps; step += 1) {
    await frame.locator('.lesson .show:not(:disabled)').click();
    await frame.locator('.lesson .body .done').waitFor();
    if (step + 1 < ready.steps) await frame.locator('.lesson .next').click();
  }
}

for (const [name, path] of [['of another origin', '/'], ['without storage or origin', '/strict']]) {
  test(`a lesson in a page ${name}`, () => visiting(options, async (visit) => {
    const { page } = visit;
    await page.goto(foreign + path);
    const frame = page.frameLocator('iframe');
    const ready = await hears(page, 'ready');
    assert.deepEqual([ready.wheelhouse, ready.lesson, ready.lang], [1, slug, 'ko']);
    assert.ok((await hears(page, 'height')).height > 300);
    assert.equal(await frame.locator('.tour').count(), 0, 'a lesson in another page begins with itself');
    await solve(page, frame);
    const completed = await hears(page, 'completed');
    assert.deepEqual([completed.lesson, completed.steps], [slug, ready.steps]);
    const steps = (await told(page, 'progress')).map((one) => one.done);
    assert.equal(steps.at(-1), ready.steps);
    assert.deepEqual(steps, steps.toSorted((a, b) => a - b));
    await visit.screenshot(`embed${path === '/' ? '' : '-strict'}`);
  }));
}

test('a frame takes orders and shrugs off nonsense', () => visiting(options, async (visit) => {
  const { page } = visit;
  await page.goto(foreign);
  await hears(page, 'ready');
  const cycle = 'const a = {}; a.self = a; window.order(a); window.order({ wheelhouse: 1, type: a })';
  await page.evaluate(cycle);
  for (const bad of [null, 7, '{}', [], {}, { wheelhouse: 'x' }, { wheelhouse: 1 }, { wheelhouse: 1, type: 'load', lesson: '../x' },
    { wheelhouse: 1, type: 'load', lesson: 'x'.repeat(1e6) }, { wheelhouse: 2, type: 'reset' }, { wheelhouse: 1, type: 'eval', code: '1' }]) {
    await page.evaluate((bad) => window.order(bad), bad);
  }
  await hears(page, 'error', 5);
  assert.equal((await told(page, 'ready')).length, 1, 'nonsense opens nothing');
  await page.evaluate(() => window.order({ wheelhouse: 1, type: 'load', lesson: 'jobs', lang: 'en' }));
  const ready = await hears(page, 'ready', 2);
  assert.deepEqual([ready.lesson, ready.lang], ['jobs', 'en']);
  await page.frameLocator('iframe').locator('.lesson .skip:not(:disabled)').click();
  await page.waitForFunction(() => window.told.some((one) => one.type === 'progress' && one.step === 1));
  await page.evaluate(() => window.order({ wheelhouse: 1, type: 'reset' }));
  await page.waitForFunction(() => window.told.at(-1).type === 'progress' && window.told.at(-1).step === 0);
}));

test('the page that builds the snippet', () => visiting({ ...options, pardoned: /frame|ERR_ABORTED/ }, async (visit) => {
  const { page } = visit;
  await page.goto(`${site}embedding.html#lang=en`);
  await page.locator('#lesson option').nth(5).waitFor({ state: 'attached' });
  await page.locator('#lesson').selectOption(slug);
  const text = await page.locator('#snippet').inputValue();
  assert.ok(text.includes(`embed.html#lesson=${slug}&lang=en`), text);
  await page.locator('#messages li', { hasText: '"ready"' }).waitFor();
  await page.locator('#lang').selectOption('ko');
  assert.ok((await page.locator('#snippet').inputValue()).includes('lang=ko'));
  await visit.screenshot('embedding');
}));
