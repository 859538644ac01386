// The manifest editor: CodeMirror, told by the engine (through the functions it is given) what may stand where.
// Bundled by `cargo xtask build` into later/, and fetched when somebody first goes to the editor.

import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentLess, insertTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { forceLinting, lintGutter, lintKeymap, linter } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--t-act)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--t-ok)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--t-work)' },
  { tag: [tags.comment, tags.meta], color: 'var(--t-dim)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'transparent', color: 'var(--t-ink)', fontSize: '12px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '18px' },
  '.cm-content': { caretColor: 'var(--t-ink)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--t-ink)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--t-dim)', border: '0' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: '#ffffff0d' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: '#3a5f78' },
  '.cm-tooltip': { backgroundColor: 'var(--paper)', color: 'var(--ink)', border: '1px solid var(--edge)', borderRadius: '6px', maxWidth: '44ch' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--act-bg)', color: 'var(--ink)' },
  '.cm-completionDetail': { color: 'var(--ink3)', fontStyle: 'normal' },
  '.cm-hover': { padding: '6px 10px', fontFamily: 'var(--sans)', fontSize: '12.5px', lineHeight: '1.5', whiteSpace: 'pre-wrap' },
  '.cm-panels': { backgroundColor: 'var(--term2)', color: 'var(--t-ink)' },
  '.cm-diagnostic': { fontFamily: 'var(--sans)', fontSize: '12.5px' },
}, { dark: true });

/**
 * Puts an editor into `parent`. `told`: doc, label, change(text), complete(text, at), lint(text), hover(text, at),
 * apply(), leave(). Places are counted in UTF-16 units, as CodeMirror and the DOM count them.
 */
export function mount(parent, told) {
  let quiet = false;
  const completions = (context) => {
    const found = told.complete(context.state.doc.toString(), context.pos, context.explicit);
    return found && { from: found.from, options: found.options, validFor: /^[\w./-]*$/ };
  };
  const diagnostics = (view) => told.lint(view.state.doc.toString()).map((one) => {
    const line = view.state.doc.line(Math.min(Math.max(one.line, 1), view.state.doc.lines));
    const from = Math.min(line.from + Math.max(one.column - 1, 0), line.to);
    const word = /^[^\s:]*/.exec(view.state.doc.sliceString(from, line.to))[0].length;
    const actions = one.want ? [{
      name: one.fix,
      apply(view, from, to) { view.dispatch({ changes: { from, to, insert: one.want } }); },
    }] : [];
    return { from, to: from + Math.max(word, from < line.to ? 1 : 0), severity: one.severity, message: one.message, actions };
  });
  const hover = hoverTooltip((view, at) => {
    const found = told.hover(view.state.doc.toString(), at);
    if (!found) return null;
    return {
      pos: found.from, end: found.to, above: true,
      create() {
        const dom = document.createElement('div');
        dom.className = 'cm-hover';
        dom.lang = 'en';
        dom.textContent = found.text;
        return { dom };
      },
    };
  });
  const own = Prec.highest(keymap.of([
    { key: 'Mod-Enter', run: () => (told.apply(), true) },
    { key: 'Tab', run: (view) => acceptCompletion(view) || insertTab(view), shift: indentLess },
  ]));
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: told.doc,
      extensions: [
        own, lineNumbers(), lintGutter(), history(), drawSelection(), indentUnit.of('  '), indentOnInput(),
        EditorState.tabSize.of(2), bracketMatching(), closeBrackets(), highlightActiveLine(), highlightActiveLineGutter(),
        highlightSelectionMatches(), search({ top: true }), yaml(), syntaxHighlighting(colours), look,
        autocompletion({ override: [completions], icons: false }), linter(diagnostics, { delay: 250 }), hover,
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
        keymap.of([{ key: 'Escape', run: () => (told.leave(), true) }]),
        EditorState.phrases.of(told.phrases ?? {}),
        EditorView.contentAttributes.of({ id: 'manifest', tabindex: '0', 'aria-label': told.label, spellcheck: 'false', autocapitalize: 'off' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) told.change(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    set(text) {
      if (text === view.state.doc.toString()) return;
      quiet = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      quiet = false;
    },
    place(at) { view.dispatch({ selection: { anchor: Math.min(at, view.state.doc.length) }, scrollIntoView: true }); },
    line(number) {
      const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
      view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: 'center' }) });
      view.focus();
    },
    focus() { view.focus(); },
    check() { forceLinting(view); },
  };
}
