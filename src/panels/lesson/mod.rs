//! The lesson pane: what to do, what is reached, what is still missing.
//!
//! Owns: a step of a lesson as the page shows it. Does not own: lessons' texts, goals or progress (course).

#[cfg(target_arch = "wasm32")]
pub mod view;

use course::{Attempt, Block, GoalReport, QuestionReport, Span};
use smol_str::SmolStr;

use crate::i18n::Texts;
use crate::mark::Mark;

/// The open step of a lesson, at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub title: SmolStr,
    pub lang: &'static str,
    /// Counted from 0.
    pub step: usize,
    pub steps: usize,
    pub step_title: SmolStr,
    pub blocks: Vec<Block>,
    /// What is said once the step is done.
    pub after: Vec<Block>,
    pub question: Option<QuestionReport>,
    pub goals: Vec<GoalReport>,
    /// What there is to say about the way things are now.
    pub feedback: Vec<Vec<Span>>,
    /// Hints asked for so far.
    pub hints: Vec<Vec<Block>>,
    pub more_hints: bool,
    /// All goals of this step are met.
    pub step_done: bool,
    pub lesson_done: bool,
    /// What is said first: the lesson's summary, at its first step.
    pub summary: Vec<Block>,
    /// The solution is being played.
    pub showing: bool,
    /// The rest of the program is still on its way.
    pub busy: bool,
}

impl Page {
    #[must_use]
    pub fn of(attempt: &Attempt) -> Self {
        let (lesson, step) = (attempt.lesson(), attempt.current());
        Self {
            title: lesson.title.clone(),
            lang: lesson.lang.code(),
            step: attempt.step(),
            steps: lesson.steps.len(),
            step_title: step.title.clone(),
            blocks: step.blocks.clone(),
            after: if attempt.step_done() { step.after.clone() } else { Vec::new() },
            question: attempt.question(),
            goals: attempt.report(),
            feedback: attempt.feedback().map(|(_, spans)| spans.to_vec()).collect(),
            hints: step.hints.iter().take(attempt.hints_shown()).cloned().collect(),
            more_hints: attempt.more_hints(),
            step_done: attempt.step_done(),
            lesson_done: attempt.lesson_done(),
            showing: false,
            busy: false,
            summary: if attempt.step() == 0 { lesson.summary.clone() } else { Vec::new() },
        }
    }

    #[must_use]
    pub fn is_last(&self) -> bool {
        self.step + 1 >= self.steps
    }
}

pub(crate) fn drawing(name: &'static str, class: &'static str) -> Mark {
    Mark::new("svg", class).with(Mark::new("use", "").at("href", name))
}

pub(crate) fn command(line: &str, texts: &Texts) -> Mark {
    Mark::new("button", "runs")
        .at("data-run", line)
        .at("aria-label", (texts.lesson().run)(line))
        .with(drawing("#i-play", "ic").at("aria-hidden", "true"))
        .with(Mark::new("code", "").at("lang", "en").says(line))
}

/// Spans of a text as elements of `holder`.
pub(crate) fn inline(mut holder: Mark, spans: &[Span], texts: &Texts) -> Mark {
    for span in spans {
        holder.add(match span {
            Span::Text(t) => Mark::new("span", "").says(t.clone()),
            Span::Strong(t) => Mark::new("b", "").says(t.clone()),
            Span::Emphasis(t) => Mark::new("em", "").says(t.clone()),
            Span::Code(t) => Mark::new("code", "").at("lang", "en").says(t.clone()),
            Span::Command(t) => command(t, texts),
            Span::Link { text, to } => Mark::new("a", "").at("href", to.clone()).says(text.clone()),
        });
    }
    holder
}
