//! Owners in the desired lane: a Deployment with a slot per pod it may have, its ReplicaSets, and the rest.

use std::rc::Rc;

use smol_str::{SmolStr, format_smolstr};

use super::{Pen, object, sealed, squeezed, tag};
use crate::format::{fit, fit_end, mono};
use crate::mark::{Mark, Rect, icon, path, rect, text};
use crate::stage::facts::{ObjectId, OwnerFacts};
use crate::stage::layout::{OwnerPlace, OwnerShape};
use crate::state_words::PodState;

impl Pen<'_> {
    #[inline(never)]
    pub(super) fn owner(&self, place: &OwnerPlace) -> (ObjectId, Rc<Mark>) {
        let (facts, at, texts) = (&place.facts, place.rect, self.texts);
        let (revision, newest) = self.model.revision(&facts.id);
        let base = match place.shape {
            OwnerShape::Deployment | OwnerShape::Plain => "own",
            OwnerShape::Set if newest => "own set newest",
            OwnerShape::Set => "own set",
            OwnerShape::Box if newest => "own in newest",
            OwnerShape::Box => "own in",
        };
        let ready = (texts.stage().ready_of)(facts.ready, facts.desired);
        let label = format_smolstr!("{} {}, {ready}", (texts.stage().kind)(&facts.kind), facts.name);
        let mut mark = object(self.class(base, &facts.id), &facts.id, label, self.is_picked(&facts.id), at);
        mark.add(Mark::new("title", "").says(facts.name.clone()));
        match place.shape {
            OwnerShape::Deployment => self.deployment(facts, at, &ready, &mut mark),
            OwnerShape::Set | OwnerShape::Plain => self.set(facts, at, revision, newest, &ready, &mut mark),
            OwnerShape::Box => {
                mark.add(rect("body", at, 3));
                mark.add(tag(at.x + 26, at.y + 3, revision, newest));
                let counts = format_smolstr!("{}/{}", facts.ready, facts.desired);
                mark.add(text("m s2 end", at.right() - 6, at.y + 15, counts));
            }
        }
        (facts.id.clone(), Rc::new(sealed(mark)))
    }

    /// The namespace in front of a name, where the stage shows several.
    pub(super) fn title(&self, facts: &OwnerFacts) -> SmolStr {
        if self.layout.several && facts.namespace != "default" {
            format_smolstr!("{}/{}", facts.namespace, facts.name)
        } else {
            facts.name.clone()
        }
    }

    #[inline(never)]
    pub(super) fn deployment(&self, facts: &Rc<OwnerFacts>, at: Rect, ready: &SmolStr, mark: &mut Mark) {
        let compact = at.w < 230
            || self.layout.owners.iter().any(|o| o.shape == OwnerShape::Box && o.facts.owner == facts.id);
        mark.add(rect("body", at, 4));
        if at.w < 140 {
            mark.add(text("m n", at.x + 9, at.y + 22, fit(&facts.name, at.w - 14, mono(25))));
            let class = if facts.ready >= facts.desired { "m ok" } else { "m work" };
            mark.add(text(class, at.x + 9, at.y + 44, format_smolstr!("{}/{}", facts.ready, facts.desired)));
            return;
        }
        let y = at.y + if compact { 16 } else { 22 };
        mark.add(icon("#i-dep", at.x + 9, y - 13, 16));
        let (title, ready_w) = (self.title(facts), 80);
        let name_w = i32::try_from(title.chars().count()).unwrap_or(0) * mono(25) / 10;
        // A long name takes the place of the kind, which the picture beside it tells too.
        let kind_w = if at.w - 32 - 80 - ready_w >= name_w { 80 } else { 0 };
        if kind_w > 0 {
            mark.add(text("k", at.x + 32, y, facts.kind.clone()));
        }
        let name_x = at.x + 32 + kind_w;
        mark.add(text("m n", name_x, y, fit(&title, at.right() - name_x - ready_w, mono(25))));
        let class = if facts.ready >= facts.desired { "end ok" } else { "end work" };
        mark.add(text(class, at.right() - 9, y, ready.clone()));
        self.slots(facts, at, y + if compact { 7 } else { 11 }, !compact && !self.layout.view.narrow, mark);
    }

    /// One slot per pod the Deployment may have; brackets say what it must keep and may add.
    #[inline(never)]
    pub(super) fn slots(&self, facts: &Rc<OwnerFacts>, at: Rect, y: i32, brackets: bool, mark: &mut Mark) {
        let desired = usize::try_from(facts.desired).unwrap_or(0);
        let least = desired + usize::try_from(facts.surge).unwrap_or(0);
        let span = at.w - 24;
        let x0 = at.x + 12;
        // So many that a slot could not be told from the next are a bar, and nobody looks at each of them.
        if least > usize::try_from(span / 6).unwrap_or(0) {
            let px = |n: i64| {
                i32::try_from(n * i64::from(span) / i64::try_from(least).unwrap_or(1).max(1))
                    .unwrap_or(0)
                    .min(span)
            };
            mark.add(rect("slot", Rect::new(x0, y, span, 14), 3));
            mark.add(rect("slot all", Rect::new(x0, y, px(facts.ready), 14), 3));
            return;
        }
        let mut pods: Vec<(i64, bool, PodState)> = self
            .model
            .pods
            .values()
            .chain(self.model.system.values())
            .filter(|p| {
                p.state != PodState::Ending
                    && self.model.owners.get(&p.owner).is_some_and(|o| o.owner == facts.id)
            })
            .map(|p| {
                let (revision, newest) = self.model.revision(&p.owner);
                (revision, newest, p.state)
            })
            .collect();
        pods.sort_by_key(|(revision, _, state)| (*state != PodState::Ready, *revision));
        let all = least.max(pods.len()).min(usize::try_from(span / 5).unwrap_or(0));
        if all == 0 {
            return;
        }
        let count = i32::try_from(all).unwrap_or(i32::MAX);
        let gap = if count > 12 { 2 } else { 5 };
        let w = ((span + gap) / count - gap).clamp(3, 46);
        for i in 0..all {
            let slot = Rect::new(x0 + i32::try_from(i).unwrap_or(0) * (w + gap), y, w, 15);
            let class = match pods.get(i) {
                None if i >= desired => "slot spare",
                None => "slot none",
                Some((_, true, PodState::Ready)) => "slot new",
                Some((_, _, PodState::Ready)) => "slot old",
                Some(_) => "slot work",
            };
            mark.add(rect(class, slot, 3));
            if let Some((revision, ..)) = pods.get(i).filter(|_| w >= 22) {
                let class = match class {
                    "slot new" => "st inv",
                    "slot work" => "st work",
                    _ => "st",
                };
                mark.add(text(class, slot.mid_x(), y + 12, format_smolstr!("r{revision}")));
            }
        }
        if !brackets {
            return;
        }
        let (b, end) = (y + 20, |n: i64| x0 + i32::try_from(n).unwrap_or(0) * (w + gap) - gap);
        let least = (facts.desired - facts.unavailable).max(0);
        if least > 0 {
            mark.add(path("br", format_smolstr!("M{x0} {b}v4H{}v-4", end(least))));
        }
        let surge = facts.surge > 0 && facts.desired > 0;
        let surge_text = (self.texts.stage().surge)(facts.surge);
        let surge_x = end(facts.desired) + gap;
        let room = at.w - 24 - if surge { 66 } else { 0 };
        mark.add(squeezed("s2", x0, b + 16, &(self.texts.stage().least)(least, facts.unavailable), room, 66));
        if surge {
            mark.add(path(
                "br w",
                format_smolstr!("M{surge_x} {b}v4H{}v-4", end(facts.desired + facts.surge)),
            ));
            mark.add(text("s work end", at.right() - 10, b + 16, surge_text));
        }
    }

    #[inline(never)]
    pub(super) fn set(
        &self,
        facts: &Rc<OwnerFacts>,
        at: Rect,
        revision: i64,
        newest: bool,
        ready: &SmolStr,
        mark: &mut Mark,
    ) {
        mark.add(rect("body", at, 4));
        mark.add(icon(if facts.kind == "ReplicaSet" { "#i-rs" } else { "#i-dep" }, at.x + 9, at.y + 8, 16));
        mark.add(text("k", at.x + 32, at.y + 21, facts.kind.clone()));
        let kind_w = i32::try_from(facts.kind.len()).unwrap_or(0) * 63 / 10;
        let mut left = at.x + 36 + kind_w;
        if revision > 0 {
            mark.add(tag(left + 24, at.y + 9, revision, newest));
            left += 32;
        }
        let wide = i32::try_from(facts.image.chars().count()).unwrap_or(0) * mono(23) / 10;
        // Where the first row has no room for the image, the last one may have it.
        let y = if wide <= at.right() - left - 8 { 21 } else { 56 };
        let room = if y == 21 { wide } else { at.w - 100 };
        mark.add(text("m s2 end", at.right() - 9, at.y + y, fit(&facts.image, room + 4, mono(23))));
        mark.add(text("m n2", at.x + 11, at.y + 40, fit_end(&self.title(facts), at.w - 18, mono(24))));
        let counts = if facts.kind == "ReplicaSet" {
            (self.texts.stage().set_counts)(facts.desired, facts.existing, facts.ready)
        } else {
            ready.clone()
        };
        mark.add(text("s2", at.x + 11, at.y + 56, counts));
    }
}
