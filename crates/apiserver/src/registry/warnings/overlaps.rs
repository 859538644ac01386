//! Paths in a volume of written files of which one is the other, or lies below it.

use objects::Value;

/// A path, and where it comes from.
type From = (String, String);

fn shown((path, of): &From) -> String {
    if of.is_empty() { format!("\"{path}\"") } else { format!("\"{path}\" ({of})") }
}

fn meets(a: &From, b: &From) -> bool {
    let (x, y) = (format!("{}/", a.0), format!("{}/", b.0));
    !a.0.is_empty() && !b.0.is_empty() && (x.starts_with(&y) || y.starts_with(&x))
}

/// The paths of keys that `items` names.
fn paths(source: &Value, of: &str) -> Vec<From> {
    source["items"].items().iter().map(|i| (i["path"].text().to_owned(), of.to_owned())).collect()
}

fn compare(name: &str, kind: &str, all: Vec<From>, out: &mut Vec<String>) {
    let mut before: Vec<From> = Vec::new();
    for (path, of) in all {
        let new = (path.trim_end_matches('/').to_owned(), of);
        for other in before.iter().filter(|o| meets(o, &new)) {
            let (new, other) = (shown(&new), shown(other));
            out.push(format!("volume \"{name}\" ({kind}): overlapping paths: {new} with {other}"));
        }
        before.push(new);
    }
}

#[inline(never)]
pub(super) fn told(volume: &Value, out: &mut Vec<String>) {
    let name = volume["name"].text();
    for (kind, key, word) in [("configMap", "name", "ConfigMap"), ("secret", "secretName", "Secret")] {
        let source = &volume[kind];
        if !source["items"].is_null() {
            compare(name, &format!("{word} \"{}\"", source[key].text()), paths(source, ""), out);
        }
    }
    if !volume["downwardAPI"]["items"].is_null() {
        compare(name, "DownwardAPI", paths(&volume["downwardAPI"], ""), out);
    }
    let mut all = Vec::new();
    for source in volume["projected"]["sources"].items() {
        if source.entries().iter().all(|(_, v)| v.is_null()) {
            out.push(format!("volume \"{name}\" (Projected) has no sources provided"));
        }
        for (kind, word) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
            all.extend(paths(&source[kind], &format!("{word} \"{}\"", source[kind]["name"].text())));
        }
        all.extend(paths(&source["downwardAPI"], "DownwardAPI"));
        if let Some(token) = source.find("serviceAccountToken") {
            all.push((token["path"].text().to_owned(), "ServiceAccountToken".to_owned()));
        }
    }
    compare(name, "Projected", all, out);
}
