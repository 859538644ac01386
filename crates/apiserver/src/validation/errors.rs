//! Field errors: a path, and upstream's words for what is wrong there.
//!
//! Models `k8s.io/apimachinery/pkg/util/validation/field`.

use std::fmt::Write;

use objects::status::Cause;
use objects::{Value, json};

/// The errors found so far, and where one is looking.
pub(crate) struct Errors {
    causes: Vec<Cause>,
    path: String,
    /// The object's pod spec was accepted before.
    pub(crate) pod_spec_known: bool,
}

impl Errors {
    pub(crate) fn new(pod_spec_known: bool) -> Self {
        Self { causes: Vec::new(), path: String::new(), pod_spec_known }
    }

    pub(crate) fn len(&self) -> usize {
        self.causes.len()
    }

    /// All of them, each once.
    pub(crate) fn into_causes(self) -> Vec<Cause> {
        let mut once: Vec<Cause> = Vec::new();
        for c in self.causes {
            if !once.contains(&c) {
                once.push(c);
            }
        }
        once
    }

    /// Looks below `child`, which may be several steps: `spec.template`.
    pub(crate) fn at(&mut self, child: &str, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 && !child.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(child);
        check(self);
        self.path.truncate(length);
    }

    /// Looks at another place altogether.
    pub(crate) fn elsewhere(&mut self, path: &str, check: impl FnOnce(&mut Self)) {
        let here = std::mem::replace(&mut self.path, path.to_owned());
        check(self);
        self.path = here;
    }

    /// Looks at the list whose element one is at.
    pub(crate) fn beside(&mut self, check: impl FnOnce(&mut Self)) {
        let here = self.path.clone();
        let list = self.path.rfind('[').unwrap_or(self.path.len());
        self.path.truncate(list);
        check(self);
        self.path = here;
    }

    pub(crate) fn index(&mut self, i: usize, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        let _ = write!(self.path, "[{i}]");
        check(self);
        self.path.truncate(length);
    }

    pub(crate) fn key(&mut self, key: &str, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        let _ = write!(self.path, "[{key}]");
        check(self);
        self.path.truncate(length);
    }

    /// Looks at each element of a list below `child`.
    pub(crate) fn each(
        &mut self,
        object: &Value,
        child: &str,
        mut check: impl FnMut(&mut Self, usize, &Value),
    ) {
        if object[child].items().is_empty() {
            return;
        }
        self.at(child, |e| {
            for (i, item) in object[child].items().iter().enumerate() {
                e.index(i, |e| check(e, i, item));
            }
        });
    }

    fn push(&mut self, reason: &'static str, message: String) {
        let field = if self.path.is_empty() { "<nil>".to_owned() } else { self.path.clone() };
        self.causes.push(Cause { reason, field, message });
    }

    fn detailed(text: &str, detail: &str) -> String {
        if detail.is_empty() { text.to_owned() } else { format!("{text}: {detail}") }
    }

    /// Rules were left out, because what they are about is wrong already.
    pub(crate) fn blocked(&mut self) {
        const WHY: &str = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
        let path = std::mem::replace(&mut self.path, "<nil>".into());
        self.invalid(&Value::Null, WHY);
        self.path = path;
    }

    pub(crate) fn required(&mut self, detail: &str) {
        self.push("FieldValueRequired", Self::detailed("Required value", detail));
    }

    pub(crate) fn invalid(&mut self, value: &Value, detail: &str) {
        self.push("FieldValueInvalid", Self::detailed(&format!("Invalid value: {}", shown(value)), detail));
    }

    /// The bad value is not shown.
    pub(crate) fn invalid_bare(&mut self, detail: &str) {
        self.push("FieldValueInvalid", Self::detailed("Invalid value", detail));
    }

    /// `shown` is the bad value as it is printed.
    pub(crate) fn invalid_shown(&mut self, shown: &str, detail: &str) {
        self.push("FieldValueInvalid", Self::detailed(&format!("Invalid value: {shown}"), detail));
    }

    pub(crate) fn invalid_text(&mut self, value: &str, detail: &str) {
        self.invalid(&Value::from(value), detail);
    }

    /// One `Invalid value` for each complaint.
    pub(crate) fn complaints(&mut self, value: &Value, complaints: Vec<String>) {
        for c in complaints {
            self.invalid(value, &c);
        }
    }

    pub(crate) fn not_supported(&mut self, value: &Value, supported: &[&str]) {
        self.not_supported_shown(&shown(value), supported);
    }

    /// `shown` is the value as it is printed.
    pub(crate) fn not_supported_shown(&mut self, shown: &str, supported: &[&str]) {
        let list: Vec<String> = supported.iter().map(|s| json::go_quote(s)).collect();
        let message = format!("Unsupported value: {shown}: supported values: {}", list.join(", "));
        self.push("FieldValueNotSupported", message);
    }

    pub(crate) fn duplicate(&mut self, value: &Value) {
        self.push("FieldValueDuplicate", format!("Duplicate value: {}", shown(value)));
    }

    /// `shown` is the value that is there twice, as it is printed.
    pub(crate) fn duplicate_shown(&mut self, shown: &str) {
        self.push("FieldValueDuplicate", format!("Duplicate value: {shown}"));
    }

    pub(crate) fn not_found(&mut self, value: &Value) {
        self.push("FieldValueNotFound", format!("Not found: {}", shown(value)));
    }

    /// A value that is not there, with more to say of it.
    pub(crate) fn not_found_in(&mut self, value: &Value, detail: &str) {
        let text = format!("Not found: {}", shown(value));
        self.push("FieldValueNotFound", Self::detailed(&text, detail));
    }

    pub(crate) fn forbidden(&mut self, detail: &str) {
        self.push("FieldValueForbidden", Self::detailed("Forbidden", detail));
    }

    pub(crate) fn too_long(&mut self, max_bytes: usize) {
        self.push("FieldValueTooLong", format!("Too long: may not be more than {max_bytes} bytes"));
    }

    pub(crate) fn too_many(&mut self, given: usize, most: i64) {
        self.push("FieldValueTooMany", format!("Too many: {given}: must have at most {most} items"));
    }

    /// `child` must be one of `supported`; `detail` of absence is empty.
    pub(crate) fn one_of(&mut self, object: &Value, child: &str, supported: &[&str]) {
        let v = &object[child];
        if v.text().is_empty() {
            self.at(child, |e| e.required(""));
        } else if !supported.contains(&v.text()) {
            self.at(child, |e| e.not_supported(v, supported));
        }
    }

    /// `child`, if set, must be one of `supported`.
    pub(crate) fn one_of_if_set(&mut self, object: &Value, child: &str, supported: &[&str]) {
        if !object[child].is_null() {
            self.one_of(object, child, supported);
        }
    }

    /// `child`, if set, must not be negative.
    pub(crate) fn nonnegative(&mut self, object: &Value, child: &str) {
        let v = &object[child];
        if v.int() < 0 {
            self.at(child, |e| e.invalid(v, "must be greater than or equal to 0"));
        }
    }

    /// `child`, if set, must be good to `rule`.
    pub(crate) fn rule(&mut self, object: &Value, child: &str, rule: fn(&str) -> Vec<String>) {
        let v = &object[child];
        if !v.text().is_empty() {
            self.at(child, |e| e.complaints(v, rule(v.text())));
        }
    }

    /// `child` must be what it was.
    pub(crate) fn immutable(&mut self, new: &Value, old: &Value, child: &str) {
        if new[child] != old[child] {
            self.at(child, |e| e.invalid(&new[child], "field is immutable"));
        }
    }
}

/// A bad value as Go prints it: text quoted, structures as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::Str(s) => json::go_quote(s),
        other => json::to_string(other),
    }
}
