//! `wheelhouse run DIR`: plays a scenario and prints its transcript.
//!
//! A transcript holds, for each command, its line, what it printed on both streams in the order written, and
//! `[exit N]` when it failed.

use std::path::{Path, PathBuf};

use cluster::Cluster;
use terminal::{Terminal, script};

use crate::scenario;

/// What `kubectl explain` says of fields.
pub(crate) const EXPLAIN: &str = include_str!("../../../assets/explain/en.json");

/// One played scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    pub transcript: String,
    /// The hash of the cluster's log of changes.
    pub log_hash: u64,
    /// Programs that were asked for and are not here, and how often.
    pub missing: Vec<(String, u32)>,
}

/// Plays the scenario in `directory`.
///
/// # Errors
/// When its files can't be read or understood.
pub fn play(directory: &Path, seed: u64) -> Result<Played, String> {
    let file = directory.join("cmds.txt");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let steps = script::parse(&text).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut cluster = Cluster::new(scenario::cluster_config(directory, seed)?);
    let mut terminal = Terminal::new();
    terminal.set_explain_texts(Some(EXPLAIN.into()));
    copy_files(directory, &mut terminal)?;
    let transcript = script::play(&steps, &mut cluster, &mut terminal);
    Ok(Played { transcript, log_hash: cluster.log_hash(), missing: terminal.missing(&cluster) })
}

/// Puts the scenario's files where the shell stands.
fn copy_files(directory: &Path, terminal: &mut Terminal) -> Result<(), String> {
    let mut pending = vec![(directory.to_path_buf(), String::new())];
    while let Some((from, to)) = pending.pop() {
        let entries = std::fs::read_dir(&from).map_err(|e| format!("{}: {e}", from.display()))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if to.is_empty() { name.clone() } else { format!("{to}/{name}") };
            if entry.path().is_dir() {
                pending.push((entry.path(), path));
            } else if !matches!(name.as_str(), "cmds.txt" | "expected.txt" | "cluster.yaml") {
                let bytes =
                    std::fs::read(entry.path()).map_err(|e| format!("{}: {e}", entry.path().display()))?;
                terminal.write_file(&path, &bytes).map_err(|e| format!("{path}: {e}"))?;
            }
        }
    }
    Ok(())
}

/// The command line.
///
/// # Errors
/// What is wrong with the arguments or a scenario.
pub fn main(arguments: &[String]) -> Result<(), String> {
    let (mut directories, mut out, mut seed, mut hash) = (Vec::new(), None, 1, false);
    let mut missing = false;
    let mut rest = arguments.iter();
    while let Some(a) = rest.next() {
        match a.as_str() {
            "--out" => out = Some(PathBuf::from(rest.next().ok_or("--out needs a directory")?)),
            "--seed" => {
                let text = rest.next().ok_or("--seed needs a number")?;
                seed = text.parse().map_err(|_| format!("--seed: not a number: {text}"))?;
            }
            "--hash" => hash = true,
            "--missing" => missing = true,
            flag if flag.starts_with('-') => return Err(format!("unknown flag: {flag}")),
            directory => directories.push(PathBuf::from(directory)),
        }
    }
    if directories.is_empty() {
        return Err("run needs the directory of a scenario".into());
    }
    for directory in directories {
        let played = play(&directory, seed)?;
        match &out {
            Some(out) => {
                let name = directory.file_name().unwrap_or_default();
                let to = out.join(name);
                std::fs::create_dir_all(&to).map_err(|e| format!("{}: {e}", to.display()))?;
                let file = to.join("expected.txt");
                std::fs::write(&file, &played.transcript).map_err(|e| format!("{}: {e}", file.display()))?;
            }
            None => print!("{}", played.transcript),
        }
        if missing {
            for (name, n) in &played.missing {
                println!("missing {name} {n}");
            }
        }
        if hash {
            println!("log {:016x}", played.log_hash);
        }
    }
    Ok(())
}

/// `log-hash --seed N FILE`: the hash of the log after playing a script on the playground's cluster.
///
/// # Errors
/// What is wrong with the arguments or the script.
pub fn log_hash(arguments: &[String]) -> Result<(), String> {
    let (seed, file) = match arguments {
        [flag, seed, file] if flag == "--seed" => {
            (seed.parse().map_err(|_| format!("--seed: not a number: {seed}"))?, file)
        }
        [file] => (1, file),
        _ => return Err("log-hash needs a script: log-hash [--seed N] FILE".into()),
    };
    let text = std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    println!("{:016x}", script::log_hash(seed, &text)?);
    Ok(())
}
