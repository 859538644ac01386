//! `kubectl options`

use crate::command::Command;
use crate::help::global_options;

pub static COMMAND: Command = Command {
    name: "options",
    short: "Print the list of flags inherited by all commands",
    run: Some(|k, _| {
        Box::pin(async {
            k.out(&global_options());
            Ok(())
        })
    }),
    hidden: true,
    ..Command::NONE
};
