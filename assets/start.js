// Fetches the rest of the program (src/rest.rs) while the page already works, and puts it in place. Before these lines
// xtask writes REST and SELDOM, where they are, and LATER, where the parts are that are fetched on first use (src/later.rs); after them, trunk's lines that start the first part.

/** What the first part exports, once it runs. */
let first;
/** The rest, once it has been fetched and compiled. */
let rest;
let placed = false;

function place() {
  if (placed) return;
  new WebAssembly.Instance(rest, { first });
  first.$ready.value = 1;
  placed = true;
  // What says that the rest is still to come (src/rest.rs).
  delete globalThis.wheelhouseRest;
  // Not at once: the program may be in the middle of a call that needed the rest.
  setTimeout(() => tell('here'));
}

function tell(word) {
  dispatchEvent(new CustomEvent('wheelhouse-rest', { detail: word }));
}

/** The first part is about to run: a line that xtask puts into wasm-bindgen's script says so. */
globalThis.wheelhouseStarted = (exports) => {
  first = exports;
  if (rest) place();
};

/** Fetches a part while everything waits. */
function now(url) {
  const request = new XMLHttpRequest();
  request.open('GET', url, false);
  // One character for each byte: a request that is waited for may not answer with bytes.
  request.overrideMimeType('text/plain; charset=x-user-defined');
  request.send();
  if (request.status !== 200) throw new Error(`a part of Wheelhouse did not load (${request.status}): ${url}`);
  return new WebAssembly.Module(Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0)));
}

function restNow() {
  rest ??= now(REST);
  place();
}

/** A function of the rest is called this very moment. */
globalThis.wheelhouseRest = restNow;

/** A function that is seldom used is called this very moment. The rest has to be in place before what it leads to. */
globalThis.wheelhouseSeldom = () => {
  restNow();
  new WebAssembly.Instance(now(SELDOM), { first });
  first['$seldom-ready'].value = 1;
};

async function compiled() {
  const response = await fetch(REST, { priority: 'low' });
  if (!response.ok) throw new Error(`${response.status} for ${REST}`);
  const copy = response.clone();
  // A host that does not know wasm serves it under another type.
  return WebAssembly.compileStreaming(response).catch(async () => WebAssembly.compile(await copy.arrayBuffer()));
}

/** A part for later, by its name: a module for a script, a text for anything else. */
globalThis.wheelhouseLater = async (name) => {
  const url = new URL(LATER[name], import.meta.url).href;
  if (name.endsWith('.js')) return import(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} for ${url}`);
  return response.text();
};

(async () => {
  for (let waitMs = 1000; !rest; waitMs = Math.min(2 * waitMs, 30_000)) {
    try {
      rest ??= await compiled();
    } catch (error) {
      console.warn(error);
      tell('late');
      await new Promise((over) => setTimeout(over, waitMs));
    }
  }
  if (first) place();
})();
