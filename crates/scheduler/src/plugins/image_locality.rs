//! ImageLocality: prefers a node that has the pod's images already, the more so the larger and the wider spread they are.
//!
//! Models `plugins/imagelocality`.

use std::sync::Arc;

use objects::Str;

use crate::framework::{Look, MAX_NODE_SCORE, RawScores, Score};
use crate::images::{Image, Supply, Wanted};
use crate::node_info::PodInfo;
use crate::nodes::{Nodes, Slot};

const MEGABYTE: i64 = 1024 * 1024;
const LEAST: i64 = 23 * MEGABYTE;
const MOST_EACH: i64 = 1000 * MEGABYTE;

pub(super) struct ImageLocality;

/// With `:latest` when there is no tag.
fn normalized(image: &str) -> Str {
    let colon = image.rfind(':').map_or(-1, |i| i as i64);
    let slash = image.rfind('/').map_or(-1, |i| i as i64);
    if colon <= slash { format!("{image}:latest").into() } else { image.into() }
}

fn scaled(sum: i64, containers: i64) -> i64 {
    let most = MOST_EACH * containers;
    MAX_NODE_SCORE * (sum.clamp(LEAST, most) - LEAST) / (most - LEAST)
}

impl Score for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn is_scaled(&self) -> bool {
        true
    }

    fn score(&self, look: &Look<'_>, feasible: &[Slot], into: &mut RawScores) -> bool {
        let supply = &look.cycle.images;
        match supply.common {
            Some(score) => into.each.push(score.into()),
            None => {
                let of = |slot: &Slot| supply.by_slot.get(*slot as usize).copied().unwrap_or(0);
                into.codes.extend(feasible.iter().map(of));
            }
        }
        true
    }
}

fn wanted(pod: &PodInfo) -> Wanted {
    let spec = &pod.pod["spec"];
    let (init, main) = (spec["initContainers"].items(), spec["containers"].items());
    let volumes = spec["volumes"].items().iter().map(|v| v["image"]["reference"].text());
    let images = init.iter().chain(main).map(|c| c["image"].text()).chain(volumes);
    Wanted {
        images: images.filter(|i| !i.is_empty()).map(normalized).collect(),
        containers: (init.len() + main.len()).max(1) as i64,
    }
}

/// How well nodes are supplied with a pod's images.
pub(super) fn pre_filter(pod: &PodInfo, nodes: &mut Nodes) -> Arc<Supply> {
    let (wanted, all) = (wanted(pod), nodes.len());
    if let Some(known) = nodes.images.known(&wanted, all) {
        return known;
    }
    let supply = Arc::new(supply(&wanted, nodes));
    nodes.images.remember(wanted, all, supply.clone());
    supply
}

fn supply(wanted: &Wanted, nodes: &Nodes) -> Supply {
    let known = wanted.images.iter().filter_map(|i| nodes.images.get(i));
    let share = |image: &Image| image.nodes() as f64 / nodes.len().max(1) as f64;
    let known: Vec<(&Image, f64)> = known.map(|i| (i, share(i))).collect();
    // Most pods' images are nowhere yet.
    if known.is_empty() {
        return Supply { by_slot: Vec::new(), common: Some(0) };
    }
    let of = |slot: Slot| {
        let sizes = known.iter().map(|(image, share)| (image.bytes(slot) as f64 * share) as i64);
        scaled(sizes.fold(0, i64::saturating_add), wanted.containers) as u8
    };
    let scores: Vec<(usize, u8)> = nodes.iter().map(|n| (n.slot as usize, of(n.slot))).collect();
    let mut by_slot = vec![0; scores.last().map_or(0, |(last, _)| last + 1)];
    scores.iter().for_each(|(slot, score)| by_slot[*slot] = *score);
    let first = scores.first().map(|(_, score)| *score);
    Supply { by_slot, common: first.filter(|first| scores.iter().all(|(_, score)| score == first)) }
}

/// The images of a node as its status lists them.
#[cfg(test)]
fn listed(images: &[(&str, i64)]) -> objects::Value {
    let one = |(name, size): &(&str, i64)| objects::value!({"names": [(*name)], "sizeBytes": (*size)});
    images.iter().map(one).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{cluster, scored};

    #[test]
    fn large_images_draw_pods() {
        let node = |name: &str, images: &[(&str, i64)]| value!({"metadata": {"name": (name)}, "status": {"images": (listed(images))}});
        let c = cluster(vec![
            node("a", &[("app:v1", 500 * MEGABYTE), ("tool:latest", 10 * MEGABYTE)]),
            node("b", &[("app:v1", 500 * MEGABYTE), ("big:v1", 4000 * MEGABYTE)]),
            node("c", &[]),
            node("d", &[]),
        ]);
        let pod = |image: &str| value!({"spec": {"containers": [{"image": (image)}]}});
        let table = [
            // Half of the nodes have it: 250 MiB count.
            ("app:v1", vec![23, 23, 0, 0]),
            ("app:v2", vec![0, 0, 0, 0]),
            // Below the least size.
            ("tool", vec![0, 0, 0, 0]),
            // A quarter of 4000 MiB is as much as can count.
            ("big:v1", vec![0, 100, 0, 0]),
        ];
        for (image, want) in table {
            assert_eq!(scored(&ImageLocality, &c, &pod(image)).map(|s| s.1), Some(want), "{image}");
        }
    }

    #[test]
    fn names_get_a_tag() {
        for (image, want) in
            [("a", "a:latest"), ("h:5000/a", "h:5000/a:latest"), ("h:5000/a:1", "h:5000/a:1")]
        {
            assert_eq!(normalized(image), want);
        }
    }
}
