//! `ls`: names, or long lines.

use super::args::Args;
use super::files::human;
use super::users::Known;
use crate::fs::{Dev, Node};
use crate::machine::Sys;
use ordered::Sort as _;

/// `drwxr-xr-x`
pub(super) fn permissions(node: &Node) -> String {
    let mode = node.meta().mode;
    let kind = match node {
        Node::Dir(_) => 'd',
        Node::Link(_) => 'l',
        Node::Dev(Dev::Pipe(_), _) => 'p',
        Node::Dev(..) => 'c',
        Node::File(_) if node.is_block_device() => 'b',
        Node::File(_) if node.is_socket() => 's',
        Node::File(_) => '-',
    };
    let mut out = String::from(kind);
    for shift in [6, 3, 0] {
        let bits = mode >> shift;
        out.push(if bits & 4 != 0 { 'r' } else { '-' });
        out.push(if bits & 2 != 0 { 'w' } else { '-' });
        // Above the execute bit: set user, set group, sticky.
        let special = match shift {
            6 if mode & 0o4000 != 0 => Some(('s', 'S')),
            3 if mode & 0o2000 != 0 => Some(('s', 'S')),
            0 if mode & 0o1000 != 0 => Some(('t', 'T')),
            _ => None,
        };
        let executable = bits & 1 != 0;
        out.push(match special {
            Some((low, _)) if executable => low,
            Some((_, high)) => high,
            None if executable => 'x',
            None => '-',
        });
    }
    out
}

/// What stands in place of a size: which device it is.
fn numbers(node: &Node) -> Option<(u8, u8)> {
    Some(match node {
        Node::Dev(Dev::Null, _) => (1, 3),
        Node::Dev(Dev::Zero, _) => (1, 5),
        Node::Dev(Dev::Full, _) => (1, 7),
        Node::Dev(Dev::Random, _) => (1, 8),
        Node::Dev(Dev::Tty, _) => (5, 0),
        Node::File(_) if node.is_block_device() => (8, 0),
        _ => return None,
    })
}

fn date(sys: &Sys<'_>, node: &Node) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let t = node.meta().mtime;
    let (year, month, day, hour, minute, _) = t.civil();
    let name = MONTHS[(month as usize - 1).min(11)];
    let recent = sys.now().since(t).abs() < 180 * 86_400_000;
    if recent { format!("{name} {day:2} {hour:02}:{minute:02}") } else { format!("{name} {day:2}  {year}") }
}

struct Shown {
    name: String,
    node: Node,
}

fn show(sys: &mut Sys<'_>, args: &Args, mut items: Vec<Shown>, total: bool) {
    if args.has('t') {
        items.arrange_by_key(|i| std::cmp::Reverse(i.node.meta().mtime));
    } else if args.has('S') {
        items.arrange_by_key(|i| std::cmp::Reverse(i.node.len()));
    }
    if args.has('r') {
        items.reverse();
    }
    let mark = |node: &Node| match node {
        Node::Dir(_) if args.has('F') || args.has('p') => "/",
        Node::Link(_) if args.has('F') => "@",
        Node::File(f) if args.has('F') && f.meta.mode & 0o111 != 0 => "*",
        _ => "",
    };
    let mut out = String::new();
    if args.has('l') || args.has('n') {
        if total {
            let blocks: u64 = items.iter().map(|i| i.node.len().div_ceil(4096) * 4).sum();
            out.push_str(&format!(
                "total {}\n",
                if args.has('h') { human(blocks * 1024) } else { blocks.to_string() }
            ));
        }
        let known = Known::here(sys);
        let rows: Vec<[String; 7]> = items
            .iter()
            .map(|i| {
                let meta = i.node.meta();
                let links = match &i.node {
                    Node::Dir(d) => 2 + d.entries.values().filter(|n| n.is_dir()).count(),
                    _ => 1,
                };
                let owner = |id: u32| if args.has('n') { id.to_string() } else { known.user(id) };
                let group = |id: u32| if args.has('n') { id.to_string() } else { known.group(id) };
                let size = if let Some((major, minor)) = numbers(&i.node) {
                    if sys.gnu() { format!("{major}, {minor}") } else { format!("{major:>4}, {minor:>3}") }
                } else if args.has('h') {
                    human(i.node.len())
                } else {
                    i.node.len().to_string()
                };
                let mut name = format!("{}{}", i.name, mark(&i.node));
                if let Node::Link(l) = &i.node {
                    name = format!("{} -> {}", i.name, l.target);
                }
                [
                    permissions(&i.node),
                    links.to_string(),
                    owner(meta.uid),
                    group(meta.gid),
                    size,
                    date(sys, &i.node),
                    name,
                ]
            })
            .collect();
        let width = |n: usize| rows.iter().map(|r| r[n].chars().count()).max().unwrap_or(0);
        let widths =
            if sys.gnu() { [width(1), width(2), width(3), width(4)] } else { [width(1).max(4), 8, 8, 9] };
        for r in &rows {
            out.push_str(&format!(
                "{} {:>w1$} {:<w2$} {:<w3$} {:>w4$} {} {}\n",
                r[0],
                r[1],
                r[2],
                r[3],
                r[4],
                r[5],
                r[6],
                w1 = widths[0],
                w2 = widths[1],
                w3 = widths[2],
                w4 = widths[3]
            ));
        }
    } else {
        let names: Vec<String> = items.iter().map(|i| format!("{}{}", i.name, mark(&i.node))).collect();
        if sys.is_tty(1) && !args.has('1') {
            let wide = names.iter().map(|n| n.chars().count()).max().unwrap_or(0) + 2;
            let columns = (usize::from(sys.window().1) / wide.max(1)).max(1);
            let rows = names.len().div_ceil(columns);
            for row in 0..rows {
                let line: Vec<String> =
                    (row..names.len()).step_by(rows.max(1)).map(|i| format!("{:<wide$}", names[i])).collect();
                out.push_str(line.concat().trim_end());
                out.push('\n');
            }
        } else {
            for name in names {
                out.push_str(&name);
                out.push('\n');
            }
        }
    }
    sys.out(out);
}

pub(super) fn run(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "1AaCdFhiLlnpRrSstxuc") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let names = if args.rest.is_empty() { vec![".".to_string()] } else { args.rest.clone() };
    let many = names.len() > 1 || args.has('R');
    let mut code = 0;
    let (mut files, mut dirs) = (Vec::new(), Vec::new());
    for name in &names {
        let path = sys.path(name);
        let node = if args.has('l') && !args.has('L') {
            sys.fs().get_link(&path).cloned()
        } else {
            sys.fs().get(&path).cloned()
        };
        let node = match node {
            Ok(Node::Link(_)) if sys.fs().is_dir(&path) && name.ends_with('/') => {
                sys.fs().get(&path).cloned()
            }
            Err(_) => sys.fs().get_link(&path).cloned(),
            node => node,
        };
        match node {
            Ok(node) if node.is_dir() && !args.has('d') => dirs.push((name.clone(), path)),
            Ok(node) => files.push(Shown { name: name.clone(), node }),
            Err(e) => {
                sys.err(&if sys.gnu() {
                    format!("ls: cannot access '{name}': {e}\n")
                } else {
                    format!("ls: {name}: {e}\n")
                });
                code = if sys.gnu() { 2 } else { 1 };
            }
        }
    }
    let mut first = files.is_empty();
    if !files.is_empty() {
        show(sys, &args, files, false);
    }
    dirs.reverse();
    while let Some((name, path)) = dirs.pop() {
        let list = match sys.fs().list(&path) {
            Ok(list) => list,
            Err(e) => {
                sys.err(&if sys.gnu() {
                    format!("ls: cannot open directory '{name}': {e}\n")
                } else {
                    format!("ls: can't open '{name}': {e}\n")
                });
                code = if sys.gnu() { 2 } else { 1 };
                continue;
            }
        };
        if many {
            sys.out(format!("{}{name}:\n", if first { "" } else { "\n" }));
        }
        first = false;
        let mut items: Vec<Shown> = Vec::new();
        if args.has('a') {
            for dot in [".", ".."] {
                let path = format!("{path}/{dot}");
                if let Ok(node) = sys.fs().get(&path).cloned() {
                    items.push(Shown { name: dot.into(), node });
                }
            }
        }
        let mut inner = Vec::new();
        for (entry, node) in list {
            if entry.starts_with('.') && !args.has('a') && !args.has('A') {
                continue;
            }
            if node.is_dir() && args.has('R') && dirs.len() < 10_000 {
                inner.push((format!("{}/{entry}", name.trim_end_matches('/')), format!("{path}/{entry}")));
            }
            items.push(Shown { name: entry.to_string(), node });
        }
        dirs.extend(inner.into_iter().rev());
        show(sys, &args, items, true);
    }
    code
}
