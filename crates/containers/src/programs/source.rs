//! `python`, `node`, `ruby`, `php` and `go`: one-liners of the usual kinds, and servers as far as their text tells.
//!
//! A program in one of these languages is not run. What it prints is looked up in its text; one that listens becomes a
//! server on the port its text names, which answers with the text it sends. A note says so on standard error.

use crate::fs::Node;
use crate::machine::{Env, Program, Sys, Task};
use crate::machine::{Reaction, Signal, Turn, Wait};
use crate::net::{HttpRequest, HttpResponse};

const SOURCE_MAX: usize = 256 << 10;

#[derive(Clone)]
struct Script {
    argv: Vec<String>,
    /// Where it listens and what it answers, once it does.
    serving: Option<(u16, Answer)>,
}

#[derive(Clone)]
enum Answer {
    Text(String),
    /// Files below the working directory, as `http.server` does.
    Files(String),
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Script { argv: argv.to_vec(), serving: None })
}

/// A built program of which only the port and the answer are left: `served PORT TEXT`.
pub(super) fn served(rest: &str, argv: &[String], _env: &Env) -> Task {
    let (port, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let serving = port.parse().ok().map(|p| (p, Answer::Text(text.to_string())));
    Task::Program(Box::new(Script { argv: argv.to_vec(), serving }))
}

/// The first text in quotes after `mark`.
fn quoted(source: &str, mark: &str) -> Option<String> {
    let at = source.find(mark)? + mark.len();
    let rest = &source[at..];
    let i = rest.find(['"', '\'', '`'])?;
    if rest[..i].contains(['\n', ';']) && !rest[..i].trim().is_empty() {
        return None;
    }
    let q = rest[i..].chars().next()?;
    let body = &rest[i + 1..];
    let mut out = String::new();
    let mut chars = body.chars();
    loop {
        match chars.next()? {
            c if c == q => return Some(out),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                c => out.push(c),
            },
            c => out.push(c),
        }
        if out.len() > 4096 {
            return Some(out);
        }
    }
}

/// The port a source listens on, if it listens.
fn port_of(source: &str, env_port: Option<&String>) -> Option<u16> {
    let marks = [
        "listen(",
        ".ListenAndServe(",
        "run(",
        "port=",
        "HTTPServer(",
        "TCPServer(",
        "PORT ||",
        "PORT', ",
        "PORT\", ",
    ];
    let listens = ["listen(", "ListenAndServe(", "app.run(", "HTTPServer(", "TCPServer(", "uvicorn.run("]
        .iter()
        .any(|m| source.contains(m));
    if !listens {
        return None;
    }
    let number = |text: &str| {
        let digits: String =
            text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        digits.parse::<u16>().ok().filter(|p| *p > 0)
    };
    let from_env = source.contains("PORT").then(|| env_port.and_then(|p| p.parse().ok())).flatten();
    let named = source.lines().filter(|l| l.to_lowercase().contains("port")).find_map(|l| {
        let (_, value) = l.split_once(['=', ':'])?;
        number(value)
    });
    let direct = marks
        .iter()
        .filter_map(|m| source.split(m).nth(1))
        .find_map(|r| number(r.split(['\n', ')']).next().unwrap_or("")));
    from_env.or(direct).or(named).or(Some(if source.contains("flask") { 5000 } else { 8080 }))
}

fn answer_of(source: &str) -> String {
    [
        "res.send(",
        "res.end(",
        "response.end(",
        "reply.send(",
        "Fprintf(w,",
        "Fprintln(w,",
        "Fprint(w,",
        "w.Write([]byte(",
        "wfile.write(b",
        "jsonify(",
        "return ",
    ]
    .iter()
    .find_map(|m| quoted(source, m))
    .unwrap_or_else(|| "Hello, World!".into())
}

fn version(name: &str) -> &'static str {
    match name {
        n if n.starts_with("python") => "Python 3.12.8\n",
        "node" => "v22.12.0\n",
        "ruby" => "ruby 3.3.6 (2024-11-05 revision 75015d4c1f) [x86_64-linux]\n",
        "php" => "PHP 8.3.14 (cli)\n",
        "java" => "openjdk 21.0.5 2024-10-15\n",
        _ => "go version go1.23.4 linux/amd64\n",
    }
}

impl Script {
    fn note(&self, sys: &mut Sys<'_>, what: &str) {
        let name = super::short_name(&self.argv[0]).to_string();
        sys.err(&format!("simulated: {name} programs are not run here; {what}\n"));
    }

    /// `print("..")` and its like, one by one.
    fn one_liner(&self, code: &str, sys: &mut Sys<'_>) -> i32 {
        let mut known = true;
        for statement in code.split([';', '\n']).map(str::trim).filter(|s| !s.is_empty()) {
            let call = ["print(", "console.log(", "puts ", "echo ", "print "]
                .iter()
                .find_map(|p| statement.strip_prefix(p));
            let sleep = ["time.sleep(", "sleep "].iter().find_map(|p| statement.strip_prefix(p));
            if let Some(argument) = call {
                let argument = argument.trim().trim_end_matches(')').trim();
                let inner = argument.strip_prefix(['"', '\'']).and_then(|a| a.strip_suffix(['"', '\'']));
                match (inner, arithmetic(argument)) {
                    (Some(text), _) => sys.out(format!("{}\n", crate::shell::unescape(text, false).0)),
                    (None, Some(n)) => sys.out(format!("{n}\n")),
                    (None, None) if argument.is_empty() => sys.out("\n"),
                    _ => known = false,
                }
            } else if statement.starts_with("exit(")
                || statement.starts_with("sys.exit(")
                || statement.starts_with("process.exit(")
            {
                let n: String = statement.chars().filter(char::is_ascii_digit).collect();
                return n.parse().unwrap_or(0);
            } else if !(statement.starts_with("import ") || statement.starts_with("from ") || sleep.is_some())
            {
                known = false;
            }
        }
        if !known {
            self.note(sys, "of one-liners only printing text and sums is");
            return 1;
        }
        0
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Turn {
        let name = super::short_name(&self.argv[0]).to_string();
        let argv = self.argv.clone();
        let arg = argv.get(1).map_or("", String::as_str);
        match arg {
            "--version" | "-V" | "-v" | "version" | "-version" => {
                sys.out(version(&name));
                return Turn::Exit(0);
            }
            "-c" | "-e" | "-r" | "-p" => {
                let code = argv.get(2).cloned().unwrap_or_default();
                if let Some(port) = port_of(&code, None) {
                    return self.listen(port, Answer::Text(answer_of(&code)), sys);
                }
                let code = if arg == "-p" { format!("console.log({code})") } else { code };
                return Turn::Exit(self.one_liner(&code, sys));
            }
            "-m" if argv.get(2).is_some_and(|m| m == "http.server") => {
                let port = argv.iter().skip(3).find_map(|a| a.parse().ok()).unwrap_or(8000);
                sys.out(format!("Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...\n"));
                let dir = sys.cwd();
                self.serving = Some((port, Answer::Files(dir)));
                return Turn::Wait(Wait::Forever);
            }
            "-m" if argv.get(2).is_some_and(|m| m == "pip") => {
                return Turn::Exit(super::packages::pip(sys, &argv[2..]));
            }
            _ => {}
        }
        if name == "go" {
            return self.go(sys);
        }
        let file = argv.iter().skip(1).find(|a| !a.starts_with('-')).cloned();
        let Some(file) = file else {
            self.note(sys, "there is no prompt");
            return Turn::Exit(0);
        };
        let path = sys.path(&file);
        let Ok(bytes) = sys.fs().read(&path) else {
            sys.err(&match name.as_str() {
                "node" => format!("node:internal/modules/cjs/loader:1228\n  throw err;\n  ^\n\nError: Cannot find module '{path}'\n"),
                _ => format!("{name}: can't open file '{path}': [Errno 2] No such file or directory\n"),
            });
            return Turn::Exit(if name == "node" { 1 } else { 2 });
        };
        let source = String::from_utf8_lossy(&bytes[..bytes.len().min(SOURCE_MAX)]).into_owned();
        let env = sys.env();
        match port_of(&source, env.get("PORT")) {
            Some(port) => self.listen(port, Answer::Text(answer_of(&source)), sys),
            None => Turn::Exit(self.one_liner(&source, sys)),
        }
    }

    fn listen(&mut self, port: u16, answer: Answer, sys: &mut Sys<'_>) -> Turn {
        self.note(sys, &format!("as its text suggests a server listens on port {port}"));
        self.serving = Some((port, answer));
        Turn::Wait(Wait::Forever)
    }

    /// `go build -o app .`, `go run main.go`, `go mod download`.
    fn go(&mut self, sys: &mut Sys<'_>) -> Turn {
        let argv = self.argv.clone();
        match argv.get(1).map_or("", String::as_str) {
            "build" | "install" | "run" => {
                let mut sources = String::new();
                let dir = sys.cwd();
                for (name, _) in sys.fs().list(&dir).unwrap_or_default() {
                    if name.ends_with(".go") {
                        let bytes = sys.fs().read(&crate::fs::join(&dir, &name)).unwrap_or_default();
                        sources.push_str(&String::from_utf8_lossy(&bytes[..bytes.len().min(SOURCE_MAX)]));
                    }
                }
                if sources.is_empty() {
                    sys.err(&format!("no Go files in {dir}\n"));
                    return Turn::Exit(1);
                }
                let port = port_of(&sources, None);
                if argv[1] == "run" {
                    return match port {
                        Some(p) => self.listen(p, Answer::Text(answer_of(&sources)), sys),
                        None => Turn::Exit(0),
                    };
                }
                let out = argv.iter().position(|a| a == "-o").and_then(|i| argv.get(i + 1)).cloned();
                let out = out.unwrap_or_else(|| {
                    crate::fs::clean(&dir).rsplit('/').next().unwrap_or("app").to_string()
                });
                let path = crate::fs::clean(&sys.path(&out));
                let program = match port {
                    Some(p) => format!("served {p} {}", answer_of(&sources)),
                    None => "true".into(),
                };
                sys.machine_tree().put(&path, Node::program(&program, 7_400_000));
                Turn::Exit(0)
            }
            _ => Turn::Exit(0),
        }
    }
}

/// `1+2*3` without brackets.
fn arithmetic(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b"+-* ".contains(&b)) {
        return None;
    }
    let mut sum = 0i64;
    for (i, part) in text.split('+').enumerate() {
        let mut rest = 0i64;
        for (j, minus) in part.split('-').enumerate() {
            let mut product = 1i64;
            for factor in minus.split('*') {
                product = product.checked_mul(factor.trim().parse().ok()?)?;
            }
            rest = if j == 0 { product } else { rest.checked_sub(product)? };
        }
        let _ = i;
        sum = sum.checked_add(rest)?;
    }
    Some(sum)
}

impl Program for Script {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.serving.is_some() {
            return Turn::Wait(Wait::Forever);
        }
        self.begin(sys)
    }

    fn signal(&mut self, signal: Signal, _sys: &mut Sys<'_>) -> Reaction {
        match signal {
            // Built programs and python end at once; node as process 1 has no handler.
            Signal::Int => Reaction::Exit(130),
            _ => Reaction::Default,
        }
    }

    fn ports(&self) -> Vec<u16> {
        self.serving.iter().map(|s| s.0).collect()
    }

    fn serve(&mut self, _port: u16, request: &HttpRequest, sys: &mut Sys<'_>) -> Option<HttpResponse> {
        let (_, answer) = self.serving.as_ref()?;
        Some(match answer {
            Answer::Text(t) => {
                let kind = if t.trim_start().starts_with('<') {
                    "text/html; charset=utf-8"
                } else {
                    "text/plain; charset=utf-8"
                };
                HttpResponse::text(200, kind, t.clone())
            }
            Answer::Files(dir) => {
                let path = crate::fs::clean(&format!("{dir}/{}", request.path()));
                let index = format!("{}/index.html", path.trim_end_matches('/'));
                let found = if sys.fs().is_dir(&path) { sys.fs().read(&index) } else { sys.fs().read(&path) };
                match found {
                    Ok(body) => HttpResponse::text(200, "text/html", body),
                    Err(_) if sys.fs().is_dir(&path) => {
                        let names = sys.fs().list(&path).unwrap_or_default();
                        let items: String = names
                            .iter()
                            .map(|(n, _)| format!("<li><a href=\"{n}\">{n}</a></li>\n"))
                            .collect();
                        HttpResponse::text(
                            200,
                            "text/html; charset=utf-8",
                            format!(
                                "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<title>Directory listing for {p}</title>\n</head>\n<body>\n<h1>Directory listing for {p}</h1>\n<hr>\n<ul>\n{items}</ul>\n<hr>\n</body>\n</html>\n",
                                p = request.path()
                            ),
                        )
                    }
                    Err(_) => HttpResponse::text(
                        404,
                        "text/html;charset=utf-8",
                        "<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <title>Error response</title>\n    </head>\n    <body>\n        <h1>Error response</h1>\n        <p>Error code: 404</p>\n        <p>Message: File not found.</p>\n    </body>\n</html>\n",
                    ),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_answers_are_read_from_the_text() {
        for (source, port, answer) in [
            (
                "const app = express();\napp.get('/', (req, res) => res.send('Hi there'));\napp.listen(3000);",
                Some(3000),
                "Hi there",
            ),
            (
                "from flask import Flask\n@app.route('/')\ndef f():\n    return 'Hello Flask'\napp.run(host='0.0.0.0', port=5001)",
                Some(5001),
                "Hello Flask",
            ),
            (
                "http.HandleFunc(\"/\", func(w, r) { fmt.Fprintf(w, \"Go!\\n\") })\nhttp.ListenAndServe(\":8081\", nil)",
                Some(8081),
                "Go!\n",
            ),
            ("print('x')", None, "Hello, World!"),
        ] {
            assert_eq!(port_of(source, None), port, "{source}");
            assert_eq!(answer_of(source), answer, "{source}");
        }
        assert_eq!(arithmetic("1+2*3-4"), Some(3));
        assert_eq!(arithmetic("a"), None);
    }
}
