//! How the stage looks: layers of keyed marks, from the model and its layout.
//!
//! Owns: cards, chips, dots, land, Services, their labels for screen readers.
//! Does not own: places (`layout`), colours (assets/css/stage.css), elements (`paint`).
//! Cost: a pod that has not changed gives the very mark of the last picture, so that nothing is compared or painted.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use smol_str::{SmolStr, format_smolstr};

use super::facts::{NodeFacts, ObjectId, OwnerFacts, PodFacts};
use super::glyph::glyph;
use super::layout::{Layout, Level, NodePlace, OwnerPlace, OwnerShape, PodPlace, ServicePlace, namespaces};
use super::lines::{Line, LineKind, owner_lines, traffic_lines};
use super::model::Model;
use crate::format::{cpus, fit, fit_end, mono, seconds_left, suffix};
use crate::i18n::{Lang, Texts};
use crate::mark::{Mark, Rect, circle, icon, path, rect, text};
use crate::state_words::PodState;

/// Marks in the order they are painted, each with a key that stays the same for the same object.
pub type Layer = Vec<(ObjectId, Rc<Mark>)>;

/// What the reader looks at: what is picked, and what is related to what the pointer is on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Focus {
    pub picked: Option<ObjectId>,
    pub lit: BTreeSet<ObjectId>,
}

/// All that a pod's mark depends on.
#[derive(Clone)]
struct PodLook {
    facts: Rc<PodFacts>,
    place: PodPlace,
    level: Level,
    lang: Lang,
    picked: bool,
    lit: bool,
    revision: (i64, bool),
    pulling: bool,
    port: Option<LineKind>,
    seconds: i64,
    prefix: SmolStr,
    /// The topmost owner's name, where the stage shows several.
    root: SmolStr,
    /// Lines end at the node, not at the pod.
    narrow: bool,
}

impl PodLook {
    fn same(&self, other: &Self) -> bool {
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
    }
}

/// Draws pictures and remembers the pods of the last one.
#[derive(Default)]
pub struct Artist {
    pods: BTreeMap<ObjectId, (PodLook, Rc<Mark>)>,
}

/// The names of the layers, from back to front.
pub const LAYERS: [&str; 8] = ["ground", "land", "owner-lines", "heads", "pods", "traffic", "cards", "ports"];

impl Artist {
    /// The picture at `now` (ms): one layer per name in [`LAYERS`].
    pub fn draw(
        &mut self,
        model: &Model,
        layout: &Layout,
        lang: Lang,
        focus: &Focus,
        now: i64,
    ) -> Vec<Layer> {
        let texts = lang.texts();
        let pen = Pen { model, layout, lang, texts, focus, now };
        let owner_lines = owner_lines(model, layout);
        let traffic = traffic_lines(model, layout);
        let land = layout.nodes.iter().map(|n| pen.land(n)).collect();
        let heads = layout.nodes.iter().map(|n| pen.head(n)).collect();
        let pods = self.pods(&pen, &traffic);
        let lines = owner_lines.iter().enumerate().map(|(i, l)| pen.line(i, l)).collect();
        let requests: Layer = traffic.iter().enumerate().map(|(i, l)| pen.line(i, l)).collect();
        let ports = traffic.iter().filter_map(|l| Some((l, l.port?)));
        let port = |(i, (line, (x, y))): (usize, (&Line, (i32, i32)))| {
            let class = if line.kind == LineKind::Traffic { "port on" } else { "port" };
            (format_smolstr!("port {i}"), Rc::new(circle(class, x, y, 4)))
        };
        let ports = ports.enumerate().map(port).collect();
        let mut cards: Layer = layout.owners.iter().map(|o| pen.owner(o)).collect();
        cards.extend(layout.services.iter().map(|s| pen.service(s)));
        cards.extend(layout.waiting.map(|area| pen.waiting(area)));
        vec![pen.ground(), land, lines, heads, pods, requests, cards, ports]
    }

    fn pods(&mut self, pen: &Pen<'_>, traffic: &[Line]) -> Layer {
        let ports: BTreeMap<&ObjectId, LineKind> = traffic.iter().map(|l| (&l.to, l.kind)).collect();
        let several = pen.layout.owners.iter().filter(|o| pen.is_root(&o.facts)).count() > 1;
        let mut next = BTreeMap::new();
        let mut layer = Layer::new();
        for (id, place) in &pen.layout.pods {
            let Some(facts) = pen.model.pods.get(id) else { continue };
            let look = PodLook {
                facts: facts.clone(),
                place: *place,
                level: pen.layout.level,
                lang: pen.lang,
                picked: pen.is_picked(id),
                lit: pen.focus.lit.contains(id),
                revision: pen.model.revision(&facts.owner),
                pulling: pen.model.pulling.contains_key(id),
                port: ports.get(id).copied(),
                seconds: if facts.state == PodState::Ending {
                    seconds_left(facts.ends_at, pen.now)
                } else {
                    0
                },
                prefix: pen.model.owners.get(&facts.owner).map(|o| o.name.clone()).unwrap_or_default(),
                root: if several { pen.root_name(&facts.owner) } else { SmolStr::default() },
                narrow: pen.layout.view.narrow,
            };
            let entry = match self.pods.remove(id) {
                Some((old, mark)) if old.same(&look) => (old, mark),
                _ => {
                    let mark = Rc::new(sealed(pod(&look, pen.texts)));
                    (look, mark)
                }
            };
            layer.push((id.clone(), entry.1.clone()));
            next.insert(id.clone(), entry);
        }
        self.pods = next;
        layer
    }
}

/// A group that can be picked: its first part is named for the keyboard and for screen readers, and holds no text.
fn object(
    class: impl Into<SmolStr>,
    id: &ObjectId,
    label: impl Into<SmolStr>,
    picked: bool,
    at: Rect,
) -> Mark {
    let named = Mark::new("g", "")
        .at("id", format_smolstr!("o:{id}"))
        .at("role", "treeitem")
        .at("aria-selected", if picked { "true" } else { "false" })
        .at("aria-label", label)
        .with(rect("hit", at, 4));
    Mark::new("g", "").at("class", class).at("data-id", id.clone()).with(named)
}

/// The parts of an object are for the eye; its label says the same in a sentence.
fn sealed(mut mark: Mark) -> Mark {
    let mut parts = Mark::new("g", "").at("aria-hidden", "true");
    parts.children = mark.children.split_off(1.min(mark.children.len()));
    mark.children.push(parts);
    mark
}

/// Text that may be a little too wide for its place: squeezed when that suffices, else cut.
fn squeezed(class: &'static str, x: i32, y: i32, says: &str, px: i32, letter: i32) -> Mark {
    let wide: i32 =
        says.chars().map(|c| if u32::from(c) > 0x1100 { letter * 17 / 10 } else { letter }).sum::<i32>() / 10;
    if wide <= px {
        text(class, x, y, says)
    } else if wide * 10 <= px * 13 {
        text(class, x, y, says).px("textLength", px).at("lengthAdjust", "spacingAndGlyphs")
    } else {
        text(class, x, y, fit(says, px, letter))
    }
}

fn tag(x: i32, y: i32, revision: i64, newest: bool) -> Mark {
    let w = if revision > 9 { 28 } else { 22 };
    Mark::new("g", if newest { "tag new" } else { "tag" })
        .with(rect("", Rect::new(x - w, y, w, 16), 3))
        .with(text("", x - w / 2, y + 12, format_smolstr!("r{revision}")))
}

/// What the state line of a pod says.
fn state_line(look: &PodLook, texts: &Texts) -> SmolStr {
    match look.facts.state {
        PodState::Ready | PodState::NotReady | PodState::Starting => {
            SmolStr::new_static((texts.state)(look.facts.state, look.pulling))
        }
        PodState::Ending => (texts.to_end)(look.seconds),
        _ => look.facts.word.clone(),
    }
}

fn pod_label(look: &PodLook, texts: &Texts) -> SmolStr {
    let facts = &look.facts;
    let mut label =
        format!("{} {}, {}", (texts.kind)("Pod"), facts.name, (texts.state)(facts.state, look.pulling));
    if !matches!(facts.state, PodState::Ready | PodState::NotReady | PodState::Starting | PodState::Ending) {
        label.push_str(&format!(" ({})", facts.word));
    }
    if !facts.node.is_empty() {
        label.push_str(&format!(", {}", (texts.on_node)(&facts.node)));
    }
    if !look.prefix.is_empty() {
        label.push_str(&format!(", {}", (texts.owned_by)(&look.prefix)));
    }
    if look.revision.0 > 0 {
        label.push_str(&format!(", r{}", look.revision.0));
    }
    label.into()
}

fn pod(look: &PodLook, texts: &Texts) -> Mark {
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
    let block = Rect::new(at.x + 8, at.y + 49, at.w - 16, (at.h - 64).clamp(60, 72));
    let runs = matches!(facts.state, PodState::Ready | PodState::NotReady);
    mark.add(rect(if runs { "box" } else { "box off" }, block, 4));
    let room = block.w - 11;
    let line = |n: i32| block.y + 16 + n * 18;
    mark.add(squeezed("m s", block.x + 6, line(0), &facts.image, room, 69));
    if facts.containers > 1 {
        let more = i64::try_from(facts.containers).unwrap_or(0) - 1;
        mark.add(text("s2", block.x + 6, line(1), format_smolstr!("+{}", (texts.more)(more))));
    } else if !facts.ip.is_empty() {
        mark.add(squeezed("m s2", block.x + 6, line(1), &facts.ip, room, 69));
    }
    let last = match facts.state {
        PodState::Ending => SmolStr::new_static(texts.no_new_requests),
        _ if facts.restarts > 0 => (texts.restarts)(facts.restarts),
        PodState::Ready if facts.port > 0 => (texts.port)(facts.port),
        _ => SmolStr::default(),
    };
    if !last.is_empty() {
        mark.add(squeezed("w s", block.x + 6, line(2), &last, room, 62));
    }
}

struct Pen<'a> {
    model: &'a Model,
    layout: &'a Layout,
    lang: Lang,
    texts: &'static Texts,
    focus: &'a Focus,
    now: i64,
}

impl Pen<'_> {
    fn is_root(&self, facts: &OwnerFacts) -> bool {
        !self.model.owners.contains_key(&facts.owner)
    }

    fn root_name(&self, owner: &ObjectId) -> SmolStr {
        self.model.owners.get(&self.model.root(owner)).map(|o| o.name.clone()).unwrap_or_default()
    }

    fn is_picked(&self, id: &ObjectId) -> bool {
        self.focus.picked.as_ref() == Some(id)
    }

    fn class(&self, base: &str, id: &ObjectId) -> SmolStr {
        let picked = if self.is_picked(id) { " sel" } else { "" };
        let lit = if self.focus.lit.contains(id) { " lit" } else { "" };
        format_smolstr!("{base}{picked}{lit}")
    }

    fn ground(&self) -> Layer {
        let (view, texts) = (self.layout.view, self.texts);
        let mut mark = Mark::new("g", "").at("aria-hidden", "true");
        let lane = if view.narrow { 70 } else { super::layout::DESIRED };
        mark.add(rect("air", Rect::new(0, 0, view.width, lane), 0));
        mark.add(path("shore", format_smolstr!("M0 {lane}.5H{}", view.width)));
        if !view.narrow {
            mark.add(text("lane", 16, 22, texts.desired));
            mark.add(text("lane", 16, self.layout.requests_y + 24, texts.requests));
        }
        if self.layout.more_owners > 0 {
            let more = i64::try_from(self.layout.more_owners).unwrap_or(0);
            mark.add(text("lane end", view.width - 16, 22, format_smolstr!("+{}", (texts.more)(more))));
        }
        if self.layout.more_services > 0 {
            let more = i64::try_from(self.layout.more_services).unwrap_or(0);
            let y = self.layout.requests_y + 24;
            mark.add(text("lane", 60, y, format_smolstr!("+{}", (texts.more)(more))));
        }
        let mut layer = vec![("ground".into(), Rc::new(mark))];
        if let Some((facts, at)) = &self.layout.control_plane {
            layer.push((facts.id.clone(), Rc::new(sealed(self.control_plane(facts, *at)))));
        }
        layer
    }

    fn control_plane(&self, facts: &NodeFacts, at: Rect) -> Mark {
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

    fn land(&self, node: &NodePlace) -> (ObjectId, Rc<Mark>) {
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
    fn head(&self, node: &NodePlace) -> (ObjectId, Rc<Mark>) {
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

    fn line(&self, index: usize, line: &Line) -> (ObjectId, Rc<Mark>) {
        let lit = self.is_picked(&line.from)
            || self.is_picked(&line.to)
            || (self.focus.lit.contains(&line.from) && self.focus.lit.contains(&line.to));
        let class = format_smolstr!("{}{}", line.kind.class(), if lit { " lit" } else { "" });
        let mark = Mark::new("path", "").at("class", class).at("d", line.d.clone());
        (format_smolstr!("{index} {}>{}", line.from, line.to), Rc::new(mark))
    }

    fn owner(&self, place: &OwnerPlace) -> (ObjectId, Rc<Mark>) {
        let (facts, at, texts) = (&place.facts, place.rect, self.texts);
        let (revision, newest) = self.model.revision(&facts.id);
        let base = match place.shape {
            OwnerShape::Deployment | OwnerShape::Plain => "own",
            OwnerShape::Set if newest => "own set newest",
            OwnerShape::Set => "own set",
            OwnerShape::Box if newest => "own in newest",
            OwnerShape::Box => "own in",
        };
        let ready = (texts.ready_of)(facts.ready, facts.desired);
        let label = format_smolstr!("{} {}, {ready}", (texts.kind)(&facts.kind), facts.name);
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
    fn title(&self, facts: &OwnerFacts) -> SmolStr {
        if namespaces(self.model).len() > 1 && facts.namespace != "default" {
            format_smolstr!("{}/{}", facts.namespace, facts.name)
        } else {
            facts.name.clone()
        }
    }

    fn deployment(&self, facts: &Rc<OwnerFacts>, at: Rect, ready: &SmolStr, mark: &mut Mark) {
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
    fn slots(&self, facts: &Rc<OwnerFacts>, at: Rect, y: i32, brackets: bool, mark: &mut Mark) {
        let mut pods: Vec<(i64, bool, PodState)> = self
            .model
            .pods
            .values()
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
        let desired = usize::try_from(facts.desired).unwrap_or(0);
        let all = (desired + usize::try_from(facts.surge).unwrap_or(0)).max(pods.len());
        if all == 0 {
            return;
        }
        let count = i32::try_from(all).unwrap_or(i32::MAX);
        let span = at.w - 24;
        let gap = if count > 12 { 2 } else { 5 };
        let w = ((span + gap) / count - gap).min(46);
        let x0 = at.x + 12;
        if w < 5 {
            let ready = pods.iter().filter(|p| p.2 == PodState::Ready).count();
            let px = |n: usize| i32::try_from(n).unwrap_or(0) * span / count;
            mark.add(rect("slot", Rect::new(x0, y, span, 14), 3));
            mark.add(rect("slot all", Rect::new(x0, y, px(ready), 14), 3));
            return;
        }
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
        let surge_text = (self.texts.surge)(facts.surge);
        let surge_x = end(facts.desired) + gap;
        let room = at.w - 24 - if surge { 66 } else { 0 };
        mark.add(squeezed("s2", x0, b + 16, &(self.texts.least)(least, facts.unavailable), room, 66));
        if surge {
            mark.add(path(
                "br w",
                format_smolstr!("M{surge_x} {b}v4H{}v-4", end(facts.desired + facts.surge)),
            ));
            mark.add(text("s work end", at.right() - 10, b + 16, surge_text));
        }
    }

    fn set(
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
            (self.texts.set_counts)(facts.desired, facts.existing, facts.ready)
        } else {
            ready.clone()
        };
        mark.add(text("s2", at.x + 11, at.y + 56, counts));
    }

    fn service(&self, place: &ServicePlace) -> (ObjectId, Rc<Mark>) {
        let (facts, at, texts) = (&place.facts, place.rect, self.texts);
        let slices = self.model.slices.values().filter(|s| s.service == facts.id);
        let ready: usize = slices.map(|s| s.endpoints.iter().filter(|e| e.ready).count()).sum();
        let external = facts.kind == "ExternalName";
        let words = if external {
            texts.external.into()
        } else {
            (texts.endpoints)(i64::try_from(ready).unwrap_or(0))
        };
        let empty = ready == 0 && !external;
        let label = format_smolstr!("{} {}, {}, {words}", (texts.kind)("Service"), facts.name, facts.ports);
        let class = if empty { "svc none" } else { "svc" };
        let mut mark = object(self.class(class, &facts.id), &facts.id, label, self.is_picked(&facts.id), at);
        mark.add(Mark::new("title", "").says(facts.name.clone()));
        mark.add(rect("body", at, at.w.min(at.h) / 2));
        if self.layout.view.narrow {
            let (x, y) = (at.mid_x() + 4, at.bottom() - 16);
            let turn = format_smolstr!("translate({x} {y}) rotate(-90)");
            let tail = if empty { " · 0".into() } else { format_smolstr!(" :{}", facts.port) };
            let tail_w = i32::try_from(tail.chars().count()).unwrap_or(0) * 7;
            let says = format_smolstr!("{}{tail}", fit(&facts.name, at.h - 26 - tail_w, mono(24)));
            mark.add(text(if empty { "m n2 bad" } else { "m n2" }, 0, 0, says).at("transform", turn));
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
            mark.add(text("m s2", at.x + 20, at.y + 42, fit(&address, at.w - 120, mono(23))));
        }
        let class = if empty { "end bad" } else { "end ok" };
        mark.add(text(class, at.right() - 18, at.y + 42, words));
        (facts.id.clone(), Rc::new(sealed(mark)))
    }

    /// Pods that no node has taken: they stand on water.
    fn waiting(&self, area: Rect) -> (ObjectId, Rc<Mark>) {
        let mut mark = Mark::new("g", "wait");
        mark.add(rect("body", area, 8));
        let narrow = self.layout.view.narrow;
        let total = self.model.waiting.len();
        let mut x = area.x + 10;
        let mut y = area.y + 7;
        if !narrow {
            mark.add(text("t", x, area.y + 18, self.texts.waiting));
            y = area.y + 26;
        }
        let mut shown = 0;
        for id in &self.model.waiting {
            let Some(facts) = self.model.pods.get(id) else { continue };
            let prefix = self.model.owners.get(&facts.owner).map(|o| o.name.clone()).unwrap_or_default();
            if x + 92 > area.right() {
                x = area.x + 10;
                y += 28;
            }
            if y + 24 > area.bottom() {
                break;
            }
            let at = Rect::new(x, y, 94, 24);
            let label = format_smolstr!("{} {}, {}", (self.texts.kind)("Pod"), facts.name, facts.word);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::layout::{View, layout};
    use crate::stage::model::sample::{cluster, pod, write};

    const DESK: View = View { width: 808, height: 430, narrow: false };

    #[test]
    fn a_pod_that_did_not_change_keeps_its_mark() {
        let mut model = cluster(6);
        let mut artist = Artist::default();
        let before = artist.draw(&model, &layout(&model, DESK, None), Lang::En, &Focus::default(), 0);
        let mut other = pod("web-a-0000", "worker-1", "web-a");
        other.set_at(&["status", "podIP"], "10.244.1.9");
        model.apply(&write("pods", other));
        let after = artist.draw(&model, &layout(&model, DESK, None), Lang::En, &Focus::default(), 0);
        let kept = before[4].iter().zip(&after[4]).filter(|((_, a), (_, b))| Rc::ptr_eq(a, b)).count();
        assert_eq!((kept, after[4].len()), (5, 6));
    }

    #[test]
    fn labels_are_sentences_in_both_languages() {
        let model = cluster(1);
        let at = layout(&model, DESK, None);
        let label = |lang| {
            let layers = Artist::default().draw(&model, &at, lang, &Focus::default(), 0);
            layers[4][0].1.children[0].attr("aria-label").unwrap_or_default().to_owned()
        };
        assert_eq!(label(Lang::En), "Pod web-a-0000, Ready, on worker-1, owned by web-a, r1");
        assert_eq!(label(Lang::Ko), "파드 web-a-0000, 준비됨, worker-1에 있음, 소유자 web-a, r1");
    }

    #[test]
    fn a_service_without_endpoints_stands_out() {
        let mut model = cluster(0);
        model.slices.clear();
        let layers =
            Artist::default().draw(&model, &layout(&model, DESK, None), Lang::Ko, &Focus::default(), 0);
        let service = layers[6].iter().find(|(id, _)| id.starts_with("services/")).map(|(_, m)| m.clone());
        let service = service.unwrap_or_default();
        assert_eq!(service.attr("class"), Some("svc none"));
        assert!(service.all_text().contains("엔드포인트 0"));
    }
}
