//! What a click or a key asks of the page: open something, ask why, go to another instant, step, undo.
//!
//! Does not own: commands (`lines`), what the session then does (`session`).

use leptos::prelude::*;

use super::keys::focus;
use super::{App, Panel};
use crate::console::table::Named;
use crate::panels::{course as whole, inspector, timeline};
use crate::session::Session;
use crate::stage::facts::ObjectId;

impl App {
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
            None => self.note.set(Some((self.texts_now().terminal().no_longer)(name).to_string())),
        }
    }

    /// Opens an object.
    pub fn open(self, id: ObjectId) {
        self.asked.set(ObjectId::default());
        self.picked.set(Some(id));
        self.panel.set(Panel::Inspector);
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
            self.said.set(self.texts_now().time().forked.to_owned());
        }
    }

    /// Takes the last command back that did something.
    pub fn undo(self) {
        let texts = self.texts_now();
        match self.act(Session::undo) {
            Some(line) => self.note.set(Some((texts.time().undone)(&line).to_string())),
            None => self.note.set(Some(texts.time().nothing_to_undo.to_owned())),
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
}
