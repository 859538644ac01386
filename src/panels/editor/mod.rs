//! The manifest editor: the learner's files, one at a time, in a plain text area, and the way into the cluster.
//!
//! Owns: line numbers, names for new files. Does not own: the files (terminal).

pub mod assist;
pub mod fault;
#[cfg(target_arch = "wasm32")]
pub mod view;

/// A name no file has yet: `web.yaml`, `web-2.yaml`, ...
#[must_use]
pub fn fresh_name(taken: &[String]) -> String {
    let name = |n: usize| if n == 1 { "web.yaml".to_owned() } else { format!("web-{n}.yaml") };
    (1..).map(name).find(|name| !taken.contains(name)).unwrap_or_default()
}

/// `1\n2\n3` for a text of three lines.
#[must_use]
pub fn numbers(text: &str) -> String {
    let count = text.split('\n').count();
    (1..=count).map(|n| n.to_string()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_takes_no_others_name() {
        assert_eq!(fresh_name(&[]), "web.yaml");
        assert_eq!(fresh_name(&["web.yaml".into(), "web-2.yaml".into()]), "web-3.yaml");
    }

    #[test]
    fn every_line_has_a_number() {
        assert_eq!(numbers(""), "1");
        assert_eq!(numbers("a\nb\n"), "1\n2\n3");
    }
}
