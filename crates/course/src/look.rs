//! Goals that take a look: what a container wrote, what a file holds, how a server answers, who may do what.
//!
//! Owns: the look itself. It is taken at a copy of the cluster, so that looking leaves no trace: no line in an access
//! log, no turn of a round robin, no change of the event log.
//! Cost: one copy (pointers) per round of looks; `attempt` says how often there is one.

use cluster::Cluster;
use cluster::wire::{HttpRequest, NetAnswer, NetError, NetRequest};
use objects::{Str, Value};
use terminal::Terminal;

use crate::field;
use crate::lab::LabCheck;
use crate::read::{Error, Node};
use crate::scope::{SCOPE_FIELDS, Scope};

/// A command that has not answered by then does not count (virtual time).
const PATIENCE_MS: clock::Millis = 10_000;
/// What is kept of a text to speak of it.
const QUOTE_CHARS: usize = 60;

#[derive(Clone, Debug)]
pub struct Look {
    pub what: What,
    pub wanted: Wanted,
}

#[derive(Clone, Debug)]
pub enum What {
    /// The log of any pod in scope.
    Log { scope: Scope, container: Str },
    /// A file in a container of any pod in scope.
    File { scope: Scope, container: Str, path: Str },
    /// An HTTP answer, asked for from a pod in scope, or from a node.
    Answer { url: Str, from: Option<Scope>, namespace: Str, status: i64 },
    /// A right of a user.
    Right { user: Str, verb: Str, resource: Str, namespace: Str },
    /// What a command line prints.
    Output { run: Str },
    /// A fact of the host lab.
    Lab(LabCheck),
}

/// What is wanted of what is seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// That it is there.
    Something,
    Contains(Str),
    /// Without the space around it.
    Equals(Str),
    /// A right: given or not.
    Allowed(bool),
}

/// What was seen last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Seen {
    #[default]
    Nothing,
    /// No pod in scope.
    NoPod,
    /// The pod's name: it has no such file, or no log.
    Missing(Str),
    /// Of whom, and the text (its end where it is long).
    Text(Str, Str),
    Status(i64),
    Failed(NetError),
    Right(bool),
}

/// Where one looks from: a copy of the cluster, made when the first look needs it.
pub(crate) struct Lookout<'a> {
    pub(crate) cluster: &'a Cluster,
    /// The host lab's facts by name.
    lab: &'a Value,
    copy: Option<Cluster>,
}

impl<'a> Lookout<'a> {
    pub(crate) fn new(cluster: &'a Cluster, lab: &'a Value) -> Self {
        Self { cluster, lab, copy: None }
    }

    fn copy(&mut self) -> &mut Cluster {
        let cluster = self.cluster;
        self.copy.get_or_insert_with(|| cluster.clone())
    }

    /// What a command line prints, and its exit code.
    fn run(&mut self, line: &str) -> (i32, String) {
        let copy = self.copy();
        let mut terminal = Terminal::new();
        terminal.submit(line);
        if !terminal.finish(copy, PATIENCE_MS) {
            terminal.interrupt();
            terminal.poll(copy);
        }
        let text: Vec<u8> = terminal.take_output().into_iter().flat_map(|o| o.bytes).collect();
        (terminal.exit_code(), String::from_utf8_lossy(&text).into_owned())
    }

    fn pods(&self, scope: &Scope) -> Vec<(Str, Str)> {
        let all = self.cluster.objects("pods");
        let meant = all.filter(|p| scope.reaches("pods", p.namespace(), p.name()) && scope.has(p));
        meant.map(|p| (p.namespace().into(), p.name().into())).collect()
    }
}

impl Look {
    pub(crate) fn is_lab(&self) -> bool {
        matches!(self.what, What::Lab(_))
    }

    pub(crate) fn read(name: &str, node: &Node<'_>) -> Result<Self, Error> {
        if name == "lab" {
            return Ok(Self { what: What::Lab(LabCheck::read(node)?), wanted: Wanted::Something });
        }
        let more: &[&str] = match name {
            "log" => &["container"],
            "file" => &["container", "path"],
            "answer" => &["url", "from", "status"],
            "right" => &["user", "verb", "resource", "allowed"],
            _ => &["run"],
        };
        let mut known: Vec<&str> = ["contains", "equals"].into_iter().chain(more.iter().copied()).collect();
        match name {
            "log" | "file" => known.extend(SCOPE_FIELDS.into_iter().filter(|f| *f != "of")),
            "answer" => known.push("namespace"),
            "right" => {
                known.retain(|f| !matches!(*f, "contains" | "equals"));
                known.push("namespace");
            }
            _ => {}
        }
        node.only(&known)?;
        let what = match name {
            "log" => {
                What::Log { scope: Scope::read_of("pods", node)?, container: node.text_or("container", "")? }
            }
            "file" => What::File {
                scope: Scope::read_of("pods", node)?,
                container: node.text_or("container", "")?,
                path: node.field("path")?.text()?,
            },
            "answer" => {
                let from = node.find("from");
                let url = node.field("url")?;
                if address(&url.text()?).is_none() {
                    return url.error("an address such as http://web:80/ is wanted");
                }
                What::Answer {
                    url: url.text()?,
                    from: from.map(|n| Scope::read_of("pods", &n)).transpose()?,
                    namespace: node.text_or("namespace", "default")?,
                    status: node.find("status").map_or(Ok(0), |n| n.int())?,
                }
            }
            "right" => What::Right {
                user: node.field("user")?.text()?,
                verb: node.field("verb")?.text()?,
                resource: node.field("resource")?.text()?,
                namespace: node.text_or("namespace", "default")?,
            },
            _ => What::Output { run: node.field("run")?.text()? },
        };
        let wanted = match (node.find("contains"), node.find("equals")) {
            (Some(_), Some(n)) => return n.error("one of contains and equals is wanted, not both"),
            (Some(n), None) => Wanted::Contains(n.text()?),
            (None, Some(n)) => Wanted::Equals(field::show(n.value).into()),
            (None, None) if name == "right" => {
                let refused = node.find("allowed").is_some_and(|n| n.value.as_bool() == Some(false));
                Wanted::Allowed(!refused)
            }
            (None, None) if matches!(name, "file" | "answer") => Wanted::Something,
            (None, None) => return node.error("contains or equals is wanted"),
        };
        Ok(Self { what, wanted })
    }

    /// Whether it is as wanted, and what was seen.
    pub(crate) fn take(&self, from: &mut Lookout<'_>) -> (bool, Seen) {
        match &self.what {
            What::Log { scope, container } => self.of_pods(scope, from, |from, namespace, pod| {
                let containers = option("-c", container, "--all-containers");
                from.run(&format!("kubectl logs -n {namespace} {pod} {containers} --tail=-1"))
            }),
            What::File { scope, container, path } => self.of_pods(scope, from, |from, namespace, pod| {
                let container = option("-c", container, "");
                from.run(&format!("kubectl exec -n {namespace} {pod} {container} -- cat {path} 2>/dev/null"))
            }),
            What::Answer { url, from: scope, namespace, status } => {
                let pod = match scope {
                    None => format!("{namespace}/"),
                    Some(scope) => match from.pods(scope).first() {
                        Some((namespace, name)) => format!("{namespace}/{name}"),
                        None => return (false, Seen::NoPod),
                    },
                };
                self.answer(url, *status, &pod, from)
            }
            What::Right { user, verb, resource, namespace } => {
                let (_, said) =
                    from.run(&format!("kubectl auth can-i {verb} {resource} -n {namespace} --as={user}"));
                let allowed = said.lines().any(|l| l.trim() == "yes");
                (self.wanted == Wanted::Allowed(allowed), Seen::Right(allowed))
            }
            What::Lab(check) => {
                let value = from.lab.get(&check.fact);
                let seen = if value.is_null() { String::new() } else { field::show(value) };
                (check.fits(from.lab), Seen::Text(Str::default(), seen.into()))
            }
            What::Output { run } => {
                let (_, text) = from.run(run);
                (self.fits(&text), Seen::Text(Str::default(), quote(&text)))
            }
        }
    }

    fn of_pods(
        &self,
        scope: &Scope,
        from: &mut Lookout<'_>,
        text: impl Fn(&mut Lookout<'_>, &str, &str) -> (i32, String),
    ) -> (bool, Seen) {
        let mut seen = Seen::NoPod;
        for (namespace, pod) in from.pods(scope) {
            let (exit, said) = text(from, &namespace, &pod);
            if exit != 0 {
                seen = Seen::Missing(pod);
            } else if self.fits(&said) {
                return (true, Seen::Text(pod, quote(&said)));
            } else {
                seen = Seen::Text(pod, quote(&said));
            }
        }
        (false, seen)
    }

    fn answer(&self, url: &str, status: i64, pod: &str, from: &mut Lookout<'_>) -> (bool, Seen) {
        let Some((host, port, target)) = address(url) else { return (false, Seen::Nothing) };
        let mut request = HttpRequest::get(target);
        request.headers.push(("Host".into(), host.into()));
        let tls = url.starts_with("https://");
        let asked = NetRequest::Http { host: host.to_owned(), port, tls, request };
        match from.copy().ask(pod, asked) {
            NetAnswer::Http { response, .. } => {
                let got = i64::from(response.status);
                let body = String::from_utf8_lossy(&response.body);
                let as_asked = if status == 0 { (200..400).contains(&got) } else { got == status };
                let seen =
                    if as_asked { Seen::Text(Str::default(), quote(&body)) } else { Seen::Status(got) };
                (as_asked && self.fits(&body), seen)
            }
            NetAnswer::Failed { error, .. } => (false, Seen::Failed(error)),
            _ => (false, Seen::Nothing),
        }
    }

    fn fits(&self, text: &str) -> bool {
        match &self.wanted {
            Wanted::Something => true,
            Wanted::Contains(part) => text.contains(part.as_str()),
            Wanted::Equals(all) => text.trim() == all.as_str(),
            Wanted::Allowed(_) => false,
        }
    }
}

fn option(flag: &str, value: &str, without: &str) -> String {
    if value.is_empty() { without.to_owned() } else { format!("{flag} {value}") }
}

/// The last line that says something, cut to a length that can be read.
fn quote(text: &str) -> Str {
    let line = text.lines().map(str::trim).rfind(|l| !l.is_empty()).unwrap_or_default();
    line.chars().take(QUOTE_CHARS).collect::<String>().into()
}

/// Host, port and target of a URL.
fn address(url: &str) -> Option<(&str, u16, &str)> {
    let (rest, port) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (rest, 80),
        (None, Some(rest)) => (rest, 443),
        (None, None) => return None,
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let target = if target.is_empty() { "/" } else { target };
    match authority.split_once(':') {
        Some((host, port)) => Some((host, port.parse().ok()?, target)),
        None => (!authority.is_empty()).then_some((authority, port, target)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let table = [
            ("http://web", Some(("web", 80, "/"))),
            ("http://web:8080/a/b", Some(("web", 8080, "/a/b"))),
            ("https://shop.example.com/x", Some(("shop.example.com", 443, "/x"))),
            ("web", None),
            ("http://web:x/", None),
            ("http:///", None),
        ];
        for (url, wanted) in table {
            assert_eq!(address(url), wanted, "{url}");
        }
    }

    #[test]
    fn a_quote_is_the_last_line_with_words_in_it() {
        for (text, wanted) in [("", ""), ("a\nb\n\n", "b"), (&"x".repeat(99)[..], &"x".repeat(60)[..])] {
            assert_eq!(quote(text), wanted);
        }
    }
}
