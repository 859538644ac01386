// Plays a first visit on the program that counts (`cargo xtask profile`), and writes the names of the functions it
// entered. Arguments: the names in the order of the program's marks, and the two files to write.
//
// A first visit: the page appears in both languages and themes, with the nodes of a cluster in which time stands
// still. What that does not enter is downloaded meanwhile; the cluster and its commands wait for it.

import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [namesFile, hotFile, coldFile] = process.argv.slice(2);
const names = readFileSync(namesFile, 'utf8').split('\n').slice(0, -1);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
const entered = new Set();

async function visit(lang, theme, viewport, body) {
  const context = await browser.newContext({ locale: lang, colorScheme: theme, viewport });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on('pageerror', (error) => { throw error; });
  // The tour begins once the rest is there: it is none of the first part's.
  await page.addInitScript(() => localStorage.setItem('wheelhouse.1.tour', '1'));
  // The program that counts is whole: it introduces itself to us instead of the start script.
  await page.addInitScript(() => {
    Object.defineProperty(window, 'wheelhouseStarted', { get: () => (parts) => { window.counted = parts; }, set: () => {} });
  });
  await page.goto(process.env.WHEELHOUSE_URL);
  await page.locator('main').first().waitFor();
  await page.waitForTimeout(1500);
  await body(page);
  const marks = await page.evaluate(() => Object.entries(window.counted)
    .filter(([name, mark]) => name.startsWith('entered ') && mark.value === 1)
    .map(([name]) => Number(name.slice('entered '.length))));
  for (const mark of marks) entered.add(names[mark]);
  console.log(`    ${lang}: ${marks.length} of ${names.length} functions`);
  await context.close();
}

await visit('en-US', 'light', { width: 1440, height: 900 }, async (page) => {
  // These wait for the rest, which never comes to the program that counts.
  await page.evaluate(() => { window.wheelhouse.exec('true'); window.wheelhouse.state(); });
  await page.locator('#prompt').fill('true');
  await page.locator('#prompt').press('Enter');
  await page.waitForTimeout(500);
});
await visit('ko-KR', 'dark', { width: 390, height: 844 }, async (page) => {
  await page.evaluate(() => dispatchEvent(new CustomEvent('wheelhouse-rest', { detail: 'late' })));
  await page.waitForTimeout(500);
});
await browser.close();

// Functions of std and of the page come first in any case (xtask/split/src/plan.rs).
const sorted = [...entered].filter(Boolean).sort();
writeFileSync(hotFile, `# Functions that a first visit enters. Written by \`cargo xtask profile\`.\n${sorted.join('\n')}\n`);

/** 32 bits of FNV-1a, as xtask/split/src/profile.rs computes it. */
function digest(name) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
const cold = [...new Set(names.filter((name) => !entered.has(name)).map(digest))].sort();
const lines = cold.map((one, at) => one + (at % 13 === 12 ? '\n' : ' ')).join('').trimEnd();
writeFileSync(coldFile, `# Digests of the names of all other functions. Written by \`cargo xtask profile\`.\n${lines.replace(/ \n/g, '\n')}\n`);
console.log(`    ${sorted.length} names`);
