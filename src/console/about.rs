//! What a command's output is about: which objects its tables name, whether it watches, which file it read.
//!
//! Owns: reading that from the command line. Does not own: the command's own reading of it (kubectl), which decides.

use objects::resources::{self, Resource};
use smol_str::SmolStr;

/// Flags of kubectl with a value in the next word.
const VALUED: [&str; 16] = [
    "-n",
    "--namespace",
    "-l",
    "--selector",
    "-o",
    "--output",
    "-L",
    "--label-columns",
    "-f",
    "--filename",
    "--field-selector",
    "--sort-by",
    "-c",
    "--container",
    "--context",
    "--for",
];

/// What one command line asks for, as far as its output can lead somewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// It is kubectl's.
    pub kubectl: bool,
    /// The resource whose names stand in its table; empty when they carry it themselves, or there is none.
    pub resource: SmolStr,
    /// The namespace it names; empty when it names none.
    pub namespace: SmolStr,
    /// Its table goes on: rows of the same name replace one another.
    pub watches: bool,
    /// The file it applies.
    pub file: SmolStr,
}

/// The resource that a word of the command line names: `po`, `pods`, `deployment.apps`.
#[must_use]
pub fn resource_of(word: &str) -> Option<&'static Resource> {
    let word = word.to_lowercase();
    let (name, group) = word.split_once('.').unwrap_or((&word, ""));
    resources::all().iter().find(|r| {
        let named = r.plural == name || r.singular == name || r.short_names.iter().any(|s| s == name);
        named && (group.is_empty() || group == r.group || group.strip_prefix("v1.") == Some(&r.group))
    })
}

impl About {
    /// Of the first kubectl command of a line.
    #[must_use]
    pub fn of(line: &str) -> Self {
        let mut about = Self::default();
        let piece = |p: &&str| matches!(p.split_whitespace().next(), Some("kubectl" | "k"));
        let Some(command) = line.split(['|', ';', '&', '\n']).find(piece) else { return about };
        about.kubectl = true;
        let mut words = command.split_whitespace().skip(1).peekable();
        let mut plain: Vec<&str> = Vec::new();
        let mut table = true;
        while let Some(word) = words.next() {
            let (flag, value) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with('-') => (flag, Some(value)),
                _ => (word, None),
            };
            if !word.starts_with('-') {
                plain.push(word);
                continue;
            }
            if word == "--" {
                break;
            }
            let value = value.or_else(|| if VALUED.contains(&flag) { words.next() } else { None });
            match flag {
                "-n" | "--namespace" => about.namespace = value.unwrap_or_default().into(),
                "-f" | "--filename" => {
                    about.file = value.unwrap_or_default().trim_matches(['\'', '"']).into()
                }
                "-o" | "--output" => table &= matches!(value, Some("wide")),
                "-w" | "--watch" | "--watch-only" => about.watches = value != Some("false"),
                _ if flag.starts_with("-n") && !flag.starts_with("--") => about.namespace = flag[2..].into(),
                _ if flag.starts_with("-o") && !flag.starts_with("--") => table &= flag == "-owide",
                _ => {}
            }
        }
        let (verb, kind) = (plain.first().copied().unwrap_or_default(), plain.get(1).copied());
        about.watches &= verb == "get" && table;
        if let Some(found) = kind.filter(|_| matches!(verb, "get" | "top")).and_then(resource_of) {
            about.resource = found.id.as_str().into();
        }
        about
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_its_table_names() {
        for (line, resource, namespace, watches) in [
            ("kubectl get pods", "pods", "", false),
            ("k get po -n shop -w", "pods", "shop", true),
            ("kubectl -n kube-system get deploy --watch", "deployments.apps", "kube-system", true),
            ("kubectl get pods -w -o yaml", "pods", "", false),
            ("kubectl get pods -o wide -w", "pods", "", true),
            ("kubectl get deployments.apps | head -3", "deployments.apps", "", false),
            ("kubectl top nodes", "nodes", "", false),
            ("kubectl get all", "", "", false),
            ("kubectl logs -f web", "", "", false),
            ("echo kubectl", "", "", false),
        ] {
            let about = About::of(line);
            let found = (about.resource.as_str(), about.namespace.as_str(), about.watches);
            assert_eq!(found, (resource, namespace, watches), "{line}");
        }
        assert_eq!(About::of("cd x && kubectl apply -f=web.yaml").file, "web.yaml");
        assert!(!About::of("docker ps").kubectl);
    }
}
