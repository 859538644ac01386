//! Transcripts hold: those of the project's own scenarios (tests/scenarios), and, where recordings of a real cluster
//! lie beside the checkout, those too, as far as tests/golden-passing.txt says that they are equal.
//!
//! `WHEELHOUSE_UPDATE=1 cargo test -p cli --test golden` writes what is expected anew. Read the difference then: a
//! transcript is right when the real kubectl and cluster would print it.
//! `WHEELHOUSE_GOLDEN` names another directory of recordings than `../shared/golden`.

mod normalise;
mod transcript;

use std::path::{Path, PathBuf};

use transcript::{difference, equal, keep, parse};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn updating() -> bool {
    std::env::var_os("WHEELHOUSE_UPDATE").is_some_and(|v| v == "1")
}

fn scenarios(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        entries.map(|e| e.path()).filter(|p| p.join("cmds.txt").is_file()).collect();
    found.sort();
    found
}

fn name(directory: &Path) -> String {
    directory.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn played(directory: &Path) -> String {
    wheelhouse::run::play(directory, 1).unwrap_or_else(|e| panic!("{e}")).transcript
}

#[test]
fn the_projects_own_scenarios_print_what_they_should() {
    let all = scenarios(&root().join("tests/scenarios"));
    assert!(all.len() >= 10, "only {} scenarios", all.len());
    let mut failed = String::new();
    for directory in all {
        let keep = keep(&directory);
        let file = directory.join("expected.txt");
        let transcript = played(&directory);
        let wanted = parse(&std::fs::read_to_string(&file).unwrap_or_default(), &keep);
        let got = parse(&transcript, &keep);
        if wanted == got {
            continue;
        }
        if updating() {
            std::fs::write(&file, transcript).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        } else {
            failed.push_str(&format!("{}\n{}", name(&directory), difference(&wanted, &got)));
        }
    }
    assert!(failed.is_empty(), "transcripts differ (WHEELHOUSE_UPDATE=1 writes them anew):\n{failed}");
}

const LIST_HEAD: &str = "\
# Which commands of the recorded scenarios print what a real cluster printed: how many of how many, then the numbers of
# those that do not yet. Written by: WHEELHOUSE_UPDATE=1 cargo test -p cli --test golden
";

/// One line of the list: `name 3 of 5, not 2 4`.
fn entry(name: &str, equal: &[bool]) -> String {
    let not: Vec<String> =
        equal.iter().enumerate().filter(|(_, e)| !**e).map(|(i, _)| (i + 1).to_string()).collect();
    let tail = if not.is_empty() { String::new() } else { format!(", not {}", not.join(" ")) };
    format!("{name} {} of {}{tail}", equal.len() - not.len(), equal.len())
}

/// The numbers of the commands that an entry says differ.
fn differing(entry: &str) -> Vec<usize> {
    let numbers = entry.split_once(", not ").map_or("", |(_, n)| n);
    numbers.split(' ').filter_map(|n| n.parse().ok()).collect()
}

#[test]
fn recordings_of_a_real_cluster_are_met_as_far_as_the_list_says() {
    let recordings =
        std::env::var_os("WHEELHOUSE_GOLDEN").map_or_else(|| root().join("../shared/golden"), PathBuf::from);
    let all = scenarios(&recordings);
    if all.is_empty() {
        return;
    }
    let file = root().join("tests/golden-passing.txt");
    let list = std::fs::read_to_string(&file).unwrap_or_default();
    let mut fresh = LIST_HEAD.to_owned();
    let (mut regressed, mut gained) = (String::new(), String::new());
    for directory in all {
        let keep = keep(&directory);
        let expected = directory.join("expected.txt");
        let wanted =
            std::fs::read_to_string(&expected).unwrap_or_else(|e| panic!("{}: {e}", expected.display()));
        let (wanted, got) = (parse(&wanted, &keep), parse(&played(&directory), &keep));
        let equal = equal(&wanted, &got);
        let now = entry(&name(&directory), &equal);
        fresh.push_str(&format!("{now}\n"));
        let prefix = format!("{} ", name(&directory));
        let before = list.lines().find(|l| l.starts_with(&prefix)).unwrap_or_default();
        if before == now {
            continue;
        }
        let (known, found) = (differing(before), differing(&now));
        let worse: Vec<&usize> = found.iter().filter(|n| !known.contains(n)).collect();
        if !before.is_empty() && !worse.is_empty() {
            regressed.push_str(&format!("{now} (the list: {before})\n"));
            for n in worse {
                regressed.push_str(&difference(&wanted[n - 1..*n], got.get(n - 1..*n).unwrap_or_default()));
            }
        } else {
            gained.push_str(&format!("{now} (the list: {before})\n"));
        }
    }
    if updating() {
        std::fs::write(&file, fresh).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        return;
    }
    assert!(regressed.is_empty(), "no longer as a real cluster prints it:\n{regressed}");
    assert!(
        gained.is_empty(),
        "more is equal than the list says: update the list (WHEELHOUSE_UPDATE=1):\n{gained}"
    );
}

#[test]
fn the_list_says_what_it_means() {
    assert_eq!(entry("jobs", &[true, false, true, false]), "jobs 2 of 4, not 2 4");
    assert_eq!(differing("jobs 2 of 4, not 2 4"), [2, 4]);
    assert_eq!(entry("jobs", &[true]), "jobs 1 of 1");
    assert_eq!(differing("jobs 1 of 1"), Vec::<usize>::new());
}
