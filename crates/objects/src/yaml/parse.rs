//! From tokens to nodes: the first document of a text.
//!
//! Owns: the grammar, anchors, tags and directives, with goyaml's refusals. Nodes live in one vector, so that an
//! alias is an index and may point at a node that contains it.
//! Models `go.yaml.in/yaml/v2/parserc.go` and the node half of decode.go.

use ordered::BTreeMap;

use super::scan::{Fault, MAX_DEPTH, Mark, Scanner, Tok, Token};

pub(super) type NodeId = usize;

#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) mark: Mark,
    /// The tag in its long form, empty when there is none.
    pub(super) tag: String,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Scalar { text: String, implicit: bool },
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    Alias { name: String, target: NodeId },
}

/// The nodes of one document; `root` is none for an empty text.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Option<NodeId>,
}

pub(super) fn parse(text: &str) -> Result<Tree, Fault> {
    let mut p = Parser {
        scanner: Scanner::new(text)?,
        nodes: Vec::new(),
        anchors: BTreeMap::new(),
        tags: Vec::new(),
        depth: 0,
    };
    let root = p.document()?;
    Ok(Tree { nodes: p.nodes, root })
}

struct Parser {
    scanner: Scanner,
    nodes: Vec<Node>,
    anchors: BTreeMap<String, NodeId>,
    tags: Vec<(String, String)>,
    depth: usize,
}

type Parse<T> = Result<T, Fault>;

/// Where a block node may stand, and whether `- ` at the parent's indentation opens a sequence there.
#[derive(Clone, Copy)]
enum Place {
    Block,
    BlockOrIndentless,
    Flow,
}

/// What follows the head of a node.
enum Content {
    Whole,
    Indentless,
    BlockSequence(Mark),
    FlowSequence(Mark),
    BlockMapping(Mark),
    FlowMapping(Mark),
}

fn fault<T>(problem: &str, context: Mark, at: Mark) -> Parse<T> {
    let shown = if at.line != 0 { at.line } else { context.line };
    Err(Fault { problem: problem.into(), shown, at })
}

impl Parser {
    fn peek(&mut self) -> Parse<&Token> {
        self.scanner.peek()
    }

    fn mark(&mut self) -> Parse<Mark> {
        Ok(self.peek()?.start)
    }

    fn take(&mut self) -> Parse<Token> {
        let token = self.peek()?.clone();
        self.scanner.skip();
        Ok(token)
    }

    /// Takes the next token if it is `tok`; gives its end.
    fn accept(&mut self, tok: &Tok) -> Parse<Option<Mark>> {
        let token = self.peek()?;
        if token.tok != *tok {
            return Ok(None);
        }
        let end = token.end;
        self.scanner.skip();
        Ok(Some(end))
    }

    fn document(&mut self) -> Parse<Option<NodeId>> {
        if self.peek()?.tok == Tok::StreamEnd {
            return Ok(None);
        }
        let explicit =
            matches!(self.peek()?.tok, Tok::Version(..) | Tok::TagDirective(..) | Tok::DocumentStart);
        self.directives()?;
        if explicit {
            let at = self.mark()?;
            if self.accept(&Tok::DocumentStart)?.is_none() {
                return fault("did not find expected <document start>", Mark::default(), at);
            }
        }
        let token = self.peek()?;
        let empty = explicit
            && matches!(
                token.tok,
                Tok::Version(..)
                    | Tok::TagDirective(..)
                    | Tok::DocumentStart
                    | Tok::DocumentEnd
                    | Tok::StreamEnd
            );
        let mark = token.start;
        let root = if empty { self.empty(mark) } else { self.node(Place::Block)? };
        // What follows is another document, but the token must be a sound one.
        self.peek()?;
        Ok(Some(root))
    }

    fn directives(&mut self) -> Parse<()> {
        let mut versioned = false;
        loop {
            let token = self.peek()?.clone();
            match token.tok {
                Tok::Version(major, minor) => {
                    if versioned {
                        return fault("found duplicate %YAML directive", Mark::default(), token.start);
                    }
                    if (major, minor) != (1, 1) {
                        return fault("found incompatible YAML document", Mark::default(), token.start);
                    }
                    versioned = true;
                }
                Tok::TagDirective(handle, prefix) => {
                    if self.tags.iter().any(|(h, _)| *h == handle) {
                        return fault("found duplicate %TAG directive", Mark::default(), token.start);
                    }
                    self.tags.push((handle, prefix));
                }
                _ => break,
            }
            self.scanner.skip();
        }
        for (handle, prefix) in [("!", "!"), ("!!", super::scalars::LONG_TAG)] {
            if !self.tags.iter().any(|(h, _)| h == handle) {
                self.tags.push((handle.into(), prefix.into()));
            }
        }
        Ok(())
    }

    fn add(&mut self, kind: NodeKind, mark: Mark, tag: String, anchor: Option<String>) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(Node { kind, mark, tag });
        if let Some(name) = anchor {
            self.anchors.insert(name, id);
        }
        id
    }

    fn empty(&mut self, mark: Mark) -> NodeId {
        self.add(NodeKind::Scalar { text: String::new(), implicit: true }, mark, String::new(), None)
    }

    fn node(&mut self, place: Place) -> Parse<NodeId> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let at = self.mark()?;
            return fault(&format!("exceeded max depth of {MAX_DEPTH}"), at, at);
        }
        let (id, content) = self.head(place)?;
        let kind = match content {
            Content::Whole => None,
            Content::Indentless => Some(NodeKind::Sequence(self.indentless_sequence()?)),
            Content::BlockSequence(at) => Some(NodeKind::Sequence(self.block_sequence(at)?)),
            Content::FlowSequence(at) => Some(NodeKind::Sequence(self.flow_sequence(at)?)),
            Content::BlockMapping(at) => Some(NodeKind::Mapping(self.block_mapping(at)?)),
            Content::FlowMapping(at) => Some(NodeKind::Mapping(self.flow_mapping(at)?)),
        };
        if let Some(kind) = kind {
            self.nodes[id].kind = kind;
        }
        self.depth -= 1;
        Ok(id)
    }

    /// Adds the node and says what is inside. Apart from [`Self::node`] so that a level of nesting takes little stack.
    #[inline(never)]
    fn head(&mut self, place: Place) -> Parse<(NodeId, Content)> {
        if let Tok::Alias(_) = self.peek()?.tok {
            return Ok((self.alias()?, Content::Whole));
        }
        let start = self.mark()?;
        let (anchor, tag) = self.properties(start)?;
        let block = !matches!(place, Place::Flow);
        let indentless = matches!(place, Place::BlockOrIndentless);
        let token = self.peek()?;
        let at = token.start;
        let (kind, content) = match &token.tok {
            Tok::BlockEntry if indentless => (NodeKind::Sequence(Vec::new()), Content::Indentless),
            Tok::Scalar { text, plain } => {
                let implicit = (tag.is_empty() && *plain) || tag == "!";
                let kind = NodeKind::Scalar { text: text.clone(), implicit };
                self.scanner.skip();
                (kind, Content::Whole)
            }
            Tok::FlowSequenceStart => (NodeKind::Sequence(Vec::new()), Content::FlowSequence(at)),
            Tok::FlowMappingStart => (NodeKind::Mapping(Vec::new()), Content::FlowMapping(at)),
            Tok::BlockSequenceStart if block => (NodeKind::Sequence(Vec::new()), Content::BlockSequence(at)),
            Tok::BlockMappingStart if block => (NodeKind::Mapping(Vec::new()), Content::BlockMapping(at)),
            _ if anchor.is_some() || !tag.is_empty() => {
                (NodeKind::Scalar { text: String::new(), implicit: tag.is_empty() }, Content::Whole)
            }
            _ => return fault("did not find expected node content", start, at),
        };
        Ok((self.add(kind, start, tag, anchor), content))
    }

    fn alias(&mut self) -> Parse<NodeId> {
        let token = self.take()?;
        let Tok::Alias(name) = token.tok else {
            return fault("did not find expected node content", token.start, token.start);
        };
        let Some(&target) = self.anchors.get(&name) else {
            let problem = format!("unknown anchor '{name}' referenced");
            return Err(Fault { problem, shown: 0, at: token.start });
        };
        Ok(self.add(NodeKind::Alias { name, target }, token.start, String::new(), None))
    }

    /// Anchor and tag, in either order.
    fn properties(&mut self, start: Mark) -> Parse<(Option<String>, String)> {
        let (mut anchor, mut tag) = (None, None);
        for _ in 0..2 {
            let token = self.peek()?;
            match &token.tok {
                Tok::Anchor(name) if anchor.is_none() => anchor = Some(name.clone()),
                Tok::Tag(handle, suffix) if tag.is_none() => {
                    tag = Some((handle.clone(), suffix.clone(), token.start))
                }
                _ => break,
            }
            self.scanner.skip();
        }
        let Some((handle, suffix, at)) = tag else { return Ok((anchor, String::new())) };
        if handle.is_empty() {
            return Ok((anchor, suffix));
        }
        match self.tags.iter().find(|(h, _)| *h == handle) {
            Some((_, prefix)) => Ok((anchor, format!("{prefix}{suffix}"))),
            None => fault("found undefined tag handle", start, at),
        }
    }

    fn block_sequence(&mut self, context: Mark) -> Parse<Vec<NodeId>> {
        self.scanner.skip();
        let mut items = Vec::new();
        loop {
            if let Some(end) = self.accept(&Tok::BlockEntry)? {
                items.push(match self.peek()?.tok {
                    Tok::BlockEntry | Tok::BlockEnd => self.empty(end),
                    _ => self.node(Place::Block)?,
                });
            } else if self.accept(&Tok::BlockEnd)?.is_some() {
                return Ok(items);
            } else {
                let at = self.mark()?;
                return fault("did not find expected '-' indicator", context, at);
            }
        }
    }

    fn indentless_sequence(&mut self) -> Parse<Vec<NodeId>> {
        let mut items = Vec::new();
        while let Some(end) = self.accept(&Tok::BlockEntry)? {
            items.push(match self.peek()?.tok {
                Tok::BlockEntry | Tok::Key | Tok::Value | Tok::BlockEnd => self.empty(end),
                _ => self.node(Place::Block)?,
            });
        }
        Ok(items)
    }

    fn block_mapping(&mut self, context: Mark) -> Parse<Vec<(NodeId, NodeId)>> {
        self.scanner.skip();
        let mut pairs = Vec::new();
        loop {
            if let Some(end) = self.accept(&Tok::Key)? {
                let key = self.block_part(end)?;
                let at = self.mark()?;
                let value = match self.accept(&Tok::Value)? {
                    Some(end) => self.block_part(end)?,
                    None => self.empty(at),
                };
                pairs.push((key, value));
            } else if self.accept(&Tok::BlockEnd)?.is_some() {
                return Ok(pairs);
            } else {
                let at = self.mark()?;
                return fault("did not find expected key", context, at);
            }
        }
    }

    /// A key or a value of a block mapping, which may be left out.
    fn block_part(&mut self, end: Mark) -> Parse<NodeId> {
        match self.peek()?.tok {
            Tok::Key | Tok::Value | Tok::BlockEnd => Ok(self.empty(end)),
            _ => self.node(Place::BlockOrIndentless),
        }
    }

    fn flow_sequence(&mut self, context: Mark) -> Parse<Vec<NodeId>> {
        self.scanner.skip();
        let mut items = Vec::new();
        loop {
            if self.peek()?.tok != Tok::FlowSequenceEnd
                && !items.is_empty()
                && self.accept(&Tok::FlowEntry)?.is_none()
            {
                let at = self.mark()?;
                return fault("did not find expected ',' or ']'", context, at);
            }
            let at = self.mark()?;
            if self.accept(&Tok::FlowSequenceEnd)?.is_some() {
                return Ok(items);
            }
            let item = if self.accept(&Tok::Key)?.is_some() {
                self.single_pair(at)?
            } else {
                self.node(Place::Flow)?
            };
            items.push(item);
        }
    }

    /// `[a: b]` is a sequence of one mapping.
    fn single_pair(&mut self, start: Mark) -> Parse<NodeId> {
        let id = self.add(NodeKind::Mapping(Vec::new()), start, String::new(), None);
        let token = self.peek()?;
        let end = token.end;
        let key = match token.tok {
            Tok::Value | Tok::FlowEntry | Tok::FlowSequenceEnd => {
                // goyaml drops the token it looked at here.
                self.scanner.skip();
                self.empty(end)
            }
            _ => self.node(Place::Flow)?,
        };
        let value = self.flow_value(&Tok::FlowSequenceEnd)?;
        self.nodes[id].kind = NodeKind::Mapping(vec![(key, value)]);
        Ok(id)
    }

    fn flow_value(&mut self, close: &Tok) -> Parse<NodeId> {
        if self.accept(&Tok::Value)?.is_some() {
            let token = self.peek()?;
            if token.tok != Tok::FlowEntry && token.tok != *close {
                return self.node(Place::Flow);
            }
        }
        let at = self.mark()?;
        Ok(self.empty(at))
    }

    fn flow_mapping(&mut self, context: Mark) -> Parse<Vec<(NodeId, NodeId)>> {
        self.scanner.skip();
        let mut pairs = Vec::new();
        loop {
            if self.peek()?.tok != Tok::FlowMappingEnd
                && !pairs.is_empty()
                && self.accept(&Tok::FlowEntry)?.is_none()
            {
                let at = self.mark()?;
                return fault("did not find expected ',' or '}'", context, at);
            }
            if self.accept(&Tok::FlowMappingEnd)?.is_some() {
                return Ok(pairs);
            }
            if self.accept(&Tok::Key)?.is_some() {
                let token = self.peek()?;
                let at = token.start;
                let key = match token.tok {
                    Tok::Value | Tok::FlowEntry | Tok::FlowMappingEnd => self.empty(at),
                    _ => self.node(Place::Flow)?,
                };
                let value = self.flow_value(&Tok::FlowMappingEnd)?;
                pairs.push((key, value));
            } else {
                let key = self.node(Place::Flow)?;
                let at = self.mark()?;
                let value = self.empty(at);
                pairs.push((key, value));
            }
        }
    }
}
