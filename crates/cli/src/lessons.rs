//! `wheelhouse check`, `pack` and `new lesson`: lesson folders on disk.
//!
//! Owns: reading and writing files, and what is printed. What a lesson is, and its proof, is course's.

use std::path::{Path, PathBuf};

use course::author::{self, Files};

/// Where lessons are, seen from the root of the project.
const LESSONS: &str = "lessons";

/// Arguments that all three commands share.
struct Arguments {
    lessons: PathBuf,
    out: Option<PathBuf>,
    accept: bool,
    words: Vec<String>,
}

fn arguments(given: &[String]) -> Result<Arguments, String> {
    let mut all = Arguments { lessons: LESSONS.into(), out: None, accept: false, words: Vec::new() };
    let mut rest = given.iter();
    while let Some(a) = rest.next() {
        match a.as_str() {
            "--lessons" => all.lessons = rest.next().ok_or("--lessons needs a directory")?.into(),
            "--out" => all.out = Some(rest.next().ok_or("--out needs a directory")?.into()),
            "--accept" => all.accept = true,
            flag if flag.starts_with('-') => return Err(format!("unknown flag: {flag}")),
            word => all.words.push(word.to_owned()),
        }
    }
    Ok(all)
}

/// Every text below a directory of lessons.
///
/// # Errors
/// When a file can't be read, or is no text.
pub fn read(directory: &Path) -> Result<Files, String> {
    let mut files = Files::new();
    let mut pending = vec![(directory.to_path_buf(), String::new())];
    while let Some((from, to)) = pending.pop() {
        let entries = std::fs::read_dir(&from).map_err(|e| format!("{}: {e}", from.display()))?;
        for entry in entries {
            let entry = entry.map_err(|e| format!("{}: {e}", from.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let path = if to.is_empty() { name } else { format!("{to}/{name}") };
            if entry.path().is_dir() {
                pending.push((entry.path(), path));
            } else {
                let text = std::fs::read_to_string(entry.path())
                    .map_err(|e| format!("{}: {e}", entry.path().display()))?;
                files.insert(path, text);
            }
        }
    }
    Ok(files)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    // An unchanged file keeps its time, so that watchers stay quiet.
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    std::fs::write(path, text).map_err(failed)
}

/// Which lessons are meant: those named, by slug or by path, or all.
fn chosen(files: &Files, words: &[String]) -> Result<Vec<String>, String> {
    let all = author::slugs(files);
    if words.is_empty() {
        return Ok(all);
    }
    let slug = |word: &String| word.trim_end_matches('/').rsplit('/').next().unwrap_or(word).to_owned();
    let named: Vec<String> = words.iter().map(slug).collect();
    match named.iter().find(|n| !all.contains(n)) {
        Some(unknown) => Err(format!("no lesson is called {unknown}; there are: {}", all.join(", "))),
        None => Ok(named),
    }
}

/// `wheelhouse check [--lessons DIR] [--accept] [LESSON...]`
///
/// # Errors
/// How many problems were found; they are printed one a line, with file, line and column.
pub fn check(given: &[String]) -> Result<(), String> {
    let given = arguments(given)?;
    let mut files = read(&given.lessons)?;
    let slugs = chosen(&files, &given.words)?;
    if slugs.is_empty() {
        return Err(format!("{}: no lessons here", given.lessons.display()));
    }
    let mut found = 0;
    for slug in &slugs {
        if given.accept
            && let Ok(text) = author::accept(&files, slug)
        {
            let name = format!("{slug}/ko.md");
            write(&given.lessons.join(&name), &text)?;
            files.insert(name, text);
        }
        let problems = author::check(&files, slug);
        found += problems.len();
        for problem in &problems {
            println!("{}", given.lessons.join(problem.to_string()).display());
        }
        if problems.is_empty() {
            println!("ok {slug}");
        }
    }
    if given.words.is_empty() {
        let problems = author::check_course(&files);
        found += problems.len();
        for problem in &problems {
            println!("{}", given.lessons.join(problem.to_string()).display());
        }
    }
    if found == 0 {
        Ok(())
    } else {
        Err(format!("{} in {}", counted(found, "problem"), counted(slugs.len(), "lesson")))
    }
}

/// `wheelhouse pack --out DIR [--lessons DIR]`: what the page downloads.
///
/// # Errors
/// What was left out because it is broken; all else is written.
pub fn pack(given: &[String]) -> Result<(), String> {
    let given = arguments(given)?;
    let out = given.out.ok_or("pack needs --out DIR")?;
    let packed = author::pack(&read(&given.lessons)?);
    for (name, text) in &packed.files {
        write(&out.join(name), text)?;
    }
    for problem in &packed.problems {
        eprintln!("{}", given.lessons.join(problem.to_string()).display());
    }
    match packed.problems.len() {
        0 => Ok(()),
        n => Err(format!("{}; lessons that have any are left out", counted(n, "problem"))),
    }
}

/// `wheelhouse new lesson SLUG [--lessons DIR]`
///
/// # Errors
/// When the slug is none or taken, or files can't be written.
pub fn new(given: &[String]) -> Result<(), String> {
    let given = arguments(given)?;
    let [what, slug] = &given.words[..] else { return Err("new needs: lesson SLUG".into()) };
    if what != "lesson" {
        return Err(format!("{what:?} can't be made: lesson can"));
    }
    for (name, text) in author::new_lesson(&read(&given.lessons)?, slug)? {
        let path = given.lessons.join(name);
        write(&path, &text)?;
        println!("{}", path.display());
    }
    Ok(())
}

fn counted(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}
