//! What may differ between two runs of one scenario becomes a placeholder: ages, times, addresses, random names,
//! uids, revisions, node ports, ids. Hashes of pod templates stay: they follow from the template.
//!
//! Owns: substitutions in text, and the tables whose rows have no fixed order. Does not own: transcripts.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The letters of generated names.
const SAFE: &str = "[bcdfghjklmnpqrstvwxz2456789]";
const DAYS: &str = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const CLOCK: &str = "[0-9]{2}:[0-9]{2}:[0-9]{2}";
const SPAN: &str = "(?:[0-9]+y)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+(?:\\.[0-9]+)?s)?";
const NODE: &str = "(?:node-?[0-9]+|worker-?[0-9]*|control-?plane)";

/// A pattern and what stands in its place; `$1` is the first group.
struct Rule {
    find: Regex,
    put: &'static str,
}

fn regex(pattern: &str) -> Regex {
    let pattern = pattern
        .replace("{SAFE}", SAFE)
        .replace("{DAYS}", DAYS)
        .replace("{CLOCK}", CLOCK)
        .replace("{SPAN}", SPAN)
        .replace("{NODE}", NODE)
        // Plain ASCII: the tables of Unicode are not needed here.
        .replace("\\b", "(?-u:\\b)")
        .replace("[^\\s]", "[^ \t\n]")
        .replace("\\s", "[ \t\n]");
    Regex::new(&pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"))
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rules: &[(&str, &str)] = &[
        (r"\b[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)+/library/", ""),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uid>"),
        (r#""?\b[0-9]{4}-[0-9]{2}-[0-9]{2}T{CLOCK}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})"?"#, "<time>"),
        (r"\b{DAYS}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} {CLOCK} (?:[+-][0-9]{4}|[A-Z]{3})", "<time>"),
        (r"\b[0-9]{1,2}/[A-Z][a-z]{2}/[0-9]{4}:{CLOCK} [+-][0-9]{4}", "<time>"),
        (r"\b{DAYS} [A-Z][a-z]{2} +[0-9]{1,2} {CLOCK} [A-Z]+ [0-9]{4}", "<time>"),
        (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2} {CLOCK}(?:\.[0-9]+)? [+-][0-9]{4}", "<time>"),
        (r#"("?resourceVersion"?:\s*)"?[0-9]+"?"#, "${1}<rv>"),
        (r"(?m)^(\s*Resource Version:\s+)[0-9]+", "${1}<rv>"),
        (r"[^\s]*sha256:[0-9a-f]{64}", "<image-id>"),
        (r"\b[a-z-]+://[0-9a-f]{64}\b", "<container-id>"),
        (r"\b[0-9a-f]{64}\b", "<id>"),
        (
            r"in [0-9.]+m?s \([0-9.]+m?s including waiting\)\. Image size: [0-9]+ bytes",
            "in <age> (<age> including waiting). Image size: <n> bytes",
        ),
        (r"\({SPAN} ago\)", "(<age> ago)"),
        (r"\bv1\.[0-9]{2}\.[0-9]+[0-9A-Za-z_.+-]*", "<version>"),
        (r#"(?m)(^Node:\s+|"?[nN]odeName"?:\s*"?|Successfully assigned [^\s]+ to ){NODE}"#, "${1}<node>"),
        (r"-2[0-9]{7}\b", "-<cron>"),
        (r"(?m)(^\s*Duration:\s+)[^\s]+", "${1}<age>"),
        (r"/tmp/(?:LIVE|MERGED|kubectl-edit)[0-9A-Za-z_./-]*", "<tmp>"),
        (r"(?:<age>|{SPAN}) \(x[0-9]+ over {SPAN}\)", "<age>"),
    ];
    rules.iter().map(|(find, put)| Rule { find: regex(find), put }).collect()
});

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| regex(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"));
static NODE_PORT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?m)(\b[0-9]+:|"?(?:nodePort|healthCheckNodePort)"?:\s*|^NodePort:\s+[^\s]+\s+)(3[0-2][0-9]{3})\b"#,
    )
});
static RANDOM: LazyLock<Regex> = LazyLock::new(|| regex("-{SAFE}{5}"));
static AGE: LazyLock<Regex> = LazyLock::new(|| regex("^{SPAN}$"));
static NODE_NAME: LazyLock<Regex> = LazyLock::new(|| regex("^{NODE}$"));
static GAPS: LazyLock<Regex> = LazyLock::new(|| regex(r"([^\s])\s{2,}"));

/// Replaces matches that `fits` accepts, seeing what stands before and after.
fn replace_where(re: &Regex, text: &str, put: &str, fits: impl Fn(&str, &str, &str) -> bool) -> String {
    let (mut out, mut done, mut from) = (String::new(), 0, 0);
    while let Some(m) = re.find_at(text, from) {
        if fits(&text[..m.start()], m.as_str(), &text[m.end()..]) {
            out.push_str(&text[done..m.start()]);
            out.push_str(put);
            (done, from) = (m.end(), m.end());
        } else {
            from = m.start() + 1;
        }
    }
    out + &text[done..]
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Words of the scenario itself that look generated: addresses, node ports, parts of names. They stay.
pub struct Keep(std::collections::BTreeSet<String>);

impl Keep {
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let looks = regex(r"^(?:3[0-2][0-9]{3}|(?:[0-9]{1,3}\.){3}[0-9]{1,3}|{SAFE}{5,10})$");
        let words = texts.into_iter().flat_map(|t| t.split(|c: char| !(is_word(Some(c)) || c == '.')));
        Self(words.filter(|w| looks.is_match(w)).map(str::to_owned).collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }
}

fn text(lines: &[&str], keep: &Keep) -> String {
    let mut out = lines.join("\n");
    for rule in RULES.iter() {
        out = rule.find.replace_all(&out, rule.put).into_owned();
    }
    out = replace_where(&ADDRESS, &out, "<ip>", |before, ip, after| {
        let begins = before.chars().next_back().is_none_or(|c| !is_word(Some(c)) && c != '.');
        let tail: String = after.chars().take_while(|c| is_word(Some(*c)) || *c == '.').collect();
        let ends = !tail.contains(|c: char| c.is_ascii_digit());
        begins && ends && !ip.starts_with("0.0.0.0") && !ip.starts_with("127.") && !keep.has(ip)
    });
    out = NODE_PORT
        .replace_all(
            &out,
            |c: &Captures<'_>| {
                if keep.has(&c[2]) { c[0].to_owned() } else { format!("{}<nodeport>", &c[1]) }
            },
        )
        .into_owned();
    replace_where(&RANDOM, &out, "-<rand>", |_, name, after| {
        let next = after.chars().next();
        !is_word(next) && next != Some('-') && !keep.has(&name[1..])
    })
}

fn is_header(line: &str) -> bool {
    let capitals = line.starts_with(|c: char| c.is_ascii_uppercase())
        && line.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "()/- ".contains(c));
    capitals && (line.trim_end().contains("  ") || matches!(line.trim(), "NAME" | "RESOURCE" | "AGE"))
}

fn one_gap(line: &str) -> String {
    GAPS.replace_all(line.trim_end(), "${1}   ").into_owned()
}

/// Replaces the words that `is` accepts, at most `most` of them.
fn words(line: &str, put: &str, most: usize, is: impl Fn(&str) -> bool) -> String {
    let mut left = most;
    let mut out = String::new();
    for piece in line.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        if left > 0 && is(word) {
            left -= 1;
            out.push_str(put);
            out.push_str(&piece[word.len()..]);
        } else {
            out.push_str(piece);
        }
    }
    out
}

fn is_age(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && AGE.is_match(word)
}

/// Rows of generated names come in the order of their normalised text; the others keep their places.
fn sort_rows(rows: &mut [String], all: bool) {
    let generated = |row: &String| {
        let first = row.split("  ").next().unwrap_or_default();
        ["<rand>", "<cron>"].iter().any(|mark| first.contains(mark))
    };
    let places: Vec<usize> = (0..rows.len()).filter(|&i| all || generated(&rows[i])).collect();
    let mut sorted: Vec<String> = places.iter().map(|&i| rows[i].clone()).collect();
    sorted.sort();
    for (place, row) in places.into_iter().zip(sorted) {
        rows[place] = row;
    }
}

/// Lines that come in no fixed order where they stand together.
fn loose(line: &str) -> Option<u8> {
    let first = line.split(' ').next().unwrap_or_default();
    let word = line.split_whitespace().next().unwrap_or_default();
    // Evictions run side by side, whether of pods with generated names or not.
    if (line.starts_with("pod/") && line.ends_with(" evicted"))
        || line.starts_with("evicting pod ")
        || (line.starts_with("* ") && line.contains(": "))
    {
        Some(1)
    } else if first.contains("<rand>") || first.contains("<cron>") {
        Some(0)
    } else if matches!(word, "Container" | "Pod" | "PersistentVolumeClaim")
        && line.split_whitespace().nth(1).is_some_and(|w| ["cpu", "memory", "storage"].contains(&w))
    {
        Some(2)
    } else {
        None
    }
}

/// A command's output, line by line, as it is compared.
pub fn output(lines: &[&str], keep: &Keep) -> Vec<String> {
    // How many steps of a rollout one sees is timing.
    let kept: Vec<&str> =
        lines.iter().copied().filter(|l| !l.to_lowercase().starts_with("waiting for ")).collect();
    let text = text(&kept, keep);
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut i = 0;
    while i < lines.len() {
        let line = lines[i];
        let head: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with(' ') && head == ["Type", "Reason", "Age", "From", "Message"] {
            while i < lines.len() && lines[i].starts_with(' ') && !lines[i].trim().is_empty() {
                let row = words(lines[i], "<age>", 1, is_age);
                if !row.trim().starts_with('-') {
                    out.push(format!("  {}", GAPS.replace_all(row.trim(), "${1}  ")));
                }
                i += 1;
            }
            continue;
        }
        if is_header(line) {
            out.push(one_gap(line));
            i += 1;
            let mut rows = Vec::new();
            while i < lines.len() && !lines[i].trim().is_empty() && !is_header(lines[i]) {
                let mut row = lines[i].trim_end().to_owned();
                if ["AGE", "LAST SEEN", "DURATION", "LAST SCHEDULE"].iter().any(|c| line.contains(c)) {
                    row = words(&row, "<age>", usize::MAX, is_age);
                }
                if line.contains("NOMINATED") {
                    row = words(&row, "<node>", usize::MAX, |w| NODE_NAME.is_match(w));
                }
                rows.push(one_gap(&row));
                i += 1;
            }
            sort_rows(&mut rows, line.contains("LAST SEEN"));
            out.append(&mut rows);
            continue;
        }
        let class = loose(line);
        let end = match class {
            Some(_) => (i..lines.len()).find(|&j| loose(lines[j]) != class).unwrap_or(lines.len()),
            None => i + 1,
        };
        let mut block: Vec<String> = lines[i..end].iter().map(|l| placed(l)).collect();
        if class.is_some() {
            block.sort();
        }
        out.append(&mut block);
        i = end;
    }
    while out.last().is_some_and(|l| l.is_empty()) {
        out.pop();
    }
    out
}

/// Columns beside a placeholder have no fixed width.
fn placed(line: &str) -> String {
    const MARKS: [&str; 6] = ["<ip>", "<node>", "<rand>", "<age>", "<nodeport>", "-id>"];
    let line = line.trim_end();
    if MARKS.iter().any(|m| line.contains(m)) {
        GAPS.replace_all(line, "${1}  ").into_owned()
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> String {
        output(&[line], &Keep::of(["10.0.0.9 30080"])).join("\n")
    }

    #[test]
    fn what_may_differ_is_replaced_and_the_rest_stays() {
        for (line, wanted) in [
            ("pod/web-68b7586c6-lrfww created", "pod/web-68b7586c6-<rand> created"),
            ("deployment.apps/web created", "deployment.apps/web created"),
            ("uid: 07d45792-c675-46d9-bf6c-c0ed303a08fe", "uid: <uid>"),
            ("  creationTimestamp: \"2026-11-20T13:20:51Z\"", "  creationTimestamp: <time>"),
            ("podIP: 10.244.1.27, 10.0.0.9, 127.0.0.1", "podIP: <ip>, 10.0.0.9, 127.0.0.1"),
            ("80:31234/TCP 80:30080/TCP", "80:<nodeport>/TCP 80:30080/TCP"),
            ("Node:             worker-2/172.18.0.2", "Node:  <node>/<ip>"),
            ("nginx:1.14.2", "nginx:1.14.2"),
        ] {
            assert_eq!(one(line), wanted);
        }
    }

    #[test]
    fn rows_of_generated_names_have_no_order() {
        let keep = Keep::of([]);
        let a = [
            "NAME       READY   AGE",
            "a-bcdfg    1/1     3s",
            "lonely     1/1     4s",
            "a-ghjkl    0/1     2m5s",
        ];
        let b =
            ["NAME      READY   AGE", "a-zxwvt   0/1     1s", "lonely    1/1     9s", "a-zzzzz   1/1     3d"];
        assert_eq!(output(&a, &keep), output(&b, &keep));
        let c = [
            "NAME       READY   AGE",
            "a-bcdfg    1/1     3s",
            "lonely     1/1     4s",
            "a-ghjkl    1/1     2m5s",
        ];
        assert_ne!(output(&a, &keep), output(&c, &keep));
    }
}
