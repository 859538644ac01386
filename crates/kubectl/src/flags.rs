//! Command line flags, read by the rules of pflag: anywhere among the arguments, short ones in a bunch, `--` ends them.
//!
//! Models `github.com/spf13/pflag`, with its refusals.

use ordered::BTreeMap;

use clock::Millis;

/// What a flag's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Text,
    Int,
    /// Go's `5s`, `1m30s`.
    Duration,
    /// Repeatable, each value split at commas.
    Words,
    /// Repeatable, values as they are.
    Texts,
    /// Text that may stand without a value, which is then this.
    Optional(&'static str),
}

/// One flag of a command.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    pub name: &'static str,
    /// `'\0'` for none.
    pub short: char,
    pub kind: Kind,
    pub default: &'static str,
    pub help: &'static str,
}

/// A flag without a short form.
#[must_use]
pub const fn flag(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Flag {
    Flag { name, short: '\0', kind, default, help }
}

/// A flag with a short form.
#[must_use]
pub const fn short(
    short: char,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
) -> Flag {
    Flag { name, short, kind, default, help }
}

/// What a command line said: flags and arguments.
#[derive(Clone, Debug, Default)]
pub struct Args {
    pub args: Vec<String>,
    /// How many of `args` stood before `--`; `None` without one.
    pub dash: Option<usize>,
    set: BTreeMap<&'static str, Vec<String>>,
    defaults: BTreeMap<&'static str, &'static str>,
    /// `kubectl create deployment`
    pub path: String,
}

/// Reads `words` by `flags`.
///
/// # Errors
/// pflag's text.
pub fn parse(path: &str, words: &[String], flags: &[&[Flag]]) -> Result<Args, String> {
    let mut out = Args { path: path.to_owned(), ..Args::default() };
    for f in flags.iter().copied().flatten() {
        // Of two flags of one name the first, the command's own, counts.
        out.defaults.entry(f.name).or_insert(f.default);
    }
    let find_long = |name: &str| flags.iter().copied().flatten().find(|f| f.name == name);
    let find_short = |c: char| flags.iter().copied().flatten().find(|f| f.short == c);
    let mut i = 0;
    while i < words.len() {
        let word = &words[i];
        i += 1;
        if word == "--" {
            out.dash = Some(out.args.len());
            out.args.extend_from_slice(&words[i..]);
            break;
        }
        if let Some(body) = word.strip_prefix("--") {
            if body.starts_with(['-', '=']) {
                return Err(format!("bad flag syntax: {word}"));
            }
            let (name, value) = body.split_once('=').map_or((body, None), |(n, v)| (n, Some(v.to_owned())));
            if name == "help" {
                out.set.insert("help", vec!["true".into()]);
                continue;
            }
            let Some(f) = find_long(name) else { return Err(format!("unknown flag: --{name}")) };
            let value = match (value, f.kind) {
                (Some(v), _) => v,
                (None, Kind::Bool) => "true".into(),
                (None, Kind::Optional(v)) => v.into(),
                (None, _) if i < words.len() => {
                    i += 1;
                    words[i - 1].clone()
                }
                (None, _) => return Err(format!("flag needs an argument: --{name}")),
            };
            out.put(f, value)?;
        } else if let Some(bunch) = word.strip_prefix('-').filter(|b| !b.is_empty()) {
            let mut rest = bunch;
            while let Some(c) = rest.chars().next() {
                rest = &rest[c.len_utf8()..];
                let Some(f) = find_short(c) else {
                    if c == 'h' {
                        out.set.insert("help", vec!["true".into()]);
                        continue;
                    }
                    return Err(format!(
                        "unknown shorthand flag: '{c}' in -{}",
                        &bunch[bunch.len() - rest.len() - c.len_utf8()..]
                    ));
                };
                if let Some(v) = rest.strip_prefix('=') {
                    out.put(f, v.to_owned())?;
                    break;
                }
                match f.kind {
                    Kind::Bool => out.put(f, "true".into())?,
                    Kind::Optional(v) => out.put(f, v.into())?,
                    _ if !rest.is_empty() => {
                        out.put(f, rest.to_owned())?;
                        break;
                    }
                    _ if i < words.len() => {
                        i += 1;
                        out.put(f, words[i - 1].clone())?;
                    }
                    _ => return Err(format!("flag needs an argument: '{c}' in -{bunch}")),
                }
            }
        } else {
            out.args.push(word.clone());
        }
    }
    Ok(out)
}

impl Args {
    fn put(&mut self, f: &Flag, value: String) -> Result<(), String> {
        let shown =
            if f.short == '\0' { format!("--{}", f.name) } else { format!("-{}, --{}", f.short, f.name) };
        let bad = |why: String| format!("invalid argument \"{value}\" for \"{shown}\" flag: {why}");
        match f.kind {
            Kind::Bool if !is_bool(&value) => {
                return Err(bad(format!("strconv.ParseBool: parsing \"{value}\": invalid syntax")));
            }
            Kind::Int if value.parse::<i64>().is_err() => {
                return Err(bad(format!("strconv.ParseInt: parsing \"{value}\": invalid syntax")));
            }
            Kind::Duration => {
                parse_duration(&value).map_err(bad)?;
            }
            _ => {}
        }
        let slot = self.set.entry(f.name).or_default();
        match f.kind {
            Kind::Words => slot.extend(split_csv(&value)),
            Kind::Texts => slot.push(value),
            _ => *slot = vec![value],
        }
        Ok(())
    }

    /// True when the flag was given.
    #[must_use]
    pub fn changed(&self, name: &str) -> bool {
        self.set.contains_key(name)
    }

    /// The flag's text, or its default.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match self.set.get(name).and_then(|v| v.last()) {
            Some(v) => v,
            None => self.defaults.get(name).copied().unwrap_or(""),
        }
    }

    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        matches!(self.text(name), "1" | "t" | "T" | "true" | "TRUE" | "True")
    }

    #[must_use]
    pub fn int(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(0)
    }

    #[must_use]
    pub fn millis(&self, name: &str) -> Millis {
        parse_duration(self.text(name)).unwrap_or(0)
    }

    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.set.get(name) {
            Some(v) => v.clone(),
            None => match self.defaults.get(name) {
                Some(d) if !d.is_empty() => split_csv(d),
                _ => Vec::new(),
            },
        }
    }

    /// The arguments before `--`.
    #[must_use]
    pub fn before_dash(&self) -> &[String] {
        &self.args[..self.dash.unwrap_or(self.args.len())]
    }

    /// The arguments behind `--`.
    #[must_use]
    pub fn after_dash(&self) -> &[String] {
        self.dash.map_or(&[], |d| &self.args[d..])
    }
}

fn is_bool(v: &str) -> bool {
    matches!(v, "1" | "t" | "T" | "true" | "TRUE" | "True" | "0" | "f" | "F" | "false" | "FALSE" | "False")
}

/// Values of a slice flag: commas separate, double quotes protect.
fn split_csv(value: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            c => {
                if let Some(last) = out.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    if value.is_empty() { Vec::new() } else { out }
}

/// Go's `time.ParseDuration` to milliseconds.
///
/// # Errors
/// Go's text.
pub fn parse_duration(text: &str) -> Result<Millis, String> {
    let bad = || format!("time: invalid duration \"{text}\"");
    let (negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(r) => (text.starts_with('-'), r),
        None => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(bad());
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let number: f64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(|b| !b.is_ascii_digit() && *b != b'.').count();
        let unit = match &rest[..letters] {
            "" => return Err(format!("time: missing unit in duration \"{text}\"")),
            "ns" => 1e-6,
            "us" | "µs" | "μs" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 6e4,
            "h" => 3.6e6,
            other => return Err(format!("time: unknown unit \"{other}\" in duration \"{text}\"")),
        };
        total += number * unit;
        rest = &rest[letters..];
    }
    Ok(if negative { -total as Millis } else { total as Millis })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[&[Flag]] = &[&[
        short('n', "namespace", Kind::Text, "", ""),
        short('A', "all", Kind::Bool, "false", ""),
        short('w', "watch", Kind::Bool, "false", ""),
        flag("replicas", Kind::Int, "0", ""),
        flag("timeout", Kind::Duration, "0s", ""),
        short('f', "filename", Kind::Words, "", ""),
        flag("env", Kind::Texts, "", ""),
        flag("dry-run", Kind::Optional("unchanged"), "none", ""),
    ]];

    fn read(line: &str) -> Result<Args, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse("kubectl x", &words, FLAGS)
    }

    #[test]
    fn flags_stand_anywhere() {
        let a =
            read("pods -nfoo web -Aw --replicas=3 --timeout 1m30s -f a,b --filename c --env=x=1,2 -- -n y")
                .unwrap();
        assert_eq!(a.before_dash(), ["pods", "web"]);
        assert_eq!(a.after_dash(), ["-n", "y"]);
        assert_eq!((a.text("namespace"), a.is("all"), a.is("watch")), ("foo", true, true));
        assert_eq!((a.int("replicas"), a.millis("timeout")), (3, 90_000));
        assert_eq!(a.list("filename"), ["a", "b", "c"]);
        assert_eq!(a.list("env"), ["x=1,2"]);
        assert_eq!(a.text("dry-run"), "none");
        assert_eq!(read("--dry-run x").unwrap().text("dry-run"), "unchanged");
    }

    #[test]
    fn refusals_are_pflags() {
        for (line, text) in [
            ("--nosuch", "unknown flag: --nosuch"),
            ("-z", "unknown shorthand flag: 'z' in -z"),
            ("-Azw", "unknown shorthand flag: 'z' in -zw"),
            ("-n", "flag needs an argument: 'n' in -n"),
            ("--namespace", "flag needs an argument: --namespace"),
            (
                "--replicas=a",
                "invalid argument \"a\" for \"--replicas\" flag: strconv.ParseInt: parsing \"a\": invalid syntax",
            ),
            (
                "--timeout=5",
                "invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\"",
            ),
            (
                "--all=x",
                "invalid argument \"x\" for \"-A, --all\" flag: strconv.ParseBool: parsing \"x\": invalid syntax",
            ),
        ] {
            assert_eq!(read(line).err().as_deref(), Some(text), "{line}");
        }
    }
}
