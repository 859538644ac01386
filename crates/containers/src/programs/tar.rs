//! `tar`: `-c`, `-x`, `-t` with `-f`, `-z`, `-v`, `-C`, `-O`, `--exclude`, `--strip-components`.
//!
//! Models GNU's and BusyBox's tar; the archives themselves are `objects::ustar`'s. Not modelled: other compressions than gzip's, devices, hard links, sparse files.

use super::args::Args;
use super::gather::{Gathered, Job, Tool, all_of_it, gather, no_end};
use super::gzip;
use super::users::Known;
use crate::fs::{Node, clean, join};
use crate::glob::Pattern;
use crate::machine::{Program, Sys};
use objects::ustar::{self, Head, Member};

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
        let meta = node.meta();
        let head = Head {
            kind,
            mode: u64::from(meta.mode),
            uid: u64::from(meta.uid),
            gid: u64::from(meta.gid),
            mtime: super::date_text(meta.mtime, "%s").parse().unwrap_or(0),
            target: &target,
        };
        if !ustar::add(&mut self.out, &shown, &head, &body) {
            return;
        }
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
    ustar::end(&mut out);
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

fn listed(m: &Member<'_>, known: &Known, gnu: bool) -> String {
    let kind = match m.kind {
        b'5' => 'd',
        b'2' => 'l',
        _ => '-',
    };
    let bits: String =
        (0..9).map(|i| if m.mode >> (8 - i) & 1 == 1 { ['r', 'w', 'x'][i % 3] } else { '-' }).collect();
    let (user, group) = (known.user(m.uid as u32), known.group(m.gid as u32));
    let seconds = i64::try_from(m.mtime).unwrap_or(0);
    let epoch = super::date_text(clock::Time::EPOCH, "%s").parse().unwrap_or(0);
    let at = clock::Time::EPOCH + seconds.saturating_sub(epoch).clamp(-(1 << 40), 1 << 40) * 1000;
    let time = super::date_text(at, if gnu { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" });
    format!("{kind}{bits} {user}/{group} {:>9} {time} {}\n", m.body.len(), m.name)
}

fn finish(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    let args = &job.args.clone();
    let cwd = sys.cwd();
    let dir = args.value('C').or_else(|| args.long_value("directory")).map_or(cwd.clone(), |d| join(&cwd, d));
    if !sys.fs().is_dir(&dir) {
        sys.err(&if sys.gnu() {
            format!("tar: {dir}: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\n")
        } else {
            format!("tar: can't change directory to '{dir}': No such file or directory\n")
        });
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
    let Some(found) = ustar::members(&plain).filter(|m| !m.is_empty() || plain.iter().all(|b| *b == 0))
    else {
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
    let known = Known::here(sys);
    let mut code = 0;
    let (mask, owner) = (sys.umask(), sys.cred().uid == 0);
    for m in found.iter().filter(|m| wanted(&m.name)) {
        sys.charge(1);
        if list {
            let line = if verbose { listed(m, &known, sys.gnu()) } else { format!("{}\n", m.name) };
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
        let mode = m.mode as u16 & 0o7777;
        let mode = if owner { mode } else { mode & !mask };
        let parent = path.rsplit_once('/').map_or("/", |p| p.0).to_string();
        let done = match m.kind {
            b'5' => sys.fs().mkdir_all(&path, mode),
            b'2' => {
                let _ = sys.fs().mkdir_all(&parent, 0o755);
                let _ = sys.fs().unlink(&path);
                sys.fs().symlink(&m.target, &path)
            }
            _ => {
                let _ = sys.fs().mkdir_all(&parent, 0o755);
                sys.fs().write(&path, m.body).and_then(|()| {
                    sys.fs().change_meta(&path, |meta| {
                        meta.mode = mode;
                        if owner {
                            meta.uid = m.uid as u32;
                            meta.gid = m.gid as u32;
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
