//! YAML in and out, exactly as kubectl reads and prints it.
//!
//! Owns: [`load`] and [`load_stream`] (YAML 1.1 by goyaml's rules and with goyaml's errors), [`emit`] (what
//! `-o yaml` prints), [`positions`] for editors. The reader is our own because the error texts, the lines they name
//! and what is accepted at all must be upstream's: another parser's events cannot tell.
//! Models `sigs.k8s.io/yaml` over `go.yaml.in/yaml/v2`.

mod emit;
mod load;
mod parse;
mod scalars;
mod scan;

pub use emit::emit;
pub use load::{MAX_BYTES, load, load_stream, positions};

use crate::Value;

/// One document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub value: Value,
    /// Where it begins in the stream, from 1.
    pub line: usize,
    /// What is accepted but surely not meant.
    pub notes: Vec<Note>,
}

/// A remark on a text that loads: a key given twice, of which the last counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub message: String,
    /// In the stream, from 1.
    pub line: usize,
    pub column: usize,
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Upstream's words, with the line upstream names (relative to the document, and often one off).
    pub message: String,
    /// The true place in the stream, from 1.
    pub line: usize,
    pub column: usize,
}

/// What a stream gave before its end or its first broken document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stream {
    pub documents: Vec<Document>,
    /// kubectl puts `error parsing FILE: ` before it.
    pub error: Option<Error>,
}

impl Stream {
    fn push(&mut self, document: Document) {
        if !document.value.is_null() {
            self.documents.push(document);
        }
    }
}
