//! Every lesson of the project is proven, as `wheelhouse check` does it, and opens in the page's form.

use std::path::Path;

use course::{Attempt, Lang, Lesson, author};

fn lessons() -> author::Files {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lessons");
    wheelhouse::lessons::read(&directory).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_lesson_is_solvable_not_solved_and_level_in_both_languages() {
    let files = lessons();
    let slugs = author::slugs(&files);
    assert!(!slugs.is_empty());
    let problems: Vec<String> =
        slugs.iter().flat_map(|slug| author::check(&files, slug)).map(|p| p.to_string()).collect();
    assert_eq!(problems, Vec::<String>::new());
}

/// A kind of goal that no lesson uses is one that nobody has seen at work.
#[test]
fn every_kind_of_check_is_used_by_a_lesson() {
    let files = lessons();
    let lines =
        files.iter().filter(|(path, _)| path.ends_with("lesson.yaml")).flat_map(|(_, text)| text.lines());
    let lines: Vec<&str> = lines.collect();
    // `answer: right` is a solution's line and no check; a check has a map, a list or, of commands, words.
    let used = |kind: &str| {
        let field = format!("{kind}:");
        lines.iter().any(|line| {
            let mut after = line.split(&field[..]).skip(1);
            let opens = |rest: &str| rest.is_empty() || rest.starts_with(" {") || rest.starts_with(" [");
            after.any(|rest| opens(rest) || kind == "command")
        })
    };
    let unused: Vec<&str> = course::check::KINDS.into_iter().filter(|kind| !used(kind)).collect();
    assert_eq!(unused, Vec::<&str>::new());
}

#[test]
fn every_packed_lesson_plays_to_its_end_in_both_languages() {
    let packed = author::pack(&lessons());
    assert!(packed.problems.is_empty(), "{:?}", packed.problems);
    // What belongs to the course as a whole is no lesson.
    let whole = |name: &str| ["index.", "glossary.", "learned."].iter().any(|w| name.starts_with(w));
    for (name, text) in packed.files.iter().filter(|(name, _)| !whole(name)) {
        let value = objects::json::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let lesson = Lesson::from_json(&value).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(Lang::ALL.iter().any(|l| name.ends_with(&format!(".{}.json", l.code()))), "{name}");
        let last = lesson.steps.len() - 1;
        let solution = lesson.steps[last].solution.clone();
        let mut player = author::Player::at(std::rc::Rc::new(lesson), last);
        for act in &solution {
            player.act(act);
        }
        assert!(player.wait(Attempt::lesson_done), "{name}: {:?}", player.attempt.report());
    }
}
