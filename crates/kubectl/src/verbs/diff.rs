//! `kubectl diff`
//!
//! Models `k8s.io/kubectl/pkg/cmd/diff`: the live object against the outcome of a server-side dry run, in unified form.
//! Not modelled: KUBECTL_EXTERNAL_DIFF.

use client::{Body, PatchType, Verb};
use objects::{Value, json, yaml};

use crate::command::{Command, FIELD_MANAGER, FILES, SELECTOR, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::{Find, Source};
use crate::flags::{Args, Flag, Kind, flag};
use crate::printers::without_managed;
use crate::session::{Kubectl, request};
use crate::verbs::apply::{is_strategic, patch_for};
use crate::verbs::create::{LAST_APPLIED, manager};

static FLAGS: &[Flag] = &[
    flag("concurrency", Kind::Int, "1", "accepted, not simulated"),
    flag("force-conflicts", Kind::Bool, "false", "take over fields of other managers"),
    flag("prune", Kind::Bool, "false", "accepted, not simulated"),
    flag("server-side", Kind::Bool, "false", "as apply --server-side would do"),
    flag("show-managed-fields", Kind::Bool, "false", "keep metadata.managedFields"),
];

pub static COMMAND: Command = Command {
    name: "diff",
    usage: "-f FILENAME",
    short: "Show what apply would change",
    flags: &[FLAGS, FILES, SELECTOR, FIELD_MANAGER],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

/// Differences end with 1, so what goes wrong ends with more.
async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    match compared(k, args).await {
        Err(Error::Exit(c)) => Err(Error::Exit(c)),
        Err(e) => Err(Error::Code(e.exit_code() + 1, e.printed())),
        Ok(()) => Ok(()),
    }
}

async fn compared(k: &Kubectl, args: &Args) -> Result<()> {
    let find = Find { args: Vec::new(), selector: None, ..Find::of(args) };
    if !find.has_files() {
        return fail("must specify one of -f and -k");
    }
    if !args.args.is_empty() {
        return Err(usage_error(args, &format!("Unexpected args: [{}]", args.args.join(" "))));
    }
    let sources = k.sources(&find).await?;
    Error::of_all(sources.errors)?;
    let labels = super::selector(args.text("selector"))?;
    let mut differs = false;
    for s in sources.all {
        let Source::File(i) = s else { continue };
        if !labels.matches(i.object.labels()) {
            continue;
        }
        let live = match k.get(&i.resource, &i.namespace, &i.name).await {
            Ok(o) => o,
            Err(e) if e.is_not_found() => Value::Null,
            Err(e) => return Err(e),
        };
        let mut modified = i.object.clone();
        let mut r = request(Verb::Create, &i.resource, &i.namespace);
        r.options.dry_run = true;
        r.options.field_manager = manager(args, "kubectl-client-side-apply").into();
        if args.is("server-side") {
            r.verb = Verb::Patch;
            r.options.force = args.is("force-conflicts");
            r = r.named(i.name.clone()).patch(PatchType::Apply, Body::Object(modified));
        } else {
            if live.is_null() {
                r = r.object(modified);
            } else {
                // What apply remembers is left out of the comparison.
                let mut annotations = modified.annotations().clone();
                annotations.remove(LAST_APPLIED);
                modified.set_at(
                    &["metadata", "annotations"],
                    if annotations.is_null() { Value::map() } else { annotations },
                );
                let patch = patch_for(&i.resource, &modified, &live).map_err(Error::Text)?;
                let kind = if is_strategic(&i.resource) { PatchType::Strategic } else { PatchType::Merge };
                r.verb = Verb::Patch;
                r = r.named(i.name.clone()).patch(kind, Body::Text(json::to_string(&patch)));
            }
        }
        let merged = k.call(r).await?.object;
        let shown = |o: &Value| {
            if o.is_null() {
                return String::new();
            }
            let mut o = if args.is("show-managed-fields") { o.clone() } else { without_managed(o) };
            if i.resource.id == "secrets" {
                for (key, _) in o["data"].clone().entries() {
                    o.set_at(&["data", key], "*** (before)");
                }
            }
            yaml::emit(&o)
        };
        let (before, after) = (shown(&live), shown(&merged));
        if before == after {
            continue;
        }
        differs = true;
        let group = if i.resource.group.is_empty() {
            "v1".to_owned()
        } else {
            format!("{}.{}", i.resource.group, i.resource.version)
        };
        let name = format!("{group}.{}.{}.{}", i.resource.kind, i.namespace, i.name);
        let stamp = "2026-01-01 00:00:00.000000000 +0000";
        k.say(format!("diff -u -N /tmp/LIVE-0000000000/{name} /tmp/MERGED-0000000000/{name}"));
        k.say(format!("--- /tmp/LIVE-0000000000/{name}\t{stamp}"));
        k.say(format!("+++ /tmp/MERGED-0000000000/{name}\t{stamp}"));
        k.out(&unified(&before, &after));
    }
    if differs { Err(Error::Exit(1)) } else { Ok(()) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Same,
    Less,
    More,
}

/// The hunks of `diff -u`, three lines of context.
#[must_use]
pub fn unified(before: &str, after: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let script = script(&a, &b);
    let mut out = String::new();
    let changed: Vec<usize> =
        script.iter().enumerate().filter(|(_, (op, _))| *op != Op::Same).map(|(i, _)| i).collect();
    let mut at = 0;
    while at < changed.len() {
        let mut last = at;
        while last + 1 < changed.len() && changed[last + 1] - changed[last] <= 6 {
            last += 1;
        }
        let (from, to) = (changed[at].saturating_sub(3), (changed[last] + 4).min(script.len()));
        let count = |upto: usize, skip: Op| script[..upto].iter().filter(|(op, _)| *op != skip).count();
        let range = |skip: Op| {
            let (start, len) = (count(from, skip), count(to, skip) - count(from, skip));
            let first = if len == 0 { start } else { start + 1 };
            if len == 1 { first.to_string() } else { format!("{first},{len}") }
        };
        out.push_str(&format!("@@ -{} +{} @@\n", range(Op::More), range(Op::Less)));
        for (op, line) in &script[from..to] {
            out.push(match op {
                Op::Same => ' ',
                Op::Less => '-',
                Op::More => '+',
            });
            out.push_str(line);
            out.push('\n');
        }
        at = last + 1;
    }
    out
}

/// A shortest edit script by longest common subsequence; manifests are short.
fn script<'a>(a: &[&'a str], b: &[&'a str]) -> Vec<(Op, &'a str)> {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (ma, mb) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    let width = mb.len() + 1;
    let mut lcs = vec![0u32; (ma.len() + 1) * width];
    for i in (0..ma.len()).rev() {
        for j in (0..mb.len()).rev() {
            lcs[i * width + j] = if ma[i] == mb[j] {
                lcs[(i + 1) * width + j + 1] + 1
            } else {
                lcs[(i + 1) * width + j].max(lcs[i * width + j + 1])
            };
        }
    }
    let mut out: Vec<(Op, &str)> = a[..head].iter().map(|l| (Op::Same, *l)).collect();
    let (mut i, mut j) = (0, 0);
    while i < ma.len() || j < mb.len() {
        if i < ma.len() && j < mb.len() && ma[i] == mb[j] {
            out.push((Op::Same, ma[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < ma.len() && (j == mb.len() || lcs[(i + 1) * width + j] >= lcs[i * width + j + 1]) {
            out.push((Op::Less, ma[i]));
            i += 1;
        } else {
            out.push((Op::More, mb[j]));
            j += 1;
        }
    }
    out.extend(a[a.len() - tail..].iter().map(|l| (Op::Same, *l)));
    out
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn hunks_are_those_of_diff() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        let after = "a\nb\nc\nd\nE\nf\ng\nh\ni\nj\nk\n";
        assert_eq!(unified(before, after), "@@ -2,9 +2,10 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n i\n j\n+k\n");
        assert_eq!(unified("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
        assert_eq!(unified("x\n", "x\n"), "");
    }
}
