//! The palette and the map of keys on the page.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::{KEYS, rank, rank_object};
use crate::app::{App, Panel, focus, go_back, ic, leave, word};
use crate::courses::{self, FREE};
use crate::i18n::{Lang, Texts};
use crate::panels::{context, terminal};
use crate::session::Session;
use crate::stage::facts::{ObjectId, split_id};

/// Entries shown at once.
const MOST: usize = 12;

#[derive(Clone, PartialEq)]
enum Goal {
    /// Index into `DEEDS`.
    Do(usize),
    Object(String),
    Lesson(String),
    Line(String),
}

#[derive(Clone, PartialEq)]
struct Entry {
    icon: &'static str,
    text: String,
    aside: &'static str,
    goal: Goal,
}

type Deed = (fn(&'static Texts) -> &'static str, &'static str, fn(App));

/// What the page itself can do.
const DEEDS: [Deed; 20] = [
    (|t| t.time().pause, "Space", |a| a.set_paused(!a.paused.get_untracked())),
    (|t| t.time().step, ".", |a| a.step_to(true, false)),
    (|t| t.time().step_back, ",", |a| a.step_to(false, false)),
    (|t| t.time().jump, "j", App::jump),
    (|t| t.time().undo, "u", App::undo),
    (|t| t.time().from_here, "Shift+F", App::fork),
    (|t| t.time().to_now, "End", |a| a.act(Session::to_present)),
    (|t| t.inspector().why, "?", App::why),
    (|t| t.terminal().terminal, "Ctrl+`", App::show_terminal),
    (|t| t.terminal().new_terminal, "Alt+T", terminal::view::new_tab),
    (|t| t.charts().charts, "", |a| a.show(Panel::Charts, ".charts select")),
    (|t| t.editor().editor, "Ctrl+E", |a| a.show(Panel::Editor, "#manifest")),
    (|t| t.objects().objects, "", |a| a.show(Panel::Objects, ".objects select")),
    (|t| t.objects().controllers, "", |a| a.show(Panel::Control, ".control")),
    (|t| t.traffic().traffic, "", |a| a.show(Panel::Traffic, ".deeds button")),
    (|t| t.objects().events, "", |a| a.show(Panel::Events, ".events")),
    (|t| t.guide().keymap, "F1", |a| a.keymap.set(true)),
    (|t| t.guide().tour_name, "", |a| a.tour.set(Some(0))),
    (|t| t.deeds().deeds, "Shift+F10", context::view::open_picked),
    (|t| t.page().other_theme, "", |a| a.dark.update(|dark| *dark = !*dark)),
];

/// The objects of the stage that fit, called by their kind and name.
fn found_objects(app: App, typed: &str) -> Vec<(usize, Entry)> {
    let texts = app.texts_now();
    app.ask(|s| {
        let stage = s.stage();
        let pods = stage.pods.keys().take(2000);
        let nodes = stage.nodes.values().map(|node| &node.id);
        let ids = stage.owners.keys().chain(stage.services.keys()).chain(nodes).chain(pods);
        let found = |id: &ObjectId| {
            let (resource, namespace, name) = split_id(id);
            let kind = objects::resources::by_id(resource).map_or(resource, |r| r.kind.as_str());
            let called = (texts.stage().kind)(kind);
            let rank = rank_object(typed, [kind, &called], name)?;
            let place =
                if matches!(namespace, "" | "default") { String::new() } else { format!(" · {namespace}") };
            let text = format!("{called} {name}{place}");
            Some((rank + 2, Entry { icon: "#i-look", text, aside: "", goal: Goal::Object(id.to_string()) }))
        };
        ids.filter_map(found).collect()
    })
}

fn entries(app: App, typed: &str) -> Vec<Entry> {
    let texts = app.texts_now();
    let mut all = if typed.is_empty() { Vec::new() } else { found_objects(app, typed) };
    let mut add = |extra: usize, icon, text: String, aside, goal| {
        if let Some(rank) = rank(typed, &text) {
            all.push((rank + extra, Entry { icon, text, aside, goal }));
        }
    };
    for (i, (name, key, _)) in DEEDS.iter().enumerate() {
        add(0, "#i-enter", name(texts).to_owned(), *key, Goal::Do(i));
    }
    if let Some(id) = app.picked.get_untracked() {
        for (name, line) in app.ask(|s| context::deeds(s, &id)) {
            add(1, "#i-term", format!("{}: {line}", name(texts)), "", Goal::Line(line.to_string()));
        }
    }
    if !typed.is_empty() {
        let lang = if app.lang.get_untracked() == Lang::Ko { course::Lang::Ko } else { course::Lang::En };
        for lesson in app.entries.read_value().iter() {
            let title = lesson.title(lang).to_string();
            add(3, "#i-book", title, "", Goal::Lesson(lesson.slug.to_string()));
        }
        add(3, "#i-book", texts.page().playground.to_owned(), "", Goal::Lesson(FREE.to_owned()));
        app.recalled(|lines| {
            let mut seen: Vec<&String> = Vec::new();
            for line in lines.iter().rev().take(60) {
                if !seen.contains(&line) && !line.contains('\n') {
                    seen.push(line);
                    add(4, "#i-term", line.clone(), "", Goal::Line(line.clone()));
                }
            }
        });
        if typed.starts_with("kubectl ") {
            add(0, "#i-term", typed.to_owned(), "", Goal::Line(typed.to_owned()));
        }
    }
    all.sort_by_key(|(rank, _)| *rank);
    all.into_iter().take(MOST).map(|(_, entry)| entry).collect()
}

#[component]
pub fn Palette(app: App) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let found = Memo::new(move |_| if app.palette.get() { entries(app, &typed.get()) } else { Vec::new() });
    Effect::new(move |_| {
        if app.palette.get() {
            leave();
            focus(".palette input");
        }
    });
    Effect::new(move |was: Option<bool>| {
        let open = app.keymap.get();
        if open {
            leave();
            focus(".keymap");
        } else if was == Some(true) {
            go_back();
        }
        open
    });
    let shut = move || {
        app.palette.set(false);
        typed.set(String::new());
        at.set(0);
        go_back();
    };
    let go = move |index: usize| {
        let Some(entry) = found.get_untracked().into_iter().nth(index) else { return };
        shut();
        match entry.goal {
            Goal::Do(i) => {
                if let Some((_, _, deed)) = DEEDS.get(i) {
                    deed(app);
                }
            }
            Goal::Object(id) => app.open(id.into()),
            Goal::Lesson(slug) => courses::open(app, slug),
            Goal::Line(line) => {
                app.run(&line);
                app.show_terminal();
            }
        }
    };
    let keys = move |event: KeyboardEvent| {
        if event.is_composing() {
            return;
        }
        let last = found.get_untracked().len().saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => at.update(|i| *i = (*i + 1).min(last)),
            "ArrowUp" => at.update(|i| *i = i.saturating_sub(1)),
            "Enter" => go(at.get_untracked()),
            "Escape" => shut(),
            // The keyboard stays in the palette while it is open.
            "Tab" => {}
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    view! {
        <Show when=move || app.palette.get()>
            <div class="over" on:click=move |_| shut()>
                <div class="palette" role="dialog" aria-modal="true" aria-label=word(app, |t| t.guide().find)
                    on:click=|e| e.stop_propagation()>
                    <div class="asked">
                        {ic("#i-search")}
                        <input
                            role="combobox"
                            aria-expanded="true"
                            aria-controls="found"
                            aria-label=word(app, |t| t.guide().find)
                            aria-activedescendant=move || format!("f{}", at.get())
                            placeholder=word(app, |t| t.guide().find)
                            autocomplete="off"
                            spellcheck="false"
                            on:input=move |e| { typed.set(event_target_value(&e)); at.set(0); }
                            on:keydown=keys
                        />
                    </div>
                    <ul id="found" role="listbox" aria-label=word(app, |t| t.guide().found)>
                        {move || found.get().into_iter().enumerate().map(|(i, entry)| view! {
                            <li
                                id=format!("f{i}")
                                role="option"
                                aria-selected=move || if at.get() == i { "true" } else { "false" }
                                class:on=move || at.get() == i
                                on:click=move |_| go(i)
                            >
                                {ic(entry.icon)}
                                <span>{entry.text}</span>
                                {(!entry.aside.is_empty()).then(|| view! { <kbd>{entry.aside}</kbd> })}
                            </li>
                        }).collect_view()}
                    </ul>
                </div>
            </div>
        </Show>
        <Show when=move || app.keymap.get()>
            <div class="over" on:click=move |_| app.keymap.set(false)>
                <div class="palette keymap" role="dialog" aria-modal="true" tabindex="-1" aria-label=word(app, |t| t.guide().keymap)
                    on:click=|e| e.stop_propagation()
                    // There is one thing to press: the keyboard stays with it.
                    on:keydown=|e: KeyboardEvent| if e.key() == "Tab" { e.prevent_default(); focus(".shutkeys") }>
                    <h2>{word(app, |t| t.guide().keymap)}</h2>
                    <dl>
                        {move || KEYS.into_iter().zip(app.texts().guide().key_words).map(|(key, says)| view! {
                            <dt><kbd>{key}</kbd></dt>
                            <dd>{says}</dd>
                        }).collect_view()}
                    </dl>
                    <button class="btn sm shutkeys" on:click=move |_| app.keymap.set(false)>{word(app, |t| t.page().close)}</button>
                </div>
            </div>
        </Show>
    }
}
