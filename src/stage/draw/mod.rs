//! How the stage looks: layers of keyed marks, from the model and its layout.
//!
//! Owns: the order of layers, what all objects share (a label, being picked), and remembering unchanged pods. What
//! each kind of object looks like stands in a file of its own.
//! Does not own: places (`layout`), colours (assets/css/stage.css), elements (`paint`).
//! Cost: a pod that has not changed gives the very mark of the last picture, so that nothing is compared or painted.

mod node;
mod owner;
mod pod;
mod service;
pub mod thing;

use std::rc::Rc;

use ordered::{BTreeMap, BTreeSet};
use smol_str::{SmolStr, format_smolstr};

use super::apart::{Aparts, sign};
use super::facts::{ObjectId, OwnerFacts};
use super::layout::Layout;
use super::lines::{Line, LineKind, door_lines, owner_lines, traffic_lines, use_lines};
use super::model::Model;
use super::route::Route;
use crate::format::{fit, mono, seconds_left};
use crate::i18n::{Lang, Texts};
use crate::mark::{Mark, Rect, circle, path, rect, text};
use crate::state_words::PodState;
use pod::{PodLook, pod};

/// Marks in the order they are painted, each with a key that stays the same for the same object.
pub type Layer = Vec<(ObjectId, Rc<Mark>)>;

/// What the reader looks at: what is picked, and what is related to what the pointer is on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Focus {
    pub picked: Option<ObjectId>,
    pub lit: BTreeSet<ObjectId>,
    /// The request that is shown on its way.
    pub route: Option<Route>,
    /// What nodes use now, by name, and pods, by id: thousandths of a cpu, and bytes.
    pub usage: BTreeMap<SmolStr, (i64, i64)>,
    /// Services whose targetPort nobody hears, with that port as it is written.
    pub unheard: BTreeMap<ObjectId, SmolStr>,
    /// What the other line of time has not, or otherwise, while two are compared.
    pub aparts: Aparts,
}

/// Draws pictures and remembers the pods of the last one.
#[derive(Default)]
pub struct Artist {
    pods: BTreeMap<ObjectId, (PodLook, Rc<Mark>)>,
}

/// The names of the layers, from back to front.
pub const LAYERS: [&str; 9] =
    ["ground", "land", "owner-lines", "heads", "pods", "traffic", "cards", "ports", "request"];

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
        let mut owner_lines = owner_lines(model, layout);
        owner_lines.extend(use_lines(model, layout, &focus.lit, focus.picked.as_ref()));
        let mut traffic = traffic_lines(model, layout);
        let land = layout.nodes.iter().map(|n| pen.land(n)).collect();
        let heads = layout.nodes.iter().map(|n| pen.head(n)).collect();
        let pods = self.pods(&pen, &traffic);
        traffic.extend(door_lines(model, layout));
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
        cards.extend(layout.shelf.iter().map(|t| pen.thing(t)));
        cards.extend(layout.doors.iter().map(|d| pen.door(d)));
        cards.extend(layout.waiting.map(|area| pen.waiting(area)));
        let request = focus.route.as_ref().map(|r| super::route::draw(r, layout)).unwrap_or_default();
        let mut layers = vec![pen.ground(), land, lines, heads, pods, requests, cards, ports, request];
        if !focus.aparts.is_empty() {
            layers.iter_mut().for_each(|layer| sign(layer, &focus.aparts, texts));
        }
        layers
    }

    fn pods(&mut self, pen: &Pen<'_>, traffic: &[Line]) -> Layer {
        let ports: BTreeMap<&ObjectId, LineKind> = traffic.iter().map(|l| (&l.to, l.kind)).collect();
        let several = pen.layout.owners.iter().filter(|o| pen.is_root(&o.facts)).count() > 1;
        let mut next = BTreeMap::new();
        let mut layer = Layer::new();
        for (id, place) in &pen.layout.pods {
            let Some(facts) = pen.model.any_pod(id) else { continue };
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
                usage: pen.focus.usage.get(id).copied(),
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
        let lane = self.layout.desired;
        if lane > 20 {
            mark.add(rect("air", Rect::new(0, 0, view.width, lane), 0));
            mark.add(path("shore", format_smolstr!("M0 {lane}.5H{}", view.width)));
            if !view.narrow {
                mark.add(text("lane", 16, 22, texts.stage().desired));
                self.namespaces(&mut mark);
            }
        }
        if !view.narrow && view.height - self.layout.requests_y > 40 {
            mark.add(text(
                "lane",
                16,
                if self.layout.shelf.is_empty() { self.layout.requests_y + 24 } else { view.height - 70 },
                texts.stage().requests,
            ));
        }
        if self.layout.more_shelf > 0 {
            let more = i64::try_from(self.layout.more_shelf).unwrap_or(0);
            let y = self.layout.requests_y + 40;
            mark.add(text(
                "lane end",
                view.width - 18,
                y,
                format_smolstr!("+{}", (texts.stage().more)(more)),
            ));
        }
        if self.layout.more_owners > 0 {
            let more = i64::try_from(self.layout.more_owners).unwrap_or(0);
            mark.add(text(
                "lane end",
                view.width - 16,
                22,
                format_smolstr!("+{}", (texts.stage().more)(more)),
            ));
        }
        let more = self.layout.more_services + self.layout.more_doors;
        if more > 0 {
            let more = i64::try_from(more).unwrap_or(0);
            let y = view.height - 70;
            mark.add(text("lane", 96, y, format_smolstr!("+{}", (texts.stage().more)(more))));
        }
        let mut layer = vec![("ground".into(), Rc::new(mark))];
        if let Some((facts, at)) = &self.layout.control_plane {
            layer.push((facts.id.clone(), Rc::new(sealed(self.control_plane(facts, *at)))));
        }
        layer
    }

    /// Over the owners of each namespace its name, where there are several.
    fn namespaces(&self, mark: &mut Mark) {
        if !self.layout.several {
            return;
        }
        let roots: Vec<_> = self.layout.owners.iter().filter(|o| self.is_root(&o.facts)).collect();
        let mut from = 0;
        while from < roots.len() {
            let name = &roots[from].facts.namespace;
            let same = roots[from..].iter().take_while(|o| o.facts.namespace == *name).count();
            let end = self
                .layout
                .owners
                .iter()
                .filter(|o| o.facts.namespace == *name)
                .map(|o| o.rect.right())
                .max();
            let (x, end) = (roots[from].rect.x, end.unwrap_or(0));
            let x = if from == 0 { x + 62 } else { x };
            let wide = i32::try_from(name.chars().count()).unwrap_or(0) * mono(23) / 10 + 8;
            mark.add(text("m ns", x, 22, fit(name, end - x, mono(23))));
            if x + wide < end {
                mark.add(path("nsline", format_smolstr!("M{} 18.5H{end}v5", x + wide)));
            }
            from += same;
        }
    }

    #[inline(never)]
    fn line(&self, index: usize, line: &Line) -> (ObjectId, Rc<Mark>) {
        let lit = self.is_picked(&line.from)
            || self.is_picked(&line.to)
            || (self.focus.lit.contains(&line.from) && self.focus.lit.contains(&line.to));
        let class = format_smolstr!("{}{}", line.kind.class(), if lit { " lit" } else { "" });
        let mark = Mark::new("path", "").at("class", class).at("d", line.d.clone());
        (format_smolstr!("{index} {}>{}", line.from, line.to), Rc::new(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::layout::{View, layout};
    use crate::stage::model::sample::{cluster, in_default, pod, write};

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
    fn there_is_a_picture_for_every_size() {
        for pods in [0, 3, 40] {
            let mut model = cluster(pods);
            for name in ["a", "second", "a-name-that-is-long", "d", "e", "f", "g"] {
                model.apply(&write("services", in_default(name)));
                model.apply(&write("configmaps", in_default(name)));
            }
            for (width, height) in
                (1..1500).step_by(83).flat_map(|w| (1..420).step_by(19).map(move |h| (w, h)))
            {
                let layout = layout(&model, View { width, height, narrow: width <= 640 }, None);
                let layers = Artist::default().draw(&model, &layout, Lang::En, &Focus::default(), 0);
                assert_eq!(layers.len(), LAYERS.len(), "{width} by {height}");
            }
        }
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
