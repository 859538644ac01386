//! Names for containers that were given none: an adjective and a person.
//!
//! Models `pkg/namesgenerator` (the form; the words are a choice of our own).

use clock::Rng;

const HOW: [&str; 24] = [
    "amazing", "bold", "brave", "busy", "clever", "cool", "eager", "elegant", "epic", "festive", "focused",
    "gifted", "happy", "jolly", "keen", "kind", "lucid", "magical", "nifty", "quirky", "serene", "sharp",
    "tender", "zen",
];
const WHO: [&str; 24] = [
    "archimedes",
    "babbage",
    "bell",
    "bohr",
    "curie",
    "darwin",
    "dijkstra",
    "einstein",
    "euclid",
    "fermi",
    "galileo",
    "gauss",
    "hawking",
    "hopper",
    "kepler",
    "knuth",
    "lamport",
    "lovelace",
    "mendel",
    "newton",
    "noether",
    "ritchie",
    "turing",
    "wozniak",
];

pub(super) fn name(rng: &mut Rng) -> String {
    let mut pick = |list: &[&'static str; 24]| list[rng.below(24) as usize];
    format!("{}_{}", pick(&HOW), pick(&WHO))
}
