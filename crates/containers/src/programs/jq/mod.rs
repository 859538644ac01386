//! `jq`: values in, a filter over each, values out.
//!
//! Owns: options and output; the language is below. Input is worked on once it has ended. Not modelled: modules, `label`,
//! destructuring, `$__loc__`, `getpath` in assignments with several results, `--stream`, `--seq`, colours.

mod builtins;
mod eval;
mod parse;
mod value;

use std::collections::VecDeque;
use std::sync::Arc;

use self::eval::{At, Meaning, Names, Run, Stop};
use self::value::{Json, Reader};
use super::args::Args;
use super::gather::{Gathered, Job, Tool, all_of_it, gather, no_end};
use crate::machine::{Program, Sys};

/// What jq defines in its own language.
const PRELUDE: &str = include_str!("prelude.jq");

static TOOL: Tool = Tool { spec: "rcsnejaSRMCf:", files, finish, part: all_of_it, enough: no_end };

/// Options with two values become one word here, `--arg=NAME=VALUE`.
pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    let mut words = Vec::new();
    let mut rest = argv.iter();
    while let Some(word) = rest.next() {
        let name = word.trim_start_matches('-');
        match name {
            "arg" | "argjson" if word.starts_with("--") => {
                let (name_of, value) = (rest.next(), rest.next());
                words.push(format!("{word}={}={}", name_of.map_or("", |n| n), value.map_or("", |v| v)));
            }
            "indent" if word.starts_with("--") => {
                words.push(format!("{word}={}", rest.next().map_or("2", |n| n)));
            }
            "args" | "jsonargs" if word.starts_with("--") => {
                words.extend(rest.by_ref().map(|w| format!("--args={w}")));
            }
            _ => words.push(word.clone()),
        }
    }
    gather(&TOOL, &words)
}

fn has(args: &Args, short: char, long: &str) -> bool {
    args.has(short) || args.long(long)
}

fn files(args: &Args) -> Vec<String> {
    let operands = if args.value('f').is_some() { 0 } else { 1 };
    let files = args.rest.get(operands..).unwrap_or_default();
    let asks = args.rest.first().is_some_and(|f| f.contains("input"));
    if has(args, 'n', "null-input") && files.is_empty() && !asks {
        vec!["/dev/null".into()]
    } else {
        files.to_vec()
    }
}

/// Values of `--arg` and its like, by name.
fn variables(args: &Args, sys: &Sys<'_>) -> Result<Vec<(String, Json)>, String> {
    let mut all = Vec::new();
    let mut named = Json::Map(Arc::default());
    for pair in args.long_values("arg") {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        all.push((name.to_string(), Json::text(value)));
    }
    for pair in args.long_values("argjson") {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        match (Reader { text, at: 0 }).next() {
            Some(Ok(v)) => all.push((name.to_string(), v)),
            _ => return Err(format!("jq: Invalid JSON text passed to --argjson\n{USAGE}")),
        }
    }
    for (name, v) in &all {
        named.set(name, v.clone());
    }
    let mut env = Json::Map(Arc::default());
    for (name, value) in sys.env().iter() {
        env.set(name, Json::text(value));
    }
    let mut arguments = Json::Map(Arc::default());
    arguments.set("positional", Json::list(args.long_values("args").map(Json::text).collect()));
    arguments.set("named", named);
    all.push(("ENV".into(), env));
    all.push(("ARGS".into(), arguments));
    Ok(all)
}

const USAGE: &str = "Use jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://jqlang.github.io/jq\n";

/// All that the input holds, as far as it is JSON.
fn inputs(args: &Args, all: &Gathered) -> (VecDeque<Json>, Option<String>) {
    let text: String = all.iter().map(|(_, data)| String::from_utf8_lossy(data).into_owned()).collect();
    let raw = has(args, 'R', "raw-input");
    let slurped = has(args, 's', "slurp");
    let mut failed = None;
    let values: Vec<Json> = if raw && slurped {
        return ([Json::text(&text)].into(), None);
    } else if raw {
        text.lines().map(Json::text).collect()
    } else {
        let mut reader = Reader { text: &text, at: 0 };
        let mut values = Vec::new();
        while let Some(next) = reader.next() {
            match next {
                Ok(v) => values.push(v),
                Err(why) => {
                    failed = Some(format!("jq: parse error: {why}\n"));
                    break;
                }
            }
        }
        values
    };
    if slurped { ([Json::list(values)].into(), failed) } else { (values.into(), failed) }
}

type Inside<'f> = &'f mut dyn FnMut(&mut Run, &Names<'_>) -> eval::Done;

/// Goes on among the names that the prelude defines.
fn among(run: &mut Run, library: &parse::Filter, names: &Names<'_>, f: Inside<'_>) -> eval::Done {
    match library {
        parse::Filter::Define(def, rest) => {
            let meaning = Meaning::Function(def);
            let inner = Names { name: &def.name, arity: def.params.len(), meaning, up: Some(names) };
            among(run, rest, &inner, f)
        }
        _ => f(run, names),
    }
}

fn with_variables(
    run: &mut Run,
    variables: &[(String, Json)],
    names: &Names<'_>,
    f: Inside<'_>,
) -> eval::Done {
    match variables.split_first() {
        Some(((name, v), rest)) => {
            let inner = Names { name, arity: 0, meaning: Meaning::Value(v.clone()), up: Some(names) };
            with_variables(run, rest, &inner, f)
        }
        None => f(run, names),
    }
}

fn finish(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    let args = &job.args;
    if args.long("version") {
        sys.out("jq-1.7.1\n");
        return 0;
    }
    let text = match (args.value('f'), args.rest.first()) {
        (Some(file), _) => {
            let path = sys.path(file);
            match sys.fs().read(&path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(e) => {
                    sys.err(&format!("jq: error: Could not open {file}: {e}\n"));
                    return 2;
                }
            }
        }
        (None, Some(text)) => text.clone(),
        (None, None) => {
            sys.err(&format!("Usage:\tjq [OPTIONS] FILTER [FILES...]\n{USAGE}"));
            return 2;
        }
    };
    let filter = match parse::parse(&text) {
        Ok(f) => f,
        Err(why) => {
            sys.err(&format!("jq: error: {why} at <top-level>, line 1:\n{text}\njq: 1 compile error\n"));
            return 3;
        }
    };
    let variables = match variables(args, sys) {
        Ok(v) => v,
        Err(text) => {
            sys.err(&text);
            return 2;
        }
    };
    let Ok(library) = parse::parse(PRELUDE) else { return 5 };
    let (mut given, failed) = inputs(args, &all);
    let null = has(args, 'n', "null-input");
    let mut run = Run::new((sys.now().0 / 1000) as f64);
    if null {
        run.inputs = std::mem::take(&mut given);
        given.push_back(Json::Null);
    }
    let indent = match args.long_value("indent").and_then(|n| n.parse().ok()) {
        _ if has(args, 'c', "compact-output") => None,
        _ if args.long("tab") => Some("\t".to_string()),
        Some(n) => Some(" ".repeat(std::cmp::min(n, 7))),
        None => Some("  ".to_string()),
    };
    let raw = has(args, 'r', "raw-output") || has(args, 'j', "join-output");
    let (joined, sorted) = (has(args, 'j', "join-output"), has(args, 'S', "sort-keys"));
    let (mut code, mut last) = (0, None);
    let nothing = Names { name: "", arity: 0, meaning: Meaning::Value(Json::Null), up: None };
    if !null {
        run.inputs = given;
        given = VecDeque::new();
    }
    while let Some(input) = if null { given.pop_front() } else { run.inputs.pop_front() } {
        let mut out = String::new();
        let fuel = run.fuel;
        let done = with_variables(&mut run, &variables, &nothing, &mut |run, names| {
            among(run, &library, names, &mut |run, names| {
                run.depth = 0;
                run.eval(&filter, names, At::plain(input.clone()), &mut |_, v| {
                    match &v.value {
                        Json::Text(t) if raw => out.push_str(t),
                        v => out.push_str(&v.print(indent.as_deref(), sorted)),
                    }
                    if !joined {
                        out.push('\n');
                    }
                    last = Some(v.value);
                    Ok(())
                })
            })
        });
        sys.charge((fuel - run.fuel) >> 5);
        run.fuel = fuel;
        sys.out(out);
        if let Err(Stop::Undefined(name)) = &done {
            sys.err(&format!(
                "jq: error: {name} is not defined at <top-level>, line 1:\n{text}\njq: 1 compile error\n"
            ));
            return 3;
        }
        if let Err(Stop::Error(e)) = done {
            let text = match &e {
                Json::Text(t) => t.to_string(),
                other => format!("{} (not a string)", other.print(None, false)),
            };
            sys.err(&format!("jq: error (at <stdin>:0): {text}\n"));
            code = 5;
        }
    }
    if let Some(text) = failed {
        sys.err(&text);
        return 2;
    }
    match last {
        _ if code != 0 || !has(args, 'e', "exit-status") => code,
        Some(v) => i32::from(!v.truth()),
        None => 4,
    }
}
