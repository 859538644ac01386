//! Images that nobody uses, thrown away before they fill the disk.
//!
//! Owns: when the disk is looked at for it, how much is to go, what is told when that is not enough.
//! Does not own: which image goes first (image_manager), a disk that is nearly full (eviction).
//! Models `pkg/kubelet/images/image_gc_manager.go` and `StartGarbageCollection` with upstream's defaults: every five
//! minutes, from 85 % of the disk down to 80 %, images that have been there for two minutes. A node's turns are kept
//! only while its disk is that full. Not modelled: `imageMaximumGCAge`, pinned images, the first look of all, which
//! on a real node may find no disk yet (`InvalidDiskCapacity`).

use client::{Ctx, EventType};
use clock::{Millis, Time};
use objects::Str;

use crate::{Kubelet, Task};

const PERIOD_MS: Millis = 300_000;
const MIN_AGE_MS: Millis = 120_000;
const HIGH_PERCENT: i64 = 85;
const LOW_PERCENT: i64 = 80;
const GIB: f64 = 1_073_741_824.0;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ImageGc {
    planned: bool,
    /// The last turn did not free enough.
    failed: bool,
}

/// How much of a disk is used, in whole percent as upstream rounds it: up.
fn used_percent((capacity, free): (i64, i64)) -> i64 {
    100 - free * 100 / capacity.max(1)
}

impl Kubelet {
    /// Plans a turn when the disk, all of it and what is free, is full enough for one.
    pub(crate) fn plan_image_gc(&mut self, disk: (i64, i64), now: Time) {
        if !self.image_gc.planned && used_percent(disk) >= HIGH_PERCENT {
            self.image_gc.planned = true;
            let until = PERIOD_MS - now.0.rem_euclid(PERIOD_MS);
            self.tasks.set(now + until, Task::ImageGc);
        }
    }

    pub(crate) fn collect_images(&mut self, ctx: &mut Ctx<'_>) {
        self.image_gc.planned = false;
        let disk = self.disk(ctx.now);
        let used = used_percent(disk);
        if used < HIGH_PERCENT {
            self.image_gc.failed = false;
            return;
        }
        let surplus = disk.0 * (100 - LOW_PERCENT) / 100 - disk.1;
        let freed = self.free_images(surplus, ctx.now);
        let failed = freed < surplus;
        if failed {
            let text = format!(
                "Insufficient free disk space on the node's image filesystem ({used}% of {:.1} GiB used). Failed to free sufficient space by deleting unused images (freed {freed} bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data.",
                disk.0 as f64 / GIB
            );
            let node = self.node.clone();
            self.recorder.event(ctx, &node, EventType::Warning, "FreeDiskSpaceFailed", &text);
            // Only of repeated failures.
            if self.image_gc.failed {
                self.recorder.event(ctx, &node, EventType::Warning, "ImageGCFailed", &text);
            }
        }
        self.image_gc.failed = failed;
        self.plan_image_gc(self.disk(ctx.now), ctx.now);
    }

    /// Throws away images that no pod uses until so many bytes are free; how many that made.
    pub(crate) fn free_images(&mut self, bytes: i64, now: Time) -> i64 {
        let all = self.pods.values().flat_map(|w| w.containers.iter());
        let in_use: Vec<Str> = all.map(|c| c.spec["image"].to_str()).collect();
        let freed = self.images.free(bytes, &in_use, now - MIN_AGE_MS);
        if freed > 0 {
            self.images_changed(now);
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_full_a_disk_is() {
        for (capacity, free, percent) in [(100, 15, 85), (1000, 159, 85), (1000, 160, 84), (100, 0, 100)] {
            assert_eq!(used_percent((capacity, free)), percent, "{free} of {capacity}");
        }
    }
}
