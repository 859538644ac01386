//! `-o kyaml`: YAML in flow style, every string quoted.
//!
//! Models `sigs.k8s.io/yaml/kyaml`. Not modelled: folding of long strings.

use objects::{Value, json};

/// The object as KYAML, with a last line break.
#[must_use]
pub fn emit(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out.push('\n');
    out
}

fn write(v: &Value, depth: usize, out: &mut String) {
    let pad = |n: usize, out: &mut String| out.push_str(&"  ".repeat(n));
    match v {
        Value::Map(m) if !m.is_empty() => {
            out.push_str("{\n");
            for (k, x) in m.iter() {
                pad(depth + 1, out);
                let plain = !k.is_empty()
                    && k.bytes().all(|b| {
                        b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'.' || b == b'/'
                    })
                    && !matches!(
                        k.as_str(),
                        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
                    );
                if plain {
                    out.push_str(k)
                } else {
                    out.push_str(&json::quote(k))
                }
                out.push_str(": ");
                write(x, depth + 1, out);
                out.push_str(",\n");
            }
            pad(depth, out);
            out.push('}');
        }
        Value::List(l) if !l.is_empty() => {
            let nested = l.iter().all(|x| matches!(x, Value::Map(_)));
            if nested {
                out.push('[');
                for (i, x) in l.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    write(x, depth, out);
                }
                out.push(']');
            } else {
                out.push_str("[\n");
                for x in l.iter() {
                    pad(depth + 1, out);
                    write(x, depth + 1, out);
                    out.push_str(",\n");
                }
                pad(depth, out);
                out.push(']');
            }
        }
        other => out.push_str(&json::to_string(other)),
    }
}
