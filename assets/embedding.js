// Builds the snippet that embeds a lesson, and shows what it does.

const asked = new URLSearchParams(location.hash.slice(1));
const by = (id) => document.getElementById(id);
const lang = by('lang');
lang.value = asked.get('lang') ?? (navigator.language.startsWith('ko') ? 'ko' : 'en');

const list = await fetch('lessons/index.json').then((answer) => answer.json()).then((index) => index.lessons, () => []);

function speak() {
  document.documentElement.lang = lang.value;
  for (const element of document.querySelectorAll('[data-en]')) element.textContent = element.dataset[lang.value];
  const chosen = by('lesson').value || asked.get('lesson');
  by('lesson').replaceChildren(...list.map((one) => new Option(one.title[lang.value], one.slug, false, one.slug === chosen)));
}

/** The lines to paste. They hold no secret and ask for nothing of the page around them. */
function snippet(address, lesson, strict) {
  const sandbox = strict ? 'allow-scripts' : 'allow-scripts allow-same-origin allow-downloads allow-modals';
  return `<iframe src="${address}" title="${lesson}" width="100%" height="720" style="border:0" sandbox="${sandbox}"></iframe>
<script>
  addEventListener('message', (event) => {
    const frame = [...document.querySelectorAll('iframe')].find((one) => one.contentWindow === event.source);
    if (!frame || event.data?.wheelhouse !== 1) return;
    if (event.data.type === 'height') frame.height = event.data.height;
    if (event.data.type === 'completed') console.log('done:', event.data.lesson);
  });
</` + `script>`;
}

function show() {
  const lesson = by('lesson').value;
  const address = new URL(`embed.html#lesson=${lesson}&lang=${lang.value}`, location.href).href;
  const text = snippet(address, lesson, by('strict').checked);
  by('snippet').value = text;
  by('messages').replaceChildren();
  const frame = document.createElement('iframe');
  frame.src = address;
  frame.title = lesson;
  frame.width = '100%';
  frame.height = '720';
  frame.setAttribute('sandbox', /sandbox="([^"]*)"/.exec(text)[1]);
  by('frame').replaceChildren(frame);
}

addEventListener('message', (event) => {
  const frame = document.querySelector('iframe');
  if (event.source !== frame?.contentWindow || event.data?.wheelhouse !== 1) return;
  if (event.data.type === 'height') frame.height = event.data.height;
  const line = document.createElement('li');
  line.textContent = JSON.stringify(event.data);
  by('messages').prepend(line);
});
by('copy').addEventListener('click', async () => {
  const done = await navigator.clipboard.writeText(by('snippet').value).then(() => true, () => false);
  by('snippet').select();
  const words = { en: ['Copied', 'Press Ctrl C to copy'], ko: ['복사했습니다', 'Ctrl C로 복사합니다'] };
  by('said').textContent = words[lang.value][done ? 0 : 1];
});
by('lesson').addEventListener('change', show);
by('strict').addEventListener('change', show);
lang.addEventListener('change', () => { speak(); show(); });
speak();
show();
