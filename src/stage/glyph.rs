//! The shapes of states: nine glyphs on an 18 px grid, read without colour.

use crate::mark::{Mark, circle, path};
use crate::state_words::PodState;

/// The glyph of a state with its upper left corner at (x, y). Colour comes from the class of what holds it.
#[must_use]
pub fn glyph(state: PodState, x: i32, y: i32, size: i32) -> Mark {
    let mut mark = Mark::new("svg", "gl")
        .px("x", x)
        .px("y", y)
        .px("width", size)
        .px("height", size)
        .at("viewBox", "0 0 18 18")
        .at("aria-hidden", "true");
    for part in parts(state) {
        mark.add(part);
    }
    mark
}

fn parts(state: PodState) -> Vec<Mark> {
    match state {
        PodState::Ready => vec![circle("f", 9, 9, 8), path("k", "M5.2 9.3l2.6 2.6 5-5.6")],
        PodState::NotReady => vec![circle("o", 9, 9, 7), path("f", "M9 2a7 7 0 010 14z")],
        PodState::Starting => vec![circle("o dash", 9, 9, 7), path("s", "M9 5v7M6 9.2L9 12l3-2.8")],
        PodState::Pending => vec![circle("o", 9, 9, 7), path("s", "M9 5v4.2l3 1.8")],
        PodState::BackOff => vec![path("f", "M9 1.5L17 16H1z"), path("k", "M9 6.4v4.4M9 13.2v.2")],
        PodState::Failed => {
            vec![
                path("f", "M5.8 1.2h6.4l4.6 4.6v6.4l-4.6 4.6H5.8l-4.6-4.6V5.8z"),
                path("k", "M6.2 6.2l5.6 5.6M11.8 6.2l-5.6 5.6"),
            ]
        }
        PodState::Ending => vec![path("o", "M3 2.5h9v13H3z"), path("s", "M7 9h9M13.2 6.2L16 9l-2.8 2.8")],
        PodState::Completed => {
            vec![
                path("f", "M3.5 1.5h11a2 2 0 012 2v11a2 2 0 01-2 2h-11a2 2 0 01-2-2v-11a2 2 0 012-2z"),
                path("k", "M5.2 9.3l2.6 2.6 5-5.6"),
            ]
        }
        PodState::Unknown => {
            vec![circle("o dots", 9, 9, 7), path("s", "M7 7.2a2 2 0 114 0c0 1.4-2 1.6-2 3M9 13v.1")]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_states_share_a_shape() {
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
        for (i, a) in states.iter().enumerate() {
            for b in &states[i + 1..] {
                assert_ne!(parts(*a), parts(*b));
            }
        }
    }
}
