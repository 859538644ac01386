//! The native binary's commands: `run`, `serve`, `bench`, `fuzz`, `commands`, `check`, `pack`, `new lesson`.
//!
//! Owns: what stands between the engine and a native process: arguments, files, the process's own clock.
//! Does not own: anything of the cluster.

pub mod bench;
pub mod commands;
pub mod fuzz;
pub mod lessons;
pub mod run;
pub mod scenario;
pub mod serve;

const HELP: &str = "wheelhouse: a Kubernetes cluster in a process

  wheelhouse run DIR...          play scenarios (cmds.txt in each DIR) and print their transcripts
      --out DIR                  write each transcript to DIR/NAME/expected.txt instead
      --seed N                   another seed (default 1)
      --missing                  list the commands that were asked for and are not here
      --hash                     print the hash of the event log last
  wheelhouse log-hash [--seed N] FILE   the hash of the event log after playing a script, as the page computes it
  wheelhouse serve               the playground's cluster over HTTPS in real time, for kubectl and client libraries
      --listen ADDRESS:PORT      where (default 127.0.0.1:6443; port 0: any)
      --nodes N                  N equal workers instead of the playground's nodes
      --speed S                  virtual seconds in a real one (default 1)
      --seed N                   another seed (default 1)
      --kubeconfig FILE          write the administrator's kubeconfig (default wheelhouse.kubeconfig)
  wheelhouse bench [NAME...]     measure; one JSON object a line
  wheelhouse fuzz TARGET         random inputs (shell, requests, yaml ...); a panic is a finding
      --count N  --seed N        how many, from which seed on
  wheelhouse commands DIR        run what a folder's manifests run in containers, and list what is missing here
      --all                      list every line with what it said
  wheelhouse check [LESSON...]   prove lessons: solvable, not solved already, both languages level
      --accept                   first seal the Korean text as a translation of the English one as it is
  wheelhouse pack --out DIR      write each lesson as one JSON file per language, and index.json
  wheelhouse new lesson SLUG     begin a lesson
      --lessons DIR              of these three: where the lessons are (default lessons)
";

/// Runs one command line; the exit code.
#[must_use]
pub fn main(arguments: &[String]) -> u8 {
    let result = match arguments.split_first().map(|(c, rest)| (c.as_str(), rest)) {
        Some(("run", rest)) => run::main(rest),
        Some(("log-hash", rest)) => run::log_hash(rest),
        Some(("serve", rest)) => serve::main(rest),
        Some(("bench", rest)) => bench::main(rest),
        Some(("fuzz", rest)) => fuzz::main(rest),
        Some(("commands", rest)) => commands::main(rest),
        Some(("check", rest)) => lessons::check(rest),
        Some(("pack", rest)) => lessons::pack(rest),
        Some(("new", rest)) => lessons::new(rest),
        Some(("help" | "--help" | "-h", _)) => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(HELP.to_owned()),
    };
    match result {
        Ok(()) => 0,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            1
        }
    }
}
