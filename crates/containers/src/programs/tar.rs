//! `tar`: `-c`, `-x`, `-t` with `-f`, `-z`, `-v`, `-C`, `-O`, `--exclude`, `--strip-components`.
//!
//! Models POSIX ustar. Not modelled: other compressions than gzip's, devices, hard links, sparse files.

use super::args::Args;
use super::gather::{Gathered, Job, Tool, all_of_it, gather, no_end};
use super::gzip;
use crate::fs::{Node, clean, join};
use crate::glob::Pattern;
use crate::machine::{Program, Sys};

const BLOCK: usize = 512;
/// Bytes of an archive that is made.
const ARCHIVE_MAX: usize = 4 << 20;
const DEPTH_MAX: usize = 64;

static TOOL: Tool = Tool { spec: "cxtzjvpomhakSf:C:T:X:O", files, finish, part: all_of_it, enough: no_end };

/// The first word may do without its dash.
pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    let mut argv = argv.to_vec();
    if let Some(first) = argv.get_mut(1).filter(|a| !a.starts_with('-') && !a.contains('/')) {
        first.insert(0, '-');
    }
    // `-cfz name`: letters after `f` in the first word are options as well when it was written without a dash.
    if let Some(first) = argv.get_mut(1).filter(|a| !a.starts_with("--"))
        && let Some(i) = first.find('f').filter(|i| i + 1 < first.len())
        && first[i + 1..].chars().all(|c| "cxtzvpO".contains(c))
    {
        first.remove(i);
        first.push('f');
    }
    gather(&TOOL, &argv)
}

fn creates(args: &Args) -> bool {
    args.has('c') || args.long("create")
}

fn archive(args: &Args) -> String {
    args.value('f').or_else(|| args.long_value("file")).unwrap_or("-").to_string()
}

fn files(args: &Args) -> Vec<String> {
    vec![if creates(args) { "/dev/null".into() } else { archive(args) }]
}

fn octal(field: &mut [u8], n: u64) {
    let width = field.len() - 1;
    let text = format!("{n:0width$o}");
    let text = &text.as_bytes()[text.len() - width..];
    field[..width].copy_from_slice(text);
}

fn number(field: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(field);
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).unwrap_or(0)
}

/// A member's header; `None`: its name is too long.
fn header(name: &str, node: &Node, kind: u8, size: u64, target: &str) -> Option<[u8; BLOCK]> {
    let mut h = [0u8; BLOCK];
    let (prefix, last) = if name.len() <= 100 {
        ("", name)
    } else {
        let cut = name.char_indices().find(|(i, c)| *c == '/' && name.len() - i - 1 <= 100)?.0;
        (&name[..cut], &name[cut + 1..])
    };
    if prefix.len() > 155 || target.len() > 100 {
        return None;
    }
    h[..last.len()].copy_from_slice(last.as_bytes());
    let meta = node.meta();
    octal(&mut h[100..108], u64::from(meta.mode));
    octal(&mut h[108..116], u64::from(meta.uid));
    octal(&mut h[116..124], u64::from(meta.gid));
    octal(&mut h[124..136], size);
    octal(&mut h[136..148], super::date_text(meta.mtime, "%s").parse().unwrap_or(0));
    h[148..156].fill(b' ');
    h[156] = kind;
    h[157..157 + target.len()].copy_from_slice(target.as_bytes());
    h[257..265].copy_from_slice(b"ustar\x0000");
    h[345..345 + prefix.len()].copy_from_slice(prefix.as_bytes());
    let sum: u64 = h.iter().map(|b| u64::from(*b)).sum();
    octal(&mut h[148..155], sum);
    Some(h)
}

struct Maker<'a, 'b> {
    sys: &'a mut Sys<'b>,
    out: Vec<u8>,
    told: Vec<String>,
    exclude: Vec<Pattern>,
    failed: bool,
}

impl Maker<'_, '_> {
    fn add(&mut self, name: &str, path: &str, depth: usize) {
        let short = super::short_name(name);
        if self.exclude.iter().any(|p| p.matches(name) || p.matches(short))
            || depth > DEPTH_MAX
            || self.failed && self.out.len() > ARCHIVE_MAX
        {
            return;
        }
        if self.out.len() > ARCHIVE_MAX {
            self.sys.err("tar: archives of more than 4 MB are not simulated\n");
            self.failed = true;
            return;
        }
        self.sys.charge(1);
        let Ok(node) = self.sys.fs().get_link(path).cloned() else {
            let text = if self.sys.gnu() {
                format!("tar: {name}: Cannot stat: No such file or directory\n")
            } else {
                format!("tar: {name}: No such file or directory\n")
            };
            self.sys.err(&text);
            self.failed = true;
            return;
        };
        let (shown, kind, body, target) = match &node {
            Node::Dir(_) => (format!("{}/", name.trim_end_matches('/')), b'5', Vec::new(), String::new()),
            Node::Link(l) => (name.to_string(), b'2', Vec::new(), l.target.clone()),
            Node::File(f) if f.len > ARCHIVE_MAX as u64 => {
                self.sys.err(&format!("tar: {name}: files of more than 4 MB are not simulated\n"));
                self.failed = true;
                return;
            }
            Node::File(_) => match self.sys.fs().read(path) {
                Ok(bytes) => (name.to_string(), b'0', bytes, String::new()),
                Err(e) => {
                    self.sys.err(&format!("tar: {name}: Cannot open: {e}\n"));
                    self.failed = true;
                    return;
                }
            },
            Node::Dev(..) => return,
        };
        let Some(head) = header(&shown, &node, kind, body.len() as u64, &target) else { return };
        self.out.extend(head);
        let padding = body.len().next_multiple_of(BLOCK) - body.len();
        self.out.extend(body);
        self.out.resize(self.out.len() + padding, 0);
        self.told.push(shown);
        if matches!(node, Node::Dir(_)) {
            for (entry, _) in self.sys.fs().list(path).unwrap_or_default() {
                self.add(&format!("{}/{entry}", name.trim_end_matches('/')), &join(path, &entry), depth + 1);
            }
        }
    }
}

fn create(sys: &mut Sys<'_>, args: &Args, dir: &str) -> i32 {
    let to = archive(args);
    let verbose = args.has('v') || args.long("verbose");
    if args.rest.is_empty() {
        sys.err(if sys.gnu() {
            "tar: Cowardly refusing to create an empty archive\nTry 'tar --help' or 'tar --usage' for more information.\n"
        } else {
            "tar: empty archive\n"
        });
        return if sys.gnu() { 2 } else { 1 };
    }
    let exclude = args.long_values("exclude").map(Pattern::new).collect();
    let mut maker = Maker { sys, out: Vec::new(), told: Vec::new(), exclude, failed: false };
    let mut told_root = false;
    for name in &args.rest {
        let bare = name.trim_start_matches('/');
        if bare.len() < name.len() && !told_root {
            told_root = true;
            let text = if maker.sys.gnu() {
                "tar: Removing leading `/' from member names\n"
            } else {
                "tar: removing leading '/' from member names\n"
            };
            maker.sys.err(text);
        }
        let path = clean(&join(dir, name));
        maker.add(if bare.is_empty() { "." } else { bare }, &path, 0);
    }
    let Maker { mut out, told, failed, .. } = maker;
    out.resize((out.len() + 2 * BLOCK).next_multiple_of(20 * BLOCK), 0);
    if args.has('z') || args.long("gzip") || to.ends_with(".tar.gz") && args.has('a') {
        out = gzip::packed(&out);
    }
    if verbose {
        let list: String = told.iter().map(|n| format!("{n}\n")).collect();
        if to == "-" { sys.err(&list) } else { sys.out(list) }
    }
    if to == "-" {
        sys.out(out);
    } else {
        let path = sys.path(&to);
        if let Err(e) = sys.fs().write(&path, &out) {
            sys.err(&format!("tar: can't open '{to}': {e}\n"));
            return 1;
        }
    }
    if !failed {
        return 0;
    }
    if sys.gnu() {
        sys.err("tar: Exiting with failure status due to previous errors\n");
        return 2;
    }
    sys.err("tar: error exit delayed from previous errors\n");
    1
}

/// A member of an archive.
struct Member<'a> {
    name: String,
    head: &'a [u8],
    body: &'a [u8],
}

/// `None`: this is no archive.
fn members(data: &[u8]) -> Option<Vec<Member<'_>>> {
    let (mut all, mut at) = (Vec::new(), 0);
    let text =
        |f: &[u8]| String::from_utf8_lossy(f.split(|b| *b == 0).next().unwrap_or_default()).into_owned();
    while let Some(head) = data.get(at..at + BLOCK) {
        if head.iter().all(|b| *b == 0) {
            break;
        }
        if &head[257..262] != b"ustar" {
            return None;
        }
        let size = usize::try_from(number(&head[124..136])).ok()?;
        let body = data.get(at + BLOCK..at + BLOCK + size)?;
        let (name, prefix) = (text(&head[..100]), text(&head[345..500]));
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        all.push(Member { name, head, body });
        at += BLOCK + size.next_multiple_of(BLOCK);
    }
    Some(all)
}

fn listed(m: &Member<'_>, gnu: bool) -> String {
    let mode = number(&m.head[100..108]);
    let kind = match m.head[156] {
        b'5' => 'd',
        b'2' => 'l',
        _ => '-',
    };
    let bits: String =
        (0..9).map(|i| if mode >> (8 - i) & 1 == 1 { ['r', 'w', 'x'][i % 3] } else { '-' }).collect();
    let owner = |field: &[u8]| super::proc::user_name(number(field) as u32);
    let seconds = i64::try_from(number(&m.head[136..148])).unwrap_or(0);
    let epoch = super::date_text(clock::Time::EPOCH, "%s").parse().unwrap_or(0);
    let at = clock::Time::EPOCH + seconds.saturating_sub(epoch).clamp(-(1 << 40), 1 << 40) * 1000;
    let time = super::date_text(at, if gnu { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" });
    format!(
        "{kind}{bits} {}/{} {:>9} {time} {}\n",
        owner(&m.head[108..116]),
        owner(&m.head[116..124]),
        m.body.len(),
        m.name
    )
}

fn finish(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    let args = &job.args.clone();
    let cwd = sys.cwd();
    let dir = args.value('C').or_else(|| args.long_value("directory")).map_or(cwd.clone(), |d| join(&cwd, d));
    if !sys.fs().is_dir(&dir) {
        sys.err(&format!("tar: can't change directory to '{dir}': No such file or directory\n"));
        return if sys.gnu() { 2 } else { 1 };
    }
    if creates(args) {
        return create(sys, args, &dir);
    }
    let (list, extract) = (args.has('t') || args.long("list"), args.has('x') || args.long("extract"));
    if !list && !extract {
        let text = if sys.gnu() {
            "tar: You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\nTry 'tar --help' or 'tar --usage' for more information.\n"
        } else {
            "tar: must specify exactly one of c, x or t\n"
        };
        sys.err(text);
        return if sys.gnu() { 2 } else { 1 };
    }
    let data = all.into_iter().next().map(|d| d.1).unwrap_or_default();
    let plain = if data.starts_with(&[0x1f, 0x8b]) { gzip::unpacked(&data) } else { Some(data) };
    let Some(plain) = plain else {
        sys.err("tar: invalid magic\n");
        return 1;
    };
    let Some(found) = members(&plain).filter(|m| !m.is_empty() || plain.iter().all(|b| *b == 0)) else {
        let text = if sys.gnu() {
            "tar: This does not look like a tar archive\ntar: Exiting with failure status due to previous errors\n"
        } else {
            "tar: invalid tar magic\n"
        };
        sys.err(text);
        return if sys.gnu() { 2 } else { 1 };
    };
    let strip = args.long_value("strip-components").and_then(|n| n.parse().ok()).unwrap_or(0usize);
    let verbose = args.has('v') || args.long("verbose");
    let exclude: Vec<Pattern> = args.long_values("exclude").map(Pattern::new).collect();
    let wanted = |name: &str| {
        let bare = name.trim_end_matches('/');
        let under = |w: &String| {
            let w = w.trim_end_matches('/');
            bare == w || bare.strip_prefix(w).is_some_and(|r| r.starts_with('/'))
        };
        (args.rest.is_empty() || args.rest.iter().any(under))
            && !exclude.iter().any(|p| p.matches(bare) || p.matches(super::short_name(bare)))
    };
    let mut code = 0;
    let (mask, owner) = (sys.umask(), sys.cred().uid == 0);
    for m in found.iter().filter(|m| wanted(&m.name)) {
        sys.charge(1);
        if list {
            let line = if verbose { listed(m, sys.gnu()) } else { format!("{}\n", m.name) };
            sys.out(line);
            continue;
        }
        if args.has('O') {
            sys.out(m.body);
            continue;
        }
        if verbose {
            sys.out(format!("{}\n", m.name));
        }
        let parts: Vec<&str> =
            m.name.split('/').filter(|p| !matches!(*p, "" | "." | "..")).skip(strip).collect();
        if parts.is_empty() {
            continue;
        }
        let path = join(&dir, &parts.join("/"));
        let mode = number(&m.head[100..108]) as u16 & 0o7777;
        let mode = if owner { mode } else { mode & !mask };
        let parent = path.rsplit_once('/').map_or("/", |p| p.0).to_string();
        let done = match m.head[156] {
            b'5' => sys.fs().mkdir_all(&path, mode),
            b'2' => {
                let end = m.head[157..257].iter().position(|b| *b == 0).unwrap_or(100);
                let target = String::from_utf8_lossy(&m.head[157..157 + end]).into_owned();
                let _ = sys.fs().mkdir_all(&parent, 0o755);
                let _ = sys.fs().unlink(&path);
                sys.fs().symlink(&target, &path)
            }
            _ => {
                let _ = sys.fs().mkdir_all(&parent, 0o755);
                sys.fs().write(&path, m.body).and_then(|()| {
                    sys.fs().change_meta(&path, |meta| {
                        meta.mode = mode;
                        if owner {
                            meta.uid = number(&m.head[108..116]) as u32;
                            meta.gid = number(&m.head[116..124]) as u32;
                        }
                    })
                })
            }
        };
        if let Err(e) = done {
            sys.err(&format!("tar: can't create '{}': {e}\n", m.name));
            code = if sys.gnu() { 2 } else { 1 };
        }
    }
    code
}
