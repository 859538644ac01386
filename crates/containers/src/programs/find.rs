//! `find`: `-name -iname -path -type -maxdepth -mindepth -size -newer -empty -delete -print -print0 -exec -not -o`.

use crate::fs::Node;
use crate::glob::Pattern;
use crate::machine::{Pid, Program, Sys, Turn, Wait};

#[derive(Clone)]
enum Test {
    Name(Pattern, bool),
    Path(Pattern),
    Type(char),
    Size(char, u64, u64),
    Newer(clock::Time),
    Minutes(char, i64, i64),
    Empty,
    Perm(u16),
    Always,
    Print(&'static str),
    Delete,
    Exec(Vec<String>, bool),
    Prune,
    Quit,
}

#[derive(Clone)]
struct Find {
    argv: Vec<String>,
    /// Alternatives of conjunctions; the flag negates.
    tests: Vec<Vec<(bool, Test)>>,
    left: Vec<(String, usize)>,
    min: usize,
    max: usize,
    begun: bool,
    commands: Vec<Vec<String>>,
    batch: Vec<String>,
    batch_command: Vec<String>,
    child: Option<Pid>,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Find {
        argv: argv.to_vec(),
        tests: vec![Vec::new()],
        left: Vec::new(),
        min: 0,
        max: usize::MAX,
        begun: false,
        commands: Vec::new(),
        batch: Vec::new(),
        batch_command: Vec::new(),
        child: None,
        code: 0,
    })
}

impl Find {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), String> {
        let mut args = self.argv[1..].iter().peekable();
        let mut roots = Vec::new();
        while let Some(a) = args.next_if(|a| !a.starts_with('-') && *a != "!" && *a != "(") {
            roots.push((a.clone(), 0));
        }
        if roots.is_empty() {
            roots.push((".".into(), 0));
        }
        let mut not = false;
        let mut acts = false;
        while let Some(arg) = args.next() {
            let mut value =
                || args.next().cloned().ok_or_else(|| format!("find: missing argument to '{arg}'\n"));
            let test = match arg.as_str() {
                "!" | "-not" => {
                    not = !not;
                    continue;
                }
                "-a" | "-and" | "-xdev" | "-mount" | "(" | ")" | "-follow" | "-L" | "-H" => continue,
                "-o" | "-or" => {
                    self.tests.push(Vec::new());
                    continue;
                }
                "-maxdepth" => {
                    self.max = value()?.parse().unwrap_or(usize::MAX);
                    continue;
                }
                "-mindepth" => {
                    self.min = value()?.parse().unwrap_or(0);
                    continue;
                }
                "-name" => Test::Name(Pattern::new(&value()?), false),
                "-iname" => Test::Name(Pattern::new(&value()?.to_lowercase()), true),
                "-path" | "-wholename" => Test::Path(Pattern::new(&value()?)),
                "-type" => Test::Type(value()?.chars().next().unwrap_or('f')),
                "-size" => {
                    let text = value()?;
                    let sign = text.chars().next().filter(|c| matches!(c, '+' | '-')).unwrap_or('=');
                    let digits = text.trim_start_matches(['+', '-']);
                    let unit = match digits.chars().last() {
                        Some('c') => 1,
                        Some('k') => 1 << 10,
                        Some('M') => 1 << 20,
                        Some('G') => 1 << 30,
                        _ => 512,
                    };
                    let n = digits.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().unwrap_or(0);
                    Test::Size(sign, n, unit)
                }
                "-newer" => {
                    let path = sys.path(&value()?);
                    Test::Newer(sys.fs().get(&path).map_or(clock::Time(0), |n| n.meta().mtime))
                }
                "-mmin" | "-mtime" => {
                    let text = value()?;
                    let sign = text.chars().next().filter(|c| matches!(c, '+' | '-')).unwrap_or('=');
                    let n = text.trim_start_matches(['+', '-']).parse().unwrap_or(0);
                    Test::Minutes(sign, n, if arg == "-mmin" { 60_000 } else { 86_400_000 })
                }
                "-empty" => Test::Empty,
                "-perm" => {
                    Test::Perm(u16::from_str_radix(value()?.trim_start_matches(['-', '/']), 8).unwrap_or(0))
                }
                "-true" => Test::Always,
                "-prune" => Test::Prune,
                "-quit" => Test::Quit,
                "-print" => Test::Print("\n"),
                "-print0" => Test::Print("\0"),
                "-delete" => Test::Delete,
                "-exec" => {
                    let mut command = Vec::new();
                    let mut plus = false;
                    for a in args.by_ref() {
                        if a == ";" {
                            break;
                        }
                        if a == "+" && command.last().is_some_and(|c| c == "{}") {
                            plus = true;
                            break;
                        }
                        command.push(a.clone());
                    }
                    if command.is_empty() {
                        return Err("find: missing argument to '-exec'\n".into());
                    }
                    Test::Exec(command, plus)
                }
                other => {
                    return Err(if sys.gnu() {
                        format!("find: unknown predicate `{other}'\n")
                    } else {
                        format!("find: unrecognized: {other}\n")
                    });
                }
            };
            acts |= matches!(test, Test::Print(_) | Test::Delete | Test::Exec(..));
            if let Some(all) = self.tests.last_mut() {
                all.push((std::mem::take(&mut not), test));
            }
        }
        if !acts {
            for all in &mut self.tests {
                if !all.iter().any(|(_, t)| matches!(t, Test::Prune)) {
                    all.push((false, Test::Print("\n")));
                }
            }
        }
        roots.reverse();
        self.left = roots;
        self.begun = true;
        Ok(())
    }

    /// Runs the tests on one name; false stops going deeper.
    fn visit(&mut self, sys: &mut Sys<'_>, name: &str, node: &Node) -> bool {
        let path = sys.path(name);
        let mut deeper = true;
        for all in self.tests.clone() {
            let mut passed = true;
            for (not, test) in all {
                let hit = match test {
                    Test::Name(p, fold) => {
                        let base = super::short_name(name.trim_end_matches('/'));
                        if fold { p.matches(&base.to_lowercase()) } else { p.matches(base) }
                    }
                    Test::Path(p) => p.matches(name),
                    Test::Type('f') => node.is_regular(),
                    Test::Type('b') => node.is_block_device(),
                    Test::Type('s') => node.is_socket(),
                    Test::Type('p') => node.is_named_pipe(),
                    Test::Type(t) => {
                        matches!((t, node), ('d', Node::Dir(_)) | ('l', Node::Link(_)) | ('c', Node::Dev(..)))
                    }
                    Test::Size(sign, n, unit) => {
                        let size = node.len().div_ceil(unit);
                        match sign {
                            '+' => size > n,
                            '-' => size < n,
                            _ => size == n,
                        }
                    }
                    Test::Newer(t) => node.meta().mtime > t,
                    Test::Minutes(sign, n, unit) => {
                        let age = sys.now().since(node.meta().mtime) / unit;
                        match sign {
                            '+' => age > n,
                            '-' => age < n,
                            _ => age == n,
                        }
                    }
                    Test::Empty => match node {
                        Node::Dir(d) => d.entries.is_empty(),
                        node => node.is_empty(),
                    },
                    Test::Perm(bits) => node.meta().mode & bits == bits,
                    Test::Always => true,
                    Test::Prune => {
                        deeper = false;
                        true
                    }
                    Test::Quit => {
                        self.left.clear();
                        true
                    }
                    Test::Print(end) => {
                        sys.out(format!("{name}{end}"));
                        true
                    }
                    Test::Delete => {
                        let _ = sys.fs().remove_all(&path);
                        true
                    }
                    Test::Exec(command, true) => {
                        self.batch.push(name.into());
                        self.batch_command = command;
                        true
                    }
                    Test::Exec(command, false) => {
                        self.commands.push(command.iter().map(|a| a.replace("{}", name)).collect());
                        true
                    }
                };
                if hit == not {
                    passed = false;
                    break;
                }
            }
            if passed {
                break;
            }
        }
        deeper
    }
}

impl Program for Find {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if !self.begun {
            return match self.begin(sys) {
                Ok(()) => Turn::More,
                Err(text) => Turn::Exit(super::usage(sys, &text)),
            };
        }
        if let Some(pid) = self.child {
            if sys.reap(pid).is_none() {
                return Turn::Wait(Wait::Child(Some(pid)));
            }
            self.child = None;
        }
        if let Some(command) = (!self.commands.is_empty()).then(|| self.commands.remove(0)) {
            match sys.spawn(&command, None) {
                Ok(pid) => self.child = Some(pid),
                Err(_) => {
                    sys.err(&format!("find: {}: No such file or directory\n", command[0]));
                    self.code = 1;
                }
            }
            return Turn::More;
        }
        let Some((name, depth)) = self.left.pop() else {
            if !self.batch.is_empty() {
                let names = std::mem::take(&mut self.batch);
                let mut command = self.batch_command.clone();
                command.pop();
                command.extend(names);
                self.commands.push(command);
                return Turn::More;
            }
            return Turn::Exit(self.code);
        };
        let path = sys.path(&name);
        let node = match sys.fs().get_link(&path).cloned() {
            Ok(node) => node,
            Err(e) => {
                sys.err(&if sys.gnu() {
                    format!("find: ‘{name}’: {e}\n")
                } else {
                    format!("find: {name}: {e}\n")
                });
                self.code = 1;
                return Turn::More;
            }
        };
        let deeper = depth < self.min || self.visit(sys, &name, &node);
        if deeper && depth < self.max && node.is_dir() {
            match sys.fs().list(&path) {
                Ok(entries) => {
                    for (entry, _) in entries.into_iter().rev() {
                        self.left.push((format!("{}/{entry}", name.trim_end_matches('/')), depth + 1));
                    }
                }
                Err(e) if sys.fs().exists(&path) => {
                    sys.err(&format!("find: {name}: {e}\n"));
                    self.code = 1;
                }
                Err(_) => {}
            }
        }
        Turn::More
    }
}
