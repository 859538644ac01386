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

/// How well an object fits: by its name alone first of all, else by its kind, as either language calls it, and its name.
#[must_use]
pub fn rank_object(typed: &str, kinds: [&str; 2], name: &str) -> Option<usize> {
    if name == typed {
        return Some(0);
    }
    let whole = kinds.into_iter().filter_map(|kind| rank(typed, &format!("{kind} {name}")));
    rank(typed, name).into_iter().chain(whole).min().map(|rank| rank + 1)
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
    fn an_object_is_found_by_its_name_and_by_its_kind() {
        let kinds = ["Pod", "파드"];
        assert!(rank_object("web", kinds, "web") < rank_object("web", kinds, "web-1"));
        for typed in ["pod web", "파드 web", "web-1"] {
            assert!(rank_object(typed, kinds, "web-1").is_some_and(|rank| rank < 20), "{typed}");
        }
        assert_eq!(rank_object("service", kinds, "web-1"), None);
    }

    #[test]
    fn beginnings_come_before_middles_and_scattered_letters() {
        let (a, b, c) = (rank("roll", "rollout undo"), rank("roll", "scroll"), rank("ru", "rollout undo"));
        assert!(a < b && b < c, "{a:?} {b:?} {c:?}");
        assert_eq!(rank("xyz", "rollout"), None);
        assert_eq!(rank("", "anything"), Some(50));
        assert!(rank("되감", "되감기").is_some());
    }
}
