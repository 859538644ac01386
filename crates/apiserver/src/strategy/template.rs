//! Specs that were defaulted and validated before: replicas of one template cost nothing extra.
//!
//! Owns: a small memory of pod specs by pointer. A spec that is the same subtree needs no second look.

use objects::Value;
use rustc_hash::FxHashMap;

/// How many specs are remembered: the templates that are rolled out at one time.
const REMEMBERED: usize = 512;

/// Pod specs as they came in and as they were accepted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted {
    /// The holder keeps the subtree alive, so its address cannot be another's.
    specs: Vec<(Value, Value)>,
    /// The place of each in `specs` by its address. Looked up, never walked.
    places: FxHashMap<usize, usize>,
    next: usize,
}

impl Accepted {
    /// The accepted form of a spec seen before.
    pub(crate) fn get(&self, spec: &Value) -> Option<&Value> {
        let (given, accepted) = self.specs.get(*self.places.get(&spec.address()?)?)?;
        given.same(spec).then_some(accepted)
    }

    /// True for a spec that was accepted as it is, or as it came in.
    pub(crate) fn is_known(&self, spec: &Value) -> bool {
        self.get(spec).is_some()
    }

    /// Remembers that `given` became `accepted`, and that `accepted` stays as it is.
    pub(crate) fn remember(&mut self, given: Value, accepted: Value) {
        if !given.same(&accepted) {
            self.push(given, accepted.clone());
        }
        self.push(accepted.clone(), accepted);
    }

    fn push(&mut self, given: Value, accepted: Value) {
        if self.get(&given).is_some() {
            return;
        }
        let Some(address) = given.address() else { return };
        let place = if self.specs.len() < REMEMBERED { self.specs.len() } else { self.next };
        if let Some((old, _)) = self.specs.get(place) {
            if let Some(old) = old.address() {
                self.places.remove(&old);
            }
            self.specs[place] = (given, accepted);
            self.next = (self.next + 1) % REMEMBERED;
        } else {
            self.specs.push((given, accepted));
        }
        self.places.insert(address, place);
    }
}
