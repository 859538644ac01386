//! Values as Go's `fmt` prints them: upstream's messages show decoded objects that way.

use crate::Value;
use crate::json::go_quote;
use crate::number::g_float;

/// `%v`: `map[a:1 b:[x y]]`.
#[must_use]
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => g_float(*f),
        Value::Str(s) => s.to_string(),
        Value::List(l) => format!("[{}]", l.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Map(m) => {
            let entries: Vec<String> = m.iter().map(|(k, v)| format!("{k}:{}", plain(v))).collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// `%#v`: `map[string]interface {}{"a":1, "b":[]interface {}{"x", "y"}}`.
#[must_use]
pub fn syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".into(),
        Value::Str(s) => go_quote(s),
        Value::List(l) => {
            format!("[]interface {{}}{{{}}}", l.iter().map(syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Map(m) => {
            let entries: Vec<String> =
                m.iter().map(|(k, v)| format!("{}:{}", go_quote(k), syntax(v))).collect();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
        other => plain(other),
    }
}

/// `%T` of a decoded value.
#[must_use]
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::Str(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn both_forms() {
        let v = value!({"b": ["x", 1, null], "a": {"c": true, "d": 1.5}});
        assert_eq!(plain(&v), "map[a:map[c:true d:1.5] b:[x 1 <nil>]]");
        assert_eq!(
            syntax(&v),
            r#"map[string]interface {}{"a":map[string]interface {}{"c":true, "d":1.5}, "b":[]interface {}{"x", 1, interface {}(nil)}}"#
        );
    }
}
