//! The page as a whole: its signals, its frame, and how the session and the views reach each other.
//!
//! Owns: [`App`], the one handle every view holds; the frame of panels; keys that work everywhere.
//! Does not own: what a panel shows (`panels`, `stage`), the session's doings (`session`).

use std::collections::BTreeMap;
use std::rc::Rc;

use course::{Entry, Lesson};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, SvgElement};

use crate::console::table::Named;
use crate::i18n::{Lang, Texts};
use crate::panels::timeline::record::Lane;
use crate::panels::{
    context, course as whole, dock, inspector, lab, lesson, message, palette, past, timeline, top_bar, tour,
};
use crate::session::{Meant, Session};
use crate::stage::facts::ObjectId;
use crate::{bridge, courses, embed, panic_page, pump, rest, stage, storage};

/// What the lower panel shows, and on a phone the whole sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    Lesson,
    Diagram,
    Terminal,
    Editor,
    Events,
    Objects,
    Control,
    Traffic,
    Charts,
    Inspector,
}

impl Panel {
    fn name(self) -> &'static str {
        match self {
            Self::Lesson => "lesson",
            Self::Diagram => "diagram",
            Self::Terminal => "terminal",
            Self::Editor => "editor",
            Self::Events => "events",
            Self::Objects => "objects",
            Self::Control => "control",
            Self::Traffic => "traffic",
            Self::Charts => "charts",
            Self::Inspector => "inspector",
        }
    }
}

/// Handle to the session and the page's signals. A view reads a trigger, then asks the session.
#[derive(Clone, Copy)]
pub struct App {
    session: StoredValue<Session, LocalStorage>,
    /// What was typed, by the number of the terminal.
    histories: StoredValue<BTreeMap<usize, Vec<String>>>,
    /// All lessons there are.
    pub entries: StoredValue<Vec<Entry>>,
    pub lang: RwSignal<Lang>,
    pub dark: RwSignal<bool>,
    pub picked: RwSignal<Option<ObjectId>>,
    pub panel: RwSignal<Panel>,
    pub dock: RwSignal<Panel>,
    pub lesson_open: RwSignal<bool>,
    pub paused: RwSignal<bool>,
    pub speed: RwSignal<i64>,
    pub running: RwSignal<bool>,
    pub continues: RwSignal<bool>,
    pub file: RwSignal<String>,
    /// What the reader should know now, and can dismiss.
    pub note: RwSignal<Option<String>>,
    /// Spoken by screen readers, shown to nobody.
    pub said: RwSignal<String>,
    /// The palette and the map of keys are open.
    pub palette: RwSignal<bool>,
    pub keymap: RwSignal<bool>,
    /// The menu of an object that is open.
    pub menu: RwSignal<Option<context::view::Open>>,
    /// The stop of the tour that is shown.
    pub tour: RwSignal<Option<usize>>,
    /// A watch shows its table as it stands, not one line after the other.
    pub in_place: RwSignal<bool>,
    /// The line of the open file that the editor should show, from 1.
    pub goal_line: RwSignal<Option<usize>>,
    /// The view of the picked object.
    pub tab: RwSignal<inspector::Tab>,
    /// What of it is asked about in particular: `conditions/Ready`, or the id of an event; else empty.
    pub asked: RwSignal<ObjectId>,
    /// True while the page shows the past.
    pub past: RwSignal<bool>,
    /// The line of time shown beside this one.
    pub beside: RwSignal<Option<char>>,
    /// The first instant in view of the timeline, while it does not follow the present.
    pub pinned: RwSignal<Option<i64>>,
    /// How much of time is in view, once the reader has chosen.
    pub span: RwSignal<Option<i64>>,
    /// The lane within which steps go.
    pub lane: RwSignal<Option<Lane>>,
    /// What the reader has chosen to see of the stage.
    pub sight: stage::tools::Sight,
    pub time: Trigger,
    pub stage: Trigger,
    pub timeline: Trigger,
    pub objects: Trigger,
    pub events: Trigger,
    pub console: Trigger,
    pub files: Trigger,
    pub lesson: Trigger,
    pub lab: Trigger,
    /// The course's map, words or progress, while they are open, and the word to show.
    pub course: RwSignal<Option<whole::Page>>,
    pub term: RwSignal<String>,
    /// What is kept of the learner's progress has changed.
    pub kept: Trigger,
}

const HISTORY: usize = 200;

impl App {
    fn new(lang: Lang, entries: Vec<Entry>, lesson: Option<Rc<Lesson>>) -> Self {
        let files = storage::read_map("files")
            .unwrap_or_else(|| vec![("web.yaml".to_owned(), include_str!("../assets/web.yaml").to_owned())]);
        let first = first_file(lesson.as_deref(), &files);
        let session = session(lesson, &files);
        let dark = match storage::read("theme").as_deref() {
            Some(theme) => theme == "dark",
            None => prefers_dark(),
        };
        let app = Self {
            session: StoredValue::new_local(session),
            entries: StoredValue::new(entries),
            histories: StoredValue::default(),
            lang: RwSignal::new(lang),
            dark: RwSignal::new(dark),
            picked: RwSignal::new(None),
            panel: RwSignal::new(Panel::Diagram),
            dock: RwSignal::new(Panel::Terminal),
            lesson_open: RwSignal::new(true),
            paused: RwSignal::new(false),
            speed: RwSignal::new(1000),
            running: RwSignal::new(false),
            continues: RwSignal::new(false),
            file: RwSignal::new(first),
            note: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            palette: RwSignal::new(false),
            keymap: RwSignal::new(false),
            menu: RwSignal::new(None),
            tour: RwSignal::new(None),
            in_place: RwSignal::new(storage::read("watch").as_deref() != Some("text")),
            goal_line: RwSignal::new(None),
            tab: RwSignal::new(inspector::Tab::Summary),
            asked: RwSignal::new(ObjectId::default()),
            past: RwSignal::new(false),
            beside: RwSignal::new(None),
            pinned: RwSignal::new(None),
            span: RwSignal::new(None),
            lane: RwSignal::new(None),
            sight: stage::tools::Sight::new(),
            time: Trigger::new(),
            stage: Trigger::new(),
            timeline: Trigger::new(),
            objects: Trigger::new(),
            events: Trigger::new(),
            console: Trigger::new(),
            files: Trigger::new(),
            lesson: Trigger::new(),
            lab: Trigger::new(),
            course: RwSignal::new(None),
            term: RwSignal::new(String::new()),
            kept: Trigger::new(),
        };
        if !storage::write("seen", "1") && !embed::view::is_embedded() {
            app.note.set(Some(app.texts_now().not_saved.to_owned()));
        }
        app
    }

    /// The texts of the language in use; follows a change of it.
    #[must_use]
    pub fn texts(self) -> &'static Texts {
        self.lang.get().texts()
    }

    /// The same without following.
    #[must_use]
    pub fn texts_now(self) -> &'static Texts {
        self.lang.get_untracked().texts()
    }

    /// Asks the session.
    pub fn ask<T>(self, question: impl FnOnce(&Session) -> T) -> T {
        question(&self.session.read_value())
    }

    /// Asks the session something that it has to work out.
    pub fn borrow<T>(self, question: impl FnOnce(&mut Session) -> T) -> T {
        question(&mut self.session.write_value())
    }

    /// Brings a panel to the front and the keyboard into it.
    pub fn show(self, panel: Panel, goal: &str) {
        self.dock.set(panel);
        self.panel.set(panel);
        focus(goal);
    }

    /// Brings the keyboard to the prompt.
    pub fn show_terminal(self) {
        self.show(Panel::Terminal, "#prompt");
    }

    /// Shows a line of a file in the editor.
    pub fn go_to_line(self, file: &str, line: usize) {
        self.file.set(file.to_owned());
        self.goal_line.set(Some(line));
        self.show(Panel::Editor, "#manifest");
    }

    /// Opens the object that printed text names, if it is still there.
    pub fn open_named(self, resource: &str, namespace: &str, name: &str) {
        let named = Named { resource: resource.into(), namespace: namespace.into(), name: name.into() };
        match self.ask(|s| s.named(&named)) {
            Some(id) => self.open(id),
            None => self.note.set(Some((self.texts_now().no_longer)(name).to_string())),
        }
    }

    /// What was typed in the terminal shown, oldest first.
    pub fn recalled<T>(self, f: impl FnOnce(&[String]) -> T) -> T {
        let number = self.ask(|s| s.tab().number);
        // A new terminal begins with what was typed anywhere before.
        self.histories.update_value(|all| {
            all.entry(number).or_insert_with(|| storage::read_list("history"));
        });
        self.histories.with_value(|all| f(all.get(&number).map_or(&[], Vec::as_slice)))
    }

    /// Opens an object.
    pub fn open(self, id: ObjectId) {
        self.asked.set(ObjectId::default());
        self.picked.set(Some(id));
        self.panel.set(Panel::Inspector);
    }

    /// Tells the session to do something, then tells the views what moved.
    pub fn act<T>(self, deed: impl FnOnce(&mut Session) -> T) -> T {
        let answer = deed(&mut self.session.write_value());
        self.settle();
        answer
    }

    fn settle(self) {
        let (moved, done, mut notes, running, continues, past, beside, forked) = {
            let s = &mut *self.session.write_value();
            panic_page::remember(s);
            (
                s.take_moved(),
                s.take_done(),
                std::mem::take(&mut s.notes),
                s.is_running(),
                s.tab().continues,
                s.looks_back(),
                s.compared(),
                s.take_forked(),
            )
        };
        for (trigger, hit) in [
            (self.time, moved.time),
            (self.stage, moved.stage),
            (self.timeline, moved.timeline),
            (self.objects, moved.objects),
            (self.events, moved.events),
            (self.console, moved.console),
            (self.files, moved.files),
            (self.lesson, moved.lesson),
            (self.lab, moved.lab),
        ] {
            if hit {
                trigger.notify();
            }
        }
        set_if_other(self.past, past);
        if !past && self.pinned.get_untracked().is_some() {
            self.pinned.set(None);
        }
        if self.beside.get_untracked() != beside {
            self.beside.set(beside);
        }
        if forked {
            // Whoever types means to go on.
            self.set_paused(false);
            self.said.set(self.texts_now().forked.to_owned());
        }
        set_if_other(self.running, running);
        set_if_other(self.continues, continues);
        if let Some(note) = notes.pop() {
            self.note.set(Some(note));
        }
        if moved.files {
            storage::write_map("files", &self.ask(Session::files));
        }
        if moved.lesson {
            courses::keep(self);
        }
        bridge::tell(self, moved, done);
        if moved.lesson {
            embed::view::tell(self);
        }
        self.explain();
        pump::kick(self);
    }

    #[must_use]
    pub fn korean(self) -> bool {
        self.lang.get_untracked() == Lang::Ko
    }

    /// Opens the glossary at a word.
    pub fn show_term(self, term: &str) {
        self.term.set(term.to_owned());
        self.course.set(Some(whole::Page::Words));
    }

    /// Asks why an event was written.
    pub fn why_event(self, id: &str) {
        let (resource, namespace, name) = crate::stage::facts::split_id(id);
        let about = self.ask(|s| {
            let about = s.object(resource, namespace, name)?.get("involvedObject").clone();
            let (kind, name) = (about.get("kind").text(), about.get("name").text());
            let subject = why::subject_of(kind, about.get("namespace").text(), name)?;
            Some(crate::stage::facts::object_id(&subject.resource, &subject.namespace, &subject.name))
        });
        if about.is_some() {
            self.picked.set(about);
            self.asked.set(id.into());
            self.tab.set(inspector::Tab::Why);
            self.panel.set(Panel::Inspector);
        }
    }

    /// Asks why the picked object is as it is.
    pub fn why(self) {
        if self.picked.get_untracked().is_some() {
            self.asked.set(ObjectId::default());
            self.tab.set(inspector::Tab::Why);
            self.panel.set(Panel::Inspector);
        }
    }

    /// Shows the instant right after a write, and stands still there.
    pub fn seek_revision(self, revision: u64) {
        self.hold_still();
        self.act(|s| s.seek_revision(revision));
    }

    /// Shows another instant, and stands still there.
    pub fn seek(self, at: i64) {
        self.hold_still();
        self.act(|s| s.seek(at));
    }

    fn hold_still(self) {
        if self.pinned.get_untracked().is_none() {
            let span = self.span.get_untracked().unwrap_or(60_000);
            let latest = self.ask(Session::latest);
            self.pinned.set(Some(timeline::scene::Window::following(latest, span)));
        }
        self.set_paused(true);
    }

    /// Steps from write to write: in the chosen lane, or those to the picked object.
    pub fn step_to(self, forward: bool, picked: bool) {
        let lane = self.lane.get_untracked();
        let object = if picked { self.picked.get_untracked() } else { None };
        self.hold_still();
        self.act(|s| s.step_to(forward, lane, object.as_deref()));
    }

    /// Goes on from the instant shown, on a line of its own.
    pub fn fork(self) {
        if self.ask(Session::looks_back) {
            self.act(Session::fork);
            self.set_paused(false);
            self.said.set(self.texts_now().forked.to_owned());
        }
    }

    /// Takes the last command back that did something.
    pub fn undo(self) {
        let texts = self.texts_now();
        match self.act(Session::undo) {
            Some(line) => self.note.set(Some((texts.undone)(&line).to_string())),
            None => self.note.set(Some(texts.nothing_to_undo.to_owned())),
        }
    }

    /// On to the next change of what is picked, or of anything: over back-offs and grace periods.
    pub fn jump(self) {
        let picked = self.picked.get_untracked();
        let version = move |s: &Session| {
            let (resource, namespace, name) = picked.as_deref().map(crate::stage::facts::split_id)?;
            Some(s.object(resource, namespace, name).map_or(0, objects::Value::revision))
        };
        self.act(|s| {
            s.to_present();
            let before = version(s);
            s.jump(&|s| before.is_none() || version(s) != before);
        });
    }

    /// Fetches the texts of `kubectl explain` when a command waits for them.
    fn explain(self) {
        thread_local! {
            static ASKED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
        }
        if self.ask(Session::wants_explain) && !ASKED.replace(true) {
            wasm_bindgen_futures::spawn_local(async move {
                let text = crate::later::fetch("explain.json").await.and_then(|text| text.as_string());
                ASKED.set(false);
                self.act(|s| s.set_explain(text));
            });
        }
    }

    /// Runs the line that a click stands for, in a terminal that is free.
    pub fn run(self, line: &str) {
        self.act(|s| s.submit_free(line));
        self.remember(line);
    }

    /// A line typed at the prompt: a command, or what a program there is told.
    pub fn type_line(self, line: &str) {
        if !self.ask(Session::is_running) {
            self.remember(line);
        }
        self.act(|s| s.submit(line));
    }

    /// Runs lines one after the other, as if they had been pasted.
    pub fn run_all(self, text: &str) {
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        self.remember(text);
        self.act(|s| s.submit_all(&lines));
    }

    fn remember(self, line: &str) {
        // An input holds one line: of a pasted text, its last command can be recalled.
        let line = line.lines().next_back().unwrap_or_default();
        let number = self.ask(|s| s.tab().number);
        let add = |all: &mut Vec<String>| {
            if all.last().map(String::as_str) != Some(line) && !line.trim().is_empty() {
                all.push(line.to_owned());
                let extra = all.len().saturating_sub(HISTORY);
                all.drain(..extra);
            }
        };
        let mut kept = storage::read_list("history");
        self.recalled(|_| ());
        self.histories.update_value(|all| add(all.entry(number).or_default()));
        add(&mut kept);
        storage::write_list("history", &kept);
        self.dock.set(Panel::Terminal);
    }

    pub fn set_paused(self, paused: bool) {
        self.paused.set(paused);
        self.act(|s| s.paused = paused);
    }

    pub fn set_speed(self, speed: i64) {
        self.speed.set(speed);
        self.act(|s| s.speed = speed);
        self.timeline.notify();
    }

    pub fn step(self) {
        self.set_paused(true);
        self.act(Session::step);
    }

    /// The beginning again: of the lesson, or of an empty cluster with another seed and so other names.
    pub fn restart(self) {
        let fresh = self.ask(|s| Session::restarted(s, &s.files()));
        self.replace(fresh);
    }

    /// Opens a lesson, or the playground, with the learner's files.
    pub fn begin(self, lesson: Option<Rc<Lesson>>) {
        let mut files = self.ask(Session::files);
        if let Some(lesson) = &lesson {
            // A file of this name that another lesson has left behind is not this lesson's.
            files.retain(|(name, _)| lesson.files.iter().all(|(own, _)| own != name));
        }
        self.file.set(first_file(lesson.as_deref(), &files));
        let mut fresh = session(lesson, &files);
        self.ask(|old| (fresh.speed, fresh.paused) = (old.speed, old.paused));
        self.replace(fresh);
    }

    /// The rest of the program is there: what stood for the playground becomes it.
    pub fn complete(self) {
        if let Some(whole) = self.ask(Session::whole) {
            self.replace(whole);
        }
        self.act(|session| session.set_waits(false));
        tour::view::begin_once(self);
    }

    fn replace(self, fresh: Session) {
        let korean = self.korean();
        self.act(|s| {
            *s = fresh;
            s.speak_korean(korean);
        });
        self.sight.fresh.update_value(|n| *n = n.wrapping_add(1));
        self.sight.zoom.set(stage::tools::Zoom::All);
        self.picked.set(None);
        for trigger in [
            self.time,
            self.stage,
            self.timeline,
            self.objects,
            self.events,
            self.console,
            self.files,
            self.lesson,
            self.lab,
        ] {
            trigger.notify();
        }
        courses::keep(self);
        embed::view::tell(self);
    }
}

const DEFAULT_SEED: u64 = 2026;
/// Workers that the address may ask for.
const MOST_NODES: usize = 2000;

/// The file to open in the editor: the lesson's, else the learner's first.
fn first_file(lesson: Option<&Lesson>, files: &[(String, String)]) -> String {
    let lessons = lesson.and_then(|l| l.files.first()).map(|(name, _)| name.to_string());
    let own = || files.first().map(|(name, _)| name.clone());
    lessons.or_else(own).unwrap_or_else(|| "web.yaml".to_owned())
}

/// A session of a lesson where it was left, or of the playground.
fn session(lesson: Option<Rc<Lesson>>, files: &[(String, String)]) -> Session {
    let seed = || fragment("seed").and_then(|s| s.parse().ok()).unwrap_or(DEFAULT_SEED);
    // `#free&nodes=20`: a playground of so many workers.
    if let Some(nodes) = fragment("nodes").and_then(|n| n.parse().ok()).filter(|_| lesson.is_none()) {
        return Session::with_nodes(seed(), usize::min(nodes, MOST_NODES), files);
    }
    match lesson {
        Some(lesson) => {
            let saved = courses::progress(&lesson.slug);
            if rest::is_late() {
                Session::early(Meant::Lesson(lesson, saved), files)
            } else {
                Session::learning(lesson, &saved, files)
            }
        }
        None if rest::is_late() => Session::early(Meant::Playground(seed()), files),
        None => Session::new(seed(), files),
    }
}

fn set_if_other(signal: RwSignal<bool>, value: bool) {
    if signal.get_untracked() != value {
        signal.set(value);
    }
}

/// The value of `key` in the address after the #: `#lang=ko&seed=7`.
pub(crate) fn fragment(key: &str) -> Option<String> {
    let hash = window().location().hash().ok()?;
    let pairs =
        hash.trim_start_matches('#').split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
}

fn prefers_dark() -> bool {
    window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|m| m.matches())
}

/// The language of the address, else the one chosen last, else the browser's.
fn language() -> Lang {
    let stored = fragment("lang").or_else(|| storage::read("lang"));
    Lang::of_tag(&stored.or_else(|| window().navigator().language()).unwrap_or_default())
}

/// Builds the page into the body, once it is known which lesson is open.
pub fn start() {
    panic_page::install();
    crate::panels::divider::restore();
    wasm_bindgen_futures::spawn_local(async {
        let lang = language();
        let entries = courses::entries().await;
        let asked = match fragment(courses::FREE) {
            Some(_) => Some(courses::FREE.to_owned()),
            None => fragment("lesson"),
        };
        let (lesson, wrong) = match courses::first(&entries, lang, asked).await {
            Ok(lesson) => (lesson, None),
            Err(why) => (None, Some(why)),
        };
        mount(lang, entries, lesson, wrong);
    });
}

fn mount(lang: Lang, entries: Vec<Entry>, lesson: Option<Rc<Lesson>>, wrong: Option<String>) {
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(move || {
        let app = App::new(lang, entries.clone(), lesson.clone());
        if wrong.is_some() {
            app.note.set(wrong.clone());
        }
        bridge::install(app);
        embed::view::install(app);
        follow_address(app);
        rest::watch(app);
        pump::kick(app);
        view! { <Page app /> }
    });
}

/// `#glossary=pod` opens that word, `#course` the map, whenever the address says so.
fn follow_address(app: App) {
    let look = move || {
        if let Some(term) = fragment("glossary") {
            app.show_term(&term);
        } else if fragment("course").is_some() {
            app.course.set(Some(whole::Page::Map));
        }
    };
    look();
    window_event_listener_untyped("hashchange", move |_| look());
}

/// A text of the page that follows the language. One type for all texts keeps the views small.
pub fn word(
    app: App,
    pick: fn(&'static Texts) -> &'static str,
) -> impl Fn() -> &'static str + Copy + Send + Sync {
    move || pick(app.texts())
}

/// A drawing of the sprite.
#[must_use]
pub fn ic(name: &'static str) -> impl IntoView {
    view! { <svg class="ic" aria-hidden="true"><use href=name></use></svg> }
}

#[component]
fn Page(app: App) -> impl IntoView {
    Effect::new(move |_| {
        let lang = app.lang.get();
        storage::write("lang", lang.tag());
        courses::translate(app, lang);
        app.act(|s| s.speak_korean(lang == Lang::Ko));
        document().set_title(lang.texts().brand);
        root_attribute("lang", lang.tag());
    });
    Effect::new(move |first: Option<()>| {
        let dark = app.dark.get();
        root_attribute("data-theme", if dark { "dark" } else { "light" });
        if first.is_some() {
            storage::write("theme", if dark { "dark" } else { "light" });
        }
    });
    Effect::new(move |_| {
        storage::write("watch", if app.in_place.get() { "table" } else { "text" });
    });
    window_event_listener(leptos::ev::keydown, move |event| keys(app, &event));
    context::view::watch(app);
    view! {
        <div
            class="desk"
            data-tab=move || app.panel.get().name()
            data-dock=move || app.dock.get().name()
            data-lesson=move || if app.lesson_open.get() { "open" } else { "folded" }
            data-view=move || (app.tab.get() == inspector::Tab::Why).then_some("why")
            data-past=move || app.past.get().then_some("")
            data-insp=move || if app.picked.get().is_some() { "open" } else { "empty" }
        >
            <top_bar::view::TopBar app />
            <lesson::view::GoalBar app />
            <lesson::view::LessonPane app />
            <main class="mid" id="main">
                <section class="stage" aria-label=word(app, |t| t.stage)>
                    <past::view::Past app />
                    <message::view::Message app />
                    <lab::view::LabScreen app />
                    <stage::tools::Tools app />
                    <div class="sides">
                        <stage::view::Stage app other=false />
                        <Show when=move || app.beside.get().is_some()>
                            <stage::view::Stage app other=true />
                        </Show>
                    </div>
                </section>
                <timeline::view::Timeline app />
                <dock::view::Dock app />
            </main>
            <inspector::view::Inspector app />
            <top_bar::view::TabBar app />
            <palette::view::Palette app />
            <context::view::Menu app />
            <tour::view::Tour app />
            <whole::view::Course app />
            <p class="said" aria-live="polite">{move || app.said.get()}</p>
        </div>
    }
}

fn root_attribute(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // A page whose root can't be marked is still a page.
        drop(root.set_attribute(name, value));
    }
}

/// Brings the keyboard to the first element that matches.
pub fn focus(selector: &str) {
    if let Ok(Some(element)) = document().query_selector(selector) {
        match element.dyn_into::<HtmlElement>() {
            Ok(element) => drop(element.focus()),
            Err(element) => {
                if let Ok(drawing) = element.dyn_into::<SvgElement>() {
                    drop(drawing.focus());
                }
            }
        }
    }
}

/// Keys that work everywhere, and single letters that work on the stage.
fn keys(app: App, event: &KeyboardEvent) {
    if event.is_composing() || event.default_prevented() {
        return;
    }
    let command = event.ctrl_key() || event.meta_key();
    match event.key().as_str() {
        "`" if event.ctrl_key() => app.show_terminal(),
        "e" if command && !event.shift_key() => app.show(Panel::Editor, "#manifest"),
        "k" if command => app.palette.set(true),
        "F1" => app.keymap.set(true),
        // On the stage it asks about what is selected.
        "?" if !(command
            || writes(event)
            || (at_the_helm(event) && app.picked.get_untracked().is_some())) =>
        {
            app.keymap.set(true);
        }
        "ContextMenu" if at_the_helm(event) => context::view::open_picked(app),
        "F10" if event.shift_key() && at_the_helm(event) => context::view::open_picked(app),
        "Escape" if app.menu.get_untracked().is_some() => app.menu.set(None),
        "Escape" if app.keymap.get_untracked() => app.keymap.set(false),
        "F6" => next_panel(event.shift_key()),
        key if !command && !event.alt_key() && at_the_helm(event) => match key {
            " " if !on_button(event) => app.set_paused(!app.paused.get_untracked()),
            "." => app.step_to(true, false),
            "," => app.step_to(false, false),
            ">" => app.step_to(true, true),
            "<" => app.step_to(false, true),
            "[" => timeline::view::other_lane(app, -1),
            "]" => timeline::view::other_lane(app, 1),
            "j" => app.jump(),
            "z" => stage::tools::nearer(app),
            "Z" => stage::tools::farther(app),
            "?" if app.picked.get_untracked().is_some() => app.why(),
            "u" => app.undo(),
            "F" => app.fork(),
            "Home" => app.seek(app.ask(Session::earliest)),
            "End" => app.act(Session::to_present),
            "+" | "=" => shift_speed(app, 1),
            "-" => shift_speed(app, -1),
            _ => return,
        },
        _ => return,
    }
    event.prevent_default();
}

fn shift_speed(app: App, by: isize) {
    let speeds = crate::session::SPEEDS;
    let at = speeds.iter().position(|s| *s == app.speed.get_untracked()).unwrap_or(1);
    if let Some(speed) = at.checked_add_signed(by).and_then(|i| speeds.get(i)) {
        app.set_speed(*speed);
    }
}

fn target(event: &KeyboardEvent) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

/// Single letters are commands only where the reader has gone for them: on the stage and at the time controls.
fn at_the_helm(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|e| e.closest(".stage, .helm, .tline").ok().flatten().is_some())
}

/// The key is a letter of a text.
fn writes(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|e| {
        let tag = e.tag_name();
        tag == "INPUT"
            || tag == "TEXTAREA"
            || tag == "SELECT"
            || e.closest("[contenteditable]").ok().flatten().is_some()
    })
}

fn on_button(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|e| e.tag_name() == "BUTTON" || e.tag_name() == "A")
}

/// F6 goes round the panels.
fn next_panel(back: bool) {
    const PANELS: [&str; 5] = [".lesson button", ".tree", "#prompt", "#manifest", ".insp button"];
    let here = document().active_element();
    let at = PANELS.iter().position(|selector| {
        let panel = selector.split(' ').next().unwrap_or_default();
        here.as_ref().is_some_and(|e| e.closest(panel).ok().flatten().is_some())
    });
    let step = if back { PANELS.len() - 1 } else { 1 };
    let start = at.unwrap_or(PANELS.len() - step);
    for n in 1..=PANELS.len() {
        focus(PANELS[(start + n * step) % PANELS.len()]);
        // A panel that is hidden now takes no focus: on to the one after it.
        if document().active_element() != here {
            return;
        }
    }
}
