//! JSON in the order of Go's structs, as the real server writes kinds that are built in.
//!
//! The order is that of the fields in `fields.tsv`. Custom kinds, and whatever is no field, stand in the alphabet's.
//! Models `encoding/json` over the types of `k8s.io/api`.

use objects::{Value, json, schema};

use crate::protobuf::table::{Kind, Message, Table};

/// What a `Table` has, which is no protobuf message.
const TABLE: [&str; 2] = ["columnDefinitions", "rows"];
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// Compact JSON of an object.
pub fn to_string(object: &Value) -> String {
    let mut out = String::new();
    whole(&mut out, object);
    out
}

/// An object with a kind; what says none of itself has been put into a list by the kind of the list.
fn whole(out: &mut String, object: &Value) {
    let message = message_of(object);
    if message.is_none() && object.kind() != "Table" {
        out.push_str(&json::to_string(object));
        return;
    }
    let mut w = Writer::begin(out, object);
    for key in ["kind", "apiVersion"] {
        w.field(key, None);
    }
    if let Some(m) = message {
        w.fields(m);
    } else {
        w.field("metadata", Table::get().message(&format!("{META}ListMeta")));
        for key in TABLE {
            w.field(key, None);
        }
    }
    w.end();
}

fn message_of(object: &Value) -> Option<&'static Message> {
    let table = Table::get();
    let (group, version) =
        object["apiVersion"].text().split_once('/').unwrap_or(("", object["apiVersion"].text()));
    let kind = object.kind();
    let of_kind = |kind: &str| {
        let ty = schema::type_for(group, version, kind)?;
        Some((table.message(&ty.full_name())?, ty.full_name()))
    };
    if let Some((message, _)) = of_kind(kind) {
        return Some(message);
    }
    if let Some((_, full)) = kind.strip_suffix("List").and_then(of_kind) {
        return table.message(&format!("{full}List"));
    }
    let is_meta = matches!(group, "" | "meta.k8s.io") && version == "v1";
    table.message(&format!("{META}{kind}")).filter(|_| is_meta)
}

struct Writer<'a> {
    out: &'a mut String,
    object: &'a Value,
    written: Vec<&'a str>,
}

impl<'a> Writer<'a> {
    fn begin(out: &'a mut String, object: &'a Value) -> Self {
        out.push('{');
        Self { out, object, written: Vec::new() }
    }

    fn field(&mut self, key: &str, message: Option<&'static Message>) {
        let Some((name, value)) = self.object.entries().iter().find(|(k, _)| **k == *key) else { return };
        if self.written.contains(&name.as_str()) {
            return;
        }
        if !self.written.is_empty() {
            self.out.push(',');
        }
        self.written.push(name);
        self.out.push_str(&json::to_string(&Value::from(name.as_str())));
        self.out.push(':');
        write(self.out, value, message);
    }

    fn fields(&mut self, message: &'static Message) {
        let table = Table::get();
        for f in &message.fields {
            let below = match &f.kind {
                Kind::Message(name) => table.message(name),
                _ => None,
            };
            if self.object.find(f.name).is_some() {
                self.field(f.name, below);
            } else if let Some(inlined) =
                below.filter(|_| !f.repeated && !f.is_map && is_inlined(message, f.name))
            {
                self.fields(inlined);
            }
        }
    }

    fn end(mut self) {
        let object = self.object;
        for (key, _) in object.entries() {
            self.field(key, None);
        }
        self.out.push('}');
    }
}

/// A message whose fields stand in JSON where it would.
fn is_inlined(message: &Message, field: &str) -> bool {
    schema::type_named(&message.name.replace('_', "-")).is_some_and(|t| t.field(field).is_none())
}

fn write(out: &mut String, value: &Value, message: Option<&'static Message>) {
    match (value, message) {
        (Value::List(items), Some(_)) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(out, item, message);
            }
            out.push(']');
        }
        (Value::Map(_), Some(m)) if value.find("kind").is_some() && value.find("apiVersion").is_some() => {
            // A reference names what it means; only an object has metadata.
            if value.find("metadata").is_some() { whole(out, value) } else { struct_of(out, value, m) }
        }
        (Value::Map(_), Some(m)) => struct_of(out, value, m),
        _ => out.push_str(&json::to_string(value)),
    }
}

fn struct_of(out: &mut String, value: &Value, message: &'static Message) {
    // The values of a map are not told from a struct by the field's type alone: keys that are no field come after.
    let mut w = Writer::begin(out, value);
    w.fields(message);
    w.end();
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn built_in_kinds_are_written_in_gos_order() {
        let pod = value!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"labels": {"b": "1", "a": "2"}, "name": "p", "uid": "u", "namespace": "n"},
            "spec": {
                "containers": [{"image": "i", "env": [{"value": "v", "name": "e"}], "name": "c", "envFrom": []}],
                "volumes": [{"emptyDir": {}, "name": "v"}]
            },
            "status": {}
        });
        let expected = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"n","uid":"u","labels":{"a":"2","b":"1"}},"spec":{"volumes":[{"name":"v","emptyDir":{}}],"containers":[{"name":"c","image":"i","envFrom":[],"env":[{"name":"e","value":"v"}]}]},"status":{}}"#;
        assert_eq!(to_string(&pod), expected);
        let list = value!({"apiVersion": "v1", "kind": "PodList", "items": [(pod)], "metadata": {"resourceVersion": "1"}});
        let text = to_string(&list);
        assert!(
            text.starts_with(
                r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"#
            ),
            "{text}"
        );
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
            (value!({"major": "1", "goVersion": "x"}), r#"{"goVersion":"x","major":"1"}"#),
        ] {
            assert_eq!(to_string(&object), expected);
        }
    }
}
