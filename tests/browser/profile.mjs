// Plays visits on the program that counts (`cargo xtask profile`), and writes which functions they entered. Arguments:
// the names in the order of the program's marks, and the three files to write.
//
// A first visit: the page appears in both languages and themes, with the nodes of a cluster in which time stands
// still. What that does not enter is downloaded meanwhile; the cluster and its commands wait for it.
// Usual sessions: what most learners do with workloads, Services, configuration, volumes and the page's panels, and what
// each lesson of the course has them type. What they do not enter is downloaded when somebody calls it.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [namesFile, hotFile, warmFile, coldFile] = process.argv.slice(2);
const names = readFileSync(namesFile, 'utf8').split('\n').slice(0, -1);

const LESSONS = new URL('../../lessons/', import.meta.url);
const lessons = readdirSync(LESSONS, { withFileTypes: true }).filter((one) => one.isDirectory()).map((one) => one.name);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});

/** `fragment` is what stands after the #; a `newcomer` is offered the tour. */
async function visit(entered, lang, theme, viewport, body, { fragment = '', newcomer = false } = {}) {
  const context = await browser.newContext({ locale: lang, colorScheme: theme, viewport });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on('pageerror', (error) => { throw error; });
  if (!newcomer) await page.addInitScript(() => localStorage.setItem('wheelhouse.1.tour', '1'));
  // The program that counts is whole: it introduces itself to us instead of the start script.
  await page.addInitScript(() => {
    Object.defineProperty(window, 'wheelhouseStarted', { get: () => (parts) => { window.counted = parts; }, set: () => {} });
  });
  await page.goto(process.env.WHEELHOUSE_URL + (fragment && `#${fragment}`));
  await page.locator('main').first().waitFor();
  await page.waitForTimeout(1500);
  await body(page);
  const count = await noteEntered(page, entered);
  console.log(`    ${fragment || 'start'}, ${lang}: ${count} of ${names.length} functions`);
  await context.close();
}

/** Adds to `entered` what the page has entered so far. */
async function noteEntered(page, entered) {
  const marks = await page.evaluate(() => Object.entries(window.counted)
    .filter(([name, mark]) => name.startsWith('entered ') && mark.value === 1)
    .map(([name]) => Number(name.slice('entered '.length))));
  for (const mark of marks) entered.add(names[mark]);
  return marks.length;
}

const first = new Set();
await visit(first, 'en-US', 'light', { width: 1440, height: 900 }, async (page) => {
  // These wait for the rest, which never comes to the program that counts.
  await page.evaluate(() => { window.wheelhouse.exec('true'); window.wheelhouse.state(); });
  await page.locator('#prompt').fill('true');
  await page.locator('#prompt').press('Enter');
  await page.waitForTimeout(500);
  // A first press is answered before the rest is there.
  await page.locator('.top .right > .ibtn').last().click();
  await page.waitForTimeout(500);
  await page.evaluate(() => dispatchEvent(new CustomEvent('wheelhouse-rest', { detail: 'late' })));
  await page.waitForTimeout(2500);
});
await visit(first, 'ko-KR', 'dark', { width: 390, height: 844 }, async (page) => {
  await page.evaluate(() => dispatchEvent(new CustomEvent('wheelhouse-rest', { detail: 'late' })));
  await page.waitForTimeout(500);
});

// The playground instead of the first lesson, in the language and from the seed that the address names.
await visit(first, 'en-US', 'light', { width: 1440, height: 900 }, async () => {}, { fragment: 'free', newcomer: true });
await visit(first, 'en-US', 'dark', { width: 390, height: 844 }, async () => {}, { fragment: 'free&lang=ko&seed=7' });

// Other windows draw by other rules.
const WINDOWS = [{ width: 1280, height: 720 }, { width: 1024, height: 768 }, { width: 1920, height: 1080 }];
for (const window of WINDOWS) await visit(first, 'en-US', 'light', window, async () => {});

const MANIFEST = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue, app.conf: "a=1\n"}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      initContainers: [{name: wait, image: busybox:1.36, command: [sh, -c, "echo ready; sleep 1"]}]
      containers:
      - name: web
        image: nginx:1.25
        ports: [{containerPort: 80, name: http}]
        env: [{name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}]
        envFrom: [{secretRef: {name: keys, optional: true}}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 2}
        livenessProbe: {tcpSocket: {port: 80}}
        resources: {requests: {cpu: 50m, memory: 32Mi}, limits: {memory: 128Mi}}
        volumeMounts: [{name: conf, mountPath: /etc/shop}, {name: scratch, mountPath: /scratch}]
      volumes: [{name: conf, configMap: {name: settings}}, {name: scratch, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {type: NodePort, selector: {app: shop}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: sum}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1.36", command: [sh, -c, "echo $((1+2))"]}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: "redis:7", volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
`;

const COMMANDS = `kubectl get nodes -o wide
kubectl create deployment web --image=nginx:1.25 --replicas=3
kubectl rollout status deployment/web
kubectl get pods -o wide
kubectl get all
kubectl describe deployment web
kubectl describe pod -l app=web
kubectl scale deployment web --replicas=5
kubectl set image deployment/web nginx=nginx:1.27
kubectl rollout history deployment/web
kubectl rollout undo deployment/web
kubectl expose deployment web --port=80
kubectl get svc,endpoints,endpointslices
kubectl run probe --image=busybox:1.36 --restart=Never --rm -it -- wget -qO- web
kubectl exec deploy/web -- ls /
kubectl exec deploy/shop -- cat /etc/shop/app.conf
kubectl logs deploy/web
kubectl logs job/sum
kubectl get pods -o yaml
kubectl get deploy web -o json
kubectl get pods -o jsonpath='{.items[*].metadata.name}'
kubectl get pods -o custom-columns=NAME:.metadata.name
kubectl get pods --sort-by=.metadata.name -A
kubectl get pods -l app=web --show-labels
kubectl label deployment web tier=front
kubectl annotate deployment web note=x
kubectl create configmap plain --from-literal=a=b
kubectl create secret generic keys --from-literal=p=q
kubectl get cm,secret,pvc,pv,sc,job,sts,rs
kubectl describe svc shop
kubectl describe pvc data
kubectl describe node
kubectl autoscale deployment web --min=2 --max=4 --cpu=50%
kubectl get hpa
kubectl get events
kubectl run bad --image=nginx:9.99
kubectl get pod bad
kubectl describe pod bad
kubectl patch deployment web -p '{"spec":{"replicas":2}}'
kubectl get nothing
kubectl get pod missing
kubectl delete pod -l app=web
kubectl cordon node-1
kubectl uncordon node-1
kubectl create namespace team
kubectl -n team run x --image=nginx
kubectl config set-context --current --namespace=team
kubectl get pods
kubectl config set-context --current --namespace=default
kubectl explain pod.spec
kubectl api-resources
kubectl version
kubectl diff -f shop.yaml
kubectl why pod bad
kubectl delete deployment web
kubectl delete ns team
ls
cat shop.yaml | head -3
echo done > note.txt
curl -s localhost
help`.split('\n');

/** The program that counts is whole: there is nothing to wait for. */
function complete(page) {
  return page.evaluate(() => {
    delete window.wheelhouseRest;
    dispatchEvent(new CustomEvent('wheelhouse-rest', { detail: 'here' }));
  });
}

/** The tour from end to end, and back by a step. */
async function touring(page) {
  await complete(page);
  await page.locator('.tour .card').waitFor();
  for (const key of ['ArrowRight', 'ArrowLeft', ...Array(8).fill('ArrowRight')]) {
    await page.keyboard.press(key);
    await page.waitForTimeout(150);
  }
  await page.waitForTimeout(1500);
}

/** Runs a line, and leaves it running after `patienceMs`. */
const exec = (page, line, patienceMs) => page.evaluate(([line, patienceMs]) => Promise.race([window.wheelhouse.exec(line),
  new Promise((over) => { setTimeout(over, patienceMs); })]), [line, patienceMs]);
const advance = (page, ms) => page.evaluate((ms) => window.wheelhouse.advance(ms), ms);

/** Every line that the lesson's text shows, in its order, hints included. */
async function learning(page, lesson) {
  const text = readFileSync(new URL(`${lesson}/en.md`, LESSONS), 'utf8');
  for (const [, block] of text.matchAll(/^```sh.*\n([^]*?)^```/gm)) {
    const lines = block.includes('<<') ? [block] : block.trim().split('\n');
    for (const line of lines) {
      await exec(page, line, 3_000);
      await advance(page, 8_000);
    }
  }
}

async function usual(page) {
  await complete(page);
  await page.evaluate((yaml) => window.wheelhouse.apply(yaml), MANIFEST);
  await page.evaluate(() => window.wheelhouse.apply('apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {container: []}\n'));
  await exec(page, `cat > shop.yaml <<'E'\n${MANIFEST}E`, 20_000);
  await exec(page, 'kubectl apply -f shop.yaml', 20_000);
  await advance(page, 20_000);
  for (const line of COMMANDS) {
    await exec(page, line, 20_000);
    await advance(page, 3_000);
  }
  await advance(page, 400_000);
  const prompt = page.locator('#prompt');
  await prompt.fill('kubectl get po');
  await prompt.press('Tab');
  await prompt.press('Enter');
  await prompt.press('ArrowUp');
  // Every panel and every thing on the stage once, by whatever answers to a press.
  for (const selector of ['.dock .tabs button', '.stage button', '.stage [role=button]', '.inspector button', '.timeline button']) {
    const all = page.locator(selector);
    for (let at = 0; at < Math.min(await all.count(), 12); at += 1) {
      await all.nth(at).click({ timeout: 1500, force: true }).catch(() => {});
      await page.waitForTimeout(120);
    }
  }
  await page.keyboard.press('Escape');
  for (const window of WINDOWS) {
    await page.setViewportSize(window);
    await page.waitForTimeout(600);
  }
}

const sessions = new Set();
await visit(sessions, 'en-US', 'light', { width: 1440, height: 900 }, usual);
await visit(sessions, 'ko-KR', 'dark', { width: 390, height: 844 }, usual);
for (const lesson of lessons) {
  await visit(sessions, 'en-US', 'light', { width: 1440, height: 900 }, async (page) => {
    await noteEntered(page, first);
    await complete(page);
    await page.waitForTimeout(300);
    await learning(page, lesson);
  }, { fragment: `lesson=${lesson}` });
}
await visit(sessions, 'en-US', 'light', { width: 1440, height: 900 }, touring, { newcomer: true });
await visit(sessions, 'ko-KR', 'light', { width: 390, height: 844 }, touring, { newcomer: true, fragment: 'free' });
await browser.close();

// Functions of std and of the page come first in any case (xtask/split/src/plan.rs).
const sorted = [...first].filter(Boolean).sort();
writeFileSync(hotFile, `# Functions that a first visit enters. Written by \`cargo xtask profile\`.\n${sorted.join('\n')}\n`);

/** 32 bits of FNV-1a, as xtask/split/src/profile.rs computes it. */
function digest(name) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function writeDigests(file, what, some) {
  const all = [...new Set(some.map(digest))].sort();
  const lines = all.map((one, at) => one + (at % 13 === 12 ? '\n' : ' ')).join('').trimEnd();
  writeFileSync(file, `# Digests of the names of ${what}. Written by \`cargo xtask profile\`.\n${lines.replace(/ \n/g, '\n')}\n`);
}

const warm = [...sessions].filter((name) => name && !first.has(name));
writeDigests(warmFile, 'functions that usual sessions enter besides', warm);
writeDigests(coldFile, 'all other functions', names.filter((name) => !first.has(name) && !sessions.has(name)));
console.log(`    ${sorted.length} names of a first visit, ${warm.length} more of usual sessions`);
