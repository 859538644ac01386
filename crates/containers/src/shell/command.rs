//! Simple commands: assignments, functions, builtins and programs.

use std::sync::Arc;

use super::ast::{AssignValue, Command, Kind};
use super::builtins;
use super::expand::{Expander, Stop};
use super::interp::Frame;
use super::redirect::{Redirects, targets};
use super::{Dialect, Shell, Value, Var};
use crate::machine::{Sys, Turn};

/// Name, whether it is appended, and items with their keys.
type ArrayAssign = (String, bool, Vec<(Option<String>, String)>);

/// A simple command, its words expanded.
struct Plan {
    argv: Vec<String>,
    assigns: Vec<(String, String)>,
    arrays: Vec<ArrayAssign>,
    redirects: Redirects,
}

impl Shell {
    pub(super) fn simple(&mut self, sys: &mut Sys<'_>, command: Arc<Command>, outputs: Vec<String>) -> Turn {
        let expanded = {
            let mut x = Expander::new(self, sys, &outputs);
            plan(&mut x, &command).map(|p| (p, x.assigned))
        };
        let (plan, assigned) = match expanded {
            Ok(done) => done,
            Err(stop) => return self.stopped(sys, stop, command, outputs),
        };
        if let Err(e) = self.apply_assigned(assigned) {
            return self.fatal(sys, &e);
        }
        if self.options.xtrace {
            self.trace(sys, &plan);
        }
        let Plan { argv, assigns, arrays, redirects, .. } = plan;
        if argv.is_empty() {
            if outputs.is_empty() {
                self.status = 0;
            }
            for (name, append, items) in arrays {
                self.assign_array(&name, append, items);
            }
            for (name, value) in assigns {
                if let Err(e) = self.set(&name, value) {
                    return self.fatal(sys, &e);
                }
            }
            match self.redirect(sys, redirects) {
                Ok(saved) => sys.restore(saved),
                Err(()) => {
                    self.status = 1;
                }
            }
            return self.check_errexit(sys);
        }
        let name = argv[0].as_str();
        let function = self.functions.get(name).cloned();
        let builtin = function.is_none() && builtins::is_builtin(name);
        let saved = match self.redirect(sys, redirects) {
            Ok(saved) => saved,
            Err(()) => {
                self.status = if self.dialect == Dialect::Dash { 2 } else { 1 };
                if builtins::is_special(name) && self.dialect != Dialect::Bash && !self.prompt {
                    return self.stop(sys, self.status);
                }
                return self.check_errexit(sys);
            }
        };
        if function.is_some() || builtin {
            if argv[0] == "exec" && argv.len() == 1 {
                sys.forget(saved);
                self.status = 0;
                return Turn::More;
            }
            if !saved.is_empty() {
                self.frames.push(Frame::Redirects { saved });
            }
            if !assigns.is_empty() {
                let keep = builtins::is_special(name) && self.dialect != Dialect::Bash;
                let mut old = Vec::new();
                for (name, value) in assigns {
                    old.push((name.clone(), self.vars.get(&name).cloned()));
                    if let Err(e) = self.set(&name, value) {
                        return self.fatal(sys, &e);
                    }
                    if let Some(v) = Arc::make_mut(&mut self.vars).get_mut(&name) {
                        v.exported = true;
                    }
                }
                self.env = None;
                if !keep {
                    self.frames.push(Frame::Restore { vars: old });
                }
            }
            if let Some(body) = function {
                let args = std::mem::replace(&mut self.args, argv[1..].to_vec());
                self.frames.push(Frame::Function { args, locals: Vec::new() });
                self.frames.push(Frame::Eval { command: body, outputs: Vec::new() });
                return Turn::More;
            }
            let done = builtins::run(self, sys, &argv);
            return self.finish_builtin(sys, done);
        }
        let mut env = self.environment();
        if !assigns.is_empty() {
            Arc::make_mut(&mut env).extend(assigns);
        }
        let turn = if self.can_become() {
            sys.forget(saved);
            return Turn::Exec(argv, Some(env));
        } else {
            match sys.spawn(&argv, Some(env)) {
                Ok(pid) => {
                    self.frames.push(Frame::Child { pid });
                    Turn::More
                }
                Err(error) => {
                    let (text, code) = self.exec_error(&error);
                    sys.err(&text);
                    self.status = code;
                    self.check_errexit(sys)
                }
            }
        };
        sys.restore(saved);
        turn
    }

    /// A shell with nothing left to do after this command turns into it.
    fn can_become(&self) -> bool {
        self.tail && self.frames.is_empty() && self.traps.values().all(String::is_empty) && !self.prompt
    }

    fn trace(&self, sys: &mut Sys<'_>, plan: &Plan) {
        let special = |c: char| match self.dialect {
            Dialect::Ash => c < '+' || matches!(c, ';'..='?' | '`' | '[' | '\\') || c > 'z',
            Dialect::Dash => false,
            Dialect::Bash => c.is_whitespace() || "'\"$`\\|&;<>()*?[]#~".contains(c),
        };
        let quote = |t: &String| {
            if (t.is_empty() && self.dialect == Dialect::Bash) || t.contains(special) {
                format!("'{}'", t.replace('\'', "'\\''"))
            } else {
                t.clone()
            }
        };
        let mut words: Vec<String> = plan.assigns.iter().map(|(n, v)| format!("{n}={}", quote(v))).collect();
        words.extend(plan.argv.iter().map(quote));
        if !words.is_empty() {
            sys.err(&format!("+ {}\n", words.join(" ")));
        }
    }

    pub(super) fn assign_array(&mut self, name: &str, append: bool, items: Vec<(Option<String>, String)>) {
        let assoc = self.is_assoc(name);
        if !append {
            let empty =
                if assoc { Value::Assoc(Default::default()) } else { Value::Array(Default::default()) };
            let vars = Arc::make_mut(&mut self.vars);
            let var =
                vars.entry(name.into()).or_insert(Var { value: None, exported: false, read_only: false });
            var.value = Some(empty);
        }
        let mut next =
            self.keys(name).iter().filter_map(|k| k.parse::<i64>().ok()).max().map_or(0, |k| k + 1);
        for (key, value) in items {
            let key = match key {
                Some(key) => {
                    next = key.parse::<i64>().unwrap_or(next) + 1;
                    key
                }
                None => {
                    next += 1;
                    (next - 1).to_string()
                }
            };
            let _ = self.set(&format!("{name}[{key}]"), value);
        }
    }
}

fn plan(x: &mut Expander<'_, '_>, command: &Command) -> Result<Plan, Stop> {
    let Kind::Simple { assigns, words } = &command.kind else {
        return Err(Stop::Error("not a simple command".into()));
    };
    let argv = x.words(words)?;
    let redirects = targets(x, &command.redirects)?;
    let mut plan = Plan { argv, assigns: Vec::new(), arrays: Vec::new(), redirects };
    for assign in assigns {
        match &assign.value {
            AssignValue::Word(word) => {
                let mut name = assign.name.clone();
                if let Some(index) = &assign.index {
                    let key = x.text(index)?;
                    let key = if x.shell.is_assoc(&name) {
                        key
                    } else {
                        super::arith::evaluate(&key, x).map_err(Stop::Error)?.to_string()
                    };
                    name = format!("{name}[{key}]");
                }
                let mut value = x.text(word)?;
                if assign.append {
                    let old = super::arith::Variables::get(x, &name);
                    value = old + &value;
                }
                if plan.argv.is_empty() {
                    x.assigned.insert(name.clone(), value.clone());
                }
                plan.assigns.push((name, value));
            }
            AssignValue::Array(items) => {
                let mut values = Vec::new();
                for (key, word) in items {
                    match key {
                        Some(key) => values.push((Some(x.text(key)?), x.text(word)?)),
                        None => {
                            let words = x.words(std::slice::from_ref(word))?;
                            values.extend(words.into_iter().map(|w| (None, w)));
                        }
                    }
                }
                plan.arrays.push((assign.name.clone(), assign.append, values));
            }
        }
    }
    // What a bare assignment sets goes through the plan, so that read-only variables are noticed in order.
    if plan.argv.is_empty() {
        for (name, _) in &plan.assigns {
            x.assigned.remove(name);
        }
    }
    Ok(plan)
}
