//! Image names: known ones with a slip, and noise between the marks of a reference.

use clock::Rng;
use containers::images::{Registry, catalogue, reference, resolve};

pub(super) fn try_one(rng: &mut Rng) {
    let known: Vec<&str> = catalogue().map(|i| i.name).collect();
    let mut name = if rng.below(2) == 0 { super::pick(rng, &known).to_string() } else { super::noise(rng) };
    for _ in 0..rng.below(4) {
        let at = rng.below(name.chars().count() as u64 + 1) as usize;
        let at = name.char_indices().nth(at).map_or(name.len(), |(i, _)| i);
        name.insert_str(at, &super::noise(rng));
    }
    let marks = ["", ":", ":latest", ":1.27", "@sha256:", "@", "/", ":5000/x", "://"];
    name.push_str(super::pick(rng, &marks));
    if rng.below(3) == 0 {
        name.push_str(&super::noise(rng));
    }
    let _ = resolve(&name);
    if let Ok(r) = reference::parse(&name) {
        let _ = (Registry::default().refusal(&r, &[]), Registry::default().find(&r).is_some());
    }
}
