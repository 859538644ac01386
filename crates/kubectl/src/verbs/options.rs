//! `kubectl options`

use crate::command::Command;
use crate::help::{global_options, speaks_korean};

pub static COMMAND: Command = Command {
    name: "options",
    short: "List the flags of every command",
    run: Some(|k, _| {
        Box::pin(async {
            k.out(&global_options(speaks_korean(k.io.as_ref())));
            Ok(())
        })
    }),
    hidden: true,
    ..Command::NONE
};
