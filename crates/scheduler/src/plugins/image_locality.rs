//! ImageLocality: prefers a node that has the pod's images already, the more so the larger and the wider spread they are.
//!
//! Models `plugins/imagelocality`.

use objects::Str;

use crate::framework::{Look, MAX_NODE_SCORE, RawScores, Score};
use crate::images::Image;
use crate::nodes::Slot;

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
        let spec = &look.pod.pod["spec"];
        let (init, main) = (spec["initContainers"].items(), spec["containers"].items());
        let volumes = spec["volumes"].items().iter().map(|v| v["image"]["reference"].text());
        let images = init.iter().chain(main).map(|c| c["image"].text()).chain(volumes);
        let known: Vec<&Image> =
            images.filter(|i| !i.is_empty()).filter_map(|i| look.nodes.images.get(&normalized(i))).collect();
        let (containers, all) = ((init.len() + main.len()).max(1) as i64, look.nodes.len().max(1) as f64);
        // Most pods' images are nowhere yet, or on few nodes.
        if known.is_empty() {
            into.each.push(0);
            return true;
        }
        // Nodes side by side mostly have the same: of an image, and in sum.
        let share = |image: &Image| image.nodes() as f64 / all;
        let mut known: Vec<(&Image, f64, (i64, i64))> =
            known.into_iter().map(|i| (i, share(i), (0, 0))).collect();
        let mut last = (0, scaled(0, containers));
        into.each.extend(feasible.iter().map(|slot| {
            let mut sum = 0i64;
            for (image, share, last) in &mut known {
                let bytes = image.bytes(*slot);
                if bytes != last.0 {
                    *last = (bytes, (bytes as f64 * *share) as i64);
                }
                sum = sum.saturating_add(last.1);
            }
            if sum != last.0 {
                last = (sum, scaled(sum, containers));
            }
            last.1
        }));
        true
    }
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
