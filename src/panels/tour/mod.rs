//! The tour: one minute, seven places, each with one thing to try. It is shown once and can be had again.
//!
//! Owns: the places and their order. Does not own: what is there.

#[cfg(target_arch = "wasm32")]
pub mod view;

/// A stop: what it points at, and the panel that must be in front for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    pub at: &'static str,
    pub panel: Option<crate::panels::Front>,
}

/// The places of the page, in the order of a first look: their texts stand in the same order in `Texts::tour`.
pub const STOPS: [Stop; 7] = [
    Stop { at: ".stage", panel: Some(crate::panels::Front::Diagram) },
    Stop { at: ".tty", panel: Some(crate::panels::Front::Terminal) },
    Stop { at: ".ed", panel: Some(crate::panels::Front::Editor) },
    Stop { at: ".tline", panel: Some(crate::panels::Front::Diagram) },
    Stop { at: ".insp", panel: Some(crate::panels::Front::Inspector) },
    Stop { at: ".lesson", panel: Some(crate::panels::Front::Lesson) },
    Stop { at: ".finder", panel: Some(crate::panels::Front::Diagram) },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn the_tour_takes_about_a_minute_in_both_languages() {
        for lang in [Lang::En, Lang::Ko] {
            let texts = lang.texts().guide().tour;
            assert_eq!(texts.len(), STOPS.len());
            let letters: usize =
                texts.iter().map(|(title, says)| title.chars().count() + says.chars().count()).sum();
            // About 18 letters of English or 9 of Korean a second are read.
            let seconds = letters / if lang == Lang::Ko { 9 } else { 18 };
            assert!((30..=70).contains(&seconds), "{seconds} s");
        }
    }
}
