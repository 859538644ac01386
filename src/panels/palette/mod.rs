//! The command palette: one field that finds commands, objects, lessons and what was typed before; and the map of keys.
//!
//! Owns: what can be found and how well it fits. Does not own: what it does (`app`).

#[cfg(target_arch = "wasm32")]
pub mod view;

/// How well `text` fits what was typed, the less the better; none when it does not.
#[must_use]
pub fn rank(typed: &str, text: &str) -> Option<usize> {
    let (typed, text) = (typed.to_lowercase(), text.to_lowercase());
    if typed.is_empty() {
        return Some(50);
    }
    if let Some(at) = text.find(&typed) {
        let word = at == 0 || text[..at].ends_with([' ', '-', '/', '.', '·']);
        return Some(if word { at.min(20) } else { 20 + at.min(20) });
    }
    // All letters in their order.
    let mut rest = text.chars();
    typed.chars().filter(|c| *c != ' ').all(|c| rest.by_ref().any(|t| t == c)).then_some(60)
}

/// The map of keys: what is pressed.
pub const KEYS: [&str; 25] = [
    "Space",
    ". ,",
    "> <",
    "[ ]",
    "- +",
    "Home End",
    "j",
    "u",
    "Shift+F",
    "?",
    "z Shift+Z",
    "Ctrl+K",
    "Ctrl+`",
    "Ctrl+E",
    "Ctrl+Enter",
    "← ↑ → ↓",
    "Enter Esc",
    "F6",
    "Ctrl+R",
    "Tab",
    "Alt+↑",
    "Alt+T Alt+W",
    "Alt+1 … 8",
    "Shift+F10",
    "F1 ?",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_come_before_middles_and_scattered_letters() {
        let (a, b, c) = (rank("roll", "rollout undo"), rank("roll", "scroll"), rank("ru", "rollout undo"));
        assert!(a < b && b < c, "{a:?} {b:?} {c:?}");
        assert_eq!(rank("xyz", "rollout"), None);
        assert_eq!(rank("", "anything"), Some(50));
        assert!(rank("되감", "되감기").is_some());
    }
}
