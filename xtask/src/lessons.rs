//! `cargo xtask lessons`: lesson folders become the JSON files that the page downloads, one per lesson and language.
//!
//! Trunk runs it before each of its builds (Trunk.toml) and says where the site comes together. Packing is the
//! `wheelhouse` binary's work; it is not even compiled while lessons and packer are what they were.

use std::path::Path;
use std::{env, fs};

use crate::{Outcome, project};

/// What the packed files follow from.
const SOURCES: [&str; 3] = ["lessons", "crates/course/src", "crates/objects/src"];

pub(crate) fn run() -> Outcome {
    let packed = project::target().join("lessons");
    let stamp = project::target().join("lessons.stamp");
    let key = sources_key()?;
    if fs::read_to_string(&stamp).is_ok_and(|old| old == key) && packed.join("index.json").is_file() {
        return publish(&packed);
    }
    let _ = fs::remove_dir_all(&packed);
    let mut cargo = project::cargo();
    cargo.args(["run", "--quiet", "--package", "cli", "--", "pack", "--out"]).arg(&packed);
    let outcome = project::run(&mut cargo);
    if !packed.join("index.json").is_file() {
        return outcome;
    }
    match outcome {
        Ok(()) => project::write(&stamp, key.as_bytes())?,
        // It has said what is wrong and where; the other lessons are there.
        Err(_) => println!("    a broken lesson is left out of the site"),
    }
    publish(&packed)
}

fn sources_key() -> Outcome<String> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for source in SOURCES {
        for file in project::files_below(&project::root().join(source))? {
            parts.push(file.to_string_lossy().into_owned().into_bytes());
            parts.push(fs::read(&file).map_err(|e| format!("cannot read {}: {e}", file.display()))?);
        }
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Ok(project::key(&parts))
}

/// Copies the packed files to where trunk gathers the site, or into dist/.
fn publish(packed: &Path) -> Outcome {
    let site = env::var_os("TRUNK_STAGING_DIR").map_or_else(project::dist, Into::into);
    let lessons = site.join("lessons");
    fs::create_dir_all(&lessons).map_err(|e| format!("cannot make {}: {e}", lessons.display()))?;
    for file in project::files_below(packed)? {
        let Some(name) = file.file_name() else { continue };
        fs::copy(&file, lessons.join(name)).map_err(|e| format!("cannot copy {}: {e}", file.display()))?;
    }
    Ok(())
}
