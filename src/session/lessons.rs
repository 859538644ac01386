//! The lesson of a session: its page, its answers, and its solution shown or played.
//!
//! Does not own: goals and how they are judged (course).

use std::rc::Rc;

use clock::Time;
use course::{Act, Attempt, Lesson};
use objects::Value;
use smol_str::SmolStr;

use super::Session;
use super::begin::ACT_MS;
use crate::panels::lesson::Page;

/// Where a learner stands, for whoever embeds the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonStanding {
    /// The lesson, the open step (from 0), how many steps are done, whether all are.
    pub told: (SmolStr, usize, usize, bool),
    pub steps: usize,
}

impl Session {
    #[must_use]
    pub fn lesson(&self) -> Option<Page> {
        let page = self.here.attempt.as_ref().map(Page::of)?;
        let busy = self.early.is_some() || self.waits;
        Some(Page { showing: !self.showing.is_empty(), busy, ..page })
    }

    /// Where the learner stands.
    #[must_use]
    pub fn standing(&self) -> Option<LessonStanding> {
        let attempt = self.here.attempt.as_ref()?;
        let done = attempt.done().iter().filter(|d| **d).count();
        let told = (attempt.lesson().slug.clone(), attempt.step(), done, attempt.lesson_done());
        Some(LessonStanding { told, steps: attempt.done().len() })
    }

    /// Looks at the host lab.
    pub fn lab<T>(&self, look: impl FnOnce(&terminal::lab::Lab) -> T) -> T {
        self.terminal.with_lab(look)
    }

    /// The end of the line of time.
    #[must_use]
    pub fn present(&self) -> Time {
        self.here.cluster.now()
    }

    /// Plays the open step's solution before the learner's eyes.
    pub fn show_me(&mut self) {
        self.to_present();
        let Some(attempt) = &self.here.attempt else { return };
        self.showing = attempt.current().solution.iter().cloned().collect();
        self.show_at = 0;
        self.moved.lesson = true;
        self.serve();
    }

    /// Queues what comes next of a solution that is shown.
    pub(super) fn show_next(&mut self) {
        while self.latest() >= self.show_at {
            let Some(act) = self.showing.pop_front() else { return };
            self.moved.lesson = true;
            match act {
                Act::Run(text) => {
                    self.tabs[0].queue.extend(text.lines().map(|line| (line.to_owned(), 0)));
                    return;
                }
                Act::Answer(id) => self.answer_by_id(&id),
                Act::Wait(span) => self.show_at = self.latest() + span,
            }
        }
    }

    fn answer_by_id(&mut self, id: &str) {
        let Some(attempt) = &self.here.attempt else { return };
        let question = attempt.current().question.as_ref();
        if let Some(option) = question.and_then(|q| q.options.iter().position(|o| o.id == id)) {
            self.answer(option);
        }
    }

    /// Goes on to the next step as if this one had been solved: its solution is played at once.
    pub fn skip_step(&mut self) {
        if self.early.is_some() || self.waits {
            return;
        }
        self.to_present();
        self.interrupt();
        let Some(attempt) = &self.here.attempt else { return };
        let (step, acts) = (attempt.step(), attempt.current().solution.clone());
        for act in &acts {
            match act {
                Act::Answer(id) => self.answer_by_id(id),
                act => self.play(act),
            }
            self.look();
            let exit = i64::from(self.terminal.exit_code());
            if let (Act::Run(text), Some(attempt)) = (act, &mut self.here.attempt) {
                attempt.command(text, exit);
            }
            self.look();
        }
        let limit = self.here.cluster.now() + ACT_MS;
        let done = |s: &Self| s.here.attempt.as_ref().is_none_or(Attempt::step_done);
        while !done(self) && self.here.cluster.now() < limit && self.here.cluster.step_to_change() {
            self.look();
        }
        self.drain();
        let facts = self.terminal.lab_facts(self.here.cluster.now());
        if let Some(attempt) = &mut self.here.attempt {
            attempt.set_lab(facts);
            if step + 1 < attempt.done().len() {
                attempt.open(step + 1, &self.here.cluster);
            }
        }
        self.all_moved();
        (self.moved.lesson, self.moved.files, self.moved.lab) = (true, true, true);
        self.look();
    }

    /// The lesson's name and what to save of it.
    #[must_use]
    pub fn progress(&self) -> Option<(SmolStr, Value)> {
        self.here.attempt.as_ref().map(|a| (a.lesson().slug.clone(), a.save()))
    }

    /// Goes on in another language.
    pub fn translate(&mut self, lesson: Rc<Lesson>) {
        if let Some(attempt) = &mut self.here.attempt {
            self.moved.lesson |= attempt.translate(lesson);
        }
    }

    /// One hint more.
    pub fn hint(&mut self) {
        if let Some(attempt) = &mut self.here.attempt {
            self.moved.lesson |= attempt.hint();
        }
    }

    /// Chooses an option of the step's question.
    pub fn answer(&mut self, option: usize) {
        if let Some(attempt) = &mut self.here.attempt {
            self.moved.lesson |= attempt.answer(option);
        }
    }

    /// On to the next step, once this one's goals are met.
    pub fn next_step(&mut self) {
        if let Some(attempt) = &mut self.here.attempt {
            attempt.set_lab(self.terminal.lab_facts(self.here.cluster.now()));
            self.moved.lesson |= attempt.next(&self.here.cluster);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Meant;

    fn hello() -> Rc<Lesson> {
        let text = r#"{"version":1,"slug":"hello","lang":"en","title":"T","level":"beginner","minutes":5,
            "summary":[],"cluster":{"workers":1,"control_plane":true,"seed":1},"steps":[
            {"id":"one","title":"One","blocks":[],"goals":[{"id":"g","text":["Web"],
              "want":{"exists":{"of":"deployments","name":"web"}}}],
             "solution":["echo a","kubectl create deployment web --image=nginx:1.28",{"wait":"3s"}]},
            {"id":"two","title":"Two","blocks":[],"goals":[{"id":"g","text":["Lab"],"want":{"lab":{"fact":"open","equals":"day"}}}],
             "solution":[{"wait":"2s"},"lab open day"]}]}"#;
        let value = objects::json::parse(text).unwrap_or_default();
        Rc::new(Lesson::from_json(&value).unwrap_or_else(|e| panic!("{e}")))
    }

    #[test]
    fn a_solution_is_shown_line_by_line_and_waits_where_it_must() {
        let mut session = Session::learning(hello(), &Value::Null, &[]);
        session.show_me();
        session.advance(10_000);
        assert!(session.lesson().is_some_and(|l| l.step_done));
        session.next_step();
        session.show_me();
        assert!(session.lesson().is_some_and(|l| l.showing && !l.step_done));
        session.advance(1_000);
        assert!(session.lesson().is_some_and(|l| !l.step_done));
        session.advance(2_000);
        session.advance(1_000);
        assert!(session.lesson().is_some_and(|l| l.lesson_done), "{:?}", session.lesson().map(|l| l.goals));
        assert_eq!(session.standing().map(|s| s.told), Some(("hello".into(), 1, 2, true)));
    }

    #[test]
    fn before_the_cluster_is_there_a_lesson_shows_where_it_was_left_and_loses_nothing() {
        let mut there = Session::learning(hello(), &Value::Null, &[]);
        there.exec("kubectl create deployment web --image=nginx:1.28", 1);
        there.advance(5_000);
        there.next_step();
        let (_, mut left) = there.progress().expect("a lesson is open");
        assert_eq!(left["at"], "two");
        left.set("met", objects::value!(["g"]));
        let early = Session::early(Meant::Lesson(hello(), left.clone()), &[]);
        let page = early.lesson().expect("a lesson is open");
        assert_eq!(
            (page.step, page.goals.len(), page.goals[0].met, &page.goals[0].missing),
            (1, 1, false, &None)
        );
        assert_eq!(early.progress(), Some(("hello".into(), left)));
        assert!(
            early.whole().and_then(|whole| whole.lesson()).is_some_and(|l| l.step == 1 && !l.lesson_done)
        );
        let fresh = Session::early(Meant::Lesson(hello(), Value::Null), &[]);
        assert!(
            fresh.lesson().is_some_and(|l| !l.step_done),
            "no goal that is looked at is no goal that is met"
        );
    }

    #[test]
    fn a_step_that_is_skipped_is_played_and_the_next_one_opens() {
        let mut session = Session::learning(hello(), &Value::Null, &[]);
        session.skip_step();
        assert_eq!(session.lesson().map(|l| l.step), Some(1));
        assert!(session.object("deployments.apps", "default", "web").is_some());
        session.skip_step();
        assert!(session.lesson().is_some_and(|l| l.lesson_done));
    }
}
