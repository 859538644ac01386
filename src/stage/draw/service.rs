//! Services, and beside them the pods that no node has taken.

use std::rc::Rc;

use smol_str::format_smolstr;

use super::{Pen, object, sealed};
use crate::format::{fit, mono, suffix};
use crate::i18n::Lang;
use crate::mark::{Mark, Rect, icon, rect, text};
use crate::stage::facts::ObjectId;
use crate::stage::glyph::glyph;
use crate::stage::layout::ServicePlace;
use crate::state_words::PodState;

impl Pen<'_> {
    #[inline(never)]
    pub(super) fn service(&self, place: &ServicePlace) -> (ObjectId, Rc<Mark>) {
        let (facts, at, texts) = (&place.facts, place.rect, self.texts);
        let slices = self.model.slices.values().filter(|s| s.service == facts.id);
        let ready: usize = slices.map(|s| s.endpoints.iter().filter(|e| e.ready).count()).sum();
        let external = facts.kind == "ExternalName";
        let unheard = self.focus.unheard.get(&facts.id).filter(|_| ready > 0);
        let words = if let Some(port) = unheard {
            (texts.chart().unheard)(port)
        } else if external {
            texts.stage().external.into()
        } else {
            (texts.stage().endpoints)(i64::try_from(ready).unwrap_or(0))
        };
        let empty = ready == 0 && !external;
        let label =
            format_smolstr!("{} {}, {}, {words}", (texts.stage().kind)("Service"), facts.name, facts.ports);
        let class = match (empty, unheard) {
            (true, _) => "svc none",
            (_, Some(_)) => "svc unheard",
            _ => "svc",
        };
        let empty = empty || unheard.is_some();
        let words_w: i32 = words.chars().map(|c| if u32::from(c) > 0x1100 { 12 } else { 7 }).sum();
        let mut mark = object(self.class(class, &facts.id), &facts.id, label, self.is_picked(&facts.id), at);
        mark.add(Mark::new("title", "").says(facts.name.clone()));
        mark.add(rect("body", at, at.w.min(at.h) / 2));
        if self.layout.view.narrow {
            let class = if empty { "m n2 bad" } else { "m n2" };
            // Name and tail side by side, upwards; where there is no room for both, the outline tells the state.
            let lines = at.h >= 58 && at.w >= 30;
            let turn = |right: i32, up: i32| {
                format_smolstr!("translate({} {}) rotate(-90)", at.mid_x() + right, at.bottom() - up)
            };
            let (right, up) = if lines { (-2, 14) } else { (4, 8) };
            let name = fit(&facts.name, at.h - 2 * up, mono(24));
            mark.add(text(class, 0, 0, name).at("transform", turn(right, up)));
            if lines {
                let tail = if empty { "✕ 0".into() } else { format_smolstr!(":{}", facts.port) };
                mark.add(text(class, 0, 0, tail).at("transform", turn(12, up)));
            }
            return (facts.id.clone(), Rc::new(sealed(mark)));
        }
        mark.add(icon("#i-svc", at.x + 17, at.y + 8, 16));
        let roomy = at.w >= 200;
        let mut x = at.x + 40;
        let ports_w =
            if roomy { i32::try_from(facts.ports.chars().count()).unwrap_or(0) * 7 + 22 } else { 14 };
        let name_w = i32::try_from(facts.name.chars().count()).unwrap_or(0) * 75 / 10;
        // The name matters most; the kind is plain from the shape.
        if roomy && at.right() - x - 52 - ports_w >= name_w {
            mark.add(text("k", x, at.y + 22, "Service"));
            x += 52;
        }
        mark.add(text("m n", x, at.y + 22, fit(&facts.name, at.right() - x - ports_w, mono(25))));
        if roomy {
            mark.add(text("m s2 end", at.right() - 18, at.y + 22, facts.ports.clone()));
            let address = if facts.port > 0 && facts.ip != "None" && !facts.ip.is_empty() {
                format_smolstr!("{}:{}", facts.ip, facts.port)
            } else {
                facts.ip.clone()
            };
            let room = at.w - 46 - words_w - if empty { 20 } else { 0 };
            mark.add(text("m s2", at.x + 20, at.y + 42, fit(&address, room, mono(23))));
        }
        if empty {
            mark.children.retain(|m| unheard.is_none() || m.attr("class") != Some("m s2"));
            let x = at.right() - 36 - words_w;
            if x > at.x + 8 {
                mark.add(Mark::new("g", "failed").with(glyph(PodState::Failed, x, at.y + 30, 14)));
            }
        }
        let class = if empty { "end bad" } else { "end ok" };
        let room = at.w - 30;
        mark.add(text(
            class,
            at.right() - 18,
            at.y + 42,
            fit(&words, room, if self.lang == Lang::Ko { 90 } else { 64 }),
        ));
        (facts.id.clone(), Rc::new(sealed(mark)))
    }

    /// Pods that no node has taken: they stand on water.
    #[inline(never)]
    pub(super) fn waiting(&self, area: Rect) -> (ObjectId, Rc<Mark>) {
        let mut mark = Mark::new("g", "wait");
        mark.add(rect("body", area, 8));
        let narrow = self.layout.view.narrow;
        let total = self.layout.all_waits;
        let mut x = area.x + 10;
        let mut y = area.y + 7;
        if !narrow {
            mark.add(text("t", x, area.y + 18, self.texts.stage().waiting));
            y = area.y + 26;
        }
        let mut shown = 0;
        for id in &self.layout.waits {
            let Some(facts) = self.model.any_pod(id) else { continue };
            let prefix = self.model.owners.get(&facts.owner).map(|o| o.name.clone()).unwrap_or_default();
            if x + 92 > area.right() {
                x = area.x + 10;
                y += 28;
            }
            if y + 24 > area.bottom() {
                break;
            }
            let at = Rect::new(x, y, 94, 24);
            let label =
                format_smolstr!("{} {}, {}", (self.texts.stage().kind)("Pod"), facts.name, facts.word);
            let picked = self.is_picked(id);
            let mut chip = object("pod chip pending", id, label, picked, at);
            chip.add(Mark::new("title", "").says(facts.name.clone()));
            if picked {
                chip.add(rect("ring", Rect::new(at.x - 3, at.y - 3, at.w + 6, at.h + 6), 8));
            }
            chip.add(rect("body", at, 6));
            chip.add(glyph(facts.state, at.x + 5, at.y + 4, 16));
            chip.add(text("m n", at.x + 26, at.y + 17, fit(suffix(&facts.name, &prefix), 66, mono(24))));
            mark.add(sealed(chip));
            shown += 1;
            x += 102;
        }
        if total > shown && !narrow {
            mark.add(text("t end", area.right() - 10, area.y + 18, format_smolstr!("{total}")));
        }
        ("waiting".into(), Rc::new(mark))
    }
}
