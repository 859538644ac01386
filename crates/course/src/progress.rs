//! Progress as a file: what a learner takes along to another browser, and brings back.
//!
//! Owns: the file's form and reading one of doubtful origin. Does not own: where progress is kept (src/).

use objects::Value;

use crate::index::Entry;

/// Raised when the file changes its form.
const VERSION: i64 = 1;
/// A file longer than this is none of ours.
pub const MOST_BYTES: usize = 1 << 20;
/// Marks a lesson that the learner knows already.
pub const KNOWN: &str = "known";

/// `{wheelhouse: "progress", version, lessons: {slug: saved}}` of all lessons that have any.
#[must_use]
pub fn export(entries: &[Entry], saved: &dyn Fn(&str) -> Value) -> String {
    let mut lessons = Value::map();
    for entry in entries {
        let one = saved(&entry.slug);
        if one.as_map().is_some() {
            lessons.set(entry.slug.as_str(), one);
        }
    }
    let mut file = Value::map();
    file.set("wheelhouse", "progress");
    file.set("version", VERSION);
    file.set("lessons", lessons);
    objects::json::to_string(&file)
}

/// What a file holds of lessons that there are, as (slug, saved). `None`: it is not such a file.
#[must_use]
pub fn import(entries: &[Entry], text: &str) -> Option<Vec<(String, Value)>> {
    if text.len() > MOST_BYTES {
        return None;
    }
    let file = objects::json::parse(text).ok()?;
    if file["wheelhouse"] != "progress" || file["version"].as_int() != Some(VERSION) {
        return None;
    }
    let lessons = &file["lessons"];
    lessons.as_map()?;
    let mut found = Vec::new();
    for entry in entries {
        let one = lessons.get(&entry.slug);
        let ours = one.as_map().is_some() && (one["slug"] == entry.slug.as_str() || one[KNOWN].is_true());
        if ours {
            found.push((entry.slug.to_string(), one.clone()));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::Level;
    use crate::map::Part;

    fn entries() -> Vec<Entry> {
        let one = |slug: &str| Entry {
            slug: slug.into(),
            titles: [slug.into(), slug.into()],
            level: Level::Beginner,
            part: Part::Start,
            minutes: 5,
            prerequisites: Vec::new(),
            steps: 1,
        };
        vec![one("a"), one("b"), one("c")]
    }

    #[test]
    fn what_is_exported_comes_back() {
        let saved = |slug: &str| match slug {
            "a" => objects::value!({"slug": "a", "steps": {"x": {"done": true}}}),
            "b" => objects::value!({"known": true}),
            _ => Value::Null,
        };
        let text = export(&entries(), &saved);
        let back = import(&entries(), &text).unwrap_or_default();
        assert_eq!(back, [("a".to_owned(), saved("a")), ("b".to_owned(), saved("b"))]);
    }

    #[test]
    fn what_is_no_progress_is_refused_and_strange_lessons_are_left_out() {
        for text in [
            "",
            "{}",
            "[]",
            "null",
            "{\"wheelhouse\":\"progress\",\"version\":2,\"lessons\":{}}",
            "{\"wheelhouse\":\"progress\",\"version\":1,\"lessons\":[]}",
            "{\"wheelhouse\":\"progress\",\"version\":1",
        ] {
            assert_eq!(import(&entries(), text), None, "{text}");
        }
        assert_eq!(import(&entries(), &" ".repeat(MOST_BYTES + 1)), None);
        let strange = "{\"wheelhouse\":\"progress\",\"version\":1,\"lessons\":\
                       {\"a\":{\"slug\":\"b\"},\"b\":7,\"../x\":{\"slug\":\"../x\"}}}";
        assert_eq!(import(&entries(), strange), Some(Vec::new()));
    }
}
