//! No server answers: what is printed of it, and what another error calls it.
//!
//! Owns: the words of Go's `net/url.Error` (method, URL and cause) for a request of ours, and kubectl's shorter ones for it
//! (`StandardErrorMessage` of `pkg/cmd/util/helpers.go`). Does not own: whether anybody answers (`cluster`).

use client::{FieldValidation, Request, Verb};
use objects::Status;

use crate::error::Error;

/// What discovery gives a server to answer.
const TIMEOUT: &str = "timeout=32s";
/// What stands before and after an address.
const REFUSED: [&str; 2] =
    ["The connection to the server ", " was refused - did you specify the right host or port?"];
const SILENT: [&str; 2] = ["Unable to connect to the server: dial tcp ", ": i/o timeout"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Printed when it is the whole error.
    pub said: String,
    server: String,
    method: &'static str,
    /// Path and query.
    path: String,
}

impl Unreachable {
    pub(crate) fn of(refusal: Status, asked: &Request, server: &str) -> Self {
        // A kubeconfig's way to a server need not be the server's own address.
        let host = server.split("://").last().unwrap_or_default();
        let said = [REFUSED, SILENT]
            .into_iter()
            .find(|words| address(&refusal.message, *words).is_some())
            .map_or_else(|| refusal.message.clone(), |[before, after]| format!("{before}{host}{after}"));
        Self {
            said,
            server: server.to_owned(),
            method: match asked.verb {
                Verb::Create => "Post",
                Verb::Update => "Put",
                Verb::Patch => "Patch",
                Verb::Delete | Verb::DeleteCollection => "Delete",
                Verb::Get | Verb::List | Verb::Watch => "Get",
            },
            path: path(asked),
        }
    }

    /// As an error that holds it prints it.
    pub(crate) fn cause(&self) -> String {
        self.at(self.method, &self.path)
    }

    fn at(&self, method: &str, path: &str) -> String {
        let why = match address(&self.said, REFUSED) {
            Some(address) => {
                format!("dial tcp {}: connect: connection refused", address.replace("localhost", "127.0.0.1"))
            }
            None => self.said.trim_start_matches("Unable to connect to the server: ").to_owned(),
        };
        format!("{method} \"{}{path}\": {why}", self.server)
    }

    /// The error of a command that reads manifests: before it sends any it asks what fields there are.
    pub(crate) fn unvalidated(self, source: &str, validation: FieldValidation) -> Error {
        if validation == FieldValidation::Ignore {
            return Error::Unreachable(Box::new(self));
        }
        Error::Text(format!(
            "error validating \"{source}\": error validating data: failed to download openapi: {}; if you choose to ignore these errors, turn validation off with --validate=false",
            self.at("Get", &format!("/openapi/v2?{TIMEOUT}"))
        ))
    }
}

fn address<'a>(text: &'a str, [before, after]: [&str; 2]) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
}

fn path(r: &Request) -> String {
    if !r.path.is_empty() {
        // Discovery begins with the oldest group.
        let path = if r.path == "/apis" { "/api" } else { r.path.as_str() };
        return format!("{path}?{TIMEOUT}");
    }
    let mut path = if r.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", r.group) };
    let namespaces = if r.namespace.is_empty() { "" } else { "namespaces" };
    for part in [&r.version, namespaces, &r.namespace, &r.resource, &r.name, &r.subresource] {
        if !part.is_empty() {
            path.push('/');
            path.push_str(part);
        }
    }
    let o = &r.options;
    let writes = matches!(r.verb, Verb::Create | Verb::Update | Verb::Patch) && r.subresource.is_empty();
    let validation = match o.field_validation {
        FieldValidation::Ignore => "Ignore",
        FieldValidation::Warn => "Warn",
        FieldValidation::Strict => "Strict",
    };
    let mut query: Vec<(&str, &str)> = Vec::new();
    if o.dry_run {
        query.push(("dryRun", "All"));
    }
    if writes {
        query.push(("fieldManager", &o.field_manager));
        query.push(("fieldValidation", validation));
    }
    for (n, (key, value)) in query.into_iter().enumerate() {
        path.push_str(&format!("{}{key}={value}", if n == 0 { '?' } else { '&' }));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use objects::Reason;
    use objects::resources::PODS;

    #[test]
    fn an_error_that_holds_it_names_request_and_cause() {
        let refused = "The connection to the server localhost:8080 was refused - did you specify the right host or port?";
        let mut r = crate::session::request(Verb::Create, PODS, "shop");
        r.options.field_manager = "kubectl-create".into();
        r.options.field_validation = FieldValidation::Strict;
        let u = Unreachable::of(Status::new(Reason::Unreachable, refused), &r, "http://localhost:8080");
        assert_eq!(
            u.cause(),
            "Post \"http://localhost:8080/api/v1/namespaces/shop/pods?fieldManager=kubectl-create&fieldValidation=Strict\": dial tcp 127.0.0.1:8080: connect: connection refused"
        );
        let silence = "Unable to connect to the server: dial tcp 172.18.0.2:6443: i/o timeout";
        let r = Request::raw("/apis");
        let u = Unreachable::of(Status::new(Reason::Unreachable, silence), &r, "https://127.0.0.1:6443");
        assert_eq!(
            u.cause(),
            "Get \"https://127.0.0.1:6443/api?timeout=32s\": dial tcp 127.0.0.1:6443: i/o timeout"
        );
        assert_eq!(u.said, "Unable to connect to the server: dial tcp 127.0.0.1:6443: i/o timeout");
    }
}
