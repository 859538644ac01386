//! `--sort-by`: rows and objects in the order of a field.
//!
//! Models `k8s.io/kubectl/pkg/cmd/get` sorter.go.

use ordered::Sort as _;
use std::cmp::Ordering;

use objects::Value;

use crate::error::{Error, Result, fail};
use crate::printers::jsonpath::{Template, relaxed};

/// Indexes of the objects in the field's order.
///
/// # Errors
/// A path that does not parse, or that no object has.
pub fn order(objects: &[Value], path: &str) -> Result<Vec<usize>> {
    let text = relaxed(path).map_err(Error::Text)?;
    let t = Template::parse(&text, true).map_err(|e| Error::text(e.to_string()))?;
    let mut keys: Vec<Option<Value>> = Vec::new();
    for o in objects {
        keys.push(t.results(o).map_err(Error::Text)?.into_iter().next());
    }
    if !objects.is_empty() && keys.iter().all(Option::is_none) {
        return fail(format!("couldn't find any field with path \"{text}\" in the list of objects"));
    }
    let mut all: Vec<usize> = (0..objects.len()).collect();
    all.arrange_by(|&a, &b| match (&keys[a], &keys[b]) {
        (None, None) => Ordering::Equal,
        (None, _) => Ordering::Less,
        (_, None) => Ordering::Greater,
        (Some(a), Some(b)) => compare(a, b),
    });
    Ok(all)
}

fn compare(a: &Value, b: &Value) -> Ordering {
    if let (Some(x), Some(y)) = (a.as_float(), b.as_float()) {
        return x.partial_cmp(&y).unwrap_or(Ordering::Equal);
    }
    if let (Some(x), Some(y)) = (a.as_str(), b.as_str()) {
        if let (Ok(x), Ok(y)) = (objects::quantity::Quantity::parse(x), objects::quantity::Quantity::parse(y))
        {
            return x.cmp(&y);
        }
        return natural(x, y);
    }
    Template::text_of(a).cmp(&Template::text_of(b))
}

/// Runs of digits compare as numbers: `web-2` before `web-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    let digits = |s: &[u8]| s.iter().take_while(|c| c.is_ascii_digit()).count();
    while let (Some(c), Some(d)) = (x.first(), y.first()) {
        let (n, m) = (digits(x), digits(y));
        if n > 0 && m > 0 {
            let strip = |s: &[u8]| s.iter().take_while(|c| **c == b'0').count();
            let (p, q) = (&x[strip(&x[..n])..n], &y[strip(&y[..m])..m]);
            let o = p.len().cmp(&q.len()).then_with(|| p.cmp(q));
            if o != Ordering::Equal {
                return o;
            }
            (x, y) = (&x[n..], &y[m..]);
            continue;
        }
        if c != d {
            return c.cmp(d);
        }
        (x, y) = (&x[1..], &y[1..]);
    }
    x.len().cmp(&y.len())
}

/// A table with its rows in order of a field of their objects.
///
/// # Errors
/// As [`order`].
pub fn rows(table: &Value, path: &str) -> Result<Value> {
    let rows = table["rows"].items();
    if rows.len() < 2 {
        return Ok(table.clone());
    }
    let objects: Vec<Value> = rows.iter().map(|r| r["object"].clone()).collect();
    let sorted: Vec<Value> = order(&objects, path)?.into_iter().map(|i| rows[i].clone()).collect();
    let mut t = table.clone();
    t.set("rows", Value::List(sorted.into()));
    Ok(t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_names_count() {
        assert_eq!(natural("web-2", "web-10"), Ordering::Less);
        assert_eq!(natural("a", "b"), Ordering::Less);
        assert_eq!(natural("a1", "a1"), Ordering::Equal);
        assert_eq!(natural("a01b", "a1c"), Ordering::Less);
    }
}
