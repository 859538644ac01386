//! How a command ends when it does not end well, and the text that says so.
//!
//! Models `k8s.io/kubectl/pkg/cmd/util` CheckErr, StandardErrorMessage, AddSourceToErr.

use client::FieldValidation;
use objects::{Reason, Status};

use crate::unreachable::Unreachable;

/// A failed command.
#[derive(Clone, Debug)]
pub enum Error {
    /// The server's refusal.
    Status(Box<Status>),
    /// No server answered.
    Unreachable(Box<Unreachable>),
    /// A client-side failure: printed behind `error: `.
    Text(String),
    /// Printed as it is.
    Plain(String),
    /// Several, one a line.
    Many(Vec<Error>),
    /// Nothing to print, only an exit code.
    Exit(i32),
    /// Printed as it is, with this exit code.
    Code(i32, String),
}

pub type Result<T> = std::result::Result<T, Error>;

impl From<Status> for Error {
    fn from(s: Status) -> Self {
        Self::Status(Box::new(s))
    }
}

/// A client-side failure with this text.
pub fn fail<T>(text: impl Into<String>) -> Result<T> {
    Err(Error::Text(text.into()))
}

impl Error {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    #[must_use]
    pub fn is(&self, reason: Reason) -> bool {
        matches!(self, Self::Status(s) if s.reason == reason)
    }

    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.is(Reason::NotFound)
    }

    /// One error, or several as one.
    ///
    /// # Errors
    /// When there is any.
    pub fn of_all(mut errors: Vec<Error>) -> Result<()> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Self::Many(errors)),
        }
    }

    /// `error when creating "web.yaml": ...`
    #[must_use]
    pub fn when(self, doing: &str, source: &str) -> Self {
        if source.is_empty() {
            return self;
        }
        match self {
            Self::Status(mut s) => {
                s.message = format!("error when {doing} \"{source}\": {}", s.message);
                Self::Status(s)
            }
            Self::Text(t) => Self::Text(format!("error when {doing} \"{source}\": {t}")),
            other => other,
        }
    }

    /// Of a manifest that was to be sent: no server answered even what fields it may have.
    #[must_use]
    pub fn unvalidated(self, source: &str, validation: FieldValidation) -> Self {
        match self {
            Self::Unreachable(u) => u.unvalidated(source, validation),
            other => other,
        }
    }

    /// The bare message, as Go's `err.Error()`.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Status(s) => s.message.clone(),
            Self::Unreachable(u) => u.cause(),
            Self::Text(t) | Self::Plain(t) | Self::Code(_, t) => t.clone(),
            Self::Many(all) if all.len() == 1 => all[0].message(),
            Self::Many(all) => {
                let texts: Vec<String> = all.iter().map(Self::message).collect();
                format!("[{}]", texts.join(", "))
            }
            Self::Exit(_) => String::new(),
        }
    }

    #[must_use]
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Exit(c) | Self::Code(c, _) => *c,
            _ => 1,
        }
    }

    /// What is printed on standard error, without the last line break; `""` for nothing.
    #[must_use]
    pub fn printed(&self) -> String {
        match self {
            Self::Status(s) => status_text(s),
            Self::Unreachable(u) => u.said.clone(),
            Self::Text(t) => {
                if t.is_empty() || t.starts_with("error: ") {
                    t.clone()
                } else {
                    format!("error: {t}")
                }
            }
            Self::Plain(t) | Self::Code(_, t) => t.clone(),
            Self::Many(all) => {
                let lines: Vec<String> = all
                    .iter()
                    .map(|e| match e {
                        Self::Text(t) => t.clone(),
                        Self::Status(s) => standard(s),
                        other => other.printed(),
                    })
                    .collect();
                lines.join("\n")
            }
            Self::Exit(_) => String::new(),
        }
    }
}

fn standard(s: &Status) -> String {
    match s.reason {
        Reason::Unauthorized => format!("error: You must be logged in to the server ({})", s.message),
        Reason::Unknown => format!("Error from server: {}", s.message),
        Reason::Unreachable => s.message.clone(),
        _ => format!("Error from server ({:?}): {}", s.reason, s.message),
    }
}

fn status_text(s: &Status) -> String {
    if s.reason != Reason::Invalid {
        return standard(s);
    }
    let head = if s.kind.is_empty() && s.name.is_empty() {
        let head = "The request is invalid".to_owned();
        if !s.message.is_empty() && s.causes.is_empty() {
            return format!("{head}: {}", s.message);
        }
        head
    } else {
        format!("The {} \"{}\" is invalid", s.kind, s.name)
    };
    let mut lines: Vec<String> = Vec::new();
    for c in &s.causes {
        let line = format!("{}: {}", c.field, c.message);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.as_slice() {
        [] => head,
        [one] => format!("{head}: {one}"),
        many => {
            let mut text = format!("{head}: ");
            for l in many {
                text.push_str("\n* ");
                text.push_str(l);
            }
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use objects::status::Cause;

    #[test]
    fn refusals_read_as_upstream_prints_them() {
        let e = Error::from(Status::not_found("apps", "deployments", "web"));
        assert_eq!(e.printed(), "Error from server (NotFound): deployments.apps \"web\" not found");
        let e = Error::from(Status::already_exists("", "pods", "web")).when("creating", "p.yaml");
        assert_eq!(
            e.printed(),
            "Error from server (AlreadyExists): error when creating \"p.yaml\": pods \"web\" already exists"
        );
        let cause = |f: &str| Cause {
            reason: "FieldValueRequired",
            field: f.into(),
            message: "Required value".into(),
        };
        let e = Error::from(Status::invalid("", "Pod", "x", vec![cause("a")])).when("creating", "p.yaml");
        assert_eq!(e.printed(), "The Pod \"x\" is invalid: a: Required value");
        let e = Error::from(Status::invalid("", "Pod", "x", vec![cause("a"), cause("b"), cause("a")]));
        assert_eq!(e.printed(), "The Pod \"x\" is invalid: \n* a: Required value\n* b: Required value");
        assert_eq!(Error::text("no").printed(), "error: no");
        let many = Error::Many(vec![Error::text("no"), Status::not_found("", "pods", "a").into()]);
        assert_eq!(many.printed(), "no\nError from server (NotFound): pods \"a\" not found");
    }
}
