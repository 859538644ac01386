//! Goals as data: what must be true, must have happened, or must never happen.
//!
//! A check is a map with one field that says what it is:
//!
//! | field | true when |
//! |---|---|
//! | `exists`, `absent` | an object in scope is there, none is |
//! | `count` | so many objects in scope (that are `ready`, or have a `condition`) |
//! | `field` | a field of every object in scope has a value |
//! | `condition` | a condition of every object in scope is true |
//! | `rollout` | a rollout of every object in scope has ended, with this image |
//! | `event` | such an event came since the step began |
//! | `command` | such a command was used since the step began |
//! | `log`, `file` | a container of a pod in scope wrote it, has it in a file |
//! | `answer` | a server answers a request so |
//! | `right` | a user may do something, or may not |
//! | `output` | a command line prints it |
//! | `lab` | a fact of the host lab has a value |
//! | `deleted` | somebody deleted an object in scope since the step began |
//! | `replaced` | and another in scope, made since, is ready |
//! | `all`, `any`, `not` | of other checks |
//! | `within` | it becomes true within a time from the step's beginning, or from when `after` is first true |
//! | `once` | it was true at some time since the step began |
//! | `always`, `never` | it stays true, stays untrue, `after` something else was first true |

use clock::Millis;
use objects::Str;

use crate::command::CommandPattern;
use crate::field::{EXPECT_FIELDS, Expect, Path};
use crate::look::{Look, Wanted};
use crate::read::{Error, Node};
use crate::scope::{SCOPE_FIELDS, Scope, read_path};

/// Every kind of check, by its field.
pub const KINDS: [&str; 23] = [
    "exists",
    "absent",
    "count",
    "field",
    "condition",
    "rollout",
    "event",
    "command",
    "log",
    "file",
    "answer",
    "right",
    "output",
    "lab",
    "deleted",
    "replaced",
    "all",
    "any",
    "not",
    "within",
    "once",
    "always",
    "never",
];

#[derive(Clone, Debug)]
pub enum Check {
    Objects {
        scope: Scope,
        that: That,
        bound: Bound,
    },
    Event {
        reason: Str,
        kind: Str,
        name: Str,
    },
    Command {
        pattern: CommandPattern,
        exit: Option<i64>,
    },
    Deleted {
        scope: Scope,
        by: Str,
    },
    Replaced {
        scope: Scope,
        by: Str,
    },
    Look(Box<Look>),
    All(Vec<Check>),
    Any(Vec<Check>),
    Not(Box<Check>),
    Within {
        check: Box<Check>,
        span: Millis,
        after: Option<Box<Check>>,
    },
    /// Invariant: `holds` is what must stay as it is for the check to be met.
    Steady {
        check: Box<Check>,
        holds: bool,
        after: Option<Box<Check>>,
    },
}

/// What is asked of each object in scope.
#[derive(Clone, Debug, PartialEq)]
pub enum That {
    Exists,
    Ready,
    Condition {
        kind: Str,
        status: Str,
    },
    Field {
        path: Path,
        expect: Expect,
    },
    /// The newest revision runs everywhere; with this image, if one is named.
    Rollout {
        image: Str,
    },
}

/// How many objects must be as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    AtLeast(i64),
    AtMost(i64),
    Exactly(i64),
    /// All in scope, and there is at least one.
    Every,
}

impl Check {
    pub(crate) fn read(node: &Node<'_>) -> Result<Self, Error> {
        let (name, inner) = node.choice()?;
        match name {
            "exists" => objects(&inner, &[], That::Exists, Bound::AtLeast(1)),
            "absent" => objects(&inner, &[], That::Exists, Bound::AtMost(0)),
            "count" => count(&inner),
            "field" => {
                let fields: Vec<&str> = std::iter::once("path").chain(EXPECT_FIELDS).collect();
                let that = That::Field { path: read_path(&inner)?, expect: Expect::read(&inner)? };
                objects(&inner, &fields, that, Bound::Every)
            }
            "condition" => {
                let kind = inner.field("type")?.text()?;
                let that = That::Condition { kind, status: inner.text_or("status", "True")? };
                objects(&inner, &["type", "status"], that, Bound::Every)
            }
            "rollout" => {
                let that = That::Rollout { image: inner.text_or("image", "")? };
                objects(&inner, &["image"], that, Bound::Every)
            }
            "event" => {
                inner.only(&["reason", "kind", "name"])?;
                Ok(Self::Event {
                    reason: inner.field("reason")?.text()?,
                    kind: inner.text_or("kind", "")?,
                    name: inner.text_or("name", "")?,
                })
            }
            "command" => command(&inner),
            "log" | "file" | "answer" | "right" | "output" | "lab" => {
                Ok(Self::Look(Box::new(Look::read(name, &inner)?)))
            }
            "deleted" => {
                let (scope, by) = change(&inner)?;
                Ok(Self::Deleted { scope, by })
            }
            "replaced" => {
                let (scope, by) = change(&inner)?;
                Ok(Self::Replaced { scope, by })
            }
            "all" => Ok(Self::All(several(&inner)?)),
            "any" => Ok(Self::Any(several(&inner)?)),
            "not" => Ok(Self::not(Self::read(&inner)?)),
            "within" => {
                inner.only(&["time", "want", "after"])?;
                let check = Box::new(Self::read(&inner.field("want")?)?);
                Ok(Self::Within { check, span: inner.field("time")?.span()?, after: first(&inner)? })
            }
            "once" => {
                Ok(Self::Within { check: Box::new(Self::read(&inner)?), span: Millis::MAX, after: None })
            }
            "always" | "never" => {
                inner.only(&["want", "after"])?;
                let check = Box::new(Self::read(&inner.field("want")?)?);
                Ok(Self::Steady { check, holds: name == "always", after: first(&inner)? })
            }
            other => inner.error(format!("no check is called {other:?}; there are {}", KINDS.join(", "))),
        }
    }

    /// The opposite, in words of its own where there are any.
    fn not(check: Self) -> Self {
        match check {
            Self::Objects { scope, that, bound: Bound::AtLeast(n) } if n > 0 => {
                Self::Objects { scope, that, bound: Bound::AtMost(n - 1) }
            }
            Self::Objects { scope, that, bound: Bound::AtMost(n) } => {
                Self::Objects { scope, that, bound: Bound::AtLeast(n + 1) }
            }
            Self::Look(look) if matches!(look.wanted, Wanted::Allowed(_)) => {
                let allowed = look.wanted == Wanted::Allowed(true);
                Self::Look(Box::new(Look { wanted: Wanted::Allowed(!allowed), ..*look }))
            }
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Whether some part of it takes a look.
    #[must_use]
    pub fn looks(&self) -> bool {
        match self {
            Self::Look(_) => true,
            Self::All(checks) | Self::Any(checks) => checks.iter().any(Self::looks),
            Self::Not(check) => check.looks(),
            Self::Within { check, after, .. } | Self::Steady { check, after, .. } => {
                check.looks() || after.as_ref().is_some_and(|a| a.looks())
            }
            _ => false,
        }
    }

    /// Whether some part of it asks the host lab.
    #[must_use]
    pub fn asks_lab(&self) -> bool {
        match self {
            Self::Look(look) => look.is_lab(),
            Self::All(checks) | Self::Any(checks) => checks.iter().any(Self::asks_lab),
            Self::Not(check) => check.asks_lab(),
            Self::Within { check, after, .. } | Self::Steady { check, after, .. } => {
                check.asks_lab() || after.as_ref().is_some_and(|a| a.asks_lab())
            }
            _ => false,
        }
    }

    /// True of a check that is met until something breaks it.
    #[must_use]
    pub fn guards(&self) -> bool {
        match self {
            Self::Steady { .. } => true,
            Self::All(checks) | Self::Any(checks) => checks.iter().all(Self::guards),
            _ => false,
        }
    }
}

/// What has to be true first.
fn first(node: &Node<'_>) -> Result<Option<Box<Check>>, Error> {
    Ok(node.find("after").map(|n| Check::read(&n)).transpose()?.map(Box::new))
}

fn only_scope_and(node: &Node<'_>, more: &[&str]) -> Result<(), Error> {
    let known: Vec<&str> = SCOPE_FIELDS.iter().chain(more).copied().collect();
    node.only(&known)
}

fn objects(node: &Node<'_>, fields: &[&str], that: That, bound: Bound) -> Result<Check, Error> {
    only_scope_and(node, fields)?;
    Ok(Check::Objects { scope: Scope::read(node)?, that, bound })
}

fn count(node: &Node<'_>) -> Result<Check, Error> {
    const BOUNDS: [&str; 3] = ["at_least", "at_most", "exactly"];
    let that = match node.find("condition") {
        Some(n) => That::Condition { kind: n.text()?, status: "True".into() },
        None if node.flag("ready")? => That::Ready,
        None => That::Exists,
    };
    let given: Vec<&str> = BOUNDS.into_iter().filter(|b| node.find(b).is_some()).collect();
    let [bound] = given[..] else {
        return node.error("exactly one of at_least, at_most, exactly is wanted");
    };
    let n = node.get(bound).int()?;
    let bound = match bound {
        "at_least" => Bound::AtLeast(n),
        "at_most" => Bound::AtMost(n),
        _ => Bound::Exactly(n),
    };
    objects(node, &["ready", "condition", "at_least", "at_most", "exactly"], that, bound)
}

fn command(node: &Node<'_>) -> Result<Check, Error> {
    let (words, exit) = if node.value.as_str().is_some() {
        (node.clone(), Some(0))
    } else {
        node.only(&["words", "exit"])?;
        let exit = match node.find("exit") {
            None => Some(0),
            Some(n) if *n.value == *"any" => None,
            Some(n) => Some(n.int()?),
        };
        (node.field("words")?, exit)
    };
    match CommandPattern::parse(&words.text()?) {
        Ok(pattern) => Ok(Check::Command { pattern, exit }),
        Err(why) => words.error(why),
    }
}

fn change(node: &Node<'_>) -> Result<(Scope, Str), Error> {
    only_scope_and(node, &["by"])?;
    Ok((Scope::read(node)?, node.text_or("by", "you")?))
}

fn several(node: &Node<'_>) -> Result<Vec<Check>, Error> {
    let items = node.items()?;
    if items.is_empty() {
        return node.error("at least one check is wanted");
    }
    items.iter().map(Check::read).collect()
}
