//! `kubectl set`: one property of objects that are there.
//!
//! Models `k8s.io/kubectl/pkg/cmd/set`.

use crate::command::{Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT, SELECTOR};
use crate::flags::{Flag, Kind, flag};

pub mod env;
pub mod image;
pub mod resources;
pub mod selector;
pub mod serviceaccount;
pub mod subject;

/// The flags all of them have.
static ALL: &[Flag] = &[
    flag("all", Kind::Bool, "false", "every object of the type"),
    flag("local", Kind::Bool, "false", "only print; needs -f"),
];

/// The sets of flags all of them have.
static COMMON: &[&[Flag]] = &[ALL, FILES, SELECTOR, DRY_RUN, OUTPUT, FIELD_MANAGER];

pub static COMMAND: Command = Command {
    name: "set",
    usage: "SUBCOMMAND",
    short: "Change one property of objects",
    commands: &[
        &env::COMMAND,
        &image::COMMAND,
        &resources::COMMAND,
        &selector::COMMAND,
        &serviceaccount::COMMAND,
        &subject::COMMAND,
    ],
    ..Command::NONE
};
