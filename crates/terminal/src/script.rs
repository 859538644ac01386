//! Scripts: commands, pauses and times to settle, played on a cluster of their own.
//!
//! Owns: the form of `cmds.txt` and playing it. Does not own: files and directories (the native binary).
//!
//! Lines: `$ COMMAND` (a here-document goes on over the following lines), `# comment`, `@settle`, `@sleep SECONDS`.

use std::fmt::Write as _;

use clock::Millis;
use cluster::Cluster;

use crate::Terminal;

/// What a command of the learner's takes besides what it waits for: starting kubectl and asking (estimate).
const COMMAND_MS: Millis = 60;
/// A command that has not ended after this long is interrupted.
const COMMAND_LIMIT_MS: Millis = 600_000;

/// One line of a script.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A shell command, several lines when it holds a here-document.
    Command(String),
    Settle,
    Sleep {
        ms: Millis,
    },
}

/// Takes a script apart.
///
/// # Errors
/// The first line that is none of the above, with its number.
pub fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((n, line)) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            let mut command = command.to_owned();
            if let Some(end) = here_document_end(&command) {
                for (_, more) in lines.by_ref() {
                    command.push('\n');
                    command.push_str(more);
                    if more.trim() == end {
                        break;
                    }
                }
            }
            steps.push(Step::Command(command));
        } else if line.trim() == "@settle" {
            steps.push(Step::Settle);
        } else if let Some(ms) = line.strip_prefix("@sleep ").and_then(span) {
            steps.push(Step::Sleep { ms });
        } else {
            return Err(format!("line {}: not a step: {line}", n + 1));
        }
    }
    Ok(steps)
}

/// Seconds, perhaps with a fraction.
fn span(text: &str) -> Option<Millis> {
    let seconds = text.trim().parse::<f64>().ok()?;
    (0.0..1.0e9).contains(&seconds).then_some((seconds * 1000.0) as Millis)
}

/// The word that ends the here-document a command line begins, if it begins one.
fn here_document_end(command: &str) -> Option<String> {
    let (_, rest) = command.split_once("<<")?;
    if rest.starts_with('<') {
        return None;
    }
    let word: String = rest
        .trim_start_matches('-')
        .trim_start()
        .chars()
        .take_while(|c| !c.is_whitespace() && !";|&)>".contains(*c))
        .filter(|c| !"'\"\\".contains(*c))
        .collect();
    (!word.is_empty()).then_some(word)
}

/// Plays a script on a cluster that has just begun, and returns the transcript: for each command its line, what it
/// printed on both streams in the order written, and `[exit N]` when it failed.
pub fn play(steps: &[Step], cluster: &mut Cluster, terminal: &mut Terminal) -> String {
    // The cluster has come up before the first command.
    cluster.advance(20_000);
    let mut transcript = String::new();
    for step in steps {
        match step {
            Step::Settle => cluster.settle(),
            Step::Sleep { ms } => drop(cluster.advance(*ms)),
            Step::Command(command) => run_command(command, cluster, terminal, &mut transcript),
        }
    }
    transcript
}

fn run_command(command: &str, cluster: &mut Cluster, terminal: &mut Terminal, transcript: &mut String) {
    let _ = writeln!(transcript, "$ {command}");
    // Each command is a shell of its own.
    terminal.restart_shell(false);
    for line in command.lines() {
        terminal.submit(line);
    }
    cluster.advance(COMMAND_MS);
    if !terminal.finish(cluster, COMMAND_LIMIT_MS) {
        terminal.interrupt();
        terminal.poll(cluster);
    }
    let mut printed = Vec::new();
    for output in terminal.take_output() {
        printed.extend(output.bytes);
    }
    let printed = String::from_utf8_lossy(&printed);
    transcript.push_str(&printed);
    if !printed.is_empty() && !printed.ends_with('\n') {
        transcript.push('\n');
    }
    if terminal.exit_code() != 0 {
        let _ = writeln!(transcript, "[exit {}]", terminal.exit_code());
    }
}

/// The hash of the log after playing a script on the playground's cluster with this seed.
///
/// # Errors
/// When the script can't be read.
pub fn log_hash(seed: u64, text: &str) -> Result<u64, String> {
    let steps = parse(text)?;
    let mut cluster = Cluster::new(cluster::ClusterConfig::playground(seed));
    play(&steps, &mut cluster, &mut Terminal::new());
    Ok(cluster.log_hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_with_a_here_document() {
        let text =
            "# a comment\n$ kubectl apply -f - <<'EOF'\nkind: Pod\nEOF\n@settle\n@sleep 1.5\n$ cat <<< x\n";
        assert_eq!(
            parse(text),
            Ok(vec![
                Step::Command("kubectl apply -f - <<'EOF'\nkind: Pod\nEOF".into()),
                Step::Settle,
                Step::Sleep { ms: 1500 },
                Step::Command("cat <<< x".into()),
            ])
        );
        assert_eq!(parse("@settl"), Err("line 1: not a step: @settl".into()));
        assert_eq!(parse("@sleep -1"), Err("line 1: not a step: @sleep -1".into()));
    }

    #[test]
    fn the_same_seed_gives_the_same_log() {
        let script = "$ kubectl create deployment web --image=nginx:1.25\n@settle\n";
        assert_eq!(log_hash(1, script), log_hash(1, script));
        assert_ne!(log_hash(1, script), log_hash(2, script));
    }
}
