//! The course's words: what each means in a sentence or two, in one language.
//!
//! Owns: reading `glossary.<lang>.json`, and how a text points to a word. The source is lessons/glossary.yaml; packing
//! links the first mention of each word in a lesson.

use objects::{Str, Value};

use crate::read::{Error, Node};
use crate::text::{Span, read_spans};

/// What a link to a word begins with; its id follows.
pub const LINK: &str = "#glossary=";

#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Stable: links name it.
    pub id: Str,
    pub term: Str,
    /// The same word in the other language, for whoever reads both.
    pub other: Str,
    pub text: Vec<Span>,
    /// The slug of the lesson that is about it, or `""`.
    pub lesson: Str,
}

/// Reads a packed glossary; words are in the order of their language.
///
/// # Errors
/// The first thing that is wrong, with its path.
pub fn from_json(value: &Value) -> Result<Vec<Term>, Error> {
    Node::root(value).field("terms")?.items()?.iter().map(term).collect()
}

fn term(node: &Node<'_>) -> Result<Term, Error> {
    node.only(&["id", "term", "other", "text", "lesson"])?;
    Ok(Term {
        id: node.field("id")?.text()?,
        term: node.field("term")?.text()?,
        other: node.field("other")?.text()?,
        text: read_spans(&node.field("text")?)?,
        lesson: node.text_or("lesson", "")?,
    })
}

/// The word a link leads to, if it is a link to a word.
#[must_use]
pub fn linked<'a>(terms: &'a [Term], to: &str) -> Option<&'a Term> {
    let id = to.strip_prefix(LINK)?;
    terms.iter().find(|t| t.id == id)
}
