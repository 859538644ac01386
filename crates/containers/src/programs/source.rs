//! `python`, `node`, `ruby`, `php` and `go`: one-liners of the usual kinds, and servers as far as their text tells; busybox's `httpd`.
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
    running: Option<super::oneliner::Run>,
}

#[derive(Clone)]
enum Answer {
    Text(String),
    /// Files below the working directory, as `http.server` does.
    Files(String),
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Script { argv: argv.to_vec(), serving: None, running: None })
}

/// busybox's `httpd -f -p PORT -h DIR`. Without `-f` it goes on in the background.
pub(super) fn httpd(argv: &[String]) -> Box<dyn Program> {
    Box::new(Script { argv: argv.to_vec(), serving: None, running: None })
}

/// A built program of which only the port and the answer are left: `served PORT TEXT`.
pub(super) fn served(rest: &str, argv: &[String], _env: &Env) -> Task {
    let (port, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let serving = port.parse().ok().map(|p| (p, Answer::Text(text.to_string())));
    Task::Program(Box::new(Script { argv: argv.to_vec(), serving, running: None }))
}

/// What a Go program's `fmt.Println("..")` and `fmt.Printf("..")` of plain texts print, from the first to the last.
fn printed_by(source: &str) -> String {
    let mut out = String::new();
    for (i, _) in source.match_indices("fmt.Print") {
        let rest = &source[i + 9..];
        let Some((kind, _)) = rest.split_once('(').filter(|(k, _)| matches!(*k, "ln" | "f" | "")) else {
            continue;
        };
        if let Some(text) = quoted(rest, "(") {
            out.push_str(&text);
            if kind == "ln" {
                out.push('\n');
            }
        }
    }
    out
}

/// A built program that only prints.
pub(super) fn says(text: &str) -> Task {
    Task::Program(Box::new(Says(text.to_string())))
}

#[derive(Clone)]
struct Says(String);

impl Program for Says {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        sys.out(self.0.as_str());
        Turn::Exit(0)
    }
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

/// The version a program tells: the one behind its image's tag.
fn version(name: &str, tag: &str) -> String {
    let of = |product: &str| crate::images::versions::version(product, tag);
    let major =
        tag.split(['.', '-']).next().filter(|t| t.bytes().all(|b| b.is_ascii_digit()) && !t.is_empty());
    match name {
        n if n.starts_with("python") => format!("Python {}\n", of("python")),
        "node" => format!("v{}\n", of("node")),
        "ruby" => "ruby 3.3.6 (2024-11-05 revision 75015d4c1f) [x86_64-linux]\n".into(),
        "php" => format!("PHP {} (cli)\n", of("php")),
        "java" => match major {
            Some("8") => "openjdk version \"1.8.0_342\"\n".into(),
            Some("11") => "openjdk version \"11.0.16\" 2022-07-19\n".into(),
            Some("17") => "openjdk version \"17.0.2\" 2022-01-18\n".into(),
            _ => "openjdk version \"21.0.5\" 2024-10-15\n".into(),
        },
        _ => format!("go version go{} linux/amd64\n", of("go")),
    }
}

impl Script {
    fn note(&self, sys: &mut Sys<'_>, what: &str) {
        let name = super::short_name(&self.argv[0]).to_string();
        sys.err(&format!("simulated: {name} programs are not run here; {what}\n"));
    }

    /// Statements are carried out one by one, as far as they are known here.
    fn run_text(&mut self, code: &str, sys: &mut Sys<'_>) -> Turn {
        self.running = Some(super::oneliner::Run::new(code));
        self.go_on(sys)
    }

    fn go_on(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(run) = &mut self.running else { return Turn::Exit(0) };
        let turn = run.step(sys);
        if let Some(what) = run.unknown.take() {
            self.note(sys, &format!("this is not understood: {what}"));
        }
        turn
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Turn {
        let name = super::short_name(&self.argv[0]).to_string();
        let argv = self.argv.clone();
        let arg = argv.get(1).map_or("", String::as_str);
        if name == "httpd" {
            return self.httpd(sys);
        }
        match arg {
            "--version" | "-V" | "-v" | "version" | "-version" => {
                let text = version(&name, &sys.machine().image.tag);
                sys.out(text);
                return Turn::Exit(0);
            }
            "-c" | "-e" | "-r" | "-p" => {
                let code = argv.get(2).cloned().unwrap_or_default();
                if let Some(port) = port_of(&code, None) {
                    return self.listen(port, Answer::Text(answer_of(&code)), sys);
                }
                let code = if arg == "-p" { format!("console.log({code})") } else { code };
                return self.run_text(&code, sys);
            }
            "-S" if name == "php" => {
                let at = argv.get(2).cloned().unwrap_or_default();
                let port = at.rsplit(':').next().and_then(|p| p.parse().ok()).unwrap_or(8000);
                let now = super::date_text(sys.now(), "%a %b %e %T %Y");
                sys.err(&format!("[{now}] PHP 8.3.14 Development Server (http://{at}) started\n"));
                let root = argv.iter().position(|a| a == "-t").and_then(|i| argv.get(i + 1)).cloned();
                let dir = root.map_or_else(|| sys.cwd(), |r| sys.path(&r));
                self.serving = Some((port, Answer::Files(dir)));
                return Turn::Wait(Wait::Forever);
            }
            "-m" if argv.get(2).is_some_and(|m| m == "http.server") => {
                let port = argv.iter().skip(3).find_map(|a| a.parse().ok()).unwrap_or(8000);
                let given = argv.iter().position(|a| a == "-d" || a == "--directory");
                let given = given.and_then(|i| argv.get(i + 1)).cloned();
                sys.out(format!("Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...\n"));
                let dir = given.map_or_else(|| sys.cwd(), |d| sys.path(&d));
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
            None => self.run_text(&source, sys),
        }
    }

    fn httpd(&mut self, sys: &mut Sys<'_>) -> Turn {
        let args = match super::args::Args::parse(sys, &self.argv, "fivp:h:c:u:r:") {
            Ok(args) => args,
            Err(text) => return Turn::Exit(super::usage(sys, &text)),
        };
        if !args.has('f') {
            let mut argv = self.argv.clone();
            argv.insert(1, "-f".into());
            return Turn::Exit(i32::from(sys.spawn(&argv, None).is_err()));
        }
        let port = args.value('p').map_or("80", |p| p.rsplit(':').next().unwrap_or(p));
        let Ok(port) = port.parse() else {
            return Turn::Exit(super::usage(sys, "httpd: bad port\n"));
        };
        let dir = args.value('h').map_or_else(|| sys.cwd(), |d| sys.path(d));
        self.serving = Some((port, Answer::Files(dir)));
        Turn::Wait(Wait::Forever)
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
                let printed = printed_by(&sources);
                if argv[1] == "run" {
                    return match port {
                        Some(p) => self.listen(p, Answer::Text(answer_of(&sources)), sys),
                        None => {
                            sys.out(printed);
                            Turn::Exit(0)
                        }
                    };
                }
                let out = argv.iter().position(|a| a == "-o").and_then(|i| argv.get(i + 1)).cloned();
                let out = out.unwrap_or_else(|| {
                    crate::fs::clean(&dir).rsplit('/').next().unwrap_or("app").to_string()
                });
                let path = crate::fs::clean(&sys.path(&out));
                let program = match port {
                    Some(p) => format!("served {p} {}", answer_of(&sources)),
                    None => format!("says {printed}"),
                };
                sys.machine_tree().put(&path, Node::program(&program, 7_400_000));
                Turn::Exit(0)
            }
            _ => Turn::Exit(0),
        }
    }
}

impl Program for Script {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.serving.is_some() {
            return Turn::Wait(Wait::Forever);
        }
        if self.running.is_some() {
            return self.go_on(sys);
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
    }
}
