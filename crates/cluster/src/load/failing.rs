//! How requests of a load end that nobody answered: by kind, how many, and why.
//!
//! Owns: the tally of a load and its words in both languages. Does not own: which part ends how (`network::flow`), the
//! way of the single request that explains a kind (`net::sample`).

use clock::{Millis, Time};
use network::path::Hop;
use network::{Fault, Language, Outcome, Path};

/// Kinds that a load keeps apart.
const KINDS: usize = 16;
/// Requests that are looked at for the sake of one kind, at most.
const TRIES: u32 = 60;

/// One way in which requests of a load fail.
#[derive(Clone, Debug, PartialEq)]
pub struct Failing {
    pub how: Outcome,
    /// Since the load began, in thousandths of a request.
    pub total: i64,
    /// In the second that ended at `at`, in thousandths of a request.
    pub latest: i64,
    /// When it was last so.
    pub at: Time,
    /// Where one such request went wrong, once one was looked at.
    pub hop: Option<Hop>,
    /// How long callers wait.
    patience_ms: Millis,
    tries: u32,
}

impl Failing {
    /// `HTTP 503`, `connection refused`.
    #[must_use]
    pub fn title(&self, language: Language) -> String {
        self.how.words(language)
    }

    /// A sentence that says why, or nothing where nothing is known.
    #[must_use]
    pub fn why(&self, language: Language) -> String {
        if let Some(hop) = &self.hop {
            return hop.sentence(language);
        }
        let (korean, ms) = (language == Language::Korean, self.patience_ms);
        match self.how {
            Outcome::Failed(Fault::Slow) | Outcome::Http(499 | 504) if korean => {
                format!("파드가 감당하지 못해 요청이 {ms} ms 넘게 기다림")
            }
            Outcome::Failed(Fault::Slow) | Outcome::Http(499 | 504) => {
                format!("the pods can't keep up: requests wait longer than {ms} ms")
            }
            Outcome::Failed(Fault::Reset) if korean => "요청이 기다리는 동안 파드가 종료됨".into(),
            Outcome::Failed(Fault::Reset) => "a pod ended while requests waited in it".into(),
            _ => String::new(),
        }
    }

    /// The object and field to look at: `Service default/web: spec.selector`.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        self.hop.as_ref().and_then(|h| h.look.as_ref()).map(network::path::Look::place)
    }
}

/// All kinds of one load, in the order they first came.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    kinds: Vec<Failing>,
}

impl Tally {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Failing> {
        self.kinds.iter()
    }

    /// Adds what failed in a second.
    pub(super) fn note(&mut self, errors: &[(Outcome, i64)], patience_ms: Millis, now: Time) {
        for (how, n) in errors {
            let room = self.kinds.len() < KINDS;
            match self.kinds.iter_mut().find(|k| k.how == *how) {
                Some(k) => {
                    k.total = k.total.saturating_add(*n);
                    // One kind may come in several parts of the same second.
                    k.latest = if k.at == now { k.latest + n } else { *n };
                    k.at = now;
                }
                None if room => self.kinds.push(Failing {
                    how: *how,
                    total: *n,
                    latest: *n,
                    at: now,
                    hop: None,
                    patience_ms,
                    tries: 0,
                }),
                None => {}
            }
        }
    }

    /// Takes the explanation from a request that was looked at.
    pub(super) fn explain(&mut self, path: &Path) {
        if let Some(k) = self.kinds.iter_mut().find(|k| k.how == path.outcome)
            && let Some(hop) = path.failing()
        {
            k.hop = Some(hop.clone());
        }
    }

    /// Whether some kind of this second has no explanation yet and one more request may find it.
    pub(super) fn wants_another(&mut self, now: Time) -> bool {
        let mut wants = false;
        for k in self.kinds.iter_mut().filter(|k| k.at == now && k.hop.is_none() && k.tries < TRIES) {
            k.tries += 1;
            wants = true;
        }
        wants
    }
}

#[cfg(test)]
mod tests {
    use network::Source;
    use network::path::{Code, Stage};

    use super::*;

    #[test]
    fn kinds_are_counted_apart_and_explained() {
        let (refused, gone) = (Outcome::Failed(Fault::Refused), Outcome::Http(499));
        let mut tally = Tally::default();
        tally.note(&[(refused, 5), (gone, 2)], 500, Time(1_000));
        tally.note(&[(refused, 7), (refused, 1)], 500, Time(2_000));
        let got: Vec<_> = tally.iter().map(|k| (k.how, k.total, k.latest)).collect();
        assert_eq!(got, [(refused, 13, 8), (gone, 2, 2)]);
        assert!(tally.wants_another(Time(2_000)));
        let mut path = Path::new(Time(2_000), Source::Internet, "http://web/");
        path.outcome = refused;
        path.hops.push(Hop::failed(Stage::Choice, Code::NoPodMatches).fact("service", "d/web").look(
            "Service",
            "d/web",
            "spec.selector",
        ));
        tally.explain(&path);
        assert!(!tally.wants_another(Time(2_000)));
        let all: Vec<&Failing> = tally.iter().collect();
        assert_eq!(all[0].place().as_deref(), Some("Service d/web: spec.selector"));
        assert_eq!(all[0].title(Language::English), "connection refused");
        assert_eq!(all[1].title(Language::Korean), "HTTP 499");
        assert_eq!(all[1].why(Language::English), "the pods can't keep up: requests wait longer than 500 ms");
    }
}
