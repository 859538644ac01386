//! The console and its prompt.

use leptos::html::{Div, Input};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, Document, Element, KeyboardEvent};

use super::{common_prefix, recall, search, split_at_utf16};
use crate::app::{App, focus, ic, word};
use crate::console::{Kind, coloured};

#[component]
pub fn Console(app: App) -> impl IntoView {
    let (scroll, lines, input) = (NodeRef::<Div>::new(), NodeRef::<Div>::new(), NodeRef::<Input>::new());
    let candidates = RwSignal::new(Vec::<(String, String)>::new());
    let at = StoredValue::new(0_usize);
    let shown = StoredValue::new((0_usize, 0_usize));
    // What is searched for in the history, and the place of the match shown.
    let sought = RwSignal::new(None::<(String, usize)>);
    Effect::new(move |_| {
        app.console.track();
        if let (Some(root), Some(scroll)) = (lines.get(), scroll.get()) {
            let (first, end) = shown.get_value();
            shown.set_value(print(app, &root, first, end));
            scroll.set_scroll_top(scroll.scroll_height());
        }
    });
    let value = move || input.get().map(|i| i.value()).unwrap_or_default();
    let set = move |text: &str| {
        if let Some(input) = input.get() {
            input.set_value(text);
        }
    };
    let send = move || {
        let line = value();
        set("");
        at.set_value(0);
        candidates.set(Vec::new());
        app.run(&line);
    };
    let complete = move || {
        let Some(input) = input.get() else { return };
        let line = input.value();
        let cursor = input.selection_start().ok().flatten().unwrap_or(0) as usize;
        let (before, after) = split_at_utf16(&line, cursor);
        let (start, found) = app.act(|s| s.complete(before, before.len()));
        let words: Vec<&str> = found.iter().map(|c| c.text.as_str()).collect();
        let typed = &before[start..];
        let common = common_prefix(&words);
        if common.len() > typed.len() || found.len() == 1 {
            let done = found.len() == 1 && !common.ends_with(['=', '/', ' ']) && !after.starts_with(' ');
            let space = if done { " " } else { "" };
            let head = format!("{}{common}{space}", &before[..start]);
            let place = u32::try_from(head.encode_utf16().count()).unwrap_or(0);
            input.set_value(&format!("{head}{after}"));
            drop(input.set_selection_range(place, place));
        }
        // A single candidate is already in the line; several are worth a list.
        let several = found.len() > 1;
        let list = found.into_iter().filter(|_| several).take(60).map(|c| (c.text, c.description));
        candidates.set(list.collect());
    };
    let older = move |older: bool| {
        let next = app.history.with_value(|all| {
            let place = recall(all.len(), at.get_value(), older);
            at.set_value(place);
            all.len().checked_sub(place).and_then(|i| all.get(i)).cloned().unwrap_or_default()
        });
        set(&next);
    };
    let seek = move || {
        let (needle, end) = sought.get_untracked().unwrap_or_else(|| (value(), usize::MAX));
        let found = app.history.with_value(|all| search(all, end, &needle).map(|at| (at, all[at].clone())));
        match found {
            Some((at, line)) => {
                set(&line);
                sought.set(Some((needle, at)));
            }
            None => sought.set(Some((needle, end))),
        }
    };
    let keys = move |event: KeyboardEvent| {
        // While Hangul is being composed, every key belongs to the composition.
        if event.is_composing() || event.key_code() == 229 {
            return;
        }
        let control = event.ctrl_key() && !event.alt_key() && !event.meta_key();
        if !control && sought.get_untracked().is_some() {
            sought.set(None);
        }
        match event.key().as_str() {
            "Enter" => send(),
            // On an empty line Tab moves on, so that the prompt is no trap.
            "Tab" if !event.shift_key() && !value().is_empty() => complete(),
            "ArrowUp" => older(true),
            "ArrowDown" => older(false),
            "Escape" => candidates.set(Vec::new()),
            "c" if control && selection_is_empty() => {
                set("");
                candidates.set(Vec::new());
                app.act(crate::session::Session::interrupt);
            }
            "d" if control && value().is_empty() => app.act(crate::session::Session::end_of_input),
            "l" if control => app.act(crate::session::Session::clear),
            "u" if control => set(""),
            "r" if control => seek(),
            _ => return,
        }
        event.prevent_default();
    };
    let paste = move |event: ClipboardEvent| {
        let text = event.clipboard_data().and_then(|d| d.get_data("text").ok()).unwrap_or_default();
        if !text.contains('\n') {
            return;
        }
        // An input would join the lines; a shell takes them one by one.
        event.prevent_default();
        let all = format!("{}{}", value(), text.replace('\r', ""));
        let (whole, last) = all.rsplit_once('\n').unwrap_or(("", &all));
        app.run_all(whole);
        set(last);
    };
    let to_prompt = move |_| {
        if selection_is_empty() {
            focus("#prompt");
        }
    };
    view! {
        <div class="tty" on:mouseup=to_prompt>
            <div class="scroll" node_ref=scroll tabindex="0" role="log" aria-label=word(app, |t| t.output)>
                <p class="remark">{word(app, |t| t.welcome)}</p>
                <div class="lines" node_ref=lines lang="en"></div>
                <div class="ask" class:busy=move || app.running.get()>
                    <label for="prompt" class="sign" aria-label=move || prompt_label(app)>
                        {move || if app.continues.get() { ">" } else { "$" }}
                    </label>
                    <input
                        id="prompt"
                        node_ref=input
                        type="text"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        enterkeyhint="send"
                        on:keydown=keys
                        on:paste=paste
                        on:input=move |_| candidates.set(Vec::new())
                    />
                    <Show when=move || app.running.get()>
                        <span class="busyword">{word(app, |t| t.running)}</span>
                        <button
                            class="stop"
                            aria-label=word(app, |t| t.interrupt)
                            title=word(app, |t| t.interrupt)
                            on:click=move |_| app.act(crate::session::Session::interrupt)
                        >
                            "^C"
                        </button>
                    </Show>
                </div>
                <Show when=move || sought.get().is_some()>
                    <p class="remark" role="status">
                        {move || (app.texts().searching)(&sought.get().unwrap_or_default().0).to_string()}
                    </p>
                </Show>
                <ul class="cands" aria-label=word(app, |t| t.candidates)>
                    <For each=move || candidates.get() key=|c| c.0.clone() let:candidate>
                        <li>
                            <code>{candidate.0}</code>
                            <span>{candidate.1}</span>
                        </li>
                    </For>
                </ul>
            </div>
            <div class="keys" role="group" aria-label=word(app, |t| t.keys)>
                <button on:click=move |_| { complete(); focus("#prompt"); }>"Tab"</button>
                <button
                    aria-label=word(app, |t| t.previous_command)
                    on:click=move |_| { older(true); focus("#prompt"); }
                >
                    "↑"
                </button>
                {["kubectl", "get", "describe", "pods", "-o wide", "-w"].map(|word| view! {
                    <button on:click=move |_| {
                        let line = value();
                        let gap = if line.is_empty() || line.ends_with(' ') { "" } else { " " };
                        set(&format!("{line}{gap}{word} "));
                        focus("#prompt");
                    }>{word}</button>
                }).collect_view()}
                <button on:click=move |_| send() aria-label="Enter">{ic("#i-enter")}</button>
            </div>
        </div>
    }
}

fn prompt_label(app: App) -> &'static str {
    if app.continues.get() { app.texts().prompt_more } else { app.texts().prompt }
}

fn selection_is_empty() -> bool {
    let selection = window().get_selection().ok().flatten();
    selection.is_none_or(|s| s.is_collapsed())
}

/// Brings the lines on the page up to date; lines before `shown_first` and from `shown_end` on are not there yet.
/// The last line is printed anew: it may have grown.
fn print(app: App, root: &Element, shown_first: usize, shown_end: usize) -> (usize, usize) {
    let document = document();
    app.ask(|session| {
        let console = &session.console;
        let (first, end) = (console.first(), console.end());
        if first >= shown_end {
            root.set_text_content(None);
        } else {
            for _ in shown_first..first {
                if let Some(child) = root.first_element_child() {
                    child.remove();
                }
            }
        }
        if shown_end > first
            && let Some(last) = root.last_element_child()
        {
            last.remove();
        }
        for number in shown_end.saturating_sub(1).max(first)..end {
            let Some(line) = console.line(number) else { continue };
            let Some(row) = element(&document, "div", "") else { continue };
            match line.kind {
                Kind::Command => sign(&document, &row, "$ "),
                Kind::Continued => sign(&document, &row, "> "),
                Kind::Note => row.set_class_name("remark"),
                Kind::Out | Kind::Err => {}
            }
            for (class, text) in coloured(line) {
                if class.is_empty() {
                    drop(row.append_child(&document.create_text_node(text)));
                } else if let Some(span) = element(&document, "span", class) {
                    span.set_text_content(Some(text));
                    drop(row.append_child(&span));
                }
            }
            drop(root.append_child(&row));
        }
        (first, end)
    })
}

fn element(document: &Document, tag: &str, class: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    element.dyn_into().ok()
}

fn sign(document: &Document, row: &Element, text: &str) {
    row.set_class_name("cmd");
    if let Some(span) = element(document, "span", "ta") {
        span.set_text_content(Some(text));
        drop(row.append_child(&span));
    }
}
