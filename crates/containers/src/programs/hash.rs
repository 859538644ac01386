//! `sha256sum`, `sha1sum` and `md5sum`.

use objects::digest::{Algorithm, Digest};

use super::args::Args;
use super::input::{Input, Next, complain};
use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Sum {
    argv: Vec<String>,
    input: Option<Input>,
    digest: Option<Digest>,
    check: bool,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Sum { argv: argv.to_vec(), input: None, digest: None, check: false, code: 0 })
}

/// The digest of some bytes, in hexadecimal.
pub(super) fn digest(name: &str, data: &[u8]) -> String {
    let mut digest = Digest::new(algorithm(name));
    digest.feed(data);
    hex(&digest.finish())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn algorithm(name: &str) -> Algorithm {
    match name.trim_end_matches("sum") {
        "md5" => Algorithm::Md5,
        "sha1" => Algorithm::Sha1,
        _ => Algorithm::Sha256,
    }
}

impl Program for Sum {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let name = super::short_name(&self.argv[0]).to_string();
        let digest = self.digest.get_or_insert_with(|| Digest::new(algorithm(&name)));
        let Some(input) = &mut self.input else {
            return match Args::parse(sys, &self.argv, "bctsw") {
                Ok(args) => {
                    self.check = args.has('c');
                    self.input = Some(Input::new(&args.rest));
                    Turn::More
                }
                Err(text) => Turn::Exit(super::usage(sys, &text)),
            };
        };
        if self.check {
            sys.err(&format!("{name}: -c is not simulated\n"));
            return Turn::Exit(1);
        }
        match input.piece(sys) {
            Next::Piece(data) => {
                digest.feed(&data);
                sys.charge(256);
            }
            Next::FileEnd => {
                let file = input.name.clone();
                let hex = hex(&digest.finish());
                sys.out(format!("{hex}  {file}\n"));
            }
            Next::End => return Turn::Exit(self.code),
            Next::Wait(turn) => return turn,
            Next::Line(..) => {}
            Next::Failed(file, e) => {
                complain(sys, &name, &file, e);
                self.code = 1;
            }
        }
        Turn::More
    }
}
