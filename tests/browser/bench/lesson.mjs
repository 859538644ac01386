// `cargo xtask bench`: how long a lesson takes to open, from the choice to its goals on the page, its download included.
// One JSON object: the median and the slowest of all lessons, in ms.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visiting } from '../page.mjs';

test('lessons', () => visiting({ fragment: 'free' }, async (visit) => {
  const { lessons } = await visit.page.evaluate(() => fetch('lessons/index.json').then((answer) => answer.json()));
  await visit.page.waitForFunction(() => typeof globalThis.wheelhouseRest !== 'function');
  const times = await visit.page.evaluate(async (lessons) => {
    const times = [];
    const choice = document.querySelector('.crumb select');
    for (const { slug, title } of lessons) {
      const begun = performance.now();
      choice.value = slug;
      choice.dispatchEvent(new Event('change', { bubbles: true }));
      while (!document.querySelector('.lesson .eyebrow')?.textContent.includes(title.en)) await new Promise((go) => setTimeout(go, 1));
      times.push([performance.now() - begun, slug]);
    }
    return times;
  }, lessons);
  times.sort((a, b) => a[0] - b[0]);
  const ms = ([time]) => Math.round(time * 10) / 10;
  console.log(JSON.stringify({ bench: 'lesson-open', in: 'wasm', lessons: times.length, median_ms: ms(times[times.length >> 1]), slowest_ms: ms(times.at(-1)), slowest: times.at(-1)[1] }));
  assert.ok(times.at(-1)[0] < 3000, `${times.at(-1)}`);
}));
