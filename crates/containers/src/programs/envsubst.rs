//! `envsubst`: variables of the environment in a text. With a list of variables only those.

use super::args::Args;
use super::gather::{Gathered, Job, Tool, all_of_it, gather, no_end};
use crate::machine::{Program, Sys};

static TOOL: Tool =
    Tool { spec: "vh", files: |_: &Args| Vec::new(), finish, part: whole_lines, enough: no_end };

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    gather(&TOOL, argv)
}

fn whole_lines(job: &Job, data: &[u8]) -> usize {
    if job.args.has('v') {
        return all_of_it(job, data);
    }
    data.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1)
}

/// The variable that `text` begins with (`NAME` or `{NAME}`), and its length.
fn variable(text: &str) -> Option<(&str, usize)> {
    let braced = text.strip_prefix('{');
    let rest = braced.unwrap_or(text);
    let n = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    if n == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match braced {
        Some(_) => rest[n..].starts_with('}').then_some((&rest[..n], n + 2)),
        None => Some((&rest[..n], n)),
    }
}

/// Goes over the variables of a text; gives what stands between and in their place.
pub(super) fn replaced(text: &str, with: &dyn Fn(&str) -> Option<String>) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        match variable(behind).and_then(|(name, n)| Some((with(name)?, n))) {
            Some((value, n)) => {
                out.push_str(&value);
                rest = &behind[n..];
            }
            None => {
                out.push('$');
                rest = behind;
            }
        }
    }
    out + rest
}

fn finish(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    let format = job.args.rest.first().cloned();
    let named = format.as_deref().map(|f| {
        let list = std::cell::RefCell::new(Vec::new());
        replaced(f, &|name| {
            list.borrow_mut().push(name.to_owned());
            None
        });
        list.into_inner()
    });
    if job.args.has('v') || job.args.long("variables") {
        sys.out(named.unwrap_or_default().iter().map(|n| format!("{n}\n")).collect::<String>());
        return 0;
    }
    let env = sys.env();
    for (_, data) in all {
        let text = String::from_utf8_lossy(&data).into_owned();
        let done = replaced(&text, &|name| {
            let wanted = named.as_ref().is_none_or(|list| list.iter().any(|n| n == name));
            wanted.then(|| env.get(name).cloned().unwrap_or_default())
        });
        sys.out(done);
    }
    0
}
