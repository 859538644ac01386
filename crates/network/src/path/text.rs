//! A path in words: templates per language, filled from a hop's facts.

use super::{Code, Fault, Hop, Look, Outcome, Path, Source, english, korean};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Korean,
}

impl Language {
    /// The language of a locale such as `ko_KR.UTF-8`.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        if locale.starts_with("ko") { Self::Korean } else { Self::English }
    }

    fn template(self, code: Code) -> &'static str {
        match self {
            Self::English => english::template(code),
            Self::Korean => korean::template(code),
        }
    }

    fn words(self) -> &'static Words {
        match self {
            Self::English => &english::WORDS,
            Self::Korean => &korean::WORDS,
        }
    }
}

/// The words around the hops.
pub struct Words {
    pub you: &'static str,
    pub internet: &'static str,
    pub look: &'static str,
    pub out_of: &'static str,
    pub http: &'static str,
    pub reached: &'static str,
    pub resolved: &'static str,
    pub faults: fn(Fault) -> &'static str,
}

/// Fills `{name}` from facts; an unknown name stays as it is.
fn fill(template: &str, fact: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match fact(name) {
            Some(text) => out.push_str(&text),
            None => out.push_str(&format!("{{{name}}}")),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

impl Hop {
    /// The hop as a sentence.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let words = language.words();
        fill(language.template(self.code), &|name| {
            let (_, text) = self.facts.iter().find(|(n, _)| *n == name)?;
            Some(match text.as_str() {
                "you" if name == "machine" => words.you.to_owned(),
                "internet" if name == "machine" => words.internet.to_owned(),
                other => other.to_owned(),
            })
        })
    }
}

impl Look {
    /// `Service default/web: spec.ports[0].targetPort`.
    #[must_use]
    pub fn place(&self) -> String {
        let at = if self.namespace.is_empty() {
            self.name.to_string()
        } else {
            format!("{}/{}", self.namespace, self.name)
        };
        if self.field.is_empty() {
            format!("{} {at}", self.kind)
        } else {
            format!("{} {at}: {}", self.kind, self.field)
        }
    }
}

impl Outcome {
    /// `HTTP 503`, `connection refused`.
    #[must_use]
    pub fn words(self, language: Language) -> String {
        let words = language.words();
        match self {
            Self::Http(status) => words.http.replace("{status}", &status.to_string()),
            Self::Reached => words.reached.to_owned(),
            Self::Resolved => words.resolved.to_owned(),
            Self::Failed(fault) => (words.faults)(fault).to_owned(),
        }
    }
}

impl Path {
    /// One line a hop, then how it ended.
    #[must_use]
    pub fn lines(&self, language: Language) -> Vec<String> {
        let words = language.words();
        let source = match &self.source {
            Source::Learner => words.you.to_owned(),
            Source::Internet => words.internet.to_owned(),
            other => other.label().to_string(),
        };
        let mut lines = vec![format!("{source} -> {}", self.target)];
        for (i, hop) in self.hops.iter().enumerate() {
            let mark = if hop.passed { "ok" } else { "!!" };
            lines.push(format!("{:>2} {mark} {:<13} {}", i + 1, hop.stage.as_str(), hop.sentence(language)));
            if hop.alternatives.len() > 1 {
                let all: Vec<&str> = hop.alternatives.iter().map(objects::Str::as_str).collect();
                lines.push(format!("{:20}{}", "", words.out_of.replace("{all}", &all.join(", "))));
            }
            if let Some(look) = hop.look.as_ref().filter(|_| !hop.passed) {
                lines.push(format!("{:20}{}", "", words.look.replace("{place}", &look.place())));
            }
        }
        let end = self.outcome.words(language);
        lines.push(format!("=> {end} ({} ms)", self.took_ms));
        lines
    }
}

#[cfg(test)]
mod tests {
    use ordered::BTreeSet;

    use super::*;
    use crate::path::Stage;

    fn placeholders(template: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::default();
        for part in template.split('{').skip(1) {
            all.insert(part.split('}').next().unwrap_or("").to_owned());
        }
        all
    }

    #[test]
    fn both_languages_name_the_same_facts() {
        for code in Code::ALL {
            let (en, ko) = (english::template(*code), korean::template(*code));
            assert_eq!(placeholders(en), placeholders(ko), "{code:?}");
            assert_ne!(en, ko, "{code:?}");
            assert!(ko.chars().any(|c| ('가'..='힣').contains(&c)), "{code:?}");
        }
    }

    #[test]
    fn a_sentence_is_filled_from_facts() {
        let hop = Hop::failed(Stage::Port, Code::TargetPortClosed)
            .fact("service", "default/web")
            .number("port", 80)
            .number("target", 8080)
            .fact("pod", "default/web-1")
            .fact("open", "80")
            .look("Service", "default/web", "spec.ports[0].targetPort");
        let en = hop.sentence(Language::English);
        assert_eq!(
            en,
            "Service default/web port 80 sends to targetPort 8080; nothing listens on 8080 in pod default/web-1; the container listens on 80"
        );
        assert!(!hop.sentence(Language::Korean).contains('{'));
        assert_eq!(
            hop.look.map(|l| l.place()).as_deref(),
            Some("Service default/web: spec.ports[0].targetPort")
        );
    }

    #[test]
    fn odd_templates_are_left_as_they_are() {
        assert_eq!(fill("a {x} {y", &|_| None), "a {x} {y");
    }
}
