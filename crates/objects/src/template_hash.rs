//! The hashes that name what a workload makes: `pod-template-hash` and the hash of a ControllerRevision.
//!
//! Owns: the textual dump of upstream's Go structs for a pod template, the two FNV hashes, and their spelling in
//! letters. A Deployment's ReplicaSets and a DaemonSet's revisions are named by [`pod_template_hash`]; a StatefulSet's
//! revisions by [`controller_revision_hash`].
//! Does not own: which names collide (controllers).
//!
//! Models `pkg/util/hash`, `pkg/controller/controller_utils.go` (ComputeHash), `pkg/controller/history` and the output
//! of `go-spew`. Expects a template as it is stored: decoded and defaulted. Not modelled: times and managed fields in a
//! template's metadata, which no server accepts there.

mod table;

use std::fmt::{self, Write};

use table::{FIELDS, STRUCTS, TYPES};

use crate::Value;

/// Go name, JSON name (`""`: embedded), type: a number into the table of types.
struct FieldRow(&'static str, &'static str, u8);

/// How values of a type are written.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Int,
    Bool,
    Time,
    Quantity,
    IntOrString,
    Texts,
    Ints,
    TextMap,
    Quantities,
    /// The struct's number.
    Struct(u8),
    Structs(u8),
}

/// The hash of a pod template, as the label `pod-template-hash` carries it.
#[must_use]
pub fn pod_template_hash(template: &Value, collision_count: Option<i64>) -> String {
    let mut hash = Fnv1a(FNV_OFFSET);
    dump_template(template, &mut hash);
    if let Some(count) = collision_count {
        // Upstream writes 32 bits into a buffer of 64.
        hash.bytes(&(count as u32).to_le_bytes());
        hash.bytes(&[0; 4]);
    }
    safe_encode(hash.0)
}

/// The hash of a ControllerRevision's data, the very bytes of its JSON: a StatefulSet's revision `web-<hash>`.
#[must_use]
pub fn controller_revision_hash(data: &str, collision_count: Option<i64>) -> String {
    let digits = collision_count.map(|c| c.to_string()).unwrap_or_default();
    // FNV-1, not 1a: upstream uses one for templates and the other here.
    let step = |hash: u32, b: u8| hash.wrapping_mul(FNV_PRIME) ^ u32::from(b);
    safe_encode(data.bytes().chain(digits.bytes()).fold(FNV_OFFSET, step))
}

/// A number in letters that spell no words: each decimal digit becomes one of 27 characters.
#[must_use]
pub fn safe_encode(number: u32) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    number.to_string().bytes().map(|b| char::from(LETTERS[usize::from(b) % LETTERS.len()])).collect()
}

const FNV_OFFSET: u32 = 2_166_136_261;
const FNV_PRIME: u32 = 16_777_619;

struct Fnv1a(u32);

impl Fnv1a {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, b| (hash ^ u32::from(*b)).wrapping_mul(FNV_PRIME));
    }
}

impl Write for Fnv1a {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

/// Writes the template as upstream's dump prints the Go struct.
fn dump_template(template: &Value, out: &mut impl Write) {
    // Neither a hasher nor a string refuses text.
    let _ = out.write_str("(v1.PodTemplateSpec)").and_then(|()| dump_struct(0, template, out));
}

fn dump_struct(number: u8, value: &Value, out: &mut impl Write) -> fmt::Result {
    let at = usize::from(number);
    let fields = &FIELDS[usize::from(STRUCTS[at])..usize::from(STRUCTS[at + 1])];
    for (i, FieldRow(name, json, ty)) in fields.iter().enumerate() {
        let (go_type, form) = TYPES[usize::from(*ty)];
        for part in [if i == 0 { "{" } else { " " }, name, ":(", go_type, ")"] {
            out.write_str(part)?;
        }
        let field = if json.is_empty() { value } else { value.get(json) };
        if go_type.starts_with('*') && field.is_null() {
            out.write_str(NIL)?;
        } else {
            dump_value(form, field, out)?;
        }
    }
    out.write_str("}")
}

const NIL: &str = "<nil>";

fn dump_value(form: Form, value: &Value, out: &mut impl Write) -> fmt::Result {
    match form {
        Form::Text => out.write_str(value.text()),
        Form::Int => write!(out, "{}", value.int()),
        Form::Bool => out.write_str(if value.is_true() { "true" } else { "false" }),
        Form::Time => {
            out.write_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}")
        }
        Form::Quantity => dump_quantity(value.text(), out),
        Form::IntOrString => {
            let kind = u8::from(value.as_str().is_some());
            write!(
                out,
                "{{Type:(intstr.Type){kind} IntVal:(int32){} StrVal:(string){}}}",
                value.int(),
                value.text()
            )
        }
        Form::Struct(number) => dump_struct(number, value, out),
        Form::Texts => dump_list(value, out, |v, out| out.write_str(v.text())),
        Form::Ints => dump_list(value, out, |v, out| write!(out, "{}", v.int())),
        Form::Structs(number) => dump_list(value, out, |v, out| dump_struct(number, v, out)),
        Form::TextMap => dump_map(value, out, |v, out| out.write_str(v.text())),
        Form::Quantities => dump_map(value, out, |v, out| dump_quantity(v.text(), out)),
    }
}

fn dump_list<W: Write>(
    value: &Value,
    out: &mut W,
    item: impl Fn(&Value, &mut W) -> fmt::Result,
) -> fmt::Result {
    if value.items().is_empty() {
        return out.write_str(NIL);
    }
    for (i, v) in value.items().iter().enumerate() {
        out.write_str(if i == 0 { "[" } else { " " })?;
        item(v, out)?;
    }
    out.write_str("]")
}

fn dump_map<W: Write>(
    value: &Value,
    out: &mut W,
    item: impl Fn(&Value, &mut W) -> fmt::Result,
) -> fmt::Result {
    if value.entries().is_empty() {
        return out.write_str(NIL);
    }
    for (i, (key, v)) in value.entries().iter().enumerate() {
        out.write_str(if i == 0 { "map[" } else { " " })?;
        write!(out, "{key}:")?;
        item(v, out)?;
    }
    out.write_str("]")
}

/// The inside of a Go quantity that was read from its canonical text.
struct Inside {
    value: i64,
    scale: i32,
    /// Beyond what upstream's fast path counts: kept as a big number instead.
    big: Option<u128>,
    /// It remembers its text when that needs no rewriting.
    keeps_text: bool,
    format: &'static str,
}

fn dump_quantity(text: &str, out: &mut impl Write) -> fmt::Result {
    let q = inside(text);
    write!(out, "{{i:(resource.int64Amount){{value:(int64){} scale:(resource.Scale){}}}", q.value, q.scale)?;
    out.write_str(" d:(resource.infDecAmount){Dec:(*inf.Dec)")?;
    match q.big {
        None => out.write_str(NIL)?,
        Some(n) => {
            write!(
                out,
                "{{unscaled:(big.Int){{neg:(bool){} abs:(big.nat)[{}",
                text.starts_with('-'),
                n as u64
            )?;
            if n >> 64 != 0 {
                write!(out, " {}", n >> 64)?;
            }
            write!(out, "]}} scale:(inf.Scale)0}}")?;
        }
    }
    let kept = if q.keeps_text { text } else { "" };
    write!(out, "}} s:(string){kept} Format:(resource.Format){}}}", q.format)
}

fn inside(text: &str) -> Inside {
    let mut q = Inside { value: 0, scale: 0, big: None, keeps_text: false, format: "DecimalSI" };
    if text.is_empty() {
        // The zero struct: a quantity that was never set.
        q.format = "";
        return q;
    }
    if text == "0" {
        q.keeps_text = true;
        return q;
    }
    let unsigned = text.trim_start_matches(['+', '-']);
    let digits = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
    let (number, rest) = unsigned.split_at(digits);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let shifted = format!("{number}{fraction}");
    let magnitude: i64 = shifted.parse().unwrap_or(i64::MAX);
    let signed = if text.starts_with('-') { -magnitude } else { magnitude };
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|s| *s == suffix);
    if let Some(step) = binary {
        let exponent = (step as i32 + 1) * 10;
        q.format = "BinarySI";
        // Upstream's estimate of the digits that are left in 64 bits, in single precision as there.
        let room = 15 - number.len() as i32 - (exponent as f32 * 3.0 / 10.0) as i32 - 1;
        match signed.checked_mul(1 << exponent) {
            Some(value) if room >= 0 => {
                q.value = value;
                q.keeps_text = magnitude & 7 != 0;
            }
            _ => q.big = Some((magnitude as u128) << exponent),
        }
        return q;
    }
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    let power = match decimal.iter().position(|s| *s == suffix) {
        Some(i) => i as i32 * 3 - 9,
        None => {
            q.format = "DecimalExponent";
            suffix.get(1..).and_then(|p| p.parse().ok()).unwrap_or(0)
        }
    };
    q.value = signed;
    q.scale = power - fraction.len() as i32;
    q.keeps_text = q.scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0');
    q
}

#[cfg(test)]
mod tests;
