//! `chroot DIRECTORY [COMMAND]`: another `/` for a command, or for a shell. Not modelled: other users and groups.

use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Chroot(Vec<String>);

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Chroot(argv.to_vec()))
}

impl Program for Chroot {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let mut words = self.0.iter().skip(1).skip_while(|w| w.starts_with("--"));
        let Some(place) = words.next() else {
            sys.err("chroot: missing operand\n");
            return Turn::Exit(125);
        };
        if let Err(e) = sys.change_root(place) {
            sys.err(&if sys.gnu() {
                format!("chroot: cannot change root directory to '{place}': {e}\n")
            } else {
                format!("chroot: can't change root directory to '{place}': {e}\n")
            });
            return Turn::Exit(125);
        }
        let command: Vec<String> = words.cloned().collect();
        Turn::Exec(if command.is_empty() { vec!["/bin/sh".into(), "-i".into()] } else { command }, None)
    }
}
