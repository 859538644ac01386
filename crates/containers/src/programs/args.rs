//! Options as getopt reads them.

use crate::machine::Sys;

/// Options and operands of one call.
#[derive(Clone, Debug, Default)]
pub(super) struct Args {
    flags: Vec<(char, Option<String>)>,
    long: Vec<(String, Option<String>)>,
    pub(super) rest: Vec<String>,
}

impl Args {
    /// `spec` lists the letters, a colon after those that take a value. The error is a usage message.
    pub(super) fn parse(sys: &Sys<'_>, argv: &[String], spec: &str) -> Result<Self, String> {
        Self::parse_until(sys, argv, spec, false)
    }

    /// As `parse`; `stop` ends the options at the first operand.
    pub(super) fn parse_until(
        sys: &Sys<'_>,
        argv: &[String],
        spec: &str,
        stop: bool,
    ) -> Result<Self, String> {
        let name = super::short_name(&argv[0]);
        let takes =
            |c: char| spec.find(c).filter(|_| c != ':').map(|i| spec[i + c.len_utf8()..].starts_with(':'));
        let mut out = Self::default();
        let mut i = 1;
        while let Some(arg) = argv.get(i) {
            i += 1;
            if arg == "--" {
                out.rest.extend_from_slice(&argv[i..]);
                break;
            }
            if let Some(long) = arg.strip_prefix("--") {
                match long.split_once('=') {
                    Some((k, v)) => out.long.push((k.into(), Some(v.into()))),
                    None => out.long.push((long.into(), None)),
                }
                continue;
            }
            let Some(flags) = arg.strip_prefix('-').filter(|f| !f.is_empty()) else {
                out.rest.push(arg.clone());
                if stop {
                    out.rest.extend_from_slice(&argv[i..]);
                    break;
                }
                continue;
            };
            for (n, c) in flags.char_indices() {
                match takes(c) {
                    Some(false) => out.flags.push((c, None)),
                    Some(true) => {
                        let rest = &flags[n + c.len_utf8()..];
                        let value = if rest.is_empty() {
                            i += 1;
                            match argv.get(i - 1) {
                                Some(v) => v.clone(),
                                None => {
                                    return Err(format!("{name}: option requires an argument -- '{c}'\n"));
                                }
                            }
                        } else {
                            rest.to_string()
                        };
                        out.flags.push((c, Some(value)));
                        break;
                    }
                    None if sys.gnu() => {
                        return Err(format!(
                            "{name}: invalid option -- '{c}'\nTry '{name} --help' for more information.\n"
                        ));
                    }
                    None => return Err(format!("{name}: unrecognized option: {c}\n")),
                }
            }
        }
        Ok(out)
    }

    pub(super) fn has(&self, c: char) -> bool {
        self.flags.iter().any(|(f, _)| *f == c)
    }

    pub(super) fn long(&self, name: &str) -> bool {
        self.long.iter().any(|(n, _)| n == name)
    }

    /// The names of the long options, as they were given.
    pub(super) fn long_names(&self) -> impl Iterator<Item = &str> {
        self.long.iter().map(|(n, _)| n.as_str())
    }

    pub(super) fn long_value(&self, name: &str) -> Option<&str> {
        self.long.iter().rev().find(|(n, _)| n == name)?.1.as_deref()
    }

    /// All values given for a long option.
    pub(super) fn long_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.long.iter().filter(move |(n, _)| n == name).filter_map(|(_, v)| v.as_deref())
    }

    /// The last value given for an option.
    pub(super) fn value(&self, c: char) -> Option<&str> {
        self.flags.iter().rev().find(|(f, _)| *f == c)?.1.as_deref()
    }

    pub(super) fn values(&self, c: char) -> impl Iterator<Item = &str> {
        self.flags.iter().filter(move |(f, _)| *f == c).filter_map(|(_, v)| v.as_deref())
    }
}
