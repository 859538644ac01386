//! The inspector on the page.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Div;
use leptos::prelude::*;
use objects::Value;
use smol_str::{SmolStr, format_smolstr};

use super::facts::{Row, headline, names_trouble, sections};
use super::{Tab, why as because};
use crate::app::{App, ic, seldom, word};
use crate::i18n::Texts;
use crate::mark::Mark;
use crate::paint::Painter;
use crate::panels::divider::{Divider, Edge};
use crate::panels::events::row;
use crate::session::{kubectl, place};
use crate::stage::facts::split_id;
use crate::stage::glyph::glyph;
use crate::stage::view::{data_at, object_at};
use crate::state_words::PodState;

/// The picked object as it is, or as it last was.
#[derive(Clone, Default)]
struct Subject {
    object: Value,
    gone: bool,
}

#[component]
pub fn Inspector(app: App) -> impl IntoView {
    let tab = app.tab;
    let last = StoredValue::new_local((SmolStr::default(), Value::Null));
    let (moved, events_moved) = (seldom(app.objects), seldom(app.events));
    let subject = Signal::derive_local(move || {
        moved.track();
        let id = app.picked.get()?;
        let (resource, namespace, name) = split_id(&id);
        if let Some(object) = app.ask(|s| s.object(resource, namespace, name).cloned()) {
            last.set_value((id, object.clone()));
            return Some(Subject { object, gone: false });
        }
        let (known, object) = last.get_value();
        if known == id {
            return Some(Subject { object, gone: true });
        }
        // What pods ask for and nobody has made can be asked about too.
        let kind = crate::stage::facts::thing_kind(resource)?;
        let users = app.ask(|s| s.stage().used.get(&id).map(|u| u.0))?;
        let mut object = Value::map();
        object.set("kind", kind);
        object.set_at(&["metadata", "name"], name);
        object.set_at(&["metadata", "namespace"], namespace);
        object.set_at(&["metadata", "users"], users as i64);
        Some(Subject { object, gone: true })
    });
    let body = NodeRef::<Div>::new();
    let head = NodeRef::<Div>::new();
    let painters: Rc<RefCell<Vec<Painter>>> = Rc::default();
    let second = Memo::new(move |_| {
        app.time.track();
        if app.picked.get().is_some() { app.ask(|s| s.now() / 1000) } else { 0 }
    });
    Effect::new(move |_| {
        let (Some(body), Some(head)) = (body.get(), head.get()) else { return };
        let texts = app.texts();
        let subject = subject.get();
        let shown = tab.get();
        events_moved.track();
        second.get();
        let mut painters = painters.borrow_mut();
        if painters.is_empty() {
            painters.extend(Painter::new(head.into()));
            painters.extend(Painter::new(body.into()));
        }
        let Some(subject) = subject else {
            for painter in painters.iter_mut() {
                painter.paint(Vec::new());
            }
            return;
        };
        let id = app.picked.get_untracked().unwrap_or_default();
        let (now, pulling) = app.ask(|s| {
            (s.now(), app.picked.get_untracked().is_some_and(|id| s.stage().pulling.contains_key(&id)))
        });
        let parts = match shown {
            Tab::Summary => {
                let mut marks = summary(&subject, texts, now);
                marks.extend(relations(app, &id, texts));
                if let Some(answer) = asked(app, &subject.object, false) {
                    let card = because::card(&answer, texts, app.korean());
                    marks.splice(0..0, card.map(|mark| ("card".into(), mark)));
                }
                marks
            }
            Tab::Why => {
                app.asked.track();
                let answer = asked(app, &subject.object, true).unwrap_or_default();
                let zero = app.ask(|s| s.now() - s.elapsed());
                let command = |step: &why::Step| {
                    (step.actor == "you").then(|| app.ask(|s| s.command_of(step.at.0))).flatten()
                };
                because::answer(&answer, texts, app.korean(), zero, &command)
            }
            Tab::Events => events(app, &subject.object, texts, now),
            Tab::Yaml => {
                let (resource, namespace, name) = split_id(&id);
                let whole = if subject.gone {
                    None
                } else {
                    app.borrow(|s| s.whole_object(resource, namespace, name))
                };
                yaml(whole.as_ref().unwrap_or(&subject.object), texts)
            }
        };
        let heading = heading(&subject, texts, pulling);
        for (painter, marks) in painters.iter_mut().zip([heading, parts]) {
            painter.paint(marks.into_iter().map(|(key, mark)| (key, Rc::new(mark))).collect());
        }
    });
    let line = Memo::new(move |_| {
        let id = app.picked.get()?;
        let kind = subject.get().map(|s| s.object.kind().to_owned()).unwrap_or_default();
        let (_, namespace, name) = split_id(&id);
        Some(match tab.get() {
            Tab::Summary | Tab::Why => kubectl("describe", &kind, namespace, name, "").to_string(),
            Tab::Events => {
                let rest = place(namespace);
                format!("kubectl events --for {}/{name}{rest}", kind.to_lowercase())
            }
            Tab::Yaml => kubectl("get", &kind, namespace, name, " -o yaml").to_string(),
        })
    });
    let tab_button = move |one: Tab, name: fn(App) -> &'static str| {
        view! {
            <button
                role="tab"
                aria-selected=move || if tab.get() == one { "true" } else { "false" }
                aria-controls="insp-body"
                class:on=move || tab.get() == one
                on:click=move |_| tab.set(one)
            >
                {move || name(app)}
            </button>
        }
    };
    view! {
        <aside class="insp" aria-label=word(app, |t| t.inspector().inspector)>
            <Divider app edge=Edge::Inspector />
            <Show when=move || app.picked.get().is_none()>
                <div class="empty">
                    <b>{word(app, |t| t.inspector().nothing_picked)}</b>
                    <p>{word(app, |t| t.inspector().nothing_picked_text)}</p>
                </div>
            </Show>
            <div class="full" class:hidden=move || app.picked.get().is_none()>
                <div class="hd">
                    <div node_ref=head class="name"></div>
                    <div class="own">
                        {own_step(app, false, "#i-back", |a| a.texts().time().own_back)}
                        {own_step(app, true, "#i-step", |a| a.texts().time().own_on)}
                    </div>
                    <button class="ibtn shut" aria-label=word(app, |t| t.page().close) on:click=move |_| app.picked.set(None)>
                        {ic("#i-x")}
                    </button>
                    <div class="itabs" role="tablist" aria-label=word(app, |t| t.inspector().views)>
                        {tab_button(Tab::Summary, |a| a.texts().inspector().summary)}
                        {tab_button(Tab::Why, |a| a.texts().inspector().why)}
                        {tab_button(Tab::Events, |a| a.texts().objects().events)}
                        {tab_button(Tab::Yaml, |_| "YAML")}
                    </div>
                </div>
                <div
                    class="bd"
                    id="insp-body"
                    role="tabpanel"
                    tabindex="0"
                    aria-label=word(app, |t| t.inspector().views)
                    node_ref=body
                    on:click=move |event| {
                        if let Some(revision) = data_at(event.target(), "data-revision") {
                            app.seek_revision(revision.parse().unwrap_or(0));
                        } else if let Some(asked) = data_at(event.target(), "data-why") {
                            app.asked.set(asked.into());
                            tab.set(Tab::Why);
                        } else if let Some(id) = object_at(event.target()) {
                            app.asked.set(SmolStr::default());
                            app.picked.set(Some(id));
                        }
                    }
                ></div>
                <div class="same">
                    <p>{word(app, |t| t.inspector().as_command)}</p>
                    <div>
                        <button class="runs" aria-label=move || (app.texts().lesson().run)(&line.get().unwrap_or_default()).to_string()
                            on:click=move |_| {
                                if let Some(line) = line.get_untracked() {
                                    app.run(&line);
                                }
                            }>
                            <code lang="en">{move || line.get()}</code>
                        </button>
                        <button
                            class="ibtn"
                            aria-label=word(app, |t| t.page().copy)
                            title=word(app, |t| t.page().copy)
                            on:click=move |_| {
                                let text = line.get_untracked().unwrap_or_default();
                                drop(window().navigator().clipboard().write_text(&text));
                                app.said.set(app.texts_now().page().copied.to_owned());
                            }
                        >
                            {ic("#i-copy")}
                        </button>
                    </div>
                </div>
            </div>
        </aside>
    }
}

/// One write to the picked object back or on.
fn own_step(app: App, on: bool, icon: &'static str, name: fn(App) -> &'static str) -> impl IntoView {
    view! {
        <button class="ibtn" aria-label=move || name(app) title=move || name(app) on:click=move |_| app.step_to(on, true)>
            {ic(icon)}
        </button>
    }
}

/// The answer about an object, or about what was asked of it in particular: a condition or an event.
fn asked(app: App, object: &Value, in_particular: bool) -> Option<why::Why> {
    let id = app.picked.get_untracked()?;
    let asked = if in_particular { app.asked.get_untracked() } else { SmolStr::default() };
    app.ask(|s| match asked.split_once('/') {
        Some(("conditions", kind)) => Some(because::of_condition(s.cluster(), &id, object, kind)),
        Some(_) => why::why(s.cluster(), &because::subject(&asked)),
        None => why::why(s.cluster(), &because::subject(&id)).or_else(|| {
            // Of what is not there, who asks for it knows.
            let stage = s.stage();
            let pods = stage.pods.values().chain(stage.system.values());
            let user = pods.into_iter().find(|p| p.uses.iter().any(|u| u.id == id))?;
            why::why(s.cluster(), &because::subject(&user.id))
        }),
    })
}

type Marks = Vec<(SmolStr, Mark)>;

fn heading(subject: &Subject, texts: &Texts, pulling: bool) -> Marks {
    let object = &subject.object;
    let place = match object.namespace() {
        "" => SmolStr::from(object.kind()),
        namespace => format_smolstr!("{} · {namespace}", object.kind()),
    };
    let mut out = vec![
        ("kind".into(), Mark::new("p", "eyebrow").at("lang", "en").says(place)),
        ("name".into(), Mark::new("h2", "").at("lang", "en").says(object.name())),
    ];
    if subject.gone {
        let users = object.at(&["metadata", "users"]);
        let says = match users.as_int() {
            Some(users) => (texts.chart().absent)(object.kind(), users),
            None => texts.inspector().gone.into(),
        };
        out.push(("gone".into(), Mark::new("p", "st ending").says(says)));
    } else if let Some((state, words, word)) = headline(object, texts, pulling) {
        let mut line = Mark::new("p", "").at("class", format_smolstr!("st {}", state.class()));
        line.add(glyph(state, 0, 0, 18));
        line.add(Mark::new("span", "").says(words.clone()));
        if !word.is_empty() && word != words && (state != PodState::Ready || object.kind() == "Node") {
            line.add(Mark::new("small", "").at("lang", "en").says(word));
        }
        out.push(("state".into(), line));
    }
    out
}

fn summary(subject: &Subject, texts: &Texts, now: i64) -> Marks {
    let mut out = Marks::new();
    for (i, section) in sections(&subject.object, texts, now).into_iter().enumerate() {
        let mut list = Mark::new("dl", "kv");
        for row in section.rows {
            let (name, value) = match row {
                Row::Fact { name, value } => (name, Mark::new("dd", "m").says(value)),
                Row::Link { name, value, id } => {
                    let link = Mark::new("button", "link m").at("data-id", id).says(value);
                    (name, Mark::new("dd", "").with(link))
                }
                Row::Condition { kind, status, reason } => {
                    let mark = condition(&kind, &status, &reason, texts);
                    (kind, mark)
                }
            };
            list.add(Mark::new("dt", "").says(name));
            list.add(value);
        }
        out.push((format_smolstr!("h{i}"), Mark::new("h3", "sec").says(section.title)));
        out.push((format_smolstr!("l{i}"), list));
    }
    out
}

/// What it has to do with, as links by kind.
fn relations(app: App, id: &SmolStr, texts: &Texts) -> Marks {
    const MOST: usize = 24;
    let all: Vec<SmolStr> = app.ask(|s| s.stage().related(id, usize::MAX).into_iter().collect());
    if all.is_empty() {
        return Marks::new();
    }
    let mut list = Mark::new("ul", "related");
    for other in all.iter().take(MOST) {
        let (resource, _, name) = split_id(other);
        let kind = objects::resources::by_id(resource).map(|r| r.kind.clone()).unwrap_or_default();
        let link = Mark::new("button", "link m").at("data-id", other.clone()).says(name);
        list.add(Mark::new("li", "").with(Mark::new("span", "").says(kind)).with(link));
    }
    if all.len() > MOST {
        let more = i64::try_from(all.len() - MOST).unwrap_or(0);
        list.add(Mark::new("li", "").says(format_smolstr!("+{}", (texts.stage().more)(more))));
    }
    vec![("rel h".into(), Mark::new("h3", "sec").says(texts.chart().relations)), ("rel".into(), list)]
}

fn condition(kind: &str, status: &str, reason: &str, texts: &Texts) -> Mark {
    let well = if names_trouble(kind) { "False" } else { "True" };
    let state = match status {
        _ if status == well => "yes",
        "True" | "False" => "no",
        _ => "maybe",
    };
    let mut mark = Mark::new("dd", "").at("class", format_smolstr!("m cond {state}"));
    let icon = if status == well { "#i-check" } else { "#i-x" };
    let mut drawing = Mark::new("svg", "ic").at("aria-hidden", "true");
    drawing.add(Mark::new("use", "").at("href", icon));
    mark.add(drawing);
    mark.add(Mark::new("span", "").says(status));
    if !reason.is_empty() && status != well {
        mark.add(Mark::new("small", "").says(reason));
    }
    let asks = Mark::new("button", "link asks")
        .at("data-why", format_smolstr!("conditions/{kind}"))
        .at("aria-label", format_smolstr!("{} {kind}", texts.inspector().why))
        .says("?");
    mark.add(asks);
    mark
}

fn events(app: App, object: &Value, texts: &Texts, now: i64) -> Marks {
    let about = (object.kind(), object.namespace(), object.name());
    let events = app.ask(|s| s.events(Some(about), 60));
    if events.is_empty() {
        return vec![("none".into(), Mark::new("p", "empty").says(texts.objects().no_events))];
    }
    let mut list = Mark::new("ol", "evs");
    for event in events.iter().rev() {
        list.add(row(event, texts, now, false).1);
    }
    vec![("list".into(), list)]
}

/// Keys stand out; managedFields would bury the rest and are folded.
fn yaml(object: &Value, texts: &Texts) -> Marks {
    let mut shown = object.clone();
    let managed = shown.remove_at(&["metadata", "managedFields"]).unwrap_or_default();
    let mut out = vec![("yaml".into(), lines(&shown))];
    if !managed.items().is_empty() {
        let count = i64::try_from(managed.items().len()).unwrap_or(0);
        let mut fold = Mark::new("details", "managed");
        fold.add(Mark::new("summary", "m").says((texts.chart().managed)(count)));
        fold.add(lines(&managed));
        out.push(("managed".into(), fold));
    }
    out
}

fn lines(value: &Value) -> Mark {
    let text = objects::yaml::emit(value);
    let mut pre = Mark::new("pre", "yaml").at("lang", "en");
    for line in text.lines() {
        let mut row = Mark::new("span", "l");
        let indent = line.len() - line.trim_start_matches([' ', '-']).len();
        match line[indent..].split_once(':') {
            Some((key, rest)) if !key.contains([' ', '"']) && (rest.is_empty() || rest.starts_with(' ')) => {
                row.add(Mark::new("span", "").says(&line[..indent]));
                row.add(Mark::new("span", "key").says(key));
                row.add(Mark::new("span", "").says(format!(":{rest}\n")));
            }
            _ => row.text = format_smolstr!("{line}\n"),
        }
        pre.add(row);
    }
    pre
}
