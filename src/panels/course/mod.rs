//! The course as a whole: its map, its words, and what one has behind oneself.
//!
//! Owns: the three pages of it, as marks. Does not own: the list of lessons, the sums, the words (course); files and
//! storage (`courses`).

#[cfg(target_arch = "wasm32")]
pub mod view;

use course::glossary::Term;
use course::map::{Part, Standing, Summary, standings};
use course::{Entry, Lang};
use objects::Value;
use smol_str::{SmolStr, format_smolstr};

use crate::i18n::Texts;
use crate::mark::Mark;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Map,
    Words,
    Progress,
}

pub type Marks = Vec<(SmolStr, Mark)>;

fn standing_class(standing: Standing) -> &'static str {
    match standing {
        Standing::Done => "done",
        Standing::Begun => "begun",
        Standing::Open => "open",
        Standing::Later => "later",
    }
}

/// The map: the parts in order, in each its lessons with what comes before them.
#[must_use]
pub fn map(entries: &[Entry], saved: &dyn Fn(&str) -> Value, open: &str, lang: Lang, texts: &Texts) -> Marks {
    let standings = standings(entries, saved);
    let title = |slug: &str| entries.iter().find(|e| e.slug == slug).map(|e| e.title(lang).to_string());
    let mut out = Marks::new();
    for part in Part::ALL {
        let of_part: Vec<(&Entry, Standing)> =
            entries.iter().zip(&standings).filter(|(e, _)| e.part == part).map(|(e, s)| (e, *s)).collect();
        if of_part.is_empty() {
            continue;
        }
        let mut list = Mark::new("ol", "stops");
        for (entry, standing) in of_part {
            let class = standing_class(standing);
            let here = if entry.slug == open { " here" } else { "" };
            let mut stop = Mark::new("li", "").at("class", format_smolstr!("stop {class}{here}"));
            stop.add(
                Mark::new("button", "to")
                    .at("data-to", entry.slug.clone())
                    .with(Mark::new("b", "").says(entry.title(lang).clone()))
                    .with(Mark::new("span", "m").says((texts.course().minutes)(entry.minutes)))
                    .with(Mark::new("span", "word").says((texts.course().standing)(standing))),
            );
            let before: Vec<String> = entry.prerequisites.iter().filter_map(|s| title(s)).collect();
            if !before.is_empty() {
                stop.add(Mark::new("small", "").says((texts.course().after_lessons)(&before.join(", "))));
            }
            let known = saved(&entry.slug)[course::progress::KNOWN].is_true();
            if known || standing != Standing::Done {
                let says = if known { texts.course().not_known } else { texts.course().known };
                stop.add(
                    Mark::new("button", "link")
                        .at("data-known", entry.slug.clone())
                        .at("aria-pressed", if known { "true" } else { "false" })
                        .says(says),
                );
            }
            list.add(stop);
        }
        let section =
            Mark::new("section", "part").with(Mark::new("h3", "").says(part.title(lang))).with(list);
        out.push((part.name().into(), section));
    }
    out
}

/// The words, those that have what is typed in them.
#[must_use]
pub fn words(terms: &[Term], typed: &str, entries: &[Entry], lang: Lang, texts: &Texts) -> Marks {
    let typed = typed.trim().to_lowercase();
    let fits = |t: &&Term| {
        typed.is_empty() || t.term.to_lowercase().contains(&typed) || t.other.to_lowercase().contains(&typed)
    };
    let mut out = Marks::new();
    for term in terms.iter().filter(fits) {
        let mut one =
            Mark::new("article", "term").at("id", format_smolstr!("term-{}", term.id)).at("tabindex", "-1");
        let mut head = Mark::new("h3", "").with(Mark::new("span", "").says(term.term.clone()));
        if term.other != term.term {
            let other = if lang == Lang::Ko { "en" } else { "ko" };
            head.add(Mark::new("small", "").at("lang", other).says(term.other.clone()));
        }
        one.add(head);
        one.add(crate::panels::lesson::inline(Mark::new("p", ""), &term.text, texts));
        if let Some(entry) = entries.iter().find(|e| e.slug == term.lesson) {
            one.add(
                Mark::new("button", "link")
                    .at("data-to", entry.slug.clone())
                    .says((texts.course().about_it)(entry.title(lang))),
            );
        }
        out.push((term.id.clone(), one));
    }
    if out.is_empty() {
        out.push(("none".into(), Mark::new("p", "empty").says(texts.course().no_words)));
    }
    out
}

/// What one has behind oneself.
#[must_use]
pub fn progress(sum: &Summary, entries: &[Entry], lang: Lang, texts: &Texts) -> Marks {
    let mut figures = Mark::new("dl", "tally");
    for (name, value) in [
        (texts.lesson().lessons, format_smolstr!("{} / {}", sum.lessons_done, sum.lessons)),
        (texts.course().steps_word, format_smolstr!("{} / {}", sum.steps_done, sum.steps)),
        (texts.course().time_word, (texts.course().minutes)(sum.minutes)),
        (texts.course().hints_word, format_smolstr!("{}", sum.hints)),
    ] {
        figures.add(
            Mark::new("div", "").with(Mark::new("dt", "").says(name)).with(Mark::new("dd", "m").says(value)),
        );
    }
    let mut out: Marks = vec![("figures".into(), figures)];
    if sum.lessons > 0 && sum.lessons_done == sum.lessons {
        out.push(("all".into(), Mark::new("p", "alldone").says(texts.course().course_done)));
    }
    if sum.learned.is_empty() {
        out.push(("none".into(), Mark::new("p", "empty").says(texts.course().nothing_done)));
    } else {
        let mut list = Mark::new("ul", "learned");
        for (_, sentence) in &sum.learned {
            list.add(Mark::new("li", "").says(sentence.clone()));
        }
        let section =
            Mark::new("section", "").with(Mark::new("h3", "").says(texts.course().you_can_now)).with(list);
        out.push(("learned".into(), section));
    }
    let next = sum.next.as_ref().and_then(|slug| entries.iter().find(|e| e.slug == *slug));
    if let Some(entry) = next {
        let button = Mark::new("button", "btn pri").at("data-to", entry.slug.clone()).says((texts
            .course()
            .next_lesson)(
            entry.title(lang),
        ));
        out.push(("next".into(), Mark::new("p", "").with(button)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n;
    use course::index;

    fn entries() -> Vec<Entry> {
        let list = objects::json::parse(
            r#"{"lessons":[
            {"slug":"a","title":{"en":"First","ko":"처음"},"level":"beginner","part":"start","minutes":5,"prerequisites":[],"steps":1},
            {"slug":"b","title":{"en":"Second","ko":"다음"},"level":"beginner","part":"network","minutes":7,"prerequisites":["a"],"steps":1}]}"#,
        );
        index::from_json(&list.unwrap_or_default()).unwrap_or_default()
    }

    fn text(marks: &Marks) -> String {
        marks.iter().map(|(_, m)| m.all_text()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_map_says_what_comes_before_and_how_it_stands() {
        let texts = i18n::Lang::En.texts();
        let fresh = text(&map(&entries(), &|_| Value::Null, "a", Lang::En, texts));
        assert!(
            fresh.contains("First") && fresh.contains((texts.course().standing)(Standing::Later)),
            "{fresh}"
        );
        let known = |slug: &str| if slug == "a" { objects::value!({"known": true}) } else { Value::Null };
        let after = text(&map(&entries(), &known, "b", Lang::Ko, i18n::Lang::Ko.texts()));
        assert!(
            after.contains("처음")
                && after.contains((i18n::Lang::Ko.texts().course().standing)(Standing::Done))
        );
    }

    #[test]
    fn words_are_found_in_either_language() {
        let list = objects::json::parse(
            r#"{"terms":[{"id":"pod","term":"Pod","other":"파드","text":["A group."],"lesson":"a"}]}"#,
        );
        let terms = course::glossary::from_json(&list.unwrap_or_default()).unwrap_or_default();
        let texts = i18n::Lang::En.texts();
        for (typed, found) in [("", true), ("po", true), ("파드", true), ("node", false)] {
            let shown = words(&terms, typed, &entries(), Lang::En, texts);
            assert_eq!(shown.iter().any(|(key, _)| key == "pod"), found && !terms.is_empty(), "{typed}");
        }
    }

    #[test]
    fn progress_names_what_comes_next() {
        let sum = course::map::summary(&entries(), &[], &|_| Value::Null);
        let shown = text(&progress(&sum, &entries(), Lang::En, i18n::Lang::En.texts()));
        assert!(shown.contains("First") && shown.contains("0 / 2"), "{shown}");
    }
}
