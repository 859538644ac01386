//! From what a command complained of to the place in the file it read.
//!
//! Owns: finding file, document and line of an error's text. Does not own: the error (kubectl, apiserver), faults
//! found while typing (`assist`).

use objects::yaml;
use smol_str::SmolStr;

use crate::console::about::About;

/// What an error told: the file, and what it said of the place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub file: SmolStr,
    /// The line, counted within its document; 0 when it told none.
    line: usize,
    /// The field: `spec.template.spec.containers[0].image`; empty when it told none.
    field: String,
    /// The object's kind and name, as far as it told them.
    kind: String,
    name: String,
}

/// The text between the first pair of double quotes behind `after`.
fn quoted<'a>(text: &'a str, after: &str) -> Option<&'a str> {
    text.split_once(after)?.1.split('"').nth(1)
}

/// What the output of a command that failed tells of a place in a file; none when it tells of no file.
#[must_use]
pub fn told(line: &str, output: &str) -> Option<Told> {
    let error = output.lines().find(|l| {
        ["error", "Error", "The ", "unable"].iter().any(|start| l.starts_with(start))
            || l.contains("is invalid:")
    })?;
    let named = ["error when ", "error parsing ", "unable to recognize ", "error validating "]
        .iter()
        .find_map(|after| match quoted(error, after) {
            Some(file) => Some(file.to_owned()),
            // `error parsing web.yaml: ...`
            None => Some(error.split_once(after)?.1.split(": ").next()?.to_owned()),
        });
    let file = named.unwrap_or_else(|| About::of(line).file.to_string());
    if file.is_empty() || file == "-" || file == "STDIN" || file.starts_with("http") {
        return None;
    }
    let mut told = Told { file: file.as_str().into(), ..Told::default() };
    told.line = error
        .split_once("line ")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .unwrap_or(0);
    if let Some(rest) = error.strip_prefix("The ").or_else(|| error.split_once(": ").map(|(_, r)| r)) {
        // `The Deployment "web" is invalid: spec.replicas: Invalid value: ...`
        let mut words = rest.split_whitespace();
        told.kind = words.next().unwrap_or_default().split('.').next().unwrap_or_default().to_owned();
        told.name = words.next().unwrap_or_default().trim_matches('"').to_owned();
    }
    if let Some(kind) = quoted(error, "no matches for kind") {
        (told.kind, told.name) = (kind.to_owned(), String::new());
        told.field = "kind".to_owned();
    } else if let Some(field) = quoted(error, "unknown field")
        .or_else(|| quoted(error, "duplicate field"))
        .or_else(|| quoted(error, "json: cannot"))
    {
        told.field = field.to_owned();
        told.kind =
            error.split("handled as a ").nth(1).and_then(|r| r.split(':').next()).unwrap_or_default().into();
        told.name.clear();
    } else if let Some(rest) = error.split_once(" is invalid: ").map(|(_, r)| r) {
        // One field stands right there; of several, the first stands in the next line.
        let first = if rest.trim().is_empty() {
            output.lines().find_map(|l| l.strip_prefix("* "))
        } else {
            Some(rest)
        };
        told.field = first?.trim_start_matches('[').split(": ").next().unwrap_or_default().to_owned();
    } else if let Some(rest) = error.split("struct field ").nth(1) {
        let path = rest.split(' ').next().unwrap_or_default();
        told.field = path.split_once('.').map_or("", |(_, r)| r).to_owned();
    }
    Some(told)
}

/// `a.b[0].c`, then `a.b[0]`, `a.b`, `a`.
fn ancestors(field: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(field), |f| {
        let end = f.rfind(['.', '[']).filter(|end| *end > 0)?;
        Some(&f[..end])
    })
}

fn bare(path: &str) -> String {
    path.split('.').map(|s| s.split('[').next().unwrap_or(s)).collect::<Vec<_>>().join(".")
}

impl Told {
    /// The line in the file's text, from 1.
    #[must_use]
    pub fn line(&self, text: &str) -> Option<usize> {
        let lines: Vec<&str> = text.split('\n').collect();
        let mut starts = vec![0];
        starts.extend(lines.iter().enumerate().filter(|(_, l)| l.starts_with("---")).map(|(i, _)| i + 1));
        let ends = starts.iter().skip(1).map(|s| s - 1).chain([lines.len()]);
        let documents: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
        if self.line > 0 && self.field.is_empty() {
            // Counted within the first document that can't be read.
            let broken =
                documents.iter().find(|(a, b)| yaml::load_stream(&lines[*a..*b].join("\n")).error.is_some());
            let first = broken.map_or(0, |(a, _)| *a);
            return Some((first + self.line).clamp(1, lines.len()));
        }
        let says = |(a, b): &(usize, usize), key: &str, value: &str| {
            let wanted =
                |l: &&str| l.trim().strip_prefix(key).is_some_and(|v| v.trim().trim_matches('"') == value);
            value.is_empty() || lines[*a..*b].iter().any(wanted)
        };
        let mut mine =
            documents.iter().filter(|d| says(d, "kind:", &self.kind) && says(d, "name:", &self.name));
        let found = mine.find_map(|(a, b)| {
            let places = yaml::positions(&lines[*a..*b].join("\n"));
            let line = ancestors(&self.field).filter(|f| !f.is_empty()).find_map(|field| {
                let exact = places.iter().find(|(p, ..)| p == field);
                let near = || places.iter().find(|(p, ..)| bare(p) == bare(field));
                exact.or_else(near).map(|(_, line, _)| a + line)
            });
            // The field that is missing is missing in this document.
            line.or_else(|| Some(a + lines[*a..*b].iter().position(|l| l.starts_with("kind:"))? + 1))
        });
        found.filter(|line| *line <= lines.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  prot: 1\n---\napiVersion: apps/v1\nkind: \
                       Deployment\nmetadata:\n  name: web\nspec:\n  replicas: -1\n  template:\n    spec:\n      containers:\n      \
                       - name: a\n        imgae: x\n";

    #[test]
    fn an_error_tells_file_and_line() {
        let apply = "kubectl apply -f two.yaml";
        for (output, line) in [
            (
                "Error from server (BadRequest): error when creating \"two.yaml\": Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.template.spec.containers[0].imgae\"\n",
                Some(18),
            ),
            (
                "Error from server (BadRequest): error when creating \"two.yaml\": Service in version \"v1\" cannot be handled as a Service: strict decoding error: unknown field \"spec.prot\"\n",
                Some(6),
            ),
            (
                "The Deployment \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0\n",
                Some(13),
            ),
            (
                "The Deployment \"web\" is invalid: \n* spec.selector: Required value\n* spec.replicas: Invalid value: -1\n",
                Some(12),
            ),
            (
                "error: error parsing two.yaml: error converting YAML to JSON: yaml: line 3: did not find expected key\n",
                Some(3),
            ),
            (
                "error: resource mapping not found for name: \"web\" namespace: \"\" from \"two.yaml\": no matches for kind \"Service\" in version \"v2\"\n",
                Some(2),
            ),
            ("Error from server (NotFound): deployments.apps \"x\" not found\n", None),
        ] {
            let told = told(apply, output);
            assert_eq!(told.as_ref().map(|t| t.file.as_str()), Some("two.yaml"), "{output}");
            if let Some(line) = line {
                assert_eq!(told.and_then(|t| t.line(TWO)), Some(line), "{output}");
            }
        }
        assert_eq!(told("kubectl get pods x", "Error from server (NotFound): pods \"x\" not found\n"), None);
    }
}
