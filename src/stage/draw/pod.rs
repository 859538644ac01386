//! A pod as card, chip or dot.

use std::rc::Rc;

use smol_str::{SmolStr, format_smolstr};

use super::{object, squeezed, tag};
use crate::format::{fit, mono, suffix};
use crate::i18n::{Lang, Texts};
use crate::mark::{Mark, Rect, circle, rect, text};
use crate::stage::facts::PodFacts;
use crate::stage::glyph::glyph;
use crate::stage::layout::{Level, PodPlace};
use crate::stage::lines::LineKind;
use crate::state_words::PodState;

/// All that a pod's mark depends on.
#[derive(Clone)]
pub(super) struct PodLook {
    pub(super) facts: Rc<PodFacts>,
    pub(super) place: PodPlace,
    pub(super) level: Level,
    pub(super) lang: Lang,
    pub(super) picked: bool,
    pub(super) lit: bool,
    pub(super) revision: (i64, bool),
    pub(super) pulling: bool,
    pub(super) port: Option<LineKind>,
    pub(super) seconds: i64,
    pub(super) prefix: SmolStr,
    /// The topmost owner's name, where the stage shows several.
    pub(super) root: SmolStr,
    /// Lines end at the node, not at the pod.
    pub(super) narrow: bool,
    /// Thousandths of a cpu and bytes in use.
    pub(super) usage: Option<(i64, i64)>,
}

impl PodLook {
    pub(super) fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.facts, &other.facts)
            && self.place == other.place
            && self.level == other.level
            && self.lang == other.lang
            && self.picked == other.picked
            && self.lit == other.lit
            && self.revision == other.revision
            && self.pulling == other.pulling
            && self.port == other.port
            && self.seconds == other.seconds
            && self.prefix == other.prefix
            && self.root == other.root
            && self.narrow == other.narrow
            && self.usage == other.usage
    }
}

/// What the state line of a pod says.
fn state_line(look: &PodLook, texts: &Texts) -> SmolStr {
    match look.facts.state {
        PodState::Ready | PodState::NotReady | PodState::Starting => {
            SmolStr::new_static((texts.stage().state)(look.facts.state, look.pulling))
        }
        PodState::Ending => (texts.stage().to_end)(look.seconds),
        _ => look.facts.word.clone(),
    }
}

fn pod_label(look: &PodLook, texts: &Texts) -> SmolStr {
    let facts = &look.facts;
    let mut label = format!(
        "{} {}, {}",
        (texts.stage().kind)("Pod"),
        facts.name,
        (texts.stage().state)(facts.state, look.pulling)
    );
    if !matches!(facts.state, PodState::Ready | PodState::NotReady | PodState::Starting | PodState::Ending) {
        label.push_str(&format!(" ({})", facts.word));
    }
    if !facts.node.is_empty() {
        label.push_str(&format!(", {}", (texts.stage().on_node)(&facts.node)));
    }
    if !look.prefix.is_empty() {
        label.push_str(&format!(", {}", (texts.stage().owned_by)(&look.prefix)));
    }
    if look.revision.0 > 0 {
        label.push_str(&format!(", r{}", look.revision.0));
    }
    label.into()
}

#[inline(never)]
pub(super) fn pod(look: &PodLook, texts: &Texts) -> Mark {
    let (facts, at) = (&look.facts, look.place.rect);
    let lit = if look.lit { " lit" } else { "" };
    let size = match look.level {
        Level::Card => "card",
        Level::Brief => "brief",
        Level::Chip => "chip",
        Level::Dot => "dot",
    };
    let class = format_smolstr!("pod {size} {}{lit}", facts.state.class());
    let mut mark = object(class, &facts.id, pod_label(look, texts), look.picked, at);
    mark.add(Mark::new("title", "").says(facts.name.clone()));
    let radius = if look.level == Level::Chip { 6 } else { 8 };
    if look.picked {
        let ring = Rect::new(at.x - 4, at.y - 4, at.w + 8, at.h + 8);
        mark.add(rect("ring", ring, radius + 3));
    }
    if look.level == Level::Dot {
        mark.add(glyph(facts.state, at.x, at.y, 12));
        return mark;
    }
    mark.add(rect("body", at, radius));
    let name = suffix(&facts.name, &look.prefix);
    if look.level == Level::Chip {
        mark.add(glyph(facts.state, at.x + 5, at.y + 4, 16));
        mark.add(text("m n", at.x + 26, at.y + 17, fit(name, at.w - 30, mono(24))));
        return mark;
    }
    // A narrow card gives its margins to the name.
    let (edge, name_x) = if at.w < 100 { (5, 24) } else { (8, 29) };
    let tag_w = if look.revision.0 > 0 { edge + 22 } else { 4 };
    if facts.state == PodState::Ending {
        mark.add(rect("clear", Rect::new(at.x + 4, at.y + 4, at.w - 8, 40.min(at.h - 8)), 5));
    }
    mark.add(glyph(facts.state, at.x + edge, at.y + 7, 17));
    mark.add(text("m n", at.x + name_x, at.y + 20, fit(name, at.w - name_x - tag_w, mono(25))));
    if look.revision.0 > 0 {
        mark.add(tag(at.right() - edge, at.y + 7, look.revision.0, look.revision.1));
    }
    let state = state_line(look, texts);
    mark.add(squeezed("w", at.x + 9, at.y + 39, &state, at.w - 17, 66));
    let room = at.w - 24 - state.chars().map(|c| if u32::from(c) > 0x1100 { 12 } else { 7 }).sum::<i32>();
    if !look.root.is_empty() && room > 20 {
        mark.add(text("m o end", at.right() - 8, at.y + 39, fit(&look.root, room, mono(22))));
    }
    if look.level == Level::Card {
        container(look, texts, &mut mark);
    }
    if look.port.is_some() || (facts.state == PodState::Ready && !look.narrow) {
        let class = if look.port == Some(LineKind::Traffic) { "port on" } else { "port" };
        mark.add(circle(class, at.mid_x(), at.bottom(), 4));
    }
    mark
}

/// The container within the card: its image, address, and what it does now.
fn container(look: &PodLook, texts: &Texts, mark: &mut Mark) {
    let (facts, at) = (&look.facts, look.place.rect);
    let block = Rect::new(at.x + 8, at.y + 49, at.w - 16, (at.h - 58).clamp(42, 72));
    let runs = matches!(facts.state, PodState::Ready | PodState::NotReady);
    mark.add(rect(if runs { "box" } else { "box off" }, block, 4));
    let room = block.w - 11;
    let bar = facts.milli > 0;
    // Three lines and the bar want room: they draw closer together.
    let (first, pitch) = if bar && block.h < 66 { (14, 15) } else { (16, 18) };
    let line = |n: i32| block.y + first + n * pitch;
    mark.add(squeezed("m s", block.x + 6, line(0), &facts.image, room, 69));
    if facts.containers > 1 {
        let more = i64::try_from(facts.containers).unwrap_or(0) - 1;
        mark.add(text("s2", block.x + 6, line(1), format_smolstr!("+{}", (texts.stage().more)(more))));
    } else if !facts.ip.is_empty() {
        mark.add(squeezed("m s2", block.x + 6, line(1), &facts.ip, room, 69));
    }
    let last = match facts.state {
        PodState::Ending => SmolStr::new_static(texts.stage().no_new_requests),
        _ if facts.restarts > 0 => (texts.stage().restarts)(facts.restarts),
        PodState::Ready if facts.port > 0 => (texts.stage().port)(facts.port),
        _ => SmolStr::default(),
    };
    if !last.is_empty() && block.h >= 58 {
        mark.add(squeezed("w s", block.x + 6, line(2), &last, room, 62));
    }
    if bar {
        // What it asked for is the frame, what it uses of that is filled.
        let bar = Rect::new(block.x + 6, block.bottom() - 7, (block.w - 12).max(0), 4);
        let used = look.usage.map_or(0, |(milli, _)| milli);
        let full =
            i32::try_from((used * i64::from(bar.w) / facts.milli).clamp(0, i64::from(bar.w))).unwrap_or(0);
        mark.add(rect("bar", bar, 1));
        mark.add(rect(if used > facts.milli { "fill over" } else { "fill" }, Rect { w: full, ..bar }, 1));
    }
}
