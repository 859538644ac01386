//! Korean particles after a name, a number or a code: chosen by how it is read aloud.
//!
//! Numbers are read in Sino-Korean (3 = 삼), words of Latin letters as loanwords (`web` = 웹), and what cannot be
//! read as a word (`x8k2p`, `CPU`) letter by letter.

/// Particles that follow the sound before them: after a consonant, after a vowel.
#[cfg(feature = "author")]
const PAIRS: [(&str, &str); 5] = [("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("으로", "로")];

/// The particle that `after` begins with does not fit `word`: the one that does. Only where the reading is beyond
/// doubt: Hangul, numbers, words that are spelt out, and known ones.
#[cfg(feature = "author")]
pub(crate) fn misfit(word: &str, after: &str) -> Option<&'static str> {
    let end = after.find(|c: char| !('가'..='힣').contains(&c)).unwrap_or(after.len());
    let particle = &after[..end];
    let (consonant, vowel) = PAIRS.into_iter().find(|(c, v)| particle == *c || particle == *v)?;
    let last = word.rsplit(|c: char| !c.is_alphanumeric()).next()?;
    let spelt = last.chars().any(|c| !c.is_ascii_alphabetic()) || !is_word(last);
    let known = KNOWN.iter().any(|(k, _)| *k == last);
    let wanted = pick(word, consonant, vowel);
    (!last.is_empty() && (spelt || known) && wanted != particle).then_some(wanted)
}

/// The sound a word ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Vowel,
    Rieul,
    Consonant,
}

/// `word` with the particle that fits: `with("web", "이", "가")` is `web이`.
pub(crate) fn with(word: &str, after_consonant: &str, after_vowel: &str) -> String {
    format!("{word}{}", pick(word, after_consonant, after_vowel))
}

/// The particle that fits `word`. 으로 knows its exception: after ㄹ it is 로.
pub(crate) fn pick<'a>(word: &str, after_consonant: &'a str, after_vowel: &'a str) -> &'a str {
    match end_of(word) {
        End::Vowel => after_vowel,
        End::Rieul if after_consonant.starts_with('으') => after_vowel,
        End::Rieul | End::Consonant => after_consonant,
    }
}

fn end_of(word: &str) -> End {
    let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    let Some(last) = word.chars().next_back() else { return End::Vowel };
    if ('가'..='힣').contains(&last) {
        return match (last as u32 - '가' as u32) % 28 {
            0 => End::Vowel,
            8 => End::Rieul,
            _ => End::Consonant,
        };
    }
    let start = word
        .rfind(|c: char| !c.is_ascii_alphanumeric())
        .map_or(0, |i| i + word[i..].chars().next().map_or(1, char::len_utf8));
    let token = &word[start..];
    if token.bytes().all(|b| b.is_ascii_digit()) {
        return number(token);
    }
    if last.is_ascii_digit() {
        return number(&token[token.len() - 1..]);
    }
    if token.bytes().all(|b| b.is_ascii_alphabetic()) && is_word(token) {
        loanword(&token.to_ascii_lowercase())
    } else {
        letter(last.to_ascii_lowercase())
    }
}

fn number(digits: &str) -> End {
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    if zeros > 0 && zeros < digits.len() {
        // 십, 백, 천, 만, 억
        return End::Consonant;
    }
    match digits.bytes().next_back() {
        Some(b'1' | b'7' | b'8') => End::Rieul,
        Some(b'0' | b'3' | b'6') => End::Consonant,
        _ => End::Vowel,
    }
}

/// The name of a letter, as it ends: 엘 엠 엔 알, all others in a vowel.
fn letter(c: char) -> End {
    match c {
        'l' | 'r' => End::Rieul,
        'm' | 'n' => End::Consonant,
        _ => End::Vowel,
    }
}

/// Whether Latin letters are read as a word: they have a vowel, and are not an abbreviation in capitals.
fn is_word(token: &str) -> bool {
    let vowels = token.bytes().any(|b| b"aeiouyAEIOUY".contains(&b));
    let capitals = token.len() > 1 && token.bytes().all(|b| b.is_ascii_uppercase());
    token.len() > 1 && vowels && !capitals
}

/// Words whose Hangul spelling the rules below would miss.
const KNOWN: &[(&str, End)] = &[
    ("api", End::Vowel),
    ("blue", End::Vowel),
    ("cache", End::Vowel),
    ("green", End::Consonant),
    ("image", End::Vowel),
    ("kubectl", End::Rieul),
    ("nginx", End::Vowel),
    ("node", End::Vowel),
    ("pod", End::Vowel),
    ("probe", End::Vowel),
    ("prod", End::Vowel),
    ("redis", End::Vowel),
    ("shop", End::Consonant),
    ("spec", End::Consonant),
    ("status", End::Vowel),
    ("web", End::Consonant),
    ("yaml", End::Rieul),
];

fn loanword(word: &str) -> End {
    if let Some((_, end)) = KNOWN.iter().find(|(known, _)| *known == word) {
        return *end;
    }
    let bytes = word.as_bytes();
    let at = |back: usize| bytes.len().checked_sub(back).and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
    let vowel = |b: u8| b"aeiou".contains(&b);
    let (last, before, third) = (at(1), at(2), at(3));
    match last {
        b'l' => End::Rieul,
        b'm' | b'n' => End::Consonant,
        b'g' if before == b'n' => End::Consonant,
        // 웹, 맵, 셋, 롤아웃, 백: after one short vowel the stop closes the syllable; 포트, 테스트: it does not.
        b'b' | b'p' | b't' | b'k' | b'c' if vowel(before) && !vowel(third) => End::Consonant,
        b'k' if before == b'c' => End::Consonant,
        b't' if word.ends_with("out") => End::Consonant,
        // 네임, 스케일, 타임: the e is silent.
        b'e' if matches!(before, b'm' | b'n') && vowel(third) => End::Consonant,
        b'e' if before == b'l' => End::Rieul,
        b'e' if before == b'p' && matches!(third, b'y' | b'i' | b'a') => End::Consonant,
        _ => End::Vowel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_particle_follows_how_the_word_is_read() {
        let table = [
            ("파드", "파드가"),
            ("레플리카셋", "레플리카셋이"),
            ("web", "web이"),
            ("nginx", "nginx가"),
            ("deployment", "deployment가"),
            ("worker-1", "worker-1이"),
            ("worker-2", "worker-2가"),
            ("worker-3", "worker-3이"),
            ("web-7d9f8-x8k2p", "web-7d9f8-x8k2p가"),
            ("web-7d9f8-zxclm", "web-7d9f8-zxclm이"),
            ("spec.replicas", "spec.replicas가"),
            ("nginx:1.28", "nginx:1.28이"),
            ("10", "10이"),
            ("YAML", "YAML이"),
            ("CPU", "CPU가"),
            ("name", "name이"),
            ("rollout", "rollout이"),
            ("port", "port가"),
            ("event", "event가"),
            ("app=web", "app=web이"),
            ("Ready", "Ready가"),
            ("`web`", "`web`이"),
            ("", "가"),
        ];
        for (word, wanted) in table {
            assert_eq!(with(word, "이", "가"), wanted);
        }
    }

    #[cfg(feature = "author")]
    #[test]
    fn a_particle_that_does_not_fit_is_told_of() {
        let table = [
            ("web", "가 있습니다", Some("이")),
            ("web", "이 있습니다", None),
            ("worker-3", "는", Some("은")),
            ("nginx:1.28", "으로 바꿉니다", Some("로")),
            ("파드", "을", Some("를")),
            ("web", "이라는 이름", None),
            ("spec.replicas", "이 있습니다", None),
            ("web", " and", None),
            ("", "이", None),
        ];
        for (word, after, wanted) in table {
            assert_eq!(misfit(word, after), wanted, "{word}{after}");
        }
    }

    #[test]
    fn euro_has_an_exception() {
        for (word, wanted) in
            [("1", "1로"), ("3", "3으로"), ("web", "web으로"), ("YAML", "YAML로"), ("2", "2로")]
        {
            assert_eq!(with(word, "으로", "로"), wanted);
        }
    }
}
