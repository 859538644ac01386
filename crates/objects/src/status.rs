//! `Status`: every refusal the API can give, as data.
//!
//! Models `k8s.io/apimachinery/pkg/api/errors`.

use std::fmt;

use crate::{Str, Value, value};

/// Why a request was refused, with upstream's names and HTTP codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    AlreadyExists,
    Conflict,
    Gone,
    Expired,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    Invalid,
    TooManyRequests,
    InternalError,
    ServiceUnavailable,
    Timeout,
    /// A failure without a reason of its own.
    Unknown,
    /// No server answered at all: the client's own text, printed as it is.
    Unreachable,
}

impl Reason {
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Gone | Self::Expired => 410,
            Self::RequestEntityTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid => 422,
            Self::TooManyRequests => 429,
            Self::InternalError | Self::Unknown => 500,
            Self::ServiceUnavailable | Self::Unreachable => 503,
            Self::Timeout => 504,
        }
    }
}

/// The cause that holds what a server said in words of its own, where a Status was expected.
pub const UNEXPECTED: &str = "UnexpectedServerResponse";

/// One named cause of an `Invalid` status.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// `FieldValueInvalid`, `FieldValueRequired`, ...
    pub reason: &'static str,
    /// `spec.containers[0].image`
    pub field: String,
    /// The whole text behind the field: `Invalid value: "x": must be ...`.
    pub message: String,
}

/// A refusal. Its `message` is what kubectl prints after `Error from server (Reason): `.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub reason: Reason,
    pub message: String,
    /// `details`: the group and kind (or resource) and the name it is about.
    pub group: Str,
    pub kind: Str,
    pub name: Str,
    pub uid: Str,
    pub causes: Vec<Cause>,
    /// `details.retryAfterSeconds`, when the server names one.
    pub retry_after_seconds: Option<i64>,
}

impl Status {
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            group: Str::default(),
            kind: Str::default(),
            name: Str::default(),
            uid: Str::default(),
            causes: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// Says what it is about; `kind` is the resource (`pods`) except for `Invalid`, where it is the kind (`Pod`).
    #[must_use]
    pub fn about(mut self, group: impl Into<Str>, kind: impl Into<Str>, name: impl Into<Str>) -> Self {
        (self.group, self.kind, self.name) = (group.into(), kind.into(), name.into());
        self
    }

    /// `pods "web" not found`
    #[must_use]
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", qualified(resource, group));
        Self::new(Reason::NotFound, message).about(group, resource, name)
    }

    /// `pods "web" already exists`
    #[must_use]
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", qualified(resource, group));
        Self::new(Reason::AlreadyExists, message).about(group, resource, name)
    }

    /// `Operation cannot be fulfilled on pods "web": ...`
    #[must_use]
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", qualified(resource, group));
        Self::new(Reason::Conflict, message).about(group, resource, name)
    }

    /// `pods "web" is forbidden: ...`
    #[must_use]
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", qualified(resource, group))
        } else {
            format!("{} \"{name}\" is forbidden: {why}", qualified(resource, group))
        };
        Self::new(Reason::Forbidden, message).about(group, resource, name)
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Reason::BadRequest, message)
    }

    /// `Pod "web" is invalid: ...` from all errors of an object at once, in upstream's wording.
    #[must_use]
    pub fn invalid(group: &str, kind: &str, name: &str, causes: Vec<Cause>) -> Self {
        let texts: Vec<String> = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        // Upstream's Aggregate drops repeated texts and brackets a list of several.
        let mut seen: Vec<&String> = Vec::new();
        for t in &texts {
            if !seen.contains(&t) {
                seen.push(t);
            }
        }
        let list = match seen.as_slice() {
            [one] => (*one).clone(),
            many => format!("[{}]", many.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {list}", qualified(kind, group));
        let mut s = Self::new(Reason::Invalid, message).about(group, kind, name);
        s.causes = causes;
        s
    }

    #[must_use]
    pub fn code(&self) -> u16 {
        self.reason.code()
    }

    /// The body that the server sent instead of a Status, as [`UNEXPECTED`] keeps it.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        self.causes.first().filter(|c| c.reason == UNEXPECTED).map(|c| c.message.as_str())
    }

    /// As the `v1.Status` object the server answers with.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut details = Value::map();
        for (key, text) in
            [("group", &self.group), ("kind", &self.kind), ("name", &self.name), ("uid", &self.uid)]
        {
            if !text.is_empty() {
                details.set(key, text);
            }
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(|c| {
                let mut cause = value!({"message": (c.message.as_str())});
                for (key, text) in [("reason", c.reason), ("field", c.field.as_str())] {
                    if !text.is_empty() {
                        cause.set(key, text);
                    }
                }
                cause
            });
            details.set("causes", causes.collect::<Value>());
        }
        if let Some(s) = self.retry_after_seconds {
            details.set("retryAfterSeconds", s);
        }
        let mut v = value!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": (self.message.as_str()),
            "code": (i64::from(self.code())),
        });
        if self.reason != Reason::Unknown {
            v.set("reason", format!("{:?}", self.reason));
        }
        // These come with details even where there is nothing to say.
        let always = matches!(self.reason, Reason::NotFound | Reason::MethodNotAllowed | Reason::Forbidden);
        if always || !details.is_zero() {
            v.set("details", details);
        }
        v
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

/// `deployments.apps`, or `pods` for the core group.
fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}
