//! `export`, `readonly`, `local`, `declare` and `typeset`: variables with properties.

use std::sync::Arc;

use super::interp::Frame;
use super::parse::is_name;
use super::{Dialect, Shell, Value, Var};
use crate::machine::Sys;

pub(super) fn declare(shell: &mut Shell, sys: &mut Sys<'_>, which: &str, args: &[String]) -> i32 {
    let mut flags = String::new();
    let mut rest = args;
    while let Some(arg) = rest.first()
        && let Some(f) = arg.strip_prefix('-')
        && !f.is_empty()
    {
        flags.push_str(f);
        rest = &rest[1..];
    }
    if rest.is_empty() && which != "local" {
        let mut out = String::new();
        for (name, var) in shell.vars.iter() {
            let shown = match which {
                "export" => var.exported,
                "readonly" => var.read_only,
                _ => true,
            };
            if shown {
                let value = var.value.as_ref().and_then(|v| v.scalar()).unwrap_or_default();
                let quoted = value.replace('\'', "'\\''");
                if shell.dialect == Dialect::Bash {
                    let kind = if var.exported { "-x" } else { "--" };
                    out.push_str(&format!("declare {kind} {name}=\"{}\"\n", value.replace('"', "\\\"")));
                } else {
                    out.push_str(&format!("{which} {name}='{quoted}'\n"));
                }
            }
        }
        sys.out(out);
        return 0;
    }
    let mut status = 0;
    let mut at = 0;
    while let Some(arg) = rest.get(at) {
        at += 1;
        let (name, value) = match arg.split_once('=') {
            _ if arg.starts_with('\u{1}') => (arg.trim_start_matches("\u{1}array="), None),
            Some((n, v)) => (n, Some(v.to_string())),
            None => (arg.as_str(), None),
        };
        let (name, append) = match name.strip_suffix('+') {
            Some(n) => (n, true),
            None => (name, false),
        };
        if !is_name(name.split('[').next().unwrap_or(name)) {
            let text = match shell.dialect {
                Dialect::Bash => format!("{which}: `{arg}': not a valid identifier"),
                _ => format!("{which}: {name}: bad variable name"),
            };
            shell.fail(sys, &text);
            status = 1;
            continue;
        }
        let in_function = shell.has_frame(|f| matches!(f, Frame::Function { .. }));
        if (which == "local" || (matches!(which, "declare" | "typeset") && !flags.contains('g')))
            && in_function
        {
            let old = shell.vars.get(name).cloned();
            for frame in shell.frames_mut().iter_mut().rev() {
                if let Frame::Function { locals, .. } = frame {
                    if !locals.iter().any(|(n, _)| n == name) {
                        locals.push((name.to_string(), old));
                    }
                    break;
                }
            }
            if value.is_none() && which == "local" {
                shell.unset(name);
            }
        } else if which == "local" {
            shell.fail(
                sys,
                if shell.dialect == Dialect::Bash {
                    "local: can only be used in a function"
                } else {
                    "local: not in a function"
                },
            );
            return if shell.dialect == Dialect::Bash { 1 } else { 2 };
        }
        if let Some(value) = value {
            let value = if append { shell.get(name).unwrap_or_default() + &value } else { value };
            if let Err(e) = shell.set(name, value) {
                shell.fail(sys, &e);
                return 1;
            }
        }
        if arg.starts_with('\u{1}') {
            if flags.contains('A') {
                Arc::make_mut(&mut shell.vars).insert(
                    name.into(),
                    Var { value: Some(Value::Assoc(Default::default())), exported: false, read_only: false },
                );
            }
            let mut items = Vec::new();
            while let Some(item) = rest.get(at).and_then(|a| a.strip_prefix("\u{1}item=")) {
                at += 1;
                match item.strip_prefix('[').and_then(|i| i.split_once("]\u{1}")) {
                    Some((key, value)) => items.push((Some(key.to_string()), value.to_string())),
                    None => items.push((None, item.to_string())),
                }
            }
            shell.assign_array(name, false, items);
        }
        let vars = Arc::make_mut(&mut shell.vars);
        let var = vars.entry(name.into()).or_insert(Var { value: None, exported: false, read_only: false });
        if which == "export" || flags.contains('x') {
            var.exported = !flags.contains('n');
            shell.env = None;
        }
        if which == "readonly" || flags.contains('r') {
            var.read_only = true;
        }
        if var.value.is_none() && flags.contains('A') {
            var.value = Some(Value::Assoc(Default::default()));
        } else if var.value.is_none() && flags.contains('a') {
            var.value = Some(Value::Array(Default::default()));
        }
        shell.env = None;
    }
    status
}
