//! JSON in the order of Go's structs, as whoever holds an object as a struct writes it: the server, and kubectl for what it
//! makes or changes itself.
//!
//! Built-in kinds have the order of their types; maps, custom kinds and whatever is no field stand in the alphabet's.
//! Models `encoding/json` over the types of `k8s.io/api` and, of other structs, those in [`OTHERS`].

use ordered::Sort as _;

use crate::schema::{Shape, TypeId, type_for};
use crate::{Value, json};

/// Structs that belong to no group, by the field that holds them; `""` is the whole.
const OTHERS: [(&str, &str); 6] = [
    ("", "kind apiVersion metadata timestamp window usage items clusters users contexts"),
    ("items", "metadata timestamp window usage"),
    ("clusters", "name cluster"),
    ("contexts", "name context"),
    ("clientVersion", VERSION),
    ("serverVersion", VERSION),
];
const VERSION: &str = "major minor emulationMajor emulationMinor minCompatibilityMajor minCompatibilityMinor gitVersion \
                       gitCommit gitTreeState buildDate goVersion compiler platform";

/// Compact JSON of an object.
#[must_use]
pub fn to_string(object: &Value) -> String {
    written(object, None)
}

/// The object on several lines, as `encoding/json` indents it.
#[must_use]
pub fn to_pretty(object: &Value, indent: &str) -> String {
    written(object, Some(indent))
}

fn written(object: &Value, indent: Option<&str>) -> String {
    let mut w = Writer { out: String::new(), indent };
    let api_version = object["apiVersion"].text();
    let is_other = matches!((object.kind(), api_version), ("", _) | ("Config", "v1"))
        || api_version.starts_with("metrics.k8s.io/");
    w.value(object, if is_other { Form::Other("") } else { Form::Any }, 0);
    w.out
}

/// What is known of a value from what holds it.
#[derive(Clone, Copy)]
enum Form<'a> {
    Any,
    Struct(TypeId),
    /// A list, or a map: what its elements are.
    Elements(Shape),
    /// One of [`OTHERS`], if there is one for the field.
    Other(&'a str),
}

fn form_of(shape: Shape) -> Form<'static> {
    match (shape.struct_type(), shape.element()) {
        (Some(ty), _) => Form::Struct(ty),
        (None, Some(element)) => Form::Elements(element),
        _ => Form::Any,
    }
}

/// The type that an object names itself.
fn named(object: &Value) -> Option<TypeId> {
    let api_version = object["apiVersion"].text();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    type_for(group, version, object.kind())
}

/// The fields of a map in their order.
fn fields<'v>(map: &'v Value, form: Form<'v>) -> Vec<(&'v str, &'v Value, Form<'v>)> {
    let all = map.entries().iter().map(|(key, value)| (key.as_str(), value));
    match form {
        Form::Struct(ty) => {
            let mut known: Vec<_> = ty
                .fields()
                .filter_map(|f| Some((f, map.entries().iter().find(|(k, _)| *k == f.name())?)))
                .collect();
            known.arrange_by_key(|(f, _)| f.rank());
            let rest = all.filter(|(key, _)| ty.field(key).is_none()).map(|(k, v)| (k, v, Form::Any));
            known.into_iter().map(|(f, (k, v))| (k.as_str(), v, form_of(f.shape()))).chain(rest).collect()
        }
        Form::Elements(element) => all.map(|(k, v)| (k, v, form_of(element))).collect(),
        Form::Other(within) => {
            let order = OTHERS.iter().find(|(of, _)| *of == within).map_or("", |(_, fields)| *fields);
            let place = |key: &str| order.split_whitespace().position(|f| f == key).unwrap_or(usize::MAX);
            let below = |k| if k == "metadata" { Form::Struct(TypeId::OBJECT_META) } else { Form::Other(k) };
            let mut all: Vec<_> = all.map(|(k, v)| (k, v, below(k))).collect();
            all.arrange_by_key(|(k, _, _)| place(k));
            all
        }
        Form::Any => all.map(|(k, v)| (k, v, Form::Any)).collect(),
    }
}

struct Writer<'a> {
    out: String,
    indent: Option<&'a str>,
}

impl Writer<'_> {
    fn line(&mut self, level: usize) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.push_str(&indent.repeat(level));
        }
    }

    fn value(&mut self, value: &Value, form: Form<'_>, level: usize) {
        match value {
            Value::Map(_) if !value.entries().is_empty() => {
                let names_itself = value.find("kind").is_some() && value.find("apiVersion").is_some();
                // A reference names what it means; only an object has metadata.
                let form = match form {
                    Form::Any if names_itself => named(value).map_or(Form::Any, Form::Struct),
                    Form::Struct(of) if names_itself && value.find("metadata").is_some() => {
                        Form::Struct(named(value).unwrap_or(of))
                    }
                    form => form,
                };
                self.out.push('{');
                for (i, (key, inner, form)) in fields(value, form).into_iter().enumerate() {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.line(level + 1);
                    self.out.push_str(&json::to_string(&Value::from(key)));
                    self.out.push_str(if self.indent.is_some() { ": " } else { ":" });
                    self.value(inner, form, level + 1);
                }
                self.line(level);
                self.out.push('}');
            }
            Value::List(items) if !items.is_empty() => {
                let form = match form {
                    Form::Elements(element) => form_of(element),
                    Form::Struct(_) => Form::Any,
                    other => other,
                };
                self.out.push('[');
                for (i, item) in items.iter().enumerate() {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.line(level + 1);
                    self.value(item, form, level + 1);
                }
                self.line(level);
                self.out.push(']');
            }
            other => self.out.push_str(&json::to_string(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn built_in_kinds_are_written_in_gos_order() {
        let pod = value!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"labels": {"b": "1", "a": "2"}, "name": "p", "uid": "u", "namespace": "n"},
            "spec": {
                "containers": [{"image": "i", "env": [{"value": "v", "name": "e"}], "name": "c", "envFrom": []}],
                "volumes": [{"emptyDir": {}, "name": "v"}], "other": {"b": 1, "a": 2}
            },
            "status": {}
        });
        let expected = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"n","uid":"u","labels":{"a":"2","b":"1"}},"spec":{"volumes":[{"name":"v","emptyDir":{}}],"containers":[{"name":"c","image":"i","envFrom":[],"env":[{"name":"e","value":"v"}]}],"other":{"a":2,"b":1}},"status":{}}"#;
        assert_eq!(to_string(&pod), expected);
        let list = value!({"apiVersion": "v1", "kind": "PodList", "items": [(pod)], "metadata": {"resourceVersion": "1"}});
        let text = to_string(&list);
        let begins = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"#;
        assert!(text.starts_with(begins), "{text}");
        assert_eq!(json::parse(&text).as_ref(), Ok(&list), "nothing is lost");
    }

    #[test]
    fn the_rest_keeps_the_alphabets() {
        for (object, expected) in [
            (
                value!({"kind": "Web", "apiVersion": "a.b/v1", "metadata": {"uid": "u", "name": "n"}}),
                r#"{"apiVersion":"a.b/v1","kind":"Web","metadata":{"name":"n","uid":"u"}}"#,
            ),
            (
                value!({"kind": "Status", "apiVersion": "v1", "code": 404, "status": "Failure", "message": "m", "metadata": {}}),
                r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"m","code":404}"#,
            ),
            (
                value!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": [], "columnDefinitions": [], "metadata": {}}),
                r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":[],"rows":[]}"#,
            ),
            (
                value!({"kind": "Config", "apiVersion": "v1", "current-context": "a", "contexts": [{"context": {}, "name": "a"}]}),
                r#"{"kind":"Config","apiVersion":"v1","contexts":[{"name":"a","context":{}}],"current-context":"a"}"#,
            ),
            (
                value!({"kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1", "containers": [{"usage": {}, "name": "c"}], "metadata": {"labels": {}, "name": "p"}, "window": "15s"}),
                r#"{"kind":"PodMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"p","labels":{}},"window":"15s","containers":[{"name":"c","usage":{}}]}"#,
            ),
            (
                value!({"clientVersion": {"platform": "x", "minor": "36", "major": "1"}}),
                r#"{"clientVersion":{"major":"1","minor":"36","platform":"x"}}"#,
            ),
            (value!({}), "{}"),
        ] {
            assert_eq!(to_string(&object), expected);
        }
    }

    #[test]
    fn lines_are_indented_as_gos() {
        assert_eq!(to_pretty(&value!({}), " "), "{}");
        assert_eq!(
            to_pretty(&value!({"a": [1, "x"], "b": []}), " "),
            "{\n \"a\": [\n  1,\n  \"x\"\n ],\n \"b\": []\n}"
        );
    }
}
