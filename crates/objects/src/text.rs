//! Texts made for others to read: put together of several, instants, and what may stand in a URL.

use std::cell::RefCell;

use clock::Time;

use crate::Str;

/// More room than this is given back.
const KEPT_MAX: usize = 1 << 16;

thread_local! {
    /// Where texts are put together: its room stays.
    static ROOM: RefCell<String> = const { RefCell::new(String::new()) };
}

/// These texts one after the other. What keys and names are made of, so without a formatter and with one allocation, or
/// none where it is short.
#[inline(never)]
#[must_use]
pub fn joined(parts: &[&str]) -> Str {
    ROOM.with_borrow_mut(|room| {
        room.clear();
        for part in parts {
            room.push_str(part);
        }
        let text = Str::from(room.as_str());
        if room.capacity() > KEPT_MAX {
            *room = String::new();
        }
        text
    })
}

/// As a part of a URL: all but letters, digits and `-_.~` as `%XX`.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

thread_local! {
    /// The last instant that was asked for, in seconds, and its text.
    static LAST: RefCell<(i64, Str)> = const { RefCell::new((i64::MIN, Str::new_static(""))) };
}

/// [`Time::rfc3339`], kept for as long as the clock shows the same second.
#[inline(never)]
#[must_use]
pub fn rfc3339(at: Time) -> Str {
    let second = at.0.div_euclid(1_000);
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second {
            (*last, *text) = (second, at.rfc3339().into());
        }
        text.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_joined_whatever_their_length() {
        for n in [0usize, 1, 22, 23, 24, 200, 50_000, 3] {
            let (a, b) = ("a".repeat(n), "\u{e9}".repeat(n));
            assert_eq!(joined(&[&a, "/", &b]), format!("{a}/{b}"));
        }
        assert_eq!(joined(&[]), "");
    }

    #[test]
    fn what_a_url_may_not_hold_is_encoded() {
        assert_eq!(percent_encoded("a b/\u{e9}~-_.1+"), "a%20b%2F%C3%A9~-_.1%2B");
    }

    #[test]
    fn an_instant_has_the_text_of_its_own_second() {
        for ms in [0, 999, 1_000, 1_999, 0, -1, 86_400_000] {
            let at = Time::EPOCH + ms;
            assert_eq!(rfc3339(at), at.rfc3339());
        }
    }
}
