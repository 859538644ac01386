//! What pods use, on the shelf below the land; what leads requests in, in their lane.

use std::rc::Rc;

use smol_str::{SmolStr, format_smolstr};

use super::{Pen, object, sealed, squeezed};
use crate::format::{fit, mono};
use crate::mark::{Mark, icon, path, rect, text};
use crate::stage::facts::{ObjectId, split_id};
use crate::stage::glyph::glyph;
use crate::stage::layout::ThingPlace;
use crate::state_words::PodState;

/// The drawing of a kind.
#[must_use]
pub fn kind_icon(kind: &str) -> &'static str {
    match kind {
        "ConfigMap" => "#i-cm",
        "Secret" => "#i-key",
        "PersistentVolumeClaim" | "PersistentVolume" => "#i-disk",
        "Ingress" | "Gateway" | "HTTPRoute" => "#i-gate",
        "Service" => "#i-svc",
        "ReplicaSet" => "#i-rs",
        _ => "#i-dep",
    }
}

impl Pen<'_> {
    /// Something on the shelf. What is missing has a broken outline, an octagon and the word.
    #[inline(never)]
    pub(super) fn thing(&self, place: &ThingPlace) -> (ObjectId, Rc<Mark>) {
        let (at, texts) = (place.rect, self.texts);
        let (_, namespace, name) = split_id(&place.id);
        let facts = place.facts.as_ref();
        let users = self.model.used.get(&place.id).map_or(0, |(all, _)| *all);
        let waits = facts.is_some_and(|f| f.waits);
        let note: SmolStr = match facts {
            None => texts.chart().missing.into(),
            Some(f) if matches!(f.kind, "ConfigMap" | "Secret") => {
                (texts.chart().keys_in)(f.note.parse().unwrap_or(0))
            }
            Some(f) => f.note.clone(),
        };
        let label =
            format_smolstr!("{} {name}, {note}, {}", place.kind(), (texts.chart().used_by)(users as i64));
        let class = match facts {
            None => "thing gone",
            _ if waits => "thing waits",
            _ if users == 0 => "thing idle",
            _ => "thing",
        };
        let mut mark = object(self.class(class, &place.id), &place.id, label, self.is_picked(&place.id), at);
        let full = if namespace.is_empty() { name.into() } else { format_smolstr!("{namespace}/{name}") };
        mark.add(Mark::new("title", "").says(format_smolstr!("{} {full}", place.kind())));
        mark.add(rect("body", at, 4));
        mark.add(icon(kind_icon(place.kind()), at.x + 6, at.y + 5, 14));
        let mut end = at.right() - 7;
        if facts.is_none() || waits {
            let state = if waits { PodState::Pending } else { PodState::Failed };
            end -= 14;
            mark.add(glyph(state, end, at.y + 5, 14));
            end -= 4;
        }
        let wide: i32 = note.chars().map(|c| if u32::from(c) > 0x1100 { 12 } else { 7 }).sum();
        let name_w = i32::try_from(name.chars().count()).unwrap_or(0) * mono(23) / 10;
        let room = end - at.x - 25;
        let noted = facts.is_none() || name_w + wide + 8 <= room;
        if noted {
            let class = if facts.is_none() { "s end bad" } else { "s2 end" };
            mark.add(text(class, end, at.y + 17, note));
        }
        let room = if noted { room - wide - 6 } else { room };
        mark.add(text("m s", at.x + 25, at.y + 17, fit(name, room, mono(23))));
        (place.id.clone(), Rc::new(sealed(mark)))
    }

    /// A door: an Ingress, a Gateway or a route. Its shape points to where requests go.
    #[inline(never)]
    pub(super) fn door(&self, place: &ThingPlace) -> (ObjectId, Rc<Mark>) {
        let (at, texts) = (place.rect, self.texts);
        let Some(facts) = &place.facts else { return (place.id.clone(), Rc::new(Mark::new("g", ""))) };
        let lost = facts
            .links
            .iter()
            .find(|id| id.starts_with("services/") && !self.model.services.contains_key(*id));
        let words: SmolStr = match lost {
            Some(id) => (texts.chart().no_such)(split_id(id).2),
            None if facts.note.is_empty() => "*".into(),
            None => facts.note.clone(),
        };
        let label = format_smolstr!("{} {}, {words}", facts.kind, facts.name);
        let class = if lost.is_some() { "door gone" } else { "door" };
        let mut mark = object(self.class(class, &facts.id), &facts.id, label, self.is_picked(&facts.id), at);
        mark.add(Mark::new("title", "").says(format_smolstr!("{}/{}", facts.namespace, facts.name)));
        let (x, y, tip) = (at.x, at.y, at.h / 2);
        let low = at.h < 40;
        let d = format_smolstr!(
            "M{x} {y}H{}L{} {}L{} {}H{x}z",
            at.right() - 12,
            at.right(),
            y + tip,
            at.right() - 12,
            at.bottom()
        );
        mark.add(path("body", d));
        mark.add(icon("#i-gate", x + 8, y + if low { 5 } else { 8 }, 15));
        if low {
            // Of a low door one reads what is wrong with it, else where it leads in.
            let room = at.w - 44;
            let name = fit(&facts.name, room, mono(24));
            let name_w = i32::try_from(name.chars().count()).unwrap_or(0) * mono(24) / 10;
            if lost.is_some() {
                mark.add(Mark::new("g", "failed").with(glyph(PodState::Failed, x + 28, y + 6, 14)));
                mark.add(text("s bad", x + 46, y + 18, fit(&words, room - 16, 64)));
            } else {
                mark.add(text("m n2", x + 28, y + 18, name));
                if room - name_w > 40 {
                    mark.add(text(
                        "m s2 end",
                        at.right() - 14,
                        y + 18,
                        fit(&facts.note, room - name_w - 6, mono(23)),
                    ));
                }
            }
            return (facts.id.clone(), Rc::new(sealed(mark)));
        }
        mark.add(text("k", x + 29, y + 20, facts.kind));
        let (kind_w, room) = (29 + i32::try_from(facts.kind.len()).unwrap_or(0) * 7, at.w - 18);
        let name_w = i32::try_from(facts.name.chars().count()).unwrap_or(0) * mono(25) / 10;
        if kind_w + 6 + name_w < room {
            mark.add(text("m n", x + kind_w + 6, y + 20, facts.name.clone()));
            mark.add(self.door_words(lost.is_some(), x, y + 41, &words, room));
        } else {
            mark.add(text("m n", x + 9, y + 36, fit(&facts.name, room - 8, mono(25))));
            mark.add(self.door_words(lost.is_some(), x, y + 49, &words, room));
        }
        (facts.id.clone(), Rc::new(sealed(mark)))
    }

    fn door_words(&self, lost: bool, x: i32, y: i32, words: &SmolStr, room: i32) -> Mark {
        if !lost {
            return squeezed("m s2", x + 9, y, words, room - 12, 69);
        }
        Mark::new("g", "failed").with(glyph(PodState::Failed, x + 8, y - 11, 13)).with(squeezed(
            "s bad",
            x + 25,
            y,
            words,
            room - 26,
            64,
        ))
    }
}
