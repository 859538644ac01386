//! `basename`, `dirname`, `pwd`, `which`.

use crate::machine::Sys;

pub(super) fn basename(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let Some(path) = argv.get(1) else { return super::usage(sys, "basename: missing operand\n") };
    let trimmed = path.trim_end_matches('/');
    let mut name = if trimmed.is_empty() && path.starts_with('/') { "/" } else { super::short_name(trimmed) };
    if let Some(suffix) = argv.get(2)
        && name != suffix
    {
        name = name.strip_suffix(suffix.as_str()).unwrap_or(name);
    }
    sys.out(format!("{name}\n"));
    0
}

pub(super) fn dirname(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let Some(path) = argv.get(1) else { return super::usage(sys, "dirname: missing operand\n") };
    let trimmed = path.trim_end_matches('/');
    let dir = match trimmed.rfind('/') {
        Some(i) => trimmed[..i].trim_end_matches('/'),
        None if trimmed.is_empty() && !path.is_empty() => "",
        None => ".",
    };
    sys.out(format!("{}\n", if dir.is_empty() { "/" } else { dir }));
    0
}

pub(super) fn pwd(sys: &mut Sys<'_>, _argv: &[String]) -> i32 {
    let cwd = sys.cwd();
    sys.out(format!("{cwd}\n"));
    0
}

pub(super) fn which_program(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let path = sys.var("PATH").unwrap_or_default();
    let mut code = 0;
    for name in argv[1..].iter().filter(|a| !a.starts_with('-')) {
        match super::which(sys, &path, name) {
            Some(found) => sys.out(format!("{found}\n")),
            None if sys.provides(name) => sys.out(format!("/usr/local/bin/{name}\n")),
            None => code = 1,
        }
    }
    code
}
