//! The list of all lessons, in both languages: what the map of the course needs without loading any.

use objects::{Str, Value};

use crate::lang::Lang;
use crate::lesson::{Level, texts};
use crate::map::Part;
use crate::read::{Error, Node};

#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub slug: Str,
    /// By [`Lang`]: English, Korean.
    pub titles: [Str; 2],
    pub level: Level,
    pub part: Part,
    pub minutes: i64,
    pub prerequisites: Vec<Str>,
    pub steps: i64,
}

impl Entry {
    #[must_use]
    pub fn title(&self, lang: Lang) -> &Str {
        &self.titles[usize::from(lang == Lang::Ko)]
    }
}

/// Reads `index.json`.
///
/// # Errors
/// The first thing that is wrong, with its path.
pub fn from_json(value: &Value) -> Result<Vec<Entry>, Error> {
    Node::root(value).field("lessons")?.items()?.iter().map(entry).collect()
}

fn entry(node: &Node<'_>) -> Result<Entry, Error> {
    let title = node.field("title")?;
    Ok(Entry {
        slug: node.field("slug")?.text()?,
        titles: [title.field("en")?.text()?, title.field("ko")?.text()?],
        level: Level::read(&node.field("level")?)?,
        part: Part::read(&node.field("part")?)?,
        minutes: node.field("minutes")?.int()?,
        prerequisites: texts(&node.get("prerequisites"))?,
        steps: node.field("steps")?.int()?,
    })
}
