//! Markdown to blocks, with the place of whatever a lesson can't show.

use std::ops::Range;

use objects::Str;
use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::josa;
use crate::text::{Block, Code, NoteKind, Span};

/// One language's prose of a lesson.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) title: String,
    pub(super) summary: Vec<Block>,
    /// Where the front matter ends and the text begins.
    pub(super) body: usize,
    pub(super) sections: Vec<Section>,
    pub(super) faults: Vec<Fault>,
}

/// What stands under one `##`.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
    pub(super) after: Vec<Block>,
    pub(super) hints: Vec<Vec<Block>>,
    pub(super) shown: Vec<Shown>,
    pub(super) place: Range<usize>,
}

/// What the blocks under a heading are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Text,
    After,
    Hint,
}

/// A command that the reader can run by a click.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) command: String,
    pub(super) exit: i32,
    pub(super) offset: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) message: String,
}

/// The front matter's text between its two `---` lines, and where the body begins.
pub(super) fn front_matter(text: &str) -> (&str, usize) {
    let Some(rest) = text.strip_prefix("---\n") else { return ("", 0) };
    match rest.split_once("\n---\n") {
        Some((front, _)) => (front, 4 + front.len() + 5),
        None => ("", 0),
    }
}

pub(super) fn read(text: &str) -> Document {
    let (_, body) = front_matter(text);
    let options = Options::ENABLE_HEADING_ATTRIBUTES | Options::ENABLE_GFM;
    let events = Parser::new_ext(&text[body..], options)
        .into_offset_iter()
        .map(|(event, range)| (event, range.start + body..range.end + body))
        .collect();
    let mut reader =
        Reader { events, at: 0, document: Document { body, ..Document::default() }, shown: vec![] };
    reader.document();
    reader.document
}

/// A line of Markdown, such as the text of a goal.
pub(super) fn read_line(text: &str) -> Result<Vec<Span>, String> {
    let document = read(text);
    match (document.faults.first(), &document.summary[..]) {
        (Some(fault), _) => Err(fault.message.clone()),
        (None, [Block::Paragraph(spans)]) => Ok(spans.clone()),
        _ => Err("one paragraph is wanted here".into()),
    }
}

struct Reader<'a> {
    events: Vec<(Event<'a>, Range<usize>)>,
    at: usize,
    document: Document,
    shown: Vec<Shown>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(Event<'a>, Range<usize>)> {
        let one = self.events.get(self.at).cloned();
        self.at += 1;
        one
    }

    fn fault(&mut self, offset: usize, message: impl Into<String>) {
        self.document.faults.push(Fault { offset, message: message.into() });
    }

    fn document(&mut self) {
        let mut part = Part::Text;
        while let Some((event, place)) = self.next() {
            let Event::Start(Tag::Heading { level, id, classes, .. }) = &event else {
                let Some(block) = self.block(event, place.start) else { continue };
                let shown = std::mem::take(&mut self.shown);
                match self.document.sections.last_mut() {
                    None => self.document.summary.push(block),
                    Some(section) => {
                        section.place.end = place.end;
                        section.shown.extend(shown);
                        let into = match part {
                            Part::Text => None,
                            Part::After => Some(&mut section.after),
                            Part::Hint => section.hints.last_mut(),
                        };
                        into.unwrap_or(&mut section.blocks).push(block);
                    }
                }
                continue;
            };
            let named = |class: &str| classes.iter().any(|c| &**c == class);
            let begins = match (named("hint"), named("after")) {
                (true, _) => Part::Hint,
                (false, true) => Part::After,
                (false, false) => Part::Text,
            };
            let id = id.as_ref().map(ToString::to_string);
            let level = *level;
            let spans = self.spans();
            let words = crate::text::plain(&spans);
            match level {
                HeadingLevel::H1 => self.document.title = words,
                HeadingLevel::H2 => {
                    part = Part::Text;
                    if id.is_none() {
                        self.fault(place.start, "a step's heading ends in its id, such as {#create}");
                    }
                    let id = id.unwrap_or_default();
                    self.document.sections.push(Section { id, title: words, place, ..Section::default() });
                }
                level => match (self.document.sections.last_mut(), begins) {
                    (None, _) => self.fault(place.start, "a heading of this level belongs into a step"),
                    (Some(section), Part::Hint) => {
                        part = Part::Hint;
                        section.place.end = place.end;
                        section.hints.push(Vec::new());
                    }
                    (Some(section), Part::After) => {
                        part = Part::After;
                        section.place.end = place.end;
                    }
                    (Some(section), Part::Text) => {
                        part = Part::Text;
                        section.place.end = place.end;
                        section.blocks.push(Block::Heading { level: level as u8, spans });
                    }
                },
            }
        }
    }

    fn block(&mut self, event: Event<'a>, offset: usize) -> Option<Block> {
        match event {
            Event::Start(Tag::Paragraph) => Some(Block::Paragraph(self.spans())),
            Event::Start(Tag::CodeBlock(kind)) => Some(self.code(&kind, offset)),
            Event::Start(Tag::List(first)) => Some(self.list(first.is_some())),
            Event::Start(Tag::BlockQuote(kind)) => {
                let kind = match kind {
                    Some(BlockQuoteKind::Tip) => NoteKind::Tip,
                    Some(BlockQuoteKind::Warning | BlockQuoteKind::Caution) => NoteKind::Warning,
                    _ => NoteKind::Note,
                };
                let mut blocks = Vec::new();
                while let Some((event, place)) = self.next() {
                    if matches!(event, Event::End(TagEnd::BlockQuote(_))) {
                        break;
                    }
                    blocks.extend(self.block(event, place.start));
                }
                Some(Block::Note { kind, blocks })
            }
            Event::Rule | Event::End(_) => None,
            other => {
                self.fault(offset, format!("a lesson can't show this: {}", name(&other)));
                None
            }
        }
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>, offset: usize) -> Block {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.to_string(),
            CodeBlockKind::Indented => String::new(),
        };
        let mut text = String::new();
        while let Some((event, _)) = self.next() {
            match event {
                Event::Text(t) => text.push_str(&t),
                _ => break,
            }
        }
        let mut code = Code { text: text.into(), ..Code::default() };
        let mut exit = 0;
        for (i, word) in info.split_whitespace().enumerate() {
            match word.split_once('=') {
                None if i == 0 => code.lang = word.into(),
                None if word == "run" => code.runs = true,
                Some(("file", path)) => code.file = path.into(),
                Some(("exit", number)) if number.parse::<i32>().is_ok() => {
                    exit = number.parse().unwrap_or_default();
                }
                _ => self.fault(offset, format!("{word:?} is not known here: run, file=NAME and exit=N are")),
            }
        }
        if code.runs {
            self.shown.push(Shown { command: code.text.to_string(), exit, offset });
        }
        Block::Code(code)
    }

    fn list(&mut self, ordered: bool) -> Block {
        let mut items: Vec<Vec<Span>> = Vec::new();
        while let Some((event, place)) = self.next() {
            match event {
                Event::End(TagEnd::List(_)) => break,
                Event::Start(Tag::Item) => {
                    let spans = self.spans();
                    items.push(spans);
                }
                Event::End(_) => {}
                other => self.fault(
                    place.start,
                    format!("an item of a list is one line of text, without {}", name(&other)),
                ),
            }
        }
        Block::List { ordered, items }
    }

    /// The text up to the end of the element that is open.
    fn spans(&mut self) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        while let Some((event, place)) = self.next() {
            match event {
                Event::Text(t) => self.text(&mut spans, &t, place.start),
                Event::SoftBreak | Event::HardBreak => self.text(&mut spans, " ", place.start),
                Event::Code(t) => spans.push(self.inline_code(&t, place.start)),
                Event::Start(Tag::Strong) => {
                    let words = self.words();
                    spans.push(Span::Strong(words));
                }
                Event::Start(Tag::Emphasis) => {
                    let words = self.words();
                    spans.push(Span::Emphasis(words));
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let to: &str = &dest_url;
                    if !to.starts_with("https://") && !to.starts_with('#') {
                        self.fault(place.start, format!("a link begins with https:// or #, not {to}"));
                    }
                    let (text, to) = (self.words(), Str::from(to));
                    spans.push(Span::Link { text, to });
                }
                Event::Start(Tag::Paragraph) => {
                    // A loose list: its items are paragraphs.
                    let inner = self.spans();
                    spans.extend(inner);
                }
                Event::End(_) => break,
                other => {
                    self.fault(place.start, format!("a lesson can't show this: {}", name(&other)));
                    if matches!(other, Event::Start(_)) {
                        self.words();
                    }
                }
            }
        }
        spans
    }

    fn text(&mut self, spans: &mut Vec<Span>, text: &str, offset: usize) {
        if text.contains('*') {
            self.fault(
                offset,
                "a * that marks nothing: a sign inside and a letter outside hide the emphasis",
            );
        }
        if let Some(before @ (Span::Code(_) | Span::Command(_) | Span::Strong(_) | Span::Emphasis(_))) =
            spans.last()
            && let Some(wanted) = josa::misfit(before.text(), text)
        {
            let word = before.text();
            self.fault(offset, format!("the particle after {word:?} is {wanted}, by how it is read"));
        }
        if let Some(Span::Text(before)) = spans.last_mut() {
            *before = Str::from(format!("{before}{text}"));
        } else {
            spans.push(Span::Text(text.into()));
        }
    }

    fn inline_code(&mut self, text: &str, offset: usize) -> Span {
        match text.strip_prefix("$ ") {
            Some(command) => {
                self.shown.push(Shown { command: format!("{command}\n"), exit: 0, offset });
                Span::Command(command.into())
            }
            None => Span::Code(text.into()),
        }
    }

    /// The words up to the end of the element that is open.
    fn words(&mut self) -> Str {
        crate::text::plain(&self.spans()).into()
    }
}

fn name(event: &Event<'_>) -> &'static str {
    match event {
        Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::HtmlBlock) => "HTML",
        Event::Start(Tag::Image { .. }) => "an image",
        Event::Start(Tag::List(_)) => "a list inside a list",
        Event::Start(Tag::CodeBlock(_)) => "a code block here",
        _ => "this kind of Markdown",
    }
}
