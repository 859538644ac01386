//! Nodes: land with a shoal around it, its name, trouble or capacity; the folded control plane.

use std::rc::Rc;

use smol_str::{SmolStr, format_smolstr};

use super::{Pen, object, sealed, squeezed};
use crate::format::{cpus, fit, memory, mono};
use crate::mark::{Mark, Rect, icon, path, rect, text};
use crate::stage::facts::{NodeFacts, ObjectId};
use crate::stage::glyph::glyph;
use crate::stage::layout::NodePlace;
use crate::state_words::PodState;

impl Pen<'_> {
    pub(super) fn control_plane(&self, facts: &NodeFacts, at: Rect) -> Mark {
        let label = format_smolstr!("{} {}", (self.texts.stage().kind)("Node"), facts.name);
        let (x, y) = (at.mid_x() + 4, at.bottom() - 10);
        let room = at.h - 44;
        let mut mark = object(self.class("cp", &facts.id), &facts.id, label, self.is_picked(&facts.id), at)
            .with(rect("coast", at, 6))
            .with(icon("#i-lock", at.x + 10, at.y + 9, 16));
        // The parts that run there, one shape each.
        let places =
            self.model.system_slots.get(&facts.name).map(|s| s.places.as_slice()).unwrap_or_default();
        let pods = places.iter().flatten().filter_map(|id| self.model.system.get(id));
        let mut part_y = at.y + 32;
        for pod in pods.filter(|p| p.name.ends_with(facts.name.as_str())) {
            if part_y + 20 > at.bottom() {
                break;
            }
            let mut part = Mark::new("g", pod.state.class());
            part.add(Mark::new("title", "").says(format_smolstr!("{}: {}", pod.name, pod.word)));
            part.add(glyph(pod.state, at.x + 11, part_y, 14));
            mark.add(part);
            part_y += 18;
        }
        let room = room - (part_y - at.y - 32);
        if room < 44 {
            return mark;
        }
        mark.with(
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
                format_smolstr!("+{}", (self.texts.stage().more)(more)),
            ));
        }
        (node.facts.id.clone(), Rc::new(mark))
    }

    /// Name, trouble or capacity of a node. It lies above the owners' lines.
    pub(super) fn head(&self, node: &NodePlace) -> (ObjectId, Rc<Mark>) {
        let (facts, r, texts) = (&node.facts, node.rect, self.texts);
        let used = self.model.loads.get(&facts.name).map_or(0, |l| l.milli);
        let (used_text, all_text) = (cpus(used), cpus(facts.milli));
        let trouble: Option<(&'static str, PodState, SmolStr)> = if !facts.ready {
            let seconds = (self.now - facts.since).max(0) / 1000;
            Some(("bad", PodState::Failed, (texts.stage().silent_for)(seconds)))
        } else if facts.cordoned {
            Some(("slash", PodState::Ending, texts.stage().cordoned.into()))
        } else if !facts.pressure.is_empty() {
            Some(("warn", PodState::BackOff, facts.pressure.into()))
        } else {
            None
        };
        let mut label = format!("{} {}", (texts.stage().kind)("Node"), facts.name);
        label.push_str(", ");
        label.push_str(&match &trouble {
            Some((_, _, words)) => words.clone(),
            None => (texts.stage().capacity)(&used_text, &all_text),
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
            let load = self.model.loads.get(&facts.name).copied().unwrap_or_default();
            let usage = self.focus.usage.get(&facts.name).copied().unwrap_or_default();
            // The figures stand beside their bars where two lines of them find room.
            let (two, pitch) = (head >= 28, if head > 30 { 14 } else { 12 });
            let rows = [
                ("cpu", load.milli, facts.milli, usage.0, format_smolstr!("{used_text}/{all_text}")),
                (
                    "mem",
                    load.bytes,
                    facts.bytes,
                    usage.1,
                    format_smolstr!("{}/{}", memory(load.bytes), memory(facts.bytes)),
                ),
            ];
            // Beside its bar stands what fits, of both or of none: the figures, or what the bar is of.
            let room = r.w - name_w - 74;
            let letters = rows.iter().map(|row| row.4.chars().count() + 4).max().unwrap_or(0);
            let width = |letters: usize| i32::try_from(letters).unwrap_or(0) * mono(23) / 10;
            for (i, (name, requested, all, used, says)) in (0..).zip(rows) {
                let y = if two { r.y + head / 2 - pitch + 3 + i * pitch } else { r.y + head / 2 - 7 + i * 9 };
                let bar = Rect::new(r.right() - 64, y, 52, 7);
                let px = |n: i64| i32::try_from((n * 50 / all.max(1)).clamp(0, 50)).unwrap_or(0);
                if two && width(letters) <= room {
                    mark.add(text("m s end", bar.x - 6, y + 8, format_smolstr!("{name} {says}")));
                } else if two && width(3) <= room {
                    mark.add(text("m s end", bar.x - 6, y + 8, name));
                }
                let mut group = Mark::new("g", "");
                group.add(Mark::new("title", "").says((texts.chart().bars)(name, &says)));
                group.add(rect("bar", bar, 2));
                group.add(rect("fill", Rect::new(bar.x + 1, bar.y + 1, px(requested), 5), 1));
                if used > 0 {
                    let x = bar.x + 1 + px(used).max(1);
                    group.add(path("used", format_smolstr!("M{x} {}v9", bar.y - 1)));
                }
                mark.add(group);
            }
        }
        (facts.id.clone(), Rc::new(sealed(mark)))
    }
}
