//! The proof of a lesson: it can be solved, is not solved already, and says what it should.
//!
//! Proven for each lesson: both languages have the same steps, commands and hints, and the translation is not stale;
//! no goal is met before the learner acts; each step's solution meets its goals in bounded virtual time; every
//! command of the start ends well; every command shown ends as said; each wrong attempt gets its feedback and solves nothing; every feedback has a wrong
//! attempt that gets it.

use ordered::BTreeSet;
use ordered::Sort as _;
use std::rc::Rc;

use objects::Value;

use super::form::Folder;
use super::glossary::{self, Glossary};
use super::pack::lesson;
use super::play::{EFFECT_LIMIT_MS, Player};
use super::{Files, Problem};
use crate::lang::Lang;
use crate::lesson::{Act, Lesson};

/// The lessons among these files.
#[must_use]
pub fn slugs(files: &Files) -> Vec<String> {
    let folders: BTreeSet<&str> =
        files.keys().filter_map(|path| path.split_once('/')).map(|(f, _)| f).collect();
    folders.into_iter().map(str::to_owned).collect()
}

/// Everything that is wrong with a lesson.
#[must_use]
pub fn check(files: &Files, slug: &str) -> Vec<Problem> {
    let folder = match Folder::read(files, slug) {
        Ok(folder) => folder,
        Err(problems) => return problems,
    };
    let mut problems = Vec::new();
    let mut lessons = Vec::new();
    for lang in Lang::ALL {
        match lesson(&folder, &Glossary::default(), lang) {
            Ok((_, lesson)) => lessons.push(lesson),
            Err(more) => problems.extend(more),
        }
    }
    problems.extend(known_lessons(files, &folder));
    if let [en, _] = &lessons[..] {
        problems.extend(level_languages(&folder));
        let lesson = Rc::new(en.clone());
        problems.extend(references(&folder, &lesson));
        if problems.is_empty() {
            prove(&folder, &lesson, &mut problems);
        }
    }
    problems.arrange();
    problems.dedup();
    problems
}

/// What is wrong with what all lessons share: the glossary, numbers used twice, circles of prerequisites.
#[must_use]
pub fn check_course(files: &Files) -> Vec<Problem> {
    let (_, mut problems) = glossary::read(files);
    let folders: Vec<Folder> = slugs(files).iter().filter_map(|s| Folder::read(files, s).ok()).collect();
    for (i, folder) in folders.iter().enumerate() {
        let number = folder.yaml["number"].int();
        if let Some(other) = folders[..i].iter().find(|f| f.yaml["number"].int() == number) {
            problems.push(folder.in_yaml("number", format!("{} has the number {number} too", other.slug)));
        }
        let before = folder.yaml["prerequisites"].items().iter().enumerate();
        for (j, slug) in before {
            let later = folders.iter().find(|f| slug.text() == f.slug && f.yaml["number"].int() >= number);
            if later.is_some() {
                let path = format!("prerequisites[{j}]");
                problems.push(folder.in_yaml(&path, format!("{} comes later in the course", slug.text())));
            }
        }
    }
    problems
}

fn known_lessons(files: &Files, folder: &Folder) -> Vec<Problem> {
    let all = slugs(files);
    let named = folder.yaml["prerequisites"].items().iter().enumerate();
    named
        .filter(|(_, slug)| !all.iter().any(|s| **slug == **s))
        .map(|(i, slug)| {
            folder.in_yaml(&format!("prerequisites[{i}]"), format!("no lesson is called {}", slug.text()))
        })
        .collect()
}

/// Both languages show the same, and the translation is of the text as it is.
fn level_languages(folder: &Folder) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (en, ko) = (folder.text(Lang::En), folder.text(Lang::Ko));
    let ids = |d: &super::markdown::Document| d.sections.iter().map(|s| s.id.clone()).collect::<Vec<_>>();
    if ids(en) != ids(ko) {
        let message = format!("the sections here are {:?}, in en.md {:?}", ids(ko), ids(en));
        problems.push(folder.in_text(Lang::Ko, ko.body, message));
        return problems;
    }
    for (a, b) in en.sections.iter().zip(&ko.sections) {
        let mut differs = |what: &str| {
            let message = format!("{what} of section {:?} are not those of en.md", b.id);
            problems.push(folder.in_text(Lang::Ko, b.place.start, message));
        };
        let shown = |s: &super::markdown::Section| {
            s.shown.iter().map(|c| (c.command.clone(), c.exit)).collect::<Vec<_>>()
        };
        if shown(a) != shown(b) {
            differs("the commands to run");
        }
        if a.after.len() != b.after.len() {
            differs("the blocks that come after");
        }
        if a.hints.len() != b.hints.len() {
            differs("the hints");
        }
    }
    match folder.translated_from() {
        Err(problem) => problems.push(problem),
        Ok(from) => {
            for (id, hash) in folder.hashes() {
                if from.get(&id) != Some(&hash) {
                    let section = ko.sections.iter().find(|s| s.id == id);
                    let message = format!(
                        "the translation of {id:?} is stale: en.md has changed since; when it is right again, run \
                         wheelhouse check --accept {}",
                        folder.slug
                    );
                    let offset = section.map_or(ko.body, |s| s.place.start);
                    problems.push(folder.in_text(Lang::Ko, offset, message));
                }
            }
        }
    }
    problems
}

/// Names that must be known: options that solutions answer with, steps and feedback of wrong attempts.
fn references(folder: &Folder, lesson: &Lesson) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (i, step) in lesson.steps.iter().enumerate() {
        for (j, act) in step.solution.iter().enumerate() {
            let Act::Answer(id) = act else { continue };
            let known = step.question.as_ref().is_some_and(|q| q.options.iter().any(|o| o.id == *id));
            if !known {
                let path = format!("steps[{i}].solution[{j}]");
                problems.push(folder.in_yaml(&path, format!("this step's question has no option {id:?}")));
            }
        }
        for (j, feedback) in step.feedback.iter().enumerate() {
            let proven = |w: &Value| w["step"] == step.id.as_str() && w["feedback"] == feedback.id.as_str();
            if !folder.yaml["wrong"].items().iter().any(proven) {
                let path = format!("steps[{i}].feedback[{j}]");
                problems.push(folder.in_yaml(&path, "no wrong attempt proves this feedback"));
            }
        }
    }
    for (i, wrong) in folder.yaml["wrong"].items().iter().enumerate() {
        let path = format!("wrong[{i}]");
        for (key, _) in wrong.entries() {
            if !["step", "run", "feedback"].contains(&key.as_str()) {
                let message = format!("unknown field {key:?}; known here: step, run, feedback");
                problems.push(folder.in_yaml(&format!("{path}.{key}"), message));
            }
        }
        let step = lesson.steps.iter().find(|s| wrong["step"] == s.id.as_str());
        match step {
            None => problems.push(folder.in_yaml(&format!("{path}.step"), "no step is called so")),
            Some(step) if !step.feedback.iter().any(|f| wrong["feedback"] == f.id.as_str()) => {
                problems.push(
                    folder
                        .in_yaml(&format!("{path}.feedback"), "this step has no feedback that is called so"),
                );
            }
            Some(_) => {}
        }
        if wrong["run"].items().is_empty() {
            problems.push(folder.in_yaml(&format!("{path}.run"), "the commands of the attempt are missing"));
        }
    }
    problems
}

fn prove(folder: &Folder, lesson: &Rc<Lesson>, problems: &mut Vec<Problem>) {
    start_runs(folder, lesson, problems);
    let mut player = Player::at(lesson.clone(), 0);
    for (i, step) in lesson.steps.iter().enumerate() {
        player.observe();
        not_solved_yet(folder, i, &player, problems);
        shown_commands(folder, lesson, i, problems);
        for (j, act) in step.solution.iter().enumerate() {
            let Some(ran) = player.act(act) else { continue };
            if ran.exit != 0 || !ran.ended {
                let message = format!("this command of the solution {}", how_it_ended(&ran));
                problems.push(folder.in_yaml(&format!("steps[{i}].solution[{j}]"), message));
            }
        }
        if !player.wait(|attempt| attempt.step_done()) {
            problems.push(folder.in_yaml(&format!("steps[{i}].solution"), unsolved(&player)));
            return;
        }
        player.open(i + 1);
    }
    wrong_attempts(folder, lesson, problems);
}

/// What is run before the learner's first command ends well too.
fn start_runs(folder: &Folder, lesson: &Rc<Lesson>, problems: &mut Vec<Problem>) {
    let bare = Lesson { start: Vec::new(), ..Lesson::clone(lesson) };
    let mut player = Player::at(Rc::new(bare), 0);
    for (i, act) in lesson.start.iter().enumerate() {
        let Some(ran) = player.act(act) else { continue };
        if ran.exit != 0 || !ran.ended {
            let message = format!("this command of the start {}", how_it_ended(&ran));
            problems.push(folder.in_yaml(&format!("start[{i}]"), message));
        }
    }
}

fn how_it_ended(ran: &super::play::Ran) -> String {
    if ran.ended {
        format!("ends with exit code {}: {}", ran.exit, ran.output.trim())
    } else {
        format!("does not end: {}", ran.output.trim())
    }
}

fn not_solved_yet(folder: &Folder, i: usize, player: &Player, problems: &mut Vec<Problem>) {
    let step = &player.attempt.lesson().steps[i];
    for (j, (goal, report)) in step.goals.iter().zip(player.attempt.report()).enumerate() {
        if report.met && !goal.want.guards() {
            let message = "this goal is met before the learner has done anything";
            problems.push(folder.in_yaml(&format!("steps[{i}].goals[{j}]"), message));
        }
    }
}

fn unsolved(player: &Player) -> String {
    let mut missing: Vec<String> = player
        .attempt
        .report()
        .into_iter()
        .filter(|g| !g.met)
        .map(|g| format!("{}: {}", g.id, g.missing.unwrap_or_else(|| "not met".into())))
        .collect();
    if player.attempt.question().is_some_and(|q| q.chosen.is_none()) {
        missing.push("the question is not answered".into());
    }
    format!("the solution does not meet the goals in {} s ({})", EFFECT_LIMIT_MS / 1000, missing.join("; "))
}

/// Every command shown in a step, in order, after the solutions of the steps before it.
fn shown_commands(folder: &Folder, lesson: &Rc<Lesson>, i: usize, problems: &mut Vec<Problem>) {
    let id = &lesson.steps[i].id;
    let sections = &folder.text(Lang::En).sections;
    let Some(section) = sections.iter().find(|s| s.id == id.as_str()) else { return };
    if section.shown.is_empty() {
        return;
    }
    let mut player = Player::at(lesson.clone(), i);
    for shown in &section.shown {
        let ran = player.run(&shown.command);
        if ran.exit != shown.exit || !ran.ended {
            let message = format!("the command shown here {}", how_it_ended(&ran));
            problems.push(folder.in_text(Lang::En, shown.offset, message));
        }
        player.cluster.settle();
    }
}

fn wrong_attempts(folder: &Folder, lesson: &Rc<Lesson>, problems: &mut Vec<Problem>) {
    for (i, wrong) in folder.yaml["wrong"].items().iter().enumerate() {
        let Some(at) = lesson.steps.iter().position(|s| wrong["step"] == s.id.as_str()) else { continue };
        let mut player = Player::at(lesson.clone(), at);
        for line in wrong["run"].items() {
            player.run(line.text());
        }
        let wanted = wrong["feedback"].text();
        let got = player.wait(|a| a.step_done() || a.feedback().any(|(id, _)| id == wanted));
        let path = format!("wrong[{i}]");
        if player.attempt.step_done() {
            problems.push(folder.in_yaml(&path, "this wrong attempt solves the step"));
        } else if !got {
            problems.push(
                folder.in_yaml(&path, format!("this wrong attempt never gets the feedback {wanted:?}")),
            );
        }
    }
}
