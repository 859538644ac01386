//! Where everything on the stage stands, in whole px.
//!
//! Owns: lanes, the places of owners, nodes, pods and Services, and the level of detail. Pure: the same model, size
//! and level give the same places, and nothing depends on when something came.
//! Does not own: lines (`lines`), looks (`draw`).

use std::rc::Rc;

use ordered::BTreeMap;
use smol_str::SmolStr;

use super::facts::{
    NodeFacts, ObjectId, OwnerFacts, PodFacts, ServiceFacts, ThingFacts, split_id, thing_kind,
};
use super::filter::{CONFIG, Filter, OWNERS, STORAGE, TRAFFIC};
use super::model::Model;
use crate::mark::Rect;

/// Height of the desired lane.
pub const DESIRED: i32 = 118;
/// Height of the requests lane.
pub const REQUESTS: i32 = 106;
/// Height of the shelf of ConfigMaps, Secrets and claims between land and requests.
pub const SHELF: i32 = 28;
/// How much the shelf adds to the requests lane, in whose upper part it stands.
const SHELF_MORE: i32 = 16;
/// More nodes than these are cells, whatever stands on them.
const MOST_DRAWN: usize = 40;
/// Width of a door in the requests lane, and the way from doors to Services.
const DOOR: i32 = 138;
const DOORWAY: i32 = 34;
/// Width kept free at the lower right for pods that wait for a node.
const WAITING: i32 = 230;

/// How much of a pod is drawn. From much to little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Name, state, container block.
    Card,
    /// Name and state.
    Brief,
    /// Glyph and suffix.
    Chip,
    /// Glyph.
    Dot,
}

impl Level {
    const ALL: [Self; 4] = [Self::Card, Self::Brief, Self::Chip, Self::Dot];

    /// Least width, height and gap of a pod.
    const fn size(self) -> (i32, i32, i32) {
        match self {
            Self::Card => (92, 104, 6),
            Self::Brief => (92, 46, 6),
            Self::Chip => (66, 24, 6),
            Self::Dot => (12, 12, 3),
        }
    }

    /// Pods in view beyond which this level says too much.
    const fn most(self) -> usize {
        match self {
            Self::Card | Self::Brief => 40,
            Self::Chip => 400,
            Self::Dot => usize::MAX,
        }
    }

    /// Columns and rows within an area. On a narrow screen two cards share a row.
    fn grid(self, area: Rect, narrow: bool) -> (i32, i32) {
        let (w, h, gap) = self.size();
        let columns = ((area.w + gap) / (w + gap)).max(0);
        let columns = if narrow && self <= Self::Brief { columns.min(2) } else { columns };
        (columns, ((area.h + gap) / (h + gap)).max(0))
    }
}

/// The size of the stage and how the reader's screen wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    pub width: i32,
    pub height: i32,
    /// One column: nodes below each other, the Service upright at the right edge.
    pub narrow: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OwnerPlace {
    pub facts: Rc<OwnerFacts>,
    pub rect: Rect,
    pub shape: OwnerShape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerShape {
    /// A Deployment with its row of slots.
    Deployment,
    /// A ReplicaSet as a card of its own.
    Set,
    /// A ReplicaSet as a box within its Deployment's card.
    Box,
    /// Anything else that controls pods.
    Plain,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodePlace {
    pub facts: Rc<NodeFacts>,
    pub rect: Rect,
    /// Where pods stand.
    pub inner: Rect,
    /// Pods that found no room.
    pub more: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodPlace {
    pub rect: Rect,
    /// Index into `Layout::nodes`.
    pub node: usize,
    /// No other pod stands above it, and none below it.
    pub open_top: bool,
    pub open_bottom: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ServicePlace {
    pub facts: Rc<ServiceFacts>,
    pub rect: Rect,
}

/// A door, or something on the shelf. Without facts it is a name that pods ask for and nothing bears.
#[derive(Clone, Debug, PartialEq)]
pub struct ThingPlace {
    pub id: ObjectId,
    pub facts: Option<Rc<ThingFacts>>,
    pub rect: Rect,
}

impl ThingPlace {
    /// The kind, also of what is not there.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.facts.as_ref().map_or_else(|| thing_kind(split_id(&self.id).0).unwrap_or(""), |f| f.kind)
    }
}

/// What of the cluster is to be seen.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    pub filter: &'a Filter,
    /// One node alone.
    pub node: Option<&'a str>,
}

impl Sight<'_> {
    pub const ALL: Sight<'static> = Sight { filter: &ALL, node: None };
}

static ALL: Filter =
    Filter { system: false, namespace: SmolStr::new_static(""), labels: SmolStr::new_static(""), hidden: 0 };

#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub view: View,
    pub level: Level,
    /// The land, when there is too much on it to draw object by object: a chart of cells stands there.
    pub fleet: Option<Rect>,
    pub shelf: Vec<ThingPlace>,
    pub more_shelf: usize,
    /// What leads requests in.
    pub doors: Vec<ThingPlace>,
    pub more_doors: usize,
    /// Namespaces on the stage, when there are several.
    pub several: bool,
    pub owners: Vec<OwnerPlace>,
    /// Owners and Services for which there is no room.
    pub more_owners: usize,
    pub more_services: usize,
    /// The folded control plane.
    pub control_plane: Option<(Rc<NodeFacts>, Rect)>,
    pub nodes: Vec<NodePlace>,
    pub pods: BTreeMap<ObjectId, PodPlace>,
    pub services: Vec<ServicePlace>,
    /// The area of pods that wait for a node, and these pods.
    pub waiting: Option<Rect>,
    pub waits: Vec<ObjectId>,
    pub all_waits: usize,
    /// Bottom of the desired lane, top of the requests lane.
    pub desired: i32,
    pub requests_y: i32,
}

/// Places everything. `before` is the level of the last picture: a richer one is taken only with 15 % to spare.
#[must_use]
pub fn layout(model: &Model, view: View, before: Option<Level>) -> Layout {
    layout_of(model, view, before, Sight::ALL)
}

/// The same for what the reader wants to see. A node with so many pods that they would be dots gets the whole stage.
#[must_use]
pub fn layout_of(model: &Model, view: View, before: Option<Level>, sight: Sight<'_>) -> Layout {
    let first = placed(model, view, before, sight);
    if sight.node.is_none() || first.level != Level::Dot || view.narrow {
        return first;
    }
    let all = Filter { hidden: sight.filter.hidden | OWNERS | TRAFFIC, ..sight.filter.clone() };
    placed(model, view, before, Sight { filter: &all, ..sight })
}

fn placed(model: &Model, view: View, before: Option<Level>, sight: Sight<'_>) -> Layout {
    let filter = sight.filter;
    let roots = if filter.shows(OWNERS) { model.roots(filter) } else { Vec::new() };
    let desired = match (view.narrow, filter.shows(OWNERS)) {
        (_, false) => 8,
        (true, _) => 70,
        _ => DESIRED,
    };
    let (owners, more_owners) = place_owners(model, &roots, view, desired);
    let things = things(model, filter);
    let requests = if filter.shows(TRAFFIC) { REQUESTS } else { 12 };
    let shelf = !things.is_empty() && !view.narrow;
    let requests = match (shelf, filter.shows(TRAFFIC)) {
        (true, true) => requests + SHELF_MORE,
        (true, false) => SHELF + 6,
        _ => requests,
    };
    let requests_y = if view.narrow { view.height } else { (view.height - requests).max(desired + 60) };
    let control = model.nodes.values().find(|n| n.control_plane).cloned();
    let workers: Vec<Rc<NodeFacts>> = match sight.node {
        Some(name) => model.nodes.get(name).into_iter().cloned().collect(),
        None if filter.system || filter.namespace == "kube-system" => model.nodes.values().cloned().collect(),
        None => model.workers(),
    };
    let control = control.filter(|c| sight.node.is_none() && !workers.iter().any(|w| w.name == c.name));
    let land_y = if view.narrow { desired + 10 } else { desired + 14 };
    let land_h = requests_y - land_y - if view.narrow { 10 } else { 2 };
    let control_plane =
        control.filter(|_| !view.narrow).map(|facts| (facts, Rect::new(16, land_y, 36, land_h)));
    let left = if control_plane.is_some() { 66 } else { 14 };
    let land = Rect::new(left, land_y, view.width - left - if view.narrow { 56 } else { 18 }, land_h);
    let nodes = place_nodes(workers, land, view.narrow);
    // Nodes that will be cells are counted pod by pod by nobody.
    let cells = sight.node.is_none() && nodes.len() > MOST_DRAWN;
    let held: Vec<Vec<Option<&ObjectId>>> =
        nodes.iter().filter(|_| !cells).map(|n| places_of(model, &n.facts.name, sight)).collect();
    let level = choose_level(model, &nodes, &held, before, view.narrow);
    let mut layout = Layout {
        view,
        level,
        fleet: None,
        shelf: Vec::new(),
        more_shelf: 0,
        doors: Vec::new(),
        more_doors: 0,
        several: several(model, &roots),
        owners,
        more_owners,
        more_services: 0,
        control_plane,
        nodes,
        pods: BTreeMap::new(),
        services: Vec::new(),
        waiting: None,
        waits: Vec::new(),
        all_waits: 0,
        desired,
        requests_y,
    };
    let total: usize = held.iter().map(Vec::len).sum();
    if level == Level::Dot && sight.node.is_none() && (cells || total > 150 || layout.nodes.len() > 24) {
        layout.fleet = Some(land);
        layout.nodes.clear();
    }
    let shown = layout.nodes.len();
    for (index, pods) in held.iter().enumerate().take(shown) {
        place_pods(&mut layout, index, pods);
    }
    if shelf {
        let lane = Rect::new(land.x, requests_y + 1, land.w, SHELF - 2);
        place_shelf(things, lane, &mut layout);
    }
    if filter.shows(TRAFFIC) {
        place_doors(model, filter, &mut layout);
        place_services(model, filter, &mut layout);
    }
    let waits = model.waiting.iter().filter(|id| model.any_pod(id).is_some_and(|p| passes(filter, p)));
    // More than a few hundred are a number, not a list.
    layout.waits = waits.take(500).cloned().collect();
    layout.all_waits = if filter.narrows() { layout.waits.len() } else { model.waiting.len() };
    if !layout.waits.is_empty() {
        layout.waiting = Some(if view.narrow {
            Rect::new(14, view.height - 44, view.width - 70, 38)
        } else {
            let y = (view.height - REQUESTS).max(desired + 60);
            Rect::new(view.width - WAITING - 4, y + 14, WAITING - 12, REQUESTS - 24)
        });
    }
    layout
}

fn passes(filter: &Filter, pod: &PodFacts) -> bool {
    filter.passes(&pod.namespace, &pod.labels)
}

/// The places of a node's pods in sight. What is filtered away leaves no gap; what has gone does.
fn places_of<'a>(model: &'a Model, node: &str, sight: Sight<'_>) -> Vec<Option<&'a ObjectId>> {
    let own = sight.filter.system || sight.filter.namespace == "kube-system" || sight.node.is_some();
    let mut out: Vec<Option<&ObjectId>> = Vec::new();
    let narrows = sight.filter.narrows();
    for slots in [Some(&model.slots), own.then_some(&model.system_slots)].into_iter().flatten() {
        let Some(slots) = slots.get(node) else { continue };
        if !narrows {
            out.extend(slots.places.iter().map(Option::as_ref));
            continue;
        }
        let seen = |id: &ObjectId| model.any_pod(id).is_some_and(|p| passes(sight.filter, p));
        out.extend(slots.places.iter().map(Option::as_ref).filter(|place| place.is_none_or(seen)));
        while out.last().is_some_and(Option::is_none) {
            out.pop();
        }
    }
    out
}

fn several(model: &Model, roots: &[Rc<OwnerFacts>]) -> bool {
    let first = roots.first().map_or("", |o| o.namespace.as_str());
    roots.iter().any(|o| o.namespace != first)
        || model.namespaces.keys().filter(|n| !super::filter::is_system(n)).count() > 1
}

/// What stands on the shelf: what is missing first, then what waits, then what pods use, each by name.
fn things(model: &Model, filter: &Filter) -> Vec<(ObjectId, Option<Rc<ThingFacts>>)> {
    let kind = |resource: &str| match resource {
        "configmaps" | "secrets" => CONFIG,
        _ => STORAGE,
    };
    let mut out: Vec<(u8, ObjectId, Option<Rc<ThingFacts>>)> = Vec::new();
    for id in model.missing() {
        let (resource, namespace, _) = split_id(id);
        if filter.shows(kind(resource)) && filter.place(namespace) {
            out.push((0, id.clone(), None));
        }
    }
    for facts in model.shelf.values() {
        let place = filter.place(&facts.namespace) || facts.namespace.is_empty();
        let kind = kind(split_id(&facts.id).0);
        if !place || !filter.shows(kind) || !filter.labelled(&facts.labels) {
            continue;
        }
        let rank = match (facts.waits, model.used.contains_key(&facts.id)) {
            (true, _) => 1,
            (_, true) => 2,
            _ => 3,
        };
        out.push((rank, facts.id.clone(), Some(facts.clone())));
    }
    out.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    out.into_iter().map(|(_, id, facts)| (id, facts)).collect()
}

fn place_shelf(things: Vec<(ObjectId, Option<Rc<ThingFacts>>)>, lane: Rect, layout: &mut Layout) {
    let gap = 8;
    let total = i32::try_from(things.len()).unwrap_or(i32::MAX);
    let fits = ((lane.w + gap) / (112 + gap)).max(1);
    let shown = total.min(fits);
    let w = ((lane.w - (shown - 1) * gap) / shown.max(1)).min(190);
    layout.more_shelf = things.len().saturating_sub(usize::try_from(shown).unwrap_or(0));
    for (i, (id, facts)) in (0..shown).zip(things) {
        let rect = Rect::new(lane.x + i * (w + gap), lane.y + 2, w, lane.h - 2);
        layout.shelf.push(ThingPlace { id, facts, rect });
    }
}

fn place_doors(model: &Model, filter: &Filter, layout: &mut Layout) {
    if layout.view.narrow {
        return;
    }
    let seen = |d: &&Rc<ThingFacts>| filter.passes(&d.namespace, &d.labels);
    let mut doors: Vec<Rc<ThingFacts>> = model.doors.values().filter(seen).cloned().collect();
    let rank = |kind: &str| ["Gateway", "Ingress", "HTTPRoute"].iter().position(|k| *k == kind);
    doors.sort_by(|a, b| (rank(a.kind), &a.id).cmp(&(rank(b.kind), &b.id)));
    // Of a few, whatever they say is read in full.
    let wide = if doors.len() > 2 { DOOR } else { (layout.view.width * 21 / 100).clamp(DOOR, 190) };
    // One has the height of a Service; of more, two stand one above the other.
    let columns = (layout.view.width * 21 / 50 / (wide + 12)).max(1);
    let high = if doors.len() > 1 { 2 } else { 1 };
    let y = layout.view.height - 64;
    layout.more_doors = doors.len().saturating_sub(usize::try_from(columns * high).unwrap_or(1));
    for (i, facts) in (0..columns * high).zip(doors) {
        let (column, row) = (i / high, i % high);
        let rect = Rect::new(16 + column * (wide + 12), y + row * 28, wide, if high > 1 { 26 } else { 54 });
        layout.doors.push(ThingPlace { id: facts.id.clone(), facts: Some(facts), rect });
    }
}

fn place_owners(model: &Model, roots: &[Rc<OwnerFacts>], view: View, lane: i32) -> (Vec<OwnerPlace>, usize) {
    let mut out = Vec::new();
    let total = i32::try_from(roots.len()).unwrap_or(i32::MAX);
    if total == 0 {
        return (out, 0);
    }
    let (span, gap) = (view.width - 32, if view.narrow { 10 } else { 14 });
    let least = if view.narrow && total > 2 { 80 } else { 150 };
    let shown = total.min(((span + gap) / (least + gap)).max(1));
    let column = (span - (shown - 1) * gap) / shown;
    for (i, root) in (0..shown).zip(roots) {
        let x = 16 + i * (column + gap);
        let sets = if root.kind == "Deployment" { model.live_sets(&root.id) } else { Vec::new() };
        if view.narrow {
            let rect = Rect::new(x - 2, 8, column + 4, lane - 12);
            out.push(OwnerPlace { facts: root.clone(), rect, shape: OwnerShape::Deployment });
        } else if root.kind != "Deployment" {
            let rect = Rect::new(x, 38, column.min(240), 64);
            out.push(OwnerPlace { facts: root.clone(), rect, shape: OwnerShape::Plain });
        } else if column >= 600 {
            place_wide(root, &sets, x, column, &mut out);
        } else {
            place_compact(root, &sets, Rect::new(x, 32, column.min(330), 76), &mut out);
        }
    }
    (out, roots.len().saturating_sub(usize::try_from(shown).unwrap_or(0)))
}

/// A Deployment at the left, its ReplicaSets beside it, the newest rightmost.
fn place_wide(
    root: &Rc<OwnerFacts>,
    sets: &[Rc<OwnerFacts>],
    x: i32,
    column: i32,
    out: &mut Vec<OwnerPlace>,
) {
    let width = (column * 36 / 100).clamp(230, 320);
    let rect = Rect::new(x, 32, width, 76);
    out.push(OwnerPlace { facts: root.clone(), rect, shape: OwnerShape::Deployment });
    let (start, end, gap) = (rect.right() + 48, x + column, 22);
    let room = usize::try_from((end - start + gap) / (150 + gap)).unwrap_or(0).max(1);
    let sets = sets.get(sets.len().saturating_sub(room)..).unwrap_or_default();
    let count = i32::try_from(sets.len()).unwrap_or(1).max(1);
    let each = ((end - start - (count - 1) * gap) / count).min(226);
    // Two places are kept even for one set, so that the first does not move when the second comes.
    let places = count.max(2);
    let stride = if places > 1 { (end - start - each.min(226)) / (places - 1) } else { 0 };
    let each = each.min((end - start - (places - 1) * gap) / places);
    for (i, set) in (0..).zip(sets) {
        let rect = Rect::new((start + i * stride).min(end - each), 38, each, 64);
        out.push(OwnerPlace { facts: set.clone(), rect, shape: OwnerShape::Set });
    }
}

fn place_compact(root: &Rc<OwnerFacts>, sets: &[Rc<OwnerFacts>], rect: Rect, out: &mut Vec<OwnerPlace>) {
    out.push(OwnerPlace { facts: root.clone(), rect, shape: OwnerShape::Deployment });
    let room = usize::try_from((rect.w - 10) / 62).unwrap_or(1).max(1);
    let sets = sets.get(sets.len().saturating_sub(room)..).unwrap_or_default();
    let count = i32::try_from(sets.len()).unwrap_or(1).max(1);
    let each = ((rect.w - 20 - (count - 1) * 6) / count).min(140);
    for (i, set) in (0..).zip(sets) {
        let rect = Rect::new(rect.x + 10 + i * (each + 6), 80, each, 22);
        out.push(OwnerPlace { facts: set.clone(), rect, shape: OwnerShape::Box });
    }
}

fn place_nodes(workers: Vec<Rc<NodeFacts>>, land: Rect, narrow: bool) -> Vec<NodePlace> {
    let count = i32::try_from(workers.len()).unwrap_or(0);
    if count == 0 {
        return Vec::new();
    }
    let gap = if count > 12 { 10 } else { 16 };
    let rows = if narrow {
        count
    } else {
        let fits = |rows: i32| {
            let columns = (count + rows - 1) / rows;
            (land.w - (columns - 1) * gap) / columns >= 128 || (land.h + gap) / (rows + 1) - gap < 56
        };
        (1..=count).find(|rows| fits(*rows)).unwrap_or(1)
    };
    let columns = (count + rows - 1) / rows;
    let gap_y = if narrow { 8 } else { gap };
    let w = (land.w - (columns - 1) * gap) / columns;
    let h = ((land.h - (rows - 1) * gap_y) / rows).max(24);
    let place = |(i, facts): (i32, Rc<NodeFacts>)| {
        let rect = Rect::new(land.x + i % columns * (w + gap), land.y + i / columns * (h + gap_y), w, h);
        let head = if h >= 156 {
            40
        } else if h >= 138 {
            30
        } else if h >= 60 {
            26
        } else {
            18
        };
        let inner =
            Rect::new(rect.x + 8, rect.y + head, w - 16, h - head - if h >= 156 { 12 } else { 4 + h / 40 });
        NodePlace { facts, rect, inner, more: 0 }
    };
    (0..).zip(workers).map(place).collect()
}

fn choose_level(
    model: &Model,
    nodes: &[NodePlace],
    held: &[Vec<Option<&ObjectId>>],
    before: Option<Level>,
    narrow: bool,
) -> Level {
    // So many nodes are cells, whatever stands on them.
    if nodes.len() > MOST_DRAWN {
        return Level::Dot;
    }
    // In the middle of a rollout pods come and go: cards don't grow back between two of its steps.
    let settled = model.ending.is_empty();
    let fits = |level: Level| {
        let slack = before.is_some_and(|before| level < before);
        if slack && !settled {
            return false;
        }
        let roomy = |n: usize| if slack { n * 115 / 100 } else { n };
        let total: usize = held.iter().map(Vec::len).sum();
        roomy(total) <= level.most()
            && nodes.iter().zip(held).all(|(node, held)| {
                let (columns, rows) = level.grid(node.inner, narrow);
                roomy(held.len()) <= usize::try_from(columns * rows).unwrap_or(0)
            })
    };
    let from = if narrow { 1 } else { 0 };
    Level::ALL.into_iter().skip(from).find(|level| fits(*level)).unwrap_or(Level::Dot)
}

fn place_pods(layout: &mut Layout, index: usize, held: &[Option<&ObjectId>]) {
    let level = layout.level;
    let node = &mut layout.nodes[index];
    let (columns, rows) = level.grid(node.inner, layout.view.narrow);
    let (least, height, gap) = level.size();
    let columns = columns.max(1);
    let count = i32::try_from(held.len()).unwrap_or(i32::MAX);
    let room = usize::try_from(columns * rows.max(1)).unwrap_or(0);
    // Wide land doesn't stretch its pods beyond what can be read at a glance.
    let most = match level {
        Level::Card | Level::Brief => 156,
        Level::Chip => 112,
        Level::Dot => 12,
    };
    let width = ((node.inner.w - (columns - 1) * gap) / columns).min(most).max(least.min(node.inner.w));
    let height = if level == Level::Card { (node.inner.h).clamp(height, 144) } else { height };
    let used_rows = (count + columns - 1) / columns;
    for (i, slot) in (0..).zip(held) {
        let Some(id) = slot else { continue };
        let id: &ObjectId = id;
        if usize::try_from(i).unwrap_or(0) >= room {
            node.more += 1;
            continue;
        }
        let (column, row) = (i % columns, i / columns);
        let rect = Rect::new(
            node.inner.x + column * (width + gap),
            node.inner.y + row * (height + gap),
            width,
            height,
        );
        let place = PodPlace {
            rect,
            node: index,
            open_top: row == 0,
            open_bottom: row == used_rows - 1 || i + columns >= count,
        };
        layout.pods.insert(id.clone(), place);
    }
}

fn place_services(model: &Model, filter: &Filter, layout: &mut Layout) {
    let seen = |s: &&Rc<ServiceFacts>| filter.passes(&s.namespace, &s.labels);
    let services: Vec<Rc<ServiceFacts>> = model.services.values().filter(seen).cloned().collect();
    let count = i32::try_from(services.len()).unwrap_or(i32::MAX);
    if count == 0 {
        return;
    }
    let view = layout.view;
    if view.narrow {
        let top = layout.fleet.map_or_else(|| layout.nodes.first().map_or(80, |n| n.rect.y), |r| r.y);
        let bottom = layout.fleet.map_or_else(
            || layout.nodes.last().map_or(view.height - 10, |n| n.rect.bottom()),
            |r| r.bottom(),
        );
        let shown = count.min(3);
        let h = (bottom - top - (shown - 1) * 8) / shown;
        for (i, facts) in (0..shown).zip(services.iter()) {
            let rect = Rect::new(view.width - 42, top + i * (h + 8), 32, h);
            layout.services.push(ServicePlace { facts: facts.clone(), rect });
        }
        layout.more_services = services.len().saturating_sub(3);
        return;
    }
    let gap = 18;
    let left = layout.doors.iter().map(|d| d.rect.right() + DOORWAY).max().unwrap_or(16);
    let waiting = if model.waiting.is_empty() && !layout.doors.is_empty() { 16 } else { WAITING };
    let span = view.width - 16 - left - waiting;
    let shown = count.min(((span + gap) / (128 + gap)).max(1));
    let w = ((span - (shown - 1) * gap) / shown).clamp(110, 236);
    let used = shown * w + (shown - 1) * gap;
    // A few stand below the middle of the land, many fill the lane.
    let start = (view.width / 2 + 24 - used / 2).clamp(left, left + (span - used).max(0));
    for (i, facts) in (0..shown).zip(services.iter()) {
        let rect = Rect::new(start + i * (w + gap), layout.view.height - 64, w, 54);
        layout.services.push(ServicePlace { facts: facts.clone(), rect });
    }
    layout.more_services = services.len().saturating_sub(usize::try_from(shown).unwrap_or(0));
}

/// A short name for the place of an object on the stage: where a line to it may end, or the keyboard may go.
#[must_use]
pub fn places(layout: &Layout) -> Vec<(ObjectId, Rect)> {
    let mut out: Vec<(ObjectId, Rect)> = Vec::new();
    out.extend(layout.owners.iter().map(|o| (o.facts.id.clone(), o.rect)));
    out.extend(layout.control_plane.iter().map(|(facts, rect)| (facts.id.clone(), *rect)));
    for (i, node) in layout.nodes.iter().enumerate() {
        // A node is reached at its header, so that pods are not "inside" it for the arrow keys.
        let head = Rect { h: (node.inner.y - node.rect.y).max(12), ..node.rect };
        out.push((node.facts.id.clone(), head));
        out.extend(layout.pods.iter().filter(|(_, p)| p.node == i).map(|(id, p)| (id.clone(), p.rect)));
    }
    out.extend(layout.shelf.iter().chain(&layout.doors).map(|t| (t.id.clone(), t.rect)));
    out.extend(layout.services.iter().map(|s| (s.facts.id.clone(), s.rect)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::model::sample::cluster;

    const DESK: View = View { width: 808, height: 430, narrow: false };

    fn overlaps(a: Rect, b: Rect) -> bool {
        a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
    }

    #[test]
    fn pods_stand_on_their_land_and_on_nobodys_feet() {
        let views = [
            DESK,
            View { width: 390, height: 364, narrow: true },
            View { width: 736, height: 500, narrow: false },
            View { width: 1400, height: 900, narrow: false },
        ];
        for view in views {
            for pods in [0, 1, 3, 6, 7, 20, 40, 90, 400, 3000] {
                let layout = layout(&cluster(pods), view, None);
                if let Some(land) = layout.fleet {
                    assert!(layout.level == Level::Dot && land.w > 200 && land.h > 90, "{pods} {view:?}");
                    continue;
                }
                let all: Vec<_> = layout.pods.values().collect();
                let hidden: usize = layout.nodes.iter().map(|n| n.more).sum();
                assert_eq!(all.len() + hidden, pods, "{view:?}");
                for place in &all {
                    let land = layout.nodes[place.node].rect;
                    assert!(place.rect.x >= land.x && place.rect.right() <= land.right(), "{pods} {view:?}");
                    assert!(place.rect.bottom() <= land.bottom(), "{pods} in {view:?}: {place:?} {land:?}");
                }
                for (i, a) in all.iter().enumerate().take(60) {
                    for b in &all[i + 1..] {
                        assert!(!overlaps(a.rect, b.rect), "{pods} in {view:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn detail_follows_the_number_of_pods() {
        let level = |pods| layout(&cluster(pods), DESK, None).level;
        assert_eq!(level(6), Level::Card);
        assert_eq!(level(9), Level::Brief);
        assert_eq!(level(24), Level::Chip);
        assert_eq!(level(300), Level::Dot);
    }

    #[test]
    fn a_richer_level_waits_for_slack() {
        let model = cluster(6);
        assert_eq!(layout(&model, DESK, Some(Level::Card)).level, Level::Card);
        assert_eq!(layout(&model, DESK, Some(Level::Brief)).level, Level::Card);
        let full = cluster(36);
        assert_eq!(layout(&full, DESK, Some(Level::Chip)).level, Level::Chip);
        assert_eq!(layout(&full, DESK, Some(Level::Dot)).level, Level::Dot);
    }

    #[test]
    fn both_sets_of_a_rollout_are_seen_at_any_width() {
        for width in [560, 616, 648, 736, 808, 1400] {
            let at = layout(&cluster(6), View { width, height: 400, narrow: false }, None);
            let sets =
                at.owners.iter().filter(|o| o.facts.kind == "ReplicaSet" || o.facts.name.starts_with("web-"));
            assert_eq!(sets.count(), 2, "{width}");
        }
    }

    #[test]
    fn the_first_replica_set_stays_when_the_second_comes() {
        let mut model = cluster(0);
        let both = layout(&model, DESK, None);
        let place = |l: &Layout, name: &str| l.owners.iter().find(|o| o.facts.name == name).map(|o| o.rect);
        model.owners.remove("replicasets.apps/default/web-b");
        let one = layout(&model, DESK, None);
        assert_eq!(place(&one, "web-a"), place(&both, "web-a"));
    }
}
