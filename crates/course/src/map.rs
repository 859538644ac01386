//! The map of the course and its summary: what comes before what, what is done, what may come next.
//!
//! Owns: the parts of the course, the order by prerequisites, and the sums over saved progress. Pure functions of the
//! list of lessons (`index.json`) and of what was saved; how they look is the page's.

use objects::{Str, Value};

use crate::index::Entry;
use crate::lang::Lang;
use crate::read::{Error, Node};

/// A group of lessons on the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Start,
    Machine,
    Workloads,
    Network,
    Storage,
    Running,
    Trouble,
}

const PARTS: [(Part, &str, &str, &str); 7] = [
    (Part::Start, "start", "First steps", "첫걸음"),
    (Part::Machine, "machine", "From machines to a cluster", "머신에서 클러스터까지"),
    (Part::Workloads, "workloads", "Workloads", "워크로드"),
    (Part::Network, "network", "Network", "네트워크"),
    (Part::Storage, "storage", "Settings and storage", "설정과 스토리지"),
    (Part::Running, "running", "Running it", "운영"),
    (Part::Trouble, "trouble", "Troubleshooting", "문제 해결"),
];

impl Part {
    pub const ALL: [Self; 7] = [
        Self::Start,
        Self::Machine,
        Self::Workloads,
        Self::Network,
        Self::Storage,
        Self::Running,
        Self::Trouble,
    ];

    fn row(self) -> &'static (Self, &'static str, &'static str, &'static str) {
        PARTS.iter().find(|p| p.0 == self).unwrap_or(&PARTS[0])
    }

    /// As lesson.yaml writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    #[must_use]
    pub fn title(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.row().2,
            Lang::Ko => self.row().3,
        }
    }

    pub(crate) fn read(node: &Node<'_>) -> Result<Self, Error> {
        let text = node.text()?;
        match PARTS.iter().find(|p| p.1 == text) {
            Some(p) => Ok(p.0),
            None => {
                let names: Vec<&str> = PARTS.iter().map(|p| p.1).collect();
                node.error(format!("a part is one of {}, not {text:?}", names.join(", ")))
            }
        }
    }
}

/// How a lesson stands for a learner. Nothing is locked: `Later` only advises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Done,
    Begun,
    /// All that comes before it is done.
    Open,
    Later,
}

/// How far below the start each lesson is: 0 without prerequisites, else one more than the deepest of them.
/// A circle of prerequisites, which `check` refuses, ends in a finite depth all the same.
#[must_use]
pub fn depths(entries: &[Entry]) -> Vec<usize> {
    let mut depths = vec![0; entries.len()];
    for _ in 0..entries.len() {
        let mut changed = false;
        for (i, entry) in entries.iter().enumerate() {
            let before = entry.prerequisites.iter().filter_map(|slug| at(entries, slug));
            let depth = before.map(|j| depths[j] + 1).max().unwrap_or(0).min(entries.len());
            changed |= depth != depths[i];
            depths[i] = depth;
        }
        if !changed {
            break;
        }
    }
    depths
}

fn at(entries: &[Entry], slug: &str) -> Option<usize> {
    entries.iter().position(|e| e.slug == slug)
}

/// How each lesson stands; `saved` gives what [`crate::Attempt::save`] made of it, null when nothing was.
#[must_use]
pub fn standings(entries: &[Entry], saved: &dyn Fn(&str) -> Value) -> Vec<Standing> {
    let progress: Vec<Value> = entries.iter().map(|e| saved(&e.slug)).collect();
    let done: Vec<bool> = entries.iter().zip(&progress).map(|(e, p)| is_done(e, p)).collect();
    let open = |e: &Entry| e.prerequisites.iter().filter_map(|s| at(entries, s)).all(|j| done[j]);
    entries
        .iter()
        .enumerate()
        .map(|(i, e)| match (done[i], progress[i]["steps"].entries().is_empty()) {
            (true, _) => Standing::Done,
            (false, false) => Standing::Begun,
            (false, true) if open(e) => Standing::Open,
            (false, true) => Standing::Later,
        })
        .collect()
}

fn steps_done(progress: &Value) -> i64 {
    let steps = progress["steps"].entries().iter();
    steps.filter(|(_, s)| s["done"].is_true()).count().try_into().unwrap_or(0)
}

fn is_done(entry: &Entry, progress: &Value) -> bool {
    progress[crate::progress::KNOWN].is_true() || entry.steps > 0 && steps_done(progress) >= entry.steps
}

/// What a learner has behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub lessons: i64,
    pub lessons_done: i64,
    pub steps: i64,
    pub steps_done: i64,
    /// What the lessons that are done take by their authors' measure.
    pub minutes: i64,
    pub hints: i64,
    /// Of each lesson that is done: its slug and what one can do now.
    pub learned: Vec<(Str, Str)>,
    /// The first lesson in order that is begun or open.
    pub next: Option<Str>,
}

/// Sums up. `learned` is what [`learned_from_json`] read.
#[must_use]
pub fn summary(entries: &[Entry], learned: &[(Str, Str)], saved: &dyn Fn(&str) -> Value) -> Summary {
    let standings = standings(entries, saved);
    let mut sum = Summary { lessons: entries.len().try_into().unwrap_or(0), ..Summary::default() };
    for (entry, standing) in entries.iter().zip(&standings) {
        let progress = saved(&entry.slug);
        sum.steps += entry.steps;
        sum.steps_done += steps_done(&progress).min(entry.steps);
        sum.hints += progress["steps"].entries().iter().map(|(_, s)| s["hints"].int()).sum::<i64>();
        if *standing == Standing::Done {
            sum.lessons_done += 1;
            sum.minutes += entry.minutes;
            sum.learned.extend(learned.iter().find(|(slug, _)| *slug == entry.slug).cloned());
        }
    }
    let place = |wanted: Standing| standings.iter().position(|s| *s == wanted);
    let next = place(Standing::Begun).or_else(|| place(Standing::Open));
    sum.next = next.map(|i| entries[i].slug.clone());
    sum
}

/// Reads `learned.<lang>.json`: for each lesson one sentence, what one can do after it.
///
/// # Errors
/// The first thing that is wrong, with its path.
pub fn learned_from_json(value: &Value) -> Result<Vec<(Str, Str)>, Error> {
    let root = Node::root(value);
    let all = root.field("learned")?;
    all.value.entries().iter().map(|(slug, _)| Ok((slug.clone(), all.get(slug).text()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::Level;

    fn entry(slug: &str, prerequisites: &[&str]) -> Entry {
        Entry {
            slug: slug.into(),
            titles: [slug.into(), slug.into()],
            level: Level::Beginner,
            part: Part::Start,
            minutes: 10,
            prerequisites: prerequisites.iter().map(|s| (*s).into()).collect(),
            steps: 2,
        }
    }

    fn course() -> Vec<Entry> {
        vec![entry("a", &[]), entry("b", &["a"]), entry("c", &["b", "a"]), entry("d", &[])]
    }

    fn saved(slug: &str) -> Value {
        match slug {
            "a" => objects::value!({"steps": {"x": {"done": true, "hints": 2}, "y": {"done": true}}}),
            "b" => objects::value!({"steps": {"x": {"hints": 1}}}),
            _ => Value::Null,
        }
    }

    #[test]
    fn what_is_known_counts_as_done() {
        let known = |slug: &str| if slug == "a" { objects::value!({"known": true}) } else { Value::Null };
        assert_eq!(standings(&course(), &known)[..2], [Standing::Done, Standing::Open]);
    }

    #[test]
    fn a_lesson_is_below_what_it_needs() {
        assert_eq!(depths(&course()), [0, 1, 2, 0]);
        let circle = [entry("a", &["b"]), entry("b", &["a"])];
        assert!(depths(&circle).iter().all(|d| *d <= 2));
    }

    #[test]
    fn what_is_done_opens_what_follows() {
        use Standing::{Begun, Done, Later, Open};
        assert_eq!(standings(&course(), &saved), [Done, Begun, Later, Open]);
        assert_eq!(standings(&course(), &|_| Value::Null), [Open, Later, Later, Open]);
    }

    #[test]
    fn a_summary_adds_up() {
        let learned = [("a".into(), "You can do a.".into()), ("b".into(), "b".into())];
        let sum = summary(&course(), &learned, &saved);
        assert_eq!((sum.lessons, sum.lessons_done, sum.steps, sum.steps_done), (4, 1, 8, 2));
        assert_eq!((sum.minutes, sum.hints), (10, 3));
        assert_eq!(sum.learned, [("a".into(), "You can do a.".into())]);
        assert_eq!(sum.next.as_deref(), Some("b"));
    }

    #[test]
    fn every_part_has_a_name_and_titles() {
        for part in Part::ALL {
            assert_eq!(part.row().0, part);
            assert!(!part.title(Lang::Ko).is_empty() && !part.title(Lang::En).is_empty());
            assert_eq!(Part::read(&Node::root(&part.name().into())), Ok(part));
        }
    }
}
