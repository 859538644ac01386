//! Whether a line that the learner typed uses the command a goal asks for. No patterns of characters: words.
//!
//! The words of the goal must stand in the line in their order, with others between them allowed. Kinds match by all
//! their names (`po`, `pod`, `pods`), `deploy/web` is `deploy web`, `k` is `kubectl`; a word may offer several
//! (`create|apply`), `*` is any word; flags may stand anywhere.

use objects::Str;
use objects::resources::Resource;

#[derive(Clone, Debug, PartialEq)]
pub struct CommandPattern {
    words: Vec<Vec<Str>>,
    /// A flag, and its value where the goal names one.
    flags: Vec<(Str, Option<Str>)>,
    /// As a learner would type it: of several words the first, `…` for any.
    pub shown: Str,
}

impl CommandPattern {
    /// # Errors
    /// When there is no word in it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut words = Vec::new();
        let mut flags = Vec::new();
        for word in text.split_whitespace() {
            if word.starts_with('-') {
                let (flag, value) = word.split_once('=').map_or((word, None), |(f, v)| (f, Some(v.into())));
                flags.push((flag.into(), value));
            } else {
                for part in word.split('/') {
                    words.push(part.split('|').map(Str::from).collect());
                }
            }
        }
        if words.is_empty() {
            return Err("a command has at least one word".into());
        }
        let shown: Vec<String> = text.split_whitespace().map(shown).collect();
        Ok(Self { words, flags, shown: shown.join(" ").into() })
    }

    /// Whether one of the simple commands in `line` is the one wanted.
    #[must_use]
    pub fn matches(&self, line: &str) -> bool {
        line.split(['|', ';', '\n', '&']).any(|command| {
            // What is substituted into a command is part of its words, and a command of its own.
            self.matches_one(command) || command.split(['(', ')', '`']).any(|c| self.matches_one(c))
        })
    }

    fn matches_one(&self, command: &str) -> bool {
        let bare = unbundled(&command.replace(['"', '\'', '(', ')', '`', '$'], " "));
        let mut said: Vec<&str> = Vec::new();
        let mut given: Vec<&str> = Vec::new();
        for word in bare.split_whitespace() {
            if word.starts_with('-') {
                given.push(word);
            } else {
                said.extend(word.split(['/', ',']));
            }
        }
        let mut rest = said.iter();
        let in_order =
            self.words.iter().all(|wanted| rest.any(|word| wanted.iter().any(|w| is_called(word, w))));
        let first = self.words[0].iter().any(|w| said.first().is_some_and(|s| is_called(s, w)));
        first
            && in_order
            && self.flags.iter().all(|(flag, value)| {
                let with_value = |v: &Str| {
                    let joined = format!("{flag}={v}");
                    let short = format!("{flag}{v}");
                    given.iter().any(|g| *g == joined || (!flag.starts_with("--") && *g == short))
                        || follows(&bare, flag, v)
                };
                match value {
                    Some(v) => with_value(v),
                    None => given.iter().any(|g| {
                        let joined = !flag.starts_with("--") && g.starts_with(flag.as_str());
                        joined || g.split('=').next() == Some(flag.as_str())
                    }),
                }
            })
    }
}

/// One word of a pattern, for the reader.
fn shown(word: &str) -> String {
    let first = word.split('|').next().unwrap_or(word);
    match first.split_once('=') {
        Some((flag, value)) if flag.starts_with('-') && !flag.starts_with("--") => format!("{flag} {value}"),
        _ if first == "*" => "…".into(),
        _ => first.into(),
    }
}

/// docker takes short flags together: `-dp 80:80` is `-d -p 80:80`.
fn unbundled(command: &str) -> String {
    if !command.trim_start().starts_with("docker ") {
        return command.into();
    }
    let words = command.split_whitespace().map(|word| match word.strip_prefix('-') {
        Some(flags) if flags.len() > 1 && flags.bytes().all(|b| b"ditp".contains(&b)) => {
            flags.chars().map(|f| format!("-{f}")).collect::<Vec<_>>().join(" ")
        }
        _ => word.into(),
    });
    words.collect::<Vec<String>>().join(" ")
}

fn follows(command: &str, flag: &str, value: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    words.windows(2).any(|pair| pair == [flag, value])
}

fn is_called(word: &str, wanted: &str) -> bool {
    if wanted == "*" || word == wanted {
        return true;
    }
    if wanted == "kubectl" {
        return word == "k";
    }
    let resource = |w: &str| -> Option<&'static Resource> {
        let w = w.to_ascii_lowercase();
        objects::resources::all().iter().find(|r| r.is_called(&w))
    };
    match (resource(word.split('.').next().unwrap_or(word)), resource(wanted)) {
        (Some(a), Some(b)) => a.id == b.id,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_use_a_command() {
        let table = [
            ("kubectl get nodes", "kubectl get nodes", true),
            ("kubectl get nodes", "k get no -o wide", true),
            ("kubectl get nodes", "kubectl get pods", false),
            ("kubectl get nodes", "kubectl get node/worker-1", true),
            ("kubectl get nodes", "kubectl get pods,nodes", true),
            ("kubectl get nodes", "echo kubectl get nodes", false),
            ("kubectl create|apply deployment", "kubectl create deploy web --image=nginx", true),
            ("kubectl scale deployment web", "kubectl scale --replicas=5 deploy/web", true),
            ("kubectl scale deployment/web --replicas=5", "kubectl scale deploy web --replicas 5", true),
            ("kubectl scale deployment web --replicas=5", "kubectl scale deploy web --replicas=4", false),
            ("kubectl get pods -o=wide", "kubectl get po -owide", true),
            ("kubectl get pods -o=wide", "kubectl get po -o wide | head -2", true),
            ("kubectl get pods -w", "kubectl get po -w", true),
            ("kubectl get pods -w", "kubectl get po", false),
            ("kubectl delete pod *", "kubectl delete pod \"$(kubectl get pods -o name | head -n 1)\"", true),
            ("kubectl scale replicaset", "kubectl scale replicaset.apps/web-1 --replicas=1", true),
            ("kubectl scale replicaset", "kubectl scale \"$(kubectl get rs -o name)\" --replicas=1", true),
            ("kubectl scale replicaset", "kubectl scale deploy web --replicas=1; kubectl get rs", false),
            ("kubectl delete *", "kubectl delete $(kubectl get pods -o name)", true),
            ("kubectl get pods -l", "kubectl get pods -lapp=web", true),
            ("kubectl get pods -l", "kubectl get pods --all-namespaces", false),
            ("docker run -d -p=8100:8000", "docker run -dp 8100:8000 web", true),
            ("docker run -d -p=8100:8000", "docker run -itp 8100:8000 web", false),
        ];
        for (pattern, line, wanted) in table {
            let parsed = CommandPattern::parse(pattern).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(parsed.matches(line), wanted, "{pattern} / {line}");
        }
        assert!(CommandPattern::parse("-w").is_err());
    }

    #[test]
    fn a_pattern_is_shown_as_one_would_type_it() {
        let table = [
            ("kubectl get pods -o=wide", "kubectl get pods -o wide"),
            (
                "kubectl create|apply deployment web --replicas=5",
                "kubectl create deployment web --replicas=5",
            ),
            ("fault node * restore", "fault node … restore"),
        ];
        for (pattern, wanted) in table {
            let parsed = CommandPattern::parse(pattern).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(parsed.shown, wanted);
        }
    }
}
