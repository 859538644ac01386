//! Pod specs that admission completed before: replicas of one template share what it makes of their spec.
//!
//! Owns: a small memory of specs by pointer, and when it is forgotten. Does not own: what the plugins do.
//!
//! Upstream every pod's token volume has a name of its own, `kube-api-access-` and five letters. Here the first
//! [`NAMED`] pods of a template have one each; those that follow take one of these, as chance decides, and share all of
//! that pod's spec.

use clock::Rng;
use objects::{Str, Value};
use ordered::BTreeMap;
use rustc_hash::FxHashMap;

use crate::registry::meta::SUFFIX_LETTERS;

/// How many token volumes of one template have a name of their own.
const NAMED: usize = 32;
const SUFFIX_LEN: usize = 5;
/// Templates remembered; the oldest goes first.
const TEMPLATES: usize = 256;

/// What the plugins read besides the pod. Whenever one of these is written, all is forgotten.
const READ: [&str; 5] = [
    "limitranges",
    "serviceaccounts",
    "priorityclasses.scheduling.k8s.io",
    "runtimeclasses.node.k8s.io",
    super::vertical_pod_autoscaler::AUTOSCALERS,
];

/// Whether the plugins read this resource besides the pod.
pub(crate) fn reads(resource: &str) -> bool {
    READ.contains(&resource)
}

/// The letters that name a token volume.
pub(super) fn suffix(rng: &mut Rng) -> Str {
    rng.letters(SUFFIX_LETTERS, SUFFIX_LEN).into()
}

/// Specs as they came to admission, and what it made of them. Plain data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Completed {
    /// In the order they were met.
    templates: BTreeMap<u64, Template>,
    /// The place of each in `templates` by its address. Looked up, never walked.
    places: FxHashMap<usize, u64>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Template {
    /// Kept alive, so its address cannot be another's.
    given: Value,
    namespace: Str,
    /// True when each pod's volume is named by chance.
    named: bool,
    made: Vec<Value>,
}

impl Completed {
    fn find(&self, given: &Value, namespace: &str) -> Option<(u64, &Template)> {
        let place = *self.places.get(&given.address()?)?;
        let template = self.templates.get(&place)?;
        (template.given.same(given) && template.namespace == namespace).then_some((place, template))
    }

    /// What was made of `given` for another pod; nothing where this one is to be completed by itself. Draws from `rng`
    /// what completing it would.
    pub(crate) fn again(&self, given: &Value, namespace: &str, rng: &mut Rng) -> Option<Value> {
        let (_, template) = self.find(given, namespace)?;
        if !template.named {
            return template.made.first().cloned();
        }
        if template.made.len() < NAMED {
            return None;
        }
        let letters = suffix(rng).bytes().fold(0usize, |n, b| n * 31 + usize::from(b));
        template.made.get(letters % template.made.len()).cloned()
    }

    /// Remembers what was made of `given`.
    pub(super) fn remember(&mut self, given: Value, namespace: &str, named: bool, made: Value) {
        if let Some((place, _)) = self.find(&given, namespace) {
            if let Some(template) = self.templates.get_mut(&place)
                && template.made.len() < NAMED
            {
                template.made.push(made);
            }
            return;
        }
        let Some(address) = given.address() else { return };
        if self.templates.len() >= TEMPLATES
            && let Some((place, old)) = self.templates.pop_first()
            && let Some(old) = old.given.address()
            && self.places.get(&old) == Some(&place)
        {
            self.places.remove(&old);
        }
        self.places.insert(address, self.next);
        let template = Template { given, namespace: namespace.into(), named, made: vec![made] };
        self.templates.insert(self.next, template);
        self.next += 1;
    }

    /// An object of this resource was written or removed.
    pub(crate) fn written(&mut self, resource: &str) {
        if !self.places.is_empty() && reads(resource) {
            self.templates.clear();
            self.places.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn the_first_pods_of_a_template_are_completed_by_themselves_and_then_none() {
        let (mut memory, mut rng) = (Completed::default(), Rng::new(1));
        let given = value!({"containers": [{"name": "a"}]});
        for i in 0..NAMED {
            assert!(memory.again(&given, "n", &mut rng).is_none(), "{i}");
            memory.remember(given.clone(), "n", true, value!({"i": (i)}));
        }
        let before = rng.clone();
        let again = memory.again(&given, "n", &mut rng).expect("as many as have names");
        assert!(again["i"].as_int().is_some());
        let mut drawn = before;
        suffix(&mut drawn);
        assert_eq!(drawn.next_u64(), rng.next_u64(), "draws what a name would");
        assert!(memory.again(&given, "other", &mut rng).is_none());
        assert!(memory.again(&value!({"containers": [{"name": "a"}]}), "n", &mut rng).is_none());
        memory.written("pods");
        assert!(memory.again(&given, "n", &mut rng).is_some());
        memory.written("serviceaccounts");
        assert!(memory.again(&given, "n", &mut rng).is_none());
    }

    #[test]
    fn what_chance_has_no_part_in_is_completed_once() {
        let (mut memory, mut rng) = (Completed::default(), Rng::new(1));
        let all: Vec<Value> = (0..TEMPLATES + 3).map(|i| value!({"i": (i)})).collect();
        for given in &all {
            memory.remember(given.clone(), "n", false, given.clone());
        }
        let known: Vec<bool> = all.iter().map(|g| memory.again(g, "n", &mut rng).is_some()).collect();
        assert_eq!(known.iter().filter(|k| **k).count(), TEMPLATES);
        assert!(known.ends_with(&[true; TEMPLATES]));
    }
}
