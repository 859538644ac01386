// Opens the built page in a headless Chromium and drives it as a visitor would.
// Every visit notes what went wrong on its way: console errors, exceptions, failed or foreign requests.
// Run by `cargo xtask test browser`, which sets WHEELHOUSE_URL and CHROMIUM. By hand: `cargo xtask serve` in one
// terminal, `node --test suite/` in another. THROTTLE=4 slows the page down four times, LATE_MS=250 lets each of
// its frames come that much later: what fails then depends on speed.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const url = process.env.WHEELHOUSE_URL ?? 'http://127.0.0.1:8080/';
const output = path.join(path.dirname(fileURLToPath(import.meta.url)), 'output');
const patienceMs = 30_000;
/** How many times slower than this machine the page's processor is to be. */
const throttle = Number(process.env.THROTTLE ?? 1);
/** How much later than usual each frame of the page comes. */
const lateMs = Number(process.env.LATE_MS ?? 0);

export const viewports = {
  desktop: { width: 1440, height: 900 },
  laptop: { width: 1280, height: 720 },
  tablet: { width: 820, height: 1180 },
  phone: { width: 390, height: 844 },
};

/** The documentation's first Deployment. */
export const nginx = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx-deployment
  labels:
    app: nginx
spec:
  replicas: 3
  selector:
    matchLabels:
      app: nginx
  template:
    metadata:
      labels:
        app: nginx
    spec:
      containers:
      - name: nginx
        image: nginx:1.14.2
        ports:
        - containerPort: 80
`;


const locales = { en: 'en-US', ko: 'ko-KR' };

function executable() {
  const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const found = places.find((place) => place && existsSync(place));
  assert.ok(found, 'no Chromium: set CHROMIUM to its path');
  return found;
}

let running;

/** The browser of this test file: started when first asked for, closed after the last test. */
function browser() {
  running ??= chromium.launch({
    executablePath: executable(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
  return running;
}

after(async () => {
  if (running) await (await running).close();
});

/** One visitor's view of the page. */
class Visit {
  /** What went wrong so far, in words. */
  problems = [];
  /** Paths fetched so far, relative to the page. */
  fetched = [];

  constructor(context, page, pardoned) {
    this.context = context;
    this.page = page;
    this.pardoned = pardoned;
    page.on('console', (message) => {
      if (message.type() === 'error') this.note(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.note(`exception: ${error.message}`));
    page.on('requestfailed', (request) => {
      this.note(`request failed: ${request.url()} ${request.failure()?.errorText}`);
    });
    page.on('request', (request) => {
      const asked = request.url();
      if (asked.startsWith(url)) this.fetched.push(asked.slice(url.length));
      else if (!/^(data|blob|about):/.test(asked)) this.note(`request to elsewhere: ${asked}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.note(`${response.status()} for ${response.url()}`);
    });
  }

  note(problem) {
    if (!this.pardoned?.test(problem)) this.problems.push(problem);
  }

  /** Types nothing: runs a line of the learner's shell through window.wheelhouse. */
  exec(line) {
    return this.page.evaluate((line) => window.wheelhouse.exec(line), line);
  }

  /** Applies a manifest through window.wheelhouse. */
  apply(yaml) {
    return this.page.evaluate((yaml) => window.wheelhouse.apply(yaml), yaml);
  }

  /** Lets cluster time pass. */
  advance(ms) {
    return this.page.evaluate((ms) => window.wheelhouse.advance(ms), ms);
  }

  /** What window.wheelhouse.state() tells. */
  state() {
    return this.page.evaluate(() => window.wheelhouse.state());
  }

  /** Keeps a picture in output/. */
  async screenshot(name, options = {}) {
    mkdirSync(output, { recursive: true });
    await this.page.screenshot({ path: path.join(output, `${name}.png`), ...options });
  }

  /** What axe-core holds against the page, as short lines; `tags` narrows its rules. */
  async accessibilityProblems(tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']) {
    const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    // By the debugging protocol, which the page's content security policy does not concern.
    await this.page.evaluate(source);
    const result = await this.page.evaluate((tags) => window.axe.run({ runOnly: { type: 'tag', values: tags } }), tags);
    return result.violations.map((rule) => {
      const nodes = rule.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ');
      return `${rule.id} (${rule.impact}): ${rule.help}: ${nodes}`;
    });
  }
}

/**
 * Opens the page, waits until it can be used, runs `body(visit)`, and fails if anything went wrong on the way.
 * `lang` is 'en' or 'ko', `theme` 'light' or 'dark', `fragment` what stands after the #. `prepare(page)` runs before
 * the page opens; a problem that matches `pardoned` is none. With `tour`, the visitor has never been here.
 */
export async function visiting(options, body) {
  const { lang = 'en', theme = 'light', viewport = viewports.desktop, motion = 'reduce', fragment = '', tour = false, prepare, pardoned } = options;
  const context = await (await browser()).newContext({
    locale: locales[lang], colorScheme: theme, viewport, reducedMotion: motion, timezoneId: 'UTC',
  });
  context.setDefaultTimeout(patienceMs);
  try {
    const visit = new Visit(context, await context.newPage(), pardoned);
    try {
      // Who comes back has seen the tour.
      if (!tour) await visit.page.addInitScript(() => { try { localStorage.setItem('wheelhouse.1.tour', '1'); } catch { /* storage is blocked */ } });
      if (throttle > 1) {
        const client = await context.newCDPSession(visit.page);
        await client.send('Emulation.setCPUThrottlingRate', { rate: throttle });
      }
      if (lateMs) {
        await visit.page.addInitScript((ms) => {
          const soon = window.requestAnimationFrame.bind(window);
          window.requestAnimationFrame = (draw) => setTimeout(() => soon(draw), ms);
        }, lateMs);
      }
      await prepare?.(visit.page);
      await visit.page.goto(url + (fragment ? `#${fragment}` : ''));
      await usable(visit);
      await body(visit);
      assert.deepEqual(visit.problems, []);
    } catch (error) {
      await visit.screenshot(`failed-${lang}-${theme}-${viewport.width}`).catch(() => {});
      if (visit.problems.length) error.message += `\nThe page noted:\n  ${visit.problems.join('\n  ')}`;
      throw error;
    }
  } finally {
    await context.close();
  }
}

/** A page is usable once its main part shows; a problem on the way there ends the wait early. */
async function usable(visit) {
  const deadline = performance.now() + patienceMs;
  while (!(await visit.page.locator('main').first().isVisible())) {
    assert.ok(performance.now() < deadline, 'the page never showed its main part');
    assert.deepEqual(visit.problems, []);
    await visit.page.waitForTimeout(50);
  }
}
