//! The shape of a parsed script. Immutable and shared: a forked shell points at the same tree.

use std::sync::Arc;

#[derive(Debug, Default)]
pub struct Script {
    pub items: Vec<Item>,
}

#[derive(Debug)]
pub struct Item {
    pub list: Arc<AndOr>,
    pub background: bool,
    /// The source text, for `jobs`.
    pub text: String,
}

#[derive(Debug)]
pub struct AndOr {
    pub first: Arc<Pipeline>,
    /// `true` is `&&`, `false` is `||`.
    pub rest: Vec<(bool, Arc<Pipeline>)>,
}

#[derive(Debug)]
pub struct Pipeline {
    pub negate: bool,
    pub commands: Vec<Arc<Command>>,
}

#[derive(Debug)]
pub struct Command {
    pub kind: Kind,
    pub redirects: Vec<Redirect>,
    pub line: u32,
}

#[derive(Debug)]
pub enum Kind {
    Simple {
        assigns: Vec<Assign>,
        words: Vec<Word>,
    },
    Group(Arc<Script>),
    Subshell(Arc<Script>),
    If {
        arms: Vec<(Arc<Script>, Arc<Script>)>,
        otherwise: Option<Arc<Script>>,
    },
    Loop {
        until: bool,
        cond: Arc<Script>,
        body: Arc<Script>,
    },
    For {
        var: String,
        words: Option<Vec<Word>>,
        body: Arc<Script>,
    },
    ArithFor {
        init: Word,
        cond: Word,
        step: Word,
        body: Arc<Script>,
    },
    Case {
        word: Word,
        arms: Vec<CaseArm>,
    },
    Function {
        name: String,
        body: Arc<Command>,
    },
    /// `[[ .. ]]`
    Test(TestExpr),
    /// `(( .. ))`
    Arith(Word),
}

#[derive(Debug)]
pub struct CaseArm {
    pub patterns: Vec<Word>,
    pub body: Arc<Script>,
    /// `;&`: go on with the next body.
    pub fall: bool,
}

#[derive(Debug)]
pub enum TestExpr {
    Not(Box<TestExpr>),
    And(Box<TestExpr>, Box<TestExpr>),
    Or(Box<TestExpr>, Box<TestExpr>),
    Unary(char, Word),
    Binary(String, Word, Word),
    Word(Word),
}

#[derive(Debug)]
pub struct Assign {
    pub name: String,
    pub index: Option<Word>,
    pub append: bool,
    pub value: AssignValue,
}

#[derive(Debug)]
pub enum AssignValue {
    Word(Word),
    Array(Vec<(Option<Word>, Word)>),
}

#[derive(Debug)]
pub struct Redirect {
    pub fd: Option<u32>,
    pub op: RedirectOp,
}

#[derive(Debug)]
pub enum RedirectOp {
    Read(Word),
    Write(Word),
    Append(Word),
    ReadWrite(Word),
    /// `>&word` and `<&word`
    Dup(Word),
    /// `&>word`, `&>>word`
    Both(Word, bool),
    /// A here-document or here-string, its text already a word.
    Here(Word),
}

#[derive(Clone, Debug, Default)]
pub struct Word(pub Vec<Part>);

#[derive(Clone, Debug)]
pub enum Part {
    Lit(String),
    /// Quoted text: never split, never a pattern.
    Quoted(String),
    Double(Vec<Part>),
    Param(Box<Param>),
    Command(Arc<Script>),
    Arith(Vec<Part>),
    /// `~` or `~name` at the beginning of a word.
    Tilde(String),
}

#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    pub index: Option<Index>,
    pub op: ParamOp,
}

#[derive(Clone, Debug)]
pub enum Index {
    At,
    Star,
    Word(Word),
}

#[derive(Clone, Debug)]
pub enum ParamOp {
    Plain,
    Length,
    /// `-`, `=`, `?` or `+`; with a colon an empty value counts as unset.
    Default {
        op: char,
        colon: bool,
        word: Word,
    },
    Trim {
        suffix: bool,
        longest: bool,
        word: Word,
    },
    Replace {
        all: bool,
        anchor: Option<char>,
        pattern: Word,
        with: Word,
    },
    Slice {
        from: Word,
        len: Option<Word>,
    },
    Case {
        upper: bool,
        all: bool,
    },
    Indirect,
    Keys,
}

impl Word {
    /// The text of a word without quotes or expansions.
    #[must_use]
    pub fn bare(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Lit(s)] => Some(s),
            _ => None,
        }
    }

    #[must_use]
    pub fn lit(text: &str) -> Self {
        Self(vec![Part::Lit(text.into())])
    }
}
