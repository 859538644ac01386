//! Where everything on the stage stands, in whole px.
//!
//! Owns: lanes, the places of owners, nodes, pods and Services, and the level of detail. Pure: the same model, size
//! and level give the same places, and nothing depends on when something came.
//! Does not own: lines (`lines`), looks (`draw`).

use std::collections::BTreeMap;
use std::rc::Rc;

use smol_str::SmolStr;

use super::facts::{NodeFacts, ObjectId, OwnerFacts, ServiceFacts};
use super::model::Model;
use crate::mark::Rect;

/// Height of the desired lane.
pub const DESIRED: i32 = 118;
/// Height of the requests lane.
pub const REQUESTS: i32 = 106;
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
            Self::Card => (92, 128, 6),
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

#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub view: View,
    pub level: Level,
    pub owners: Vec<OwnerPlace>,
    /// Owners and Services for which there is no room.
    pub more_owners: usize,
    pub more_services: usize,
    /// The folded control plane.
    pub control_plane: Option<(Rc<NodeFacts>, Rect)>,
    pub nodes: Vec<NodePlace>,
    pub pods: BTreeMap<ObjectId, PodPlace>,
    pub services: Vec<ServicePlace>,
    /// The area of pods that wait for a node.
    pub waiting: Option<Rect>,
    /// Top of the requests lane.
    pub requests_y: i32,
}

/// Places everything. `before` is the level of the last picture: a richer one is taken only with 15 % to spare.
#[must_use]
pub fn layout(model: &Model, view: View, before: Option<Level>) -> Layout {
    let desired = if view.narrow { 70 } else { DESIRED };
    let (owners, more_owners) = place_owners(model, view, desired);
    let requests_y = if view.narrow { view.height } else { (view.height - REQUESTS).max(desired + 60) };
    let control = model.nodes.values().find(|n| n.control_plane).cloned();
    let workers = model.workers();
    let control = control.filter(|c| !workers.iter().any(|w| w.name == c.name));
    let land_y = if view.narrow { desired + 10 } else { desired + 14 };
    let land_h = requests_y - land_y - if view.narrow { 10 } else { 2 };
    let control_plane =
        control.filter(|_| !view.narrow).map(|facts| (facts, Rect::new(16, land_y, 36, land_h)));
    let left = if control_plane.is_some() { 66 } else { 14 };
    let land = Rect::new(left, land_y, view.width - left - if view.narrow { 56 } else { 18 }, land_h);
    let nodes = place_nodes(workers, land, view.narrow);
    let level = choose_level(model, &nodes, before, view.narrow);
    let mut layout = Layout {
        view,
        level,
        owners,
        more_owners,
        more_services: 0,
        control_plane,
        nodes,
        pods: BTreeMap::new(),
        services: Vec::new(),
        waiting: None,
        requests_y,
    };
    for index in 0..layout.nodes.len() {
        place_pods(model, &mut layout, index);
    }
    place_services(model, &mut layout);
    if !model.waiting.is_empty() {
        layout.waiting = Some(if view.narrow {
            Rect::new(14, view.height - 44, view.width - 70, 38)
        } else {
            Rect::new(view.width - WAITING - 4, requests_y + 14, WAITING - 12, REQUESTS - 24)
        });
    }
    layout
}

fn place_owners(model: &Model, view: View, lane: i32) -> (Vec<OwnerPlace>, usize) {
    let roots = model.roots();
    let mut out = Vec::new();
    let total = i32::try_from(roots.len()).unwrap_or(i32::MAX);
    if total == 0 {
        return (out, 0);
    }
    let (span, gap) = (view.width - 32, if view.narrow { 10 } else { 14 });
    let least = if view.narrow && total > 2 { 80 } else { 150 };
    let shown = total.min(((span + gap) / (least + gap)).max(1));
    let column = (span - (shown - 1) * gap) / shown;
    for (i, root) in (0..shown).zip(&roots) {
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
        let head = if h >= 150 {
            40
        } else if h >= 60 {
            26
        } else {
            18
        };
        let inner = Rect::new(rect.x + 8, rect.y + head, w - 16, h - head - if h >= 150 { 14 } else { 8 });
        NodePlace { facts, rect, inner, more: 0 }
    };
    (0..).zip(workers).map(place).collect()
}

fn choose_level(model: &Model, nodes: &[NodePlace], before: Option<Level>, narrow: bool) -> Level {
    let slots = |node: &NodePlace| model.slots.get(&node.facts.name).map_or(0, |s| s.places.len());
    // In the middle of a rollout pods come and go: cards don't grow back between two of its steps.
    let settled = model.ending.is_empty();
    let fits = |level: Level| {
        let slack = before.is_some_and(|before| level < before);
        if slack && !settled {
            return false;
        }
        let roomy = |n: usize| if slack { n * 115 / 100 } else { n };
        let total: usize = nodes.iter().map(slots).sum();
        roomy(total) <= level.most()
            && nodes.iter().all(|node| {
                let (columns, rows) = level.grid(node.inner, narrow);
                roomy(slots(node)) <= usize::try_from(columns * rows).unwrap_or(0)
            })
    };
    let from = if narrow { 1 } else { 0 };
    Level::ALL.into_iter().skip(from).find(|level| fits(*level)).unwrap_or(Level::Dot)
}

fn place_pods(model: &Model, layout: &mut Layout, index: usize) {
    let level = layout.level;
    let node = &mut layout.nodes[index];
    let Some(slots) = model.slots.get(&node.facts.name) else { return };
    let (columns, rows) = level.grid(node.inner, layout.view.narrow);
    let (least, height, gap) = level.size();
    let columns = columns.max(1);
    let count = i32::try_from(slots.places.len()).unwrap_or(i32::MAX);
    let room = usize::try_from(columns * rows.max(1)).unwrap_or(0);
    // Wide land doesn't stretch its pods beyond what can be read at a glance.
    let most = match level {
        Level::Card | Level::Brief => 156,
        Level::Chip => 112,
        Level::Dot => 12,
    };
    let width = ((node.inner.w - (columns - 1) * gap) / columns).clamp(least.min(node.inner.w), most);
    let height = if level == Level::Card { (node.inner.h).clamp(height, 144) } else { height };
    let used_rows = (count + columns - 1) / columns;
    for (i, slot) in (0..).zip(&slots.places) {
        let Some(id) = slot else { continue };
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

fn place_services(model: &Model, layout: &mut Layout) {
    let count = i32::try_from(model.services.len()).unwrap_or(i32::MAX);
    if count == 0 {
        return;
    }
    let view = layout.view;
    if view.narrow {
        let top = layout.nodes.first().map_or(80, |n| n.rect.y);
        let bottom = layout.nodes.last().map_or(view.height - 10, |n| n.rect.bottom());
        let shown = count.min(3);
        let h = (bottom - top - (shown - 1) * 8) / shown;
        for (i, facts) in (0..shown).zip(model.services.values()) {
            let rect = Rect::new(view.width - 42, top + i * (h + 8), 32, h);
            layout.services.push(ServicePlace { facts: facts.clone(), rect });
        }
        layout.more_services = model.services.len().saturating_sub(3);
        return;
    }
    let gap = 18;
    let span = view.width - 32 - WAITING;
    let shown = count.min(((span + gap) / (128 + gap)).max(1));
    let w = ((span - (shown - 1) * gap) / shown).min(236);
    let used = shown * w + (shown - 1) * gap;
    // A few stand below the middle of the land, many fill the lane.
    let start = (view.width / 2 + 24 - used / 2).clamp(16, 16 + (span - used).max(0));
    for (i, facts) in (0..shown).zip(model.services.values()) {
        let rect = Rect::new(start + i * (w + gap), layout.requests_y + REQUESTS - 64, w, 54);
        layout.services.push(ServicePlace { facts: facts.clone(), rect });
    }
    layout.more_services = model.services.len().saturating_sub(usize::try_from(shown).unwrap_or(0));
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
    out.extend(layout.services.iter().map(|s| (s.facts.id.clone(), s.rect)));
    out
}

/// The name of the namespace to show, or `""` when all objects on the stage share one.
#[must_use]
pub fn namespaces(model: &Model) -> Vec<SmolStr> {
    let mut all: Vec<SmolStr> = model.pods.values().map(|p| p.namespace.clone()).collect();
    all.extend(model.owners.values().map(|o| o.namespace.clone()));
    all.sort();
    all.dedup();
    all
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
