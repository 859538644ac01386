//! Prose as a list of blocks: what Markdown became, ready to be shown without a parser and without innerHTML.
//!
//! Packed form: a block is `{"p": spans}`, `{"h": spans, "level": 3}`, `{"code": text, "lang": "yaml", "runs": true,
//! "file": "web.yaml"}`, `{"ul": [spans]}`, `{"ol": [spans]}` or `{"note": "tip", "of": blocks}`; a span is a text, or
//! `{"b": text}` strong, `{"i": text}` emphasis, `{"c": text}` code, `{"run": text}` a command, `{"a": text, "to": url}`.

use objects::{Str, Value};

use crate::read::{Error, Node};

#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Paragraph(Vec<Span>),
    /// Below a step's title, which is level 2.
    Heading {
        level: u8,
        spans: Vec<Span>,
    },
    Code(Code),
    List {
        ordered: bool,
        items: Vec<Vec<Span>>,
    },
    Note {
        kind: NoteKind,
        blocks: Vec<Block>,
    },
}

/// Something to type, to read or to keep as a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Code {
    pub text: Str,
    /// `sh`, `yaml`, `text` ...
    pub lang: Str,
    /// Every line is a command that a click runs.
    pub runs: bool,
    /// The learner's file that this is the content of, or `""`.
    pub file: Str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    Note,
    Tip,
    Warning,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    Text(Str),
    Strong(Str),
    Emphasis(Str),
    Code(Str),
    /// A command that a click runs.
    Command(Str),
    Link {
        text: Str,
        to: Str,
    },
}

impl Span {
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(t) | Self::Strong(t) | Self::Emphasis(t) | Self::Code(t) | Self::Command(t) => t,
            Self::Link { text, .. } => text,
        }
    }
}

/// The words alone.
#[must_use]
pub fn plain(spans: &[Span]) -> String {
    spans.iter().map(Span::text).collect()
}

impl NoteKind {
    fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Tip => "tip",
            Self::Warning => "warning",
        }
    }
}

pub(crate) fn read_spans(node: &Node<'_>) -> Result<Vec<Span>, Error> {
    node.items()?.iter().map(read_span).collect()
}

fn read_span(node: &Node<'_>) -> Result<Span, Error> {
    if let Value::Str(text) = node.value {
        return Ok(Span::Text(text.clone()));
    }
    if let Some(text) = node.find("a") {
        node.only(&["a", "to"])?;
        return Ok(Span::Link { text: text.text()?, to: node.field("to")?.text()? });
    }
    let (name, text) = node.choice()?;
    let text = text.text()?;
    Ok(match name {
        "b" => Span::Strong(text),
        "i" => Span::Emphasis(text),
        "c" => Span::Code(text),
        "run" => Span::Command(text),
        other => return node.error(format!("unknown kind of span {other:?}")),
    })
}

pub(crate) fn read_blocks(node: &Node<'_>) -> Result<Vec<Block>, Error> {
    node.items()?.iter().map(read_block).collect()
}

fn read_block(node: &Node<'_>) -> Result<Block, Error> {
    let lines = |n: Node<'_>| n.items()?.iter().map(read_spans).collect::<Result<Vec<_>, _>>();
    if let Some(spans) = node.find("p") {
        node.only(&["p"])?;
        Ok(Block::Paragraph(read_spans(&spans)?))
    } else if let Some(spans) = node.find("h") {
        node.only(&["h", "level"])?;
        let level = u8::try_from(node.field("level")?.int()?).unwrap_or(3);
        Ok(Block::Heading { level, spans: read_spans(&spans)? })
    } else if let Some(text) = node.find("code") {
        node.only(&["code", "lang", "runs", "file"])?;
        Ok(Block::Code(Code {
            text: text.text()?,
            lang: node.text_or("lang", "")?,
            runs: node.flag("runs")?,
            file: node.text_or("file", "")?,
        }))
    } else if let Some(items) = node.find("ul") {
        Ok(Block::List { ordered: false, items: lines(items)? })
    } else if let Some(items) = node.find("ol") {
        Ok(Block::List { ordered: true, items: lines(items)? })
    } else if let Some(kind) = node.find("note") {
        let kind = match kind.text()?.as_str() {
            "tip" => NoteKind::Tip,
            "warning" => NoteKind::Warning,
            _ => NoteKind::Note,
        };
        Ok(Block::Note { kind, blocks: read_blocks(&node.get("of"))? })
    } else {
        node.error("unknown kind of block")
    }
}

/// The packed form of a line.
#[must_use]
pub fn pack_spans(spans: &[Span]) -> Value {
    spans.iter().map(pack_span).collect()
}

fn pack_span(span: &Span) -> Value {
    let one = |key: &str, text: &Str| {
        let mut map = Value::map();
        map.set(key, text);
        map
    };
    match span {
        Span::Text(t) => t.into(),
        Span::Strong(t) => one("b", t),
        Span::Emphasis(t) => one("i", t),
        Span::Code(t) => one("c", t),
        Span::Command(t) => one("run", t),
        Span::Link { text, to } => {
            let mut map = one("a", text);
            map.set("to", to);
            map
        }
    }
}

/// The packed form of a text.
#[must_use]
pub fn pack_blocks(blocks: &[Block]) -> Value {
    blocks.iter().map(pack_block).collect()
}

fn pack_block(block: &Block) -> Value {
    let mut map = Value::map();
    match block {
        Block::Paragraph(spans) => map.set("p", pack_spans(spans)),
        Block::Heading { level, spans } => {
            map.set("h", pack_spans(spans));
            map.set("level", i64::from(*level));
        }
        Block::Code(code) => {
            map.set("code", &code.text);
            if !code.lang.is_empty() {
                map.set("lang", &code.lang);
            }
            if code.runs {
                map.set("runs", true);
            }
            if !code.file.is_empty() {
                map.set("file", &code.file);
            }
        }
        Block::List { ordered, items } => {
            let items: Value = items.iter().map(|i| pack_spans(i)).collect();
            map.set(if *ordered { "ol" } else { "ul" }, items);
        }
        Block::Note { kind, blocks } => {
            map.set("note", kind.name());
            map.set("of", pack_blocks(blocks));
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_reads_the_same() {
        let line = vec![
            Span::Text("a ".into()),
            Span::Strong("b".into()),
            Span::Emphasis("c".into()),
            Span::Code("d".into()),
            Span::Command("kubectl get pods".into()),
            Span::Link { text: "e".into(), to: "#glossary=pod".into() },
        ];
        let code = Code { text: "x: 1\n".into(), lang: "yaml".into(), runs: false, file: "x.yaml".into() };
        let blocks = vec![
            Block::Paragraph(line.clone()),
            Block::Heading { level: 3, spans: line.clone() },
            Block::Code(code),
            Block::Code(Code { text: "ls\n".into(), lang: "sh".into(), runs: true, file: "".into() }),
            Block::List { ordered: true, items: vec![line.clone(), vec![]] },
            Block::List { ordered: false, items: vec![line] },
            Block::Note { kind: NoteKind::Tip, blocks: vec![Block::Paragraph(vec![])] },
        ];
        let text = objects::json::to_string(&pack_blocks(&blocks));
        let value = objects::json::parse(&text).unwrap_or_default();
        assert_eq!(read_blocks(&Node::root(&value)), Ok(blocks));
    }
}
