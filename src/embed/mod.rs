//! The page inside another page: the messages it sends and the orders it takes, version 1.
//!
//! Owns: the form of both, and reading orders that may come from anybody. Does not own: the frame (`view`), lessons.
//! docs/embedding.md describes the protocol for those who embed.

#[cfg(target_arch = "wasm32")]
pub mod view;

/// Every message carries it as `wheelhouse`; it is raised when a message changes its meaning.
pub const VERSION: i32 = 1;
/// Longer names are none of ours.
const LONGEST: usize = 64;

/// What a host may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Opens a lesson; in a language if one is named.
    Load { lesson: String, lang: Option<&'static str> },
    /// The open lesson from its beginning.
    Reset,
}

/// Reads an order. `known` says whether there is a lesson of this name.
///
/// # Errors
/// What is wrong, for an answer of type `error`; the empty text for what is not meant for us at all.
pub fn order(
    version: f64,
    kind: &str,
    lesson: &str,
    lang: &str,
    known: &dyn Fn(&str) -> bool,
) -> Result<Order, &'static str> {
    if version.is_nan() {
        return Err("");
    }
    if version != f64::from(VERSION) {
        return Err("this page speaks version 1");
    }
    match kind {
        "reset" => Ok(Order::Reset),
        "load" if lesson.len() > LONGEST || !known(lesson) => Err("there is no such lesson"),
        "load" => {
            let lang = match lang {
                "ko" => Some("ko"),
                "en" => Some("en"),
                "" => None,
                _ => return Err("lang is en or ko"),
            };
            Ok(Order::Load { lesson: lesson.to_owned(), lang })
        }
        _ => Err("type is load or reset"),
    }
}

/// How tall the frame is best for a page of this width, px.
#[must_use]
pub fn height(width: i32) -> i32 {
    match width {
        ..=640 => 760,
        641..=959 => 820,
        _ => 720,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(version: f64, kind: &str, lesson: &str, lang: &str) -> Result<Order, &'static str> {
        order(version, kind, lesson, lang, &|slug| slug == "pods")
    }

    #[test]
    fn orders_are_read() {
        let load = |lang| Ok(Order::Load { lesson: "pods".into(), lang });
        assert_eq!(read(1.0, "load", "pods", "ko"), load(Some("ko")));
        assert_eq!(read(1.0, "load", "pods", ""), load(None));
        assert_eq!(read(1.0, "reset", "", ""), Ok(Order::Reset));
    }

    #[test]
    fn what_is_hostile_or_not_for_us_changes_nothing() {
        assert_eq!(read(f64::NAN, "load", "pods", ""), Err(""));
        let long = "x".repeat(100_000);
        for (version, kind, lesson, lang) in [
            (2.0, "load", "pods", ""),
            (1.5, "load", "pods", ""),
            (f64::INFINITY, "reset", "", ""),
            (1.0, "", "pods", ""),
            (1.0, "eval", "pods", ""),
            (1.0, "load", "../index", ""),
            (1.0, "load", "", ""),
            (1.0, "load", long.as_str(), ""),
            (1.0, "load", "pods", "<script>"),
        ] {
            assert!(read(version, kind, lesson, lang).is_err_and(|e| !e.is_empty()), "{kind} {lang}");
        }
    }
}
