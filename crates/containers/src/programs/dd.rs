//! `dd`: blocks from one file to another.

use crate::machine::{Got, Open, Program, Sys, Turn, Wait};

const PIECE: u64 = 64 << 10;

#[derive(Clone, Default)]
struct Dd {
    /// Where it writes, as errors name it.
    target: String,
    /// Bytes read that could not be written.
    lost: u64,
    piece: u64,
    argv: Vec<String>,
    open: Option<(u32, u32)>,
    block: u64,
    left: u64,
    done: u64,
    quiet: bool,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Dd { argv: argv.to_vec(), block: 512, left: u64::MAX, ..Dd::default() })
}

fn size(text: &str) -> Option<u64> {
    super::head::count(text.trim_end_matches('B')).and_then(|n| u64::try_from(n).ok())
}

/// Bytes with one decimal and a unit, as dd's last line shows them.
fn amount(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["", "K", "M", "G"] {
        if value < 1024.0 {
            return if unit.is_empty() { format!("{value:.0}") } else { format!("{value:.1}{unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1}T")
}

impl Dd {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), String> {
        let (mut input, mut output, mut count) = (None, None, None);
        for arg in &self.argv[1..] {
            let (key, value) =
                arg.split_once('=').ok_or_else(|| format!("dd: unrecognized operand '{arg}'\n"))?;
            let number = || size(value).ok_or_else(|| format!("dd: invalid number '{value}'\n"));
            match key {
                "if" => input = Some(value),
                "of" => output = Some(value),
                "bs" | "ibs" | "obs" => self.block = number()?.max(1),
                "count" => count = Some(number()?),
                "status" => self.quiet = value == "none",
                "conv" | "oflag" | "iflag" | "seek" | "skip" => {}
                _ => return Err(format!("dd: unrecognized operand '{arg}'\n")),
            }
        }
        if let Some(count) = count {
            self.left = count.saturating_mul(self.block);
        }
        let mut open = |name: Option<&str>, how, std| match name {
            None => Ok(std),
            Some(name) => sys.open(name, how).map_err(|e| {
                if sys.gnu() {
                    format!("dd: failed to open '{name}': {e}\n")
                } else {
                    format!("dd: can't open '{name}': {e}\n")
                }
            }),
        };
        self.target = output.unwrap_or("standard output").to_owned();
        self.open = Some((open(input, Open::Read, 0)?, open(output, Open::Write, 1)?));
        Ok(())
    }

    fn report(&self, sys: &mut Sys<'_>, code: i32) -> Turn {
        if !self.quiet {
            let (whole, part) = (self.done / self.block, u64::from(!self.done.is_multiple_of(self.block)));
            let read = self.done + self.lost;
            let (taken, rest) = (read / self.block, u64::from(!read.is_multiple_of(self.block)));
            sys.err(&format!("{taken}+{rest} records in\n{whole}+{part} records out\n"));
            let size = amount(self.done);
            if sys.gnu() {
                sys.err(&format!("{} bytes ({size}B) copied, 0.01 s\n", self.done));
            } else {
                sys.err(&format!("{} bytes ({size}B) copied, 0.010000 seconds\n", self.done));
            }
        }
        Turn::Exit(code)
    }
}

impl Program for Dd {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some((input, output)) = self.open else {
            return match self.begin(sys) {
                Ok(()) => Turn::More,
                Err(text) => Turn::Exit(super::usage(sys, &text)),
            };
        };
        if let Some(e) = sys.take_write_error() {
            // What was handed over last is not on the disk.
            self.lost = self.piece;
            self.done -= self.piece.min(self.done);
            sys.err(&format!("dd: error writing '{}': {e}\n", self.target));
            return self.report(sys, 1);
        }
        if self.left == 0 {
            return self.report(sys, 0);
        }
        match sys.read(input, self.left.min(PIECE) as usize) {
            Got::Data(data) => {
                self.left -= data.len() as u64;
                self.piece = data.len() as u64;
                self.done += self.piece;
                sys.charge(8);
                sys.write(output, &data);
                Turn::More
            }
            Got::Wait => Turn::Wait(Wait::Read(input)),
            Got::End => self.report(sys, 0),
            Got::Failed(e) => {
                sys.err(&format!("dd: error reading: {e}\n"));
                self.report(sys, 1)
            }
        }
    }
}
