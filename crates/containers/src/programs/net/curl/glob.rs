//! Braces and brackets in curl's URLs: `{a,b}` and `[1-9:2]` make several of one.
//!
//! Models `src/tool_urlglob.c`. Not modelled: `#1` in the names of output files.

/// URLs that one may make, at most.
const MADE_MAX: usize = 1_000;

/// What a URL makes: itself where nothing in it stands for more.
///
/// # Errors
/// curl's words for a pattern that is none, with the place.
pub(super) fn expand(url: &str) -> Result<Vec<String>, String> {
    let mut made = vec![String::new()];
    let mut rest = url;
    while let Some(first) = rest.chars().next() {
        let at = url.len() - rest.len();
        let wrong = |what: &str, at: usize| {
            Err(format!("{what} in URL position {}:\n{url}\n{}^", at + 1, " ".repeat(at.max(1))))
        };
        let inner = &rest[first.len_utf8()..];
        let choices = match first {
            '[' if is_address(rest) => {
                let end = rest.find(']').map_or(rest.len(), |i| i + 1);
                let whole = vec![rest[..end].to_owned()];
                rest = &rest[end..];
                whole
            }
            '{' => match set(inner) {
                Ok((choices, used)) => {
                    rest = &inner[used..];
                    choices
                }
                Err(("unmatched brace", _)) => return wrong("unmatched brace", at),
                Err((what, offset)) => return wrong(what, at + 1 + offset),
            },
            '[' => match range(inner) {
                Ok((choices, used)) => {
                    rest = &inner[used..];
                    choices
                }
                Err((what, offset)) => return wrong(what, at + 1 + offset),
            },
            '}' | ']' => return wrong("unmatched close brace/bracket", at),
            '\\' if inner.starts_with(['{', '}', '[', ']']) => {
                rest = &inner[1..];
                vec![inner[..1].to_owned()]
            }
            other => {
                rest = inner;
                vec![other.to_string()]
            }
        };
        if choices.len() == 1 {
            made.iter_mut().for_each(|m| m.push_str(&choices[0]));
        } else {
            let all = made.iter().flat_map(|m| choices.iter().map(move |c| format!("{m}{c}")));
            made = all.take(MADE_MAX).collect();
        }
    }
    Ok(made)
}

/// Whether a bracket begins an IPv6 address.
fn is_address(text: &str) -> bool {
    let inside = text.strip_prefix('[').and_then(|t| t.split_once(']')).map_or("", |(inside, _)| inside);
    inside.split('%').next().unwrap_or("").parse::<core::net::Ipv6Addr>().is_ok()
}

type Found = Result<(Vec<String>, usize), (&'static str, usize)>;

/// What stands before the closing brace, and how long it is with that.
fn set(text: &str) -> Found {
    let (mut all, mut own) = (Vec::new(), String::new());
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        match c {
            '{' | '[' => return Err(("nested brace", i)),
            ']' => return Err(("unexpected close bracket", i)),
            '}' if i == 0 => return Err(("empty string within braces", i)),
            '}' => {
                all.push(own);
                return Ok((all, i + 1));
            }
            ',' => all.push(std::mem::take(&mut own)),
            '\\' => own.push(chars.next().map_or('\\', |(_, next)| next)),
            other => own.push(other),
        }
    }
    Err(("unmatched brace", 0))
}

/// The members of `1-9`, `01-20:5`, `a-e`, and how long the text is with its bracket.
fn range(text: &str) -> Found {
    let letters = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if !letters && !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(("bad range specification", 0));
    }
    let bad = |offset: usize| Err(("bad range", offset));
    let Some(end) = text.find(']') else {
        let read = text.find('-').map_or(0, |i| i + 1);
        return bad(if letters { 0 } else { read });
    };
    let (bounds, step) = text[..end].split_once(':').unwrap_or((&text[..end], "1"));
    let (Some((from, to)), Ok(step)) = (bounds.split_once('-'), step.parse::<u64>()) else { return bad(0) };
    let place = if letters { 0 } else { from.len() + 1 };
    let to = to.trim_start();
    let numbers = if letters {
        let one = |t: &str| t.bytes().next().filter(|_| t.len() == 1).map(u64::from);
        one(from).zip(one(to))
    } else {
        from.parse::<u64>().ok().zip(to.parse::<u64>().ok())
    };
    let Some((first, last)) = numbers.filter(|(a, b)| a <= b && step > 0 && (a == b || step <= b - a)) else {
        return bad(place);
    };
    // Leading noughts are the width.
    let width = if from.starts_with('0') { from.len() } else { 0 };
    let show = |n: u64| {
        if letters { char::from(u8::try_from(n).unwrap_or(b'?')).to_string() } else { format!("{n:0width$}") }
    };
    let count = usize::try_from((last - first) / step).unwrap_or(MADE_MAX).min(MADE_MAX) + 1;
    Ok(((0..count).map(|i| show(first + i as u64 * step)).collect(), end + 1))
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn one_url_makes_several() {
        let table: [(&str, &[&str]); 6] = [
            ("http://web/x", &["http://web/x"]),
            ("http://web/{a,b}", &["http://web/a", "http://web/b"]),
            ("http://web/[8-10]", &["http://web/8", "http://web/9", "http://web/10"]),
            ("[01-03:2]{x,y}", &["01x", "01y", "03x", "03y"]),
            ("[a-c]\\[", &["a[", "b[", "c["]),
            ("http://[::1]:80/", &["http://[::1]:80/"]),
        ];
        for (url, want) in table {
            let want: Vec<String> = want.iter().map(|u| (*u).to_owned()).collect();
            assert_eq!(expand(url), Ok(want), "{url}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_told_with_its_place() {
        let table = [
            ("http://web/{a,b", "unmatched brace in URL position 12:\nhttp://web/{a,b\n           ^"),
            ("http://web/[1-", "bad range in URL position 15:\nhttp://web/[1-\n              ^"),
            ("http://[::1", "bad range specification in URL position 9:\nhttp://[::1\n        ^"),
            (
                "http://web/a}",
                "unmatched close brace/bracket in URL position 13:\nhttp://web/a}\n            ^",
            ),
            ("web/{}", "empty string within braces in URL position 6:\nweb/{}\n     ^"),
            ("web/{a{b}}", "nested brace in URL position 7:\nweb/{a{b}}\n      ^"),
            ("web/[9-1]", "bad range in URL position 8:\nweb/[9-1]\n       ^"),
        ];
        for (url, want) in table {
            assert_eq!(expand(url), Err(want.to_owned()), "{url}");
        }
    }
}
