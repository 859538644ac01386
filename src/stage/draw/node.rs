//! Nodes: land with a shoal around it, its name, trouble or capacity; the folded control plane.

use std::rc::Rc;

use smol_str::{SmolStr, format_smolstr};

use super::{Pen, object, sealed, squeezed};
use crate::format::{cpus, fit, mono};
use crate::mark::{Mark, Rect, icon, path, rect, text};
use crate::stage::facts::{NodeFacts, ObjectId};
use crate::stage::glyph::glyph;
use crate::stage::layout::NodePlace;
use crate::state_words::PodState;

impl Pen<'_> {
    pub(super) fn control_plane(&self, facts: &NodeFacts, at: Rect) -> Mark {
        let label = format_smolstr!("{} {}", (self.texts.kind)("Node"), facts.name);
        let (x, y) = (at.mid_x() + 4, at.bottom() - 10);
        let room = at.h - 44;
        object(self.class("cp", &facts.id), &facts.id, label, self.is_picked(&facts.id), at)
            .with(rect("coast", at, 6))
            .with(icon("#i-lock", at.x + 10, at.y + 9, 16))
            .with(
                text("m s2", 0, 0, fit(&facts.name, room, mono(24)))
                    .at("transform", format_smolstr!("translate({x} {y}) rotate(-90)")),
            )
    }

    pub(super) fn land(&self, node: &NodePlace) -> (ObjectId, Rc<Mark>) {
        let r = node.rect;
        let cut = 8.min(r.h / 4);
        let d = format_smolstr!(
            "M{} {}h{}l{cut} {cut}v{}l-{cut} {cut}h-{}l-{cut}-{cut}v-{}z",
            r.x + cut,
            r.y,
            r.w - 2 * cut,
            r.h - 2 * cut,
            r.w - 2 * cut,
            r.h - 2 * cut
        );
        let class = if node.facts.ready { "land" } else { "land lost" };
        let mut mark =
            Mark::new("g", "").at("class", self.class(class, &node.facts.id)).at("aria-hidden", "true");
        mark.add(path("shoal", d.clone()));
        mark.add(path("coast", d));
        if node.more > 0 {
            let more = i64::try_from(node.more).unwrap_or(0);
            mark.add(text(
                "s2 end",
                r.right() - 10,
                r.bottom() - 5,
                format_smolstr!("+{}", (self.texts.more)(more)),
            ));
        }
        (node.facts.id.clone(), Rc::new(mark))
    }

    /// Name, trouble or capacity of a node. It lies above the owners' lines.
    pub(super) fn head(&self, node: &NodePlace) -> (ObjectId, Rc<Mark>) {
        let (facts, r, texts) = (&node.facts, node.rect, self.texts);
        let used = self.model.requested.get(&facts.name).copied().unwrap_or(0);
        let (used_text, all_text) = (cpus(used), cpus(facts.milli));
        let trouble: Option<(&'static str, PodState, SmolStr)> = if !facts.ready {
            let seconds = (self.now - facts.since).max(0) / 1000;
            Some(("bad", PodState::Failed, (texts.silent_for)(seconds)))
        } else if facts.cordoned {
            Some(("slash", PodState::Ending, texts.cordoned.into()))
        } else if !facts.pressure.is_empty() {
            Some(("warn", PodState::BackOff, facts.pressure.into()))
        } else {
            None
        };
        let mut label = format!("{} {}", (texts.kind)("Node"), facts.name);
        label.push_str(", ");
        label.push_str(&match &trouble {
            Some((_, _, words)) => words.clone(),
            None => (texts.capacity)(&used_text, &all_text),
        });
        let head = node.inner.y - r.y;
        let top = Rect::new(r.x, r.y, r.w, head);
        let mut mark =
            object(self.class("head", &facts.id), &facts.id, label, self.is_picked(&facts.id), top);
        let y = r.y + head / 2 + if head > 30 { 0 } else { 4 };
        let name_w = i32::try_from(facts.name.chars().count()).unwrap_or(0) * 75 / 10 + 20;
        mark.add(text("m n", r.x + 12, y, fit(&facts.name, r.w - 20, mono(25))));
        if let Some((class, shape, words)) = trouble {
            let wide = i32::try_from(
                words.chars().map(|c| if u32::from(c) > 0x1100 { 2 } else { 1 }).sum::<usize>(),
            )
            .unwrap_or(0)
                * 66
                / 10
                + 36;
            let w = wide.min(r.w - name_w - 10);
            if w > 40 {
                let banner = Rect::new(r.right() - w - 8, y - 15, w, 21);
                let mut group = Mark::new("g", "").at("class", format_smolstr!("banner {class}"));
                group.add(rect("", banner, 5));
                group.add(glyph(shape, banner.x + 5, banner.y + 3, 15));
                group.add(squeezed("", banner.x + 25, banner.y + 15, &words, banner.w - 30, 65));
                mark.add(group);
            }
        } else if r.w - name_w > 70 {
            let bar = Rect::new(r.right() - 64, y - 9, 52, 9);
            let full = if facts.milli > 0 {
                i32::try_from((used * 50 / facts.milli).clamp(0, 50)).unwrap_or(0)
            } else {
                0
            };
            if r.w - name_w > 140 {
                mark.add(text("m s end", bar.x - 6, y, format_smolstr!("cpu {used_text}/{all_text}")));
            }
            mark.add(rect("bar", bar, 2));
            mark.add(rect("fill", Rect::new(bar.x + 1, bar.y + 1, full, 7), 1));
        }
        (facts.id.clone(), Rc::new(sealed(mark)))
    }
}
