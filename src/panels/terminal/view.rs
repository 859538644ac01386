//! The console and its prompt.

use leptos::html::{Div, Input};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, HtmlElement, KeyboardEvent};

use super::print::{self, Shown};
use super::{Search, common_prefix, recall, split_at_utf16};
use crate::app::{App, focus, ic, word};
use crate::session::Session;
use crate::stage::view::data_at;

/// Candidates listed at once.
const MOST: usize = 60;

/// Lines that wait for their turn and are shown.
const WAITING: usize = 5;

/// What Tab offered: the candidates with their descriptions, the text before and after the word they replace, and the
/// one that has been put in.
#[derive(Clone, Default, PartialEq)]
struct Offer {
    all: Vec<(String, String)>,
    before: String,
    after: String,
    at: Option<usize>,
}

#[component]
pub fn Console(app: App) -> impl IntoView {
    let (scroll, lines, live) = (NodeRef::<Div>::new(), NodeRef::<Div>::new(), NodeRef::<Div>::new());
    let input = NodeRef::<Input>::new();
    let offer = RwSignal::new(Offer::default());
    let at = StoredValue::new(0_usize);
    let shown = StoredValue::new(Shown::default());
    let sought = RwSignal::new(None::<Search>);
    Effect::new(move |_| {
        app.console.track();
        let in_place = app.in_place.get();
        if let (Some(root), Some(live), Some(scroll)) = (lines.get(), live.get(), scroll.get()) {
            let before = shown.get_value();
            let now = print::print(app, &root, before);
            shown.set_value(now);
            print::print_live(app, &root, &live, in_place);
            // What has been scrolled back to stays in view while a watch goes on.
            let below = scroll.scroll_height() - scroll.scroll_top() - scroll.client_height();
            if now != before || below < 80 {
                scroll.set_scroll_top(scroll.scroll_height());
            }
        }
    });
    // What is offered or found stands below the line, maybe out of sight.
    Effect::new(move |_| {
        if offer.with(|o| !o.all.is_empty()) || sought.with(Option::is_some) {
            request_animation_frame(move || reveal(scroll));
        }
    });
    let watching = Memo::new(move |_| {
        app.console.track();
        app.ask(|s| s.tab().console.live().is_some())
    });
    let sign = Memo::new(move |_| {
        app.console.track();
        app.ask(|s| {
            let tab = s.tab();
            match tab.console.tail() {
                Some(tail) if s.is_running() => tail.to_owned(),
                _ if tab.continues => ">".to_owned(),
                _ if s.is_running() => String::new(),
                _ => match s.directory().as_str() {
                    "~" => "$".to_owned(),
                    directory => format!("{directory} $"),
                },
            }
        })
    });
    let waiting = Memo::new(move |_| {
        app.console.track();
        app.ask(|s| s.tab().waiting().take(WAITING).map(str::to_owned).collect::<Vec<_>>())
    });
    let waits = move || {
        let texts = app.texts().terminal();
        if app.ask(Session::waits) { texts.waits_for_rest } else { texts.waits_for_turn }
    };
    let value = move || input.get().map(|i| i.value()).unwrap_or_default();
    let set = move |text: &str| {
        if let Some(input) = input.get() {
            input.set_value(text);
        }
    };
    let send = move || {
        let line = match sought.get_untracked() {
            Some(search) => app.recalled(|all| search.found(all).to_owned()),
            None => value(),
        };
        sought.set(None);
        set("");
        at.set_value(0);
        offer.set(Offer::default());
        app.type_line(&line);
    };
    let put_in = move |before: &str, word: &str, after: &str| {
        let Some(input) = input.get() else { return };
        let head = format!("{before}{word}");
        let place = u32::try_from(head.encode_utf16().count()).unwrap_or(0);
        input.set_value(&format!("{head}{after}"));
        drop(input.set_selection_range(place, place));
    };
    let take = move |index: usize| {
        let mut now = offer.get_untracked();
        let Some((word, _)) = now.all.get(index).cloned() else { return };
        put_in(&now.before, &word, &now.after);
        now.at = Some(index);
        offer.set(now);
    };
    let complete = move |back: bool| {
        let now = offer.get_untracked();
        if now.all.len() > 1 {
            // Again: the next of what is offered.
            let last = now.all.len() - 1;
            take(match (now.at, back) {
                (None, true) => last,
                (None, false) => 0,
                (Some(i), true) => i.checked_sub(1).unwrap_or(last),
                (Some(i), false) => {
                    if i == last {
                        0
                    } else {
                        i + 1
                    }
                }
            });
            return;
        }
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
            put_in(&before[..start], &format!("{common}{}", if done { " " } else { "" }), after);
        }
        // A single candidate is already in the line; several are worth a list.
        let several = found.len() > 1;
        let (before, after) = (before[..start].to_owned(), after.to_owned());
        let all: Vec<_> =
            found.into_iter().filter(|_| several).take(MOST).map(|c| (c.text, c.description)).collect();
        offer.set(Offer { all, before, after, at: None });
    };
    let older = move |older: bool| {
        let next = app.recalled(|all| {
            let place = recall(all.len(), at.get_value(), older);
            at.set_value(place);
            all.len().checked_sub(place).and_then(|i| all.get(i)).cloned().unwrap_or_default()
        });
        set(&next);
    };
    let stop_search = move |keep: bool| {
        if let Some(search) = sought.get_untracked() {
            let line = if keep { app.recalled(|all| search.found(all).to_owned()) } else { search.before };
            set(&line);
            sought.set(None);
        }
    };
    let keys = move |event: KeyboardEvent| {
        // While Hangul is being composed, every key belongs to the composition.
        if event.is_composing() || event.key_code() == 229 {
            return;
        }
        let control = event.ctrl_key() && !event.alt_key() && !event.meta_key();
        let searching = sought.get_untracked().is_some();
        match event.key().as_str() {
            "Enter" => send(),
            "Escape" | "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" | "Tab" if searching => {
                stop_search(true);
            }
            "g" | "c" if control && searching => stop_search(false),
            "ArrowUp" if event.alt_key() => return, // names of the output: at the whole terminal
            // On an empty line Tab moves on, so that the prompt is no trap.
            "Tab" if event.shift_key() && offer.get_untracked().all.is_empty() => return,
            "Tab" if !value().is_empty() => complete(event.shift_key()),
            "ArrowUp" => older(true),
            "ArrowDown" => older(false),
            "Escape" => offer.set(Offer::default()),
            "c" if control && selection_is_empty() => {
                set("");
                offer.set(Offer::default());
                app.act(Session::interrupt);
            }
            "d" if control && value().is_empty() => app.act(Session::end_of_input),
            "l" if control => app.act(Session::clear),
            "u" if control => set(""),
            "r" if control => {
                let next = match sought.get_untracked() {
                    Some(search) => app.recalled(|all| search.older(all)),
                    None => app.recalled(|all| Search::begin(all, &value())),
                };
                sought.set(Some(next));
            }
            _ => return,
        }
        event.prevent_default();
    };
    // Keys of the terminal as a whole: its tabs, and the names in what was printed.
    let all_keys = move |event: KeyboardEvent| {
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let on_name = event
            .target()
            .and_then(|t| t.dyn_into::<HtmlElement>().ok())
            .filter(|e| e.class_list().contains("name"));
        match (event.key().as_str(), event.code().as_str()) {
            (_, "KeyT") if event.alt_key() => new_tab(app),
            (_, "KeyW") if event.alt_key() => close_tab(app, None),
            (_, code) if event.alt_key() && code.starts_with("Digit") => {
                let number: usize = code[5..].parse().unwrap_or(0);
                if let Some(at) = number.checked_sub(1) {
                    choose_tab(app, at);
                }
            }
            ("ArrowUp", _) if event.alt_key() || on_name.is_some() => next_name(&lines, on_name, true),
            ("ArrowDown", _) if on_name.is_some() => next_name(&lines, on_name, false),
            ("Enter", _) if on_name.is_some() => {
                if let Some(name) = on_name {
                    name.click();
                }
            }
            ("Escape", _) if on_name.is_some() => focus("#prompt"),
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
    let clicked = move |event: web_sys::MouseEvent| {
        if !selection_is_empty() {
            return;
        }
        let of = |name| data_at(event.target(), name).unwrap_or_default();
        if let Some(file) = data_at(event.target(), "data-file") {
            app.go_to_line(&file, of("data-line").parse().unwrap_or(1));
        } else if let Some(name) = data_at(event.target(), "data-name") {
            app.open_named(&of("data-resource"), &of("data-namespace"), &name);
        } else if data_at(event.target(), "data-tty").is_some() {
            focus("#prompt");
        }
    };
    let searched = move || {
        let search = sought.get()?;
        let found = app.recalled(|all| search.found(all).to_owned());
        Some(((app.texts().terminal().searching)(&search.needle).to_string(), found))
    };
    view! {
        <div class="tty" on:keydown=all_keys>
            <Tabs app />
            <div class="scroll" id="tty" data-tty="" node_ref=scroll tabindex="0" role="log"
                aria-label=word(app, |t| t.terminal().output) on:click=clicked>
                <p class="remark">{word(app, |t| t.terminal().welcome)}</p>
                <div class="lines" node_ref=lines lang="en"></div>
                <div class="live" class:hidden=move || !(watching.get() && app.in_place.get()) aria-live="off">
                    <div class="rows" lang="en" node_ref=live></div>
                </div>
                <Show when=move || watching.get()>
                    <p class="remark watch">
                        <span>{move || if app.in_place.get() { app.texts().terminal().watch_in_place } else { app.texts().terminal().watch_as_text }}</span>
                        <button
                            class="link"
                            aria-pressed=move || if app.in_place.get() { "true" } else { "false" }
                            on:click=move |_| app.in_place.update(|p| *p = !*p)
                        >
                            {move || if app.in_place.get() { app.texts().terminal().as_text } else { app.texts().terminal().in_place }}
                        </button>
                    </p>
                </Show>
                <Show when=move || !waiting.get().is_empty()>
                    <div class="waiting" role="status">
                        <p class="remark">{waits}</p>
                        {move || waiting.get().into_iter().map(|line| view! { <p lang="en">{line}</p> }).collect_view()}
                    </div>
                </Show>
                <div class="ask" class:busy=move || app.running.get()>
                    <label for="prompt" class="sign" class:hidden=move || sign.get().is_empty() aria-label=move || prompt_label(app)>
                        {move || sign.get()}
                    </label>
                    <input
                        id="prompt"
                        node_ref=input
                        type="text"
                        role="combobox"
                        aria-autocomplete="list"
                        aria-controls="cands"
                        aria-label=move || prompt_label(app)
                        aria-expanded=move || if offer.get().all.is_empty() { "false" } else { "true" }
                        aria-activedescendant=move || offer.get().at.map(|i| format!("c{i}"))
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        enterkeyhint="send"
                        on:keydown=keys
                        on:paste=paste
                        on:input=move |_| {
                            offer.set(Offer::default());
                            if let Some(search) = sought.get_untracked() {
                                sought.set(Some(app.recalled(|all| search.typed(all, &value()))));
                            }
                        }
                    />
                    <Show when=move || app.running.get()>
                        <span class="busyword">{word(app, |t| t.terminal().running)}</span>
                        <button
                            class="stop"
                            aria-label=move || format!("^C {}", app.texts().terminal().interrupt)
                            title=word(app, |t| t.terminal().interrupt)
                            on:click=move |_| app.act(Session::interrupt)
                        >
                            "^C"
                        </button>
                    </Show>
                </div>
                <Show when=move || sought.get().is_some()>
                    <p class="remark sought" role="status">
                        {move || searched().map(|(says, line)| view! { {says} <code lang="en">{line}</code> })}
                    </p>
                </Show>
                <Show when=move || !offer.get().all.is_empty()>
                    <ul class="cands" id="cands" role="listbox" aria-label=word(app, |t| t.terminal().candidates)>
                        {move || {
                            let now = offer.get();
                            now.all.into_iter().enumerate().map(|(i, (text, says))| view! {
                                <li id=format!("c{i}") role="option" aria-selected=if now.at == Some(i) { "true" } else { "false" }
                                    class:on=now.at == Some(i)
                                    on:click=move |_| { take(i); offer.set(Offer::default()); focus("#prompt"); }>
                                    <code>{text}</code>
                                    <span>{says}</span>
                                </li>
                            }).collect_view()
                        }}
                    </ul>
                </Show>
            </div>
            <div class="keys" role="group" aria-label=word(app, |t| t.terminal().keys)>
                <button on:click=move |_| { complete(false); focus("#prompt"); }>"Tab"</button>
                <button
                    aria-label=word(app, |t| t.terminal().previous_command)
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
                <button aria-label=word(app, |t| t.terminal().new_terminal) on:click=move |_| new_tab(app)>{ic("#i-plus")}</button>
                <button on:click=move |_| send() aria-label="Enter">{ic("#i-enter")}</button>
            </div>
        </div>
    }
}

/// The terminals, once there is more than one, and the way to another.
#[component]
fn Tabs(app: App) -> impl IntoView {
    let all = Memo::new(move |_| {
        app.console.track();
        app.ask(|s| {
            let shown = s.shown_tab();
            let one =
                |(i, t): (usize, &crate::tab::Tab)| (t.number, t.busy_with().unwrap_or_default(), i == shown);
            s.tabs().iter().enumerate().map(one).collect::<Vec<_>>()
        })
    });
    view! {
        <div class="ttabs" class:many=move || { all.get().len() > 1 } role="group" aria-label=word(app, |t| t.terminal().terminals)>
            {move || {
                let tabs = all.get();
                let many = tabs.len() > 1;
                tabs.into_iter().enumerate().map(|(at, (number, busy, on))| {
                    let name = (app.texts().terminal().terminal_number)(number as i64).to_string();
                    let hint = format!("{name} (Alt+{})", at + 1);
                    let closes = (app.texts().terminal().close_terminal)(number as i64).to_string();
                    view! {
                        <span class="ttab" class:on=on>
                            <button aria-pressed=if on { "true" } else { "false" } title=hint
                                on:click=move |_| choose_tab(app, at)>
                                {name} <small lang="en">{busy}</small>
                            </button>
                            {many.then(|| view! {
                                <button class="shut" aria-label=closes.clone() title=closes on:click=move |_| close_tab(app, Some(at))>
                                    {ic("#i-x")}
                                </button>
                            })}
                        </span>
                    }
                }).collect_view()
            }}
            <button class="ibtn more" aria-label=word(app, |t| t.terminal().new_terminal)
                title=move || format!("{} (Alt+T)", app.texts().terminal().new_terminal) on:click=move |_| new_tab(app)>
                {ic("#i-plus")}
            </button>
        </div>
    }
}

pub fn new_tab(app: App) {
    if app.act(Session::open_tab) {
        app.show_terminal();
    }
}

fn choose_tab(app: App, at: usize) {
    app.act(|s| s.show_tab(at));
    focus("#prompt");
}

/// Closes a terminal: the one shown when none is named.
pub fn close_tab(app: App, at: Option<usize>) {
    app.act(|s| s.close_tab(at.unwrap_or(s.shown_tab())));
    focus("#prompt");
}

/// The keyboard goes to the name before or after this one, or to the last one printed.
fn next_name(lines: &NodeRef<Div>, from: Option<HtmlElement>, up: bool) {
    let Some(tty) = lines.get().and_then(|l| l.closest(".scroll").ok().flatten()) else { return };
    let Ok(all) = tty.query_selector_all(".name") else { return };
    let name =
        |i: u32| all.item(i).and_then(|n| n.dyn_into::<HtmlElement>().ok()).filter(|e| e.offset_height() > 0);
    let here = from.and_then(|from| {
        (0..all.length()).find(|i| all.item(*i).is_some_and(|n| n.is_same_node(Some(&from))))
    });
    let start = here.unwrap_or(all.length());
    let found = if up { (0..start).rev().find_map(name) } else { (start + 1..all.length()).find_map(name) };
    match found {
        Some(element) => drop(element.focus()),
        None if !up => focus("#prompt"),
        None => {}
    }
}

fn prompt_label(app: App) -> &'static str {
    app.console.track();
    if app.continues.get() { app.texts().terminal().prompt_more } else { app.texts().terminal().prompt }
}

fn selection_is_empty() -> bool {
    let selection = window().get_selection().ok().flatten();
    selection.is_none_or(|s| s.is_collapsed())
}

/// Brings the word of an offer that is chosen into view; before one is, the line goes up as far as there is something
/// below it.
fn reveal(scroll: NodeRef<Div>) {
    let Some(scroll) = scroll.get_untracked() else { return };
    let find = |selector: &str| scroll.query_selector(selector).ok().flatten();
    let view = scroll.get_bounding_client_rect();
    let by = if let Some(chosen) = find(".cands .on") {
        let at = chosen.get_bounding_client_rect();
        (at.bottom() - view.bottom()).max(0.0) + (at.top() - view.top()).min(0.0)
    } else {
        find(".ask").map_or(0.0, |ask| ask.get_bounding_client_rect().top() - view.top())
    };
    scroll.set_scroll_top(scroll.scroll_top() + by as i32);
}
