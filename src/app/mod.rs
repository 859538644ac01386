//! The page as a whole: its signals, its frame, and how the session and the views reach each other.
//!
//! Owns: [`App`], the one handle every view holds; what a session and the views tell each other.
//! Does not own: what a panel shows (`panels`, `stage`), the session's doings (`session`).
mod beat;
mod begin;
mod deeds;
mod frame;
mod keys;
mod lines;

use std::collections::BTreeMap;
use std::rc::Rc;

use course::{Entry, Lesson};
use leptos::prelude::*;

pub use beat::seldom;
pub(crate) use begin::fragment;
pub use begin::start;
pub use keys::{drawn, focus, go_back, leave};

use crate::i18n::{Lang, Texts};
use crate::panels::timeline::record::Lane;
use crate::panels::{context, course as whole, inspector};
use crate::session::Session;
use crate::stage::facts::ObjectId;
use crate::{bridge, courses, embed, panic_page, pump, stage, storage};

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

impl App {
    fn new(lang: Lang, entries: Vec<Entry>, lesson: Option<Rc<Lesson>>) -> Self {
        let files = storage::read_map("files").unwrap_or_else(|| {
            vec![("web.yaml".to_owned(), include_str!("../../assets/web.yaml").to_owned())]
        });
        let first = begin::first_file(lesson.as_deref(), &files);
        let session = begin::session(lesson, &files);
        let dark = match storage::read("theme").as_deref() {
            Some(theme) => theme == "dark",
            None => begin::prefers_dark(),
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
            app.note.set(Some(app.texts_now().page().not_saved.to_owned()));
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
            self.said.set(self.texts_now().time().forked.to_owned());
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
}

fn set_if_other(signal: RwSignal<bool>, value: bool) {
    if signal.get_untracked() != value {
        signal.set(value);
    }
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
