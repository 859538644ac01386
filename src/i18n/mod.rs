//! What the page says, in both languages.
//!
//! Owns: [`Texts`], a table for each room of the page. A text stands once, English first and Korean beside it, so that none
//! lacks a language. English: plain, present tense. Korean: 합니다체, short sentences; kinds as the Korean documentation
//! calls them. Upstream's words (kinds, fields, statuses, messages) are not here; they are the same in every language.
//! Does not own: the lessons' texts (`lessons/`).

use smol_str::SmolStr;

pub use chart::grouped;

type Count = fn(i64) -> SmolStr;
type Two = fn(i64, i64) -> SmolStr;
type Name = fn(&str) -> SmolStr;

/// A table of texts: `name = English, Korean;`. Texts with numbers or a name in them name their type: `Count`, `Two`, `Name`.
macro_rules! texts {
    (@type) => { &'static str };
    (@type $type:ty) => { $type };
    ($table:ident $($(#[$note:meta])* $name:ident $(: $type:ty)? = $en:expr, $ko:expr;)*) => {
        pub struct $table {
            $($(#[$note])* pub $name: texts!(@type $($type)?),)*
        }

        pub(super) static EN: $table = $table { $($name: $en),* };
        pub(super) static KO: $table = $table { $($name: $ko),* };
    };
}

mod chart;
mod charts;
mod course;
mod deeds;
mod editor;
mod faults;
mod guide;
mod inspector;
mod lab;
mod lesson;
mod objects;
mod page;
mod stage;
mod terminal;
mod time;
mod traffic;

/// The two languages of the page, equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    En,
    Ko,
}

impl Lang {
    /// From a BCP 47 tag such as `ko-KR`; whatever is not Korean reads English.
    #[must_use]
    pub fn of_tag(tag: &str) -> Self {
        let primary = tag.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("ko") { Self::Ko } else { Self::En }
    }

    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    #[must_use]
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::En => &Texts(Self::En),
            Self::Ko => &Texts(Self::Ko),
        }
    }
}

/// Every text of the page in one language: a table for each room, so that a part of the program which is downloaded late
/// brings its own.
pub struct Texts(Lang);

macro_rules! tables {
    ($($room:ident: $table:ident),*) => {
        impl Texts {
            $(#[must_use]
            pub fn $room(&self) -> &'static $room::$table {
                match self.0 {
                    Lang::En => &$room::EN,
                    Lang::Ko => &$room::KO,
                }
            })*
        }
    };
}

tables! {
    chart: Chart,
    charts: Charts,
    course: Course,
    deeds: Deeds,
    editor: Editor,
    faults: Faults,
    guide: Guide,
    inspector: Inspector,
    lab: Lab,
    lesson: Lesson,
    objects: Objects,
    page: Page,
    stage: Stage,
    terminal: Terminal,
    time: Time,
    traffic: Traffic
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_words::PodState;

    #[test]
    fn a_language_tag_picks_one_of_two_languages() {
        let cases = [
            ("ko", Lang::Ko),
            ("ko-KR", Lang::Ko),
            ("KO-kr", Lang::Ko),
            ("en-GB", Lang::En),
            ("kok", Lang::En),
            ("", Lang::En),
        ];
        for (tag, lang) in cases {
            assert_eq!(Lang::of_tag(tag), lang, "{tag:?}");
        }
    }

    #[test]
    fn every_state_has_its_own_word() {
        for lang in [Lang::En, Lang::Ko] {
            let states = [
                PodState::Failed,
                PodState::BackOff,
                PodState::Unknown,
                PodState::Pending,
                PodState::Starting,
                PodState::NotReady,
                PodState::Ending,
                PodState::Ready,
                PodState::Completed,
            ];
            let mut words: Vec<_> = states.iter().map(|s| (lang.texts().stage().state)(*s, false)).collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), states.len());
        }
    }
}
