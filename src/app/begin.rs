//! How the page begins: what the address and the storage ask for, which session that is, and another one in its place.

use std::rc::Rc;

use course::{Entry, Lesson};
use leptos::prelude::*;

use super::App;
use super::frame::Page;
use super::keys::takes_text;
use crate::i18n::Lang;
use crate::panels::{course as whole, tour};
use crate::session::{Meant, Session};
use crate::{bridge, courses, embed, panic_page, pump, rest, stage, storage};

const DEFAULT_SEED: u64 = 2026;

/// Workers that the address may ask for.
const MOST_NODES: usize = 2000;

impl App {
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

    /// The rest of the program is there: what stood for the playground becomes it, and what was picked stays picked.
    pub fn complete(self) {
        let typed = self.ask(|s| s.tabs().iter().any(|t| t.waiting().next().is_some()));
        if let Some(whole) = self.ask(Session::whole) {
            let picked = self.picked.get_untracked();
            self.replace(whole);
            self.picked.set(picked);
        }
        self.act(|session| session.set_waits(false));
        // Whoever has begun to write is not interrupted.
        let writes = document().active_element().is_some_and(|here| takes_text(&here));
        if !typed && !writes {
            tour::view::begin_once(self);
        }
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

/// The file to open in the editor: the lesson's, else the learner's first.
pub(super) fn first_file(lesson: Option<&Lesson>, files: &[(String, String)]) -> String {
    let lessons = lesson.and_then(|l| l.files.first()).map(|(name, _)| name.to_string());
    let own = || files.first().map(|(name, _)| name.clone());
    lessons.or_else(own).unwrap_or_else(|| "web.yaml".to_owned())
}

/// A session of a lesson where it was left, or of the playground.
pub(super) fn session(lesson: Option<Rc<Lesson>>, files: &[(String, String)]) -> Session {
    let seed = || fragment("seed").and_then(|s| s.parse().ok()).unwrap_or(DEFAULT_SEED);
    // `#free&nodes=20`: a playground of so many workers.
    if let Some(nodes) = fragment("nodes").and_then(|n| n.parse().ok()).filter(|_| lesson.is_none()) {
        return Session::with_nodes(seed(), usize::min(nodes, MOST_NODES), files);
    }
    match lesson {
        Some(lesson) => {
            let saved = courses::progress(&lesson.slug);
            if rest::is_early() {
                Session::early(Meant::Lesson(lesson, saved), files)
            } else {
                Session::learning(lesson, &saved, files)
            }
        }
        None if rest::is_early() => Session::early(Meant::Playground(seed()), files),
        None => Session::new(seed(), files),
    }
}

/// The value of `key` in the address after the #: `#lang=ko&seed=7`.
pub(crate) fn fragment(key: &str) -> Option<String> {
    let hash = window().location().hash().ok()?;
    let pairs =
        hash.trim_start_matches('#').split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
}

pub(super) fn prefers_dark() -> bool {
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
        pump::watch();
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
