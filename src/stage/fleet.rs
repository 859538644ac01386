//! A large cluster as a chart of cells: one cell per node, its colour what is asked of it, its shape its trouble.
//!
//! Owns: where cells stand (grouped by zone and pool, in the order of names), what a cell shows, the camera.
//! Does not own: pixels (`canvas`).
//! Cost: a cell's look comes from its node's tally; places are worked out when nodes come or go, not when pods do.

use ordered::BTreeMap;
use smol_str::{SmolStr, format_smolstr};

use super::facts::{NodeFacts, PodFacts};
use super::filter::Filter;
use super::model::{Load, Model};
use crate::format::{cpus, memory};
use crate::i18n::Texts;
use crate::state_words::PodState;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    #[default]
    Cpu,
    Memory,
    Pods,
}

pub const METRICS: [Metric; 3] = [Metric::Cpu, Metric::Memory, Metric::Pods];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Group {
    #[default]
    Zone,
    Pool,
    Name,
}

pub const GROUPS: [Group; 3] = [Group::Zone, Group::Pool, Group::Name];

/// Upper left corner of a node's cell, in px at scale 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub node: SmolStr,
    pub x: f64,
    pub y: f64,
}

/// A piece of land with the cells of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub title: SmolStr,
    pub count: usize,
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub cells: Vec<Cell>,
    pub fields: Vec<Field>,
    /// Size of a cell, and of the whole.
    pub w: f64,
    pub h: f64,
    pub width: f64,
    pub height: f64,
}

const GAP: f64 = 3.0;
/// Around the cells of a field, and between fields.
const EDGE: f64 = 5.0;
/// Height of a field's title.
const TITLE: f64 = 17.0;

/// Where each cell stands. Nothing depends on what runs on the nodes.
#[must_use]
pub fn plan(model: &Model, filter: &Filter, width: f64, height: f64, group: Group) -> Plan {
    let nodes = model.nodes.values().filter(|n| filter.system || !n.control_plane);
    let mut blocks: BTreeMap<(SmolStr, SmolStr), Vec<SmolStr>> = BTreeMap::new();
    for node in nodes {
        let key = match group {
            Group::Zone => (node.zone.clone(), node.pool.clone()),
            Group::Pool => (node.pool.clone(), SmolStr::default()),
            Group::Name => Default::default(),
        };
        blocks.entry(key).or_default().push(node.name.clone());
    }
    let mut columns: Vec<Vec<(SmolStr, Vec<SmolStr>)>> = Vec::new();
    let mut last: Option<SmolStr> = None;
    for ((zone, pool), names) in blocks {
        let title = match (zone.is_empty(), pool.is_empty()) {
            (true, _) => pool,
            (_, true) => zone.clone(),
            _ => format_smolstr!("{zone} · {pool}"),
        };
        match columns.last_mut() {
            Some(column) if last.as_ref() == Some(&zone) => column.push((title, names)),
            _ => columns.push(vec![(title, names)]),
        }
        last = Some(zone);
    }
    let count = columns.len().max(1) as f64;
    let column_w = (width - (count - 1.0) * 10.0) / count;
    let (across, w, h) = size(&columns, column_w - 2.0 * EDGE, height);
    let mut out = Plan { w, h, width, height, ..Plan::default() };
    for (i, column) in columns.into_iter().enumerate() {
        let x = i as f64 * (column_w + 10.0);
        let mut y = 0.0;
        for (title, names) in column {
            let head = if title.is_empty() { 0.0 } else { TITLE };
            let rows = names.len().div_ceil(across) as f64;
            let field_h = rows * (h + GAP) - GAP + 2.0 * EDGE;
            out.fields.push(Field { title, count: names.len(), x, y: y + head, w: column_w, h: field_h });
            for (n, node) in names.into_iter().enumerate() {
                let (column, row) = ((n % across) as f64, (n / across) as f64);
                out.cells.push(Cell {
                    node,
                    x: x + EDGE + column * (w + GAP),
                    y: y + head + EDGE + row * (h + GAP),
                });
            }
            y += head + field_h + 6.0;
        }
    }
    out
}

/// How many cells go side by side, and their size: the largest that fits.
fn size(columns: &[Vec<(SmolStr, Vec<SmolStr>)>], width: f64, height: f64) -> (usize, f64, f64) {
    let most = columns.iter().flatten().map(|(_, names)| names.len()).max().unwrap_or(1).max(1);
    let mut best = (most, 2.0, 2.0);
    let mut worth = 0.0;
    for across in 1..=most.min(400) {
        let w = (width + GAP) / across as f64 - GAP;
        if w < 2.0 {
            break;
        }
        let mut h = f64::MAX;
        for column in columns {
            let heads: f64 = column
                .iter()
                .map(|(title, _)| 2.0 * EDGE + 6.0 + if title.is_empty() { 0.0 } else { TITLE })
                .sum();
            let rows: usize = column.iter().map(|(_, names)| names.len().div_ceil(across)).sum();
            h = h.min((height - heads + 6.0) / rows.max(1) as f64 - GAP);
        }
        let h = h.min(w * 1.3);
        let w = w.min(h.max(2.0) * 2.6);
        if h >= 2.0 && w.min(h * 1.5) > worth {
            worth = w.min(h * 1.5);
            best = (across, w, h);
        }
    }
    best
}

/// Trouble of a node in a shape; the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    None,
    Lost,
    Cordoned,
    Pressure,
    Trouble,
}

/// What a cell shows from afar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// 0 to 5.
    pub heat: u8,
    pub sign: Sign,
    /// Nothing on it passes the filter.
    pub faint: bool,
}

/// What a node's pods that pass the filter come to.
#[must_use]
pub fn load(model: &Model, node: &str, filter: &Filter) -> Load {
    if !filter.narrows() {
        return model.loads.get(node).copied().unwrap_or_default();
    }
    let mut out = Load::default();
    for slots in [&model.slots, &model.system_slots] {
        let ids = slots.get(node).into_iter().flat_map(|s| s.places.iter().flatten());
        for pod in ids.filter_map(|id| model.any_pod(id)) {
            if filter.passes(&pod.namespace, &pod.labels) {
                out.milli += pod.milli;
                out.bytes += pod.bytes;
                out.pods += 1;
                out.tally[pod.state as usize] += 1;
            }
        }
    }
    out
}

#[must_use]
pub fn look(facts: &NodeFacts, load: &Load, metric: Metric, filter: &Filter) -> Look {
    let (part, all) = match metric {
        Metric::Cpu => (load.milli, facts.milli),
        Metric::Memory => (load.bytes, facts.bytes),
        Metric::Pods => (i64::from(load.pods), facts.room),
    };
    let sixths = if part <= 0 { 0 } else { 1 + part.saturating_mul(5) / (all.max(1) + all / 50 + 1) };
    let sign = if !facts.ready {
        Sign::Lost
    } else if facts.cordoned {
        Sign::Cordoned
    } else if !facts.pressure.is_empty() {
        Sign::Pressure
    } else if load.troubled() > 0 {
        Sign::Trouble
    } else {
        Sign::None
    };
    Look {
        heat: u8::try_from(sixths.clamp(0, 5)).unwrap_or(5),
        sign,
        faint: filter.narrows() && load.pods == 0,
    }
}

/// The states of a node's pods in their places, for a cell that is large enough to show them.
#[must_use]
pub fn states(model: &Model, node: &str, filter: &Filter) -> Vec<Option<PodState>> {
    let mut out = Vec::new();
    for (slots, own) in [(&model.slots, false), (&model.system_slots, true)] {
        let Some(slots) = slots.get(node) else { continue };
        if filter.narrows() {
            let seen = |id: &SmolStr| {
                let pod: &PodFacts = model.any_pod(id)?;
                filter.passes(&pod.namespace, &pod.labels).then_some(pod.state)
            };
            out.extend(slots.places.iter().flatten().filter_map(seen).map(Some));
        } else if !own || filter.system {
            out.extend(slots.held());
        }
    }
    out
}

/// What is in view: the world's point in the upper left corner, and how large all is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    pub scale: f64,
    pub x: f64,
    pub y: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Self { scale: 1.0, x: 0.0, y: 0.0 }
    }
}

impl Camera {
    /// Nearer or farther around a point of the screen.
    #[must_use]
    pub fn zoomed(self, by: f64, at: (f64, f64), plan: &Plan) -> Self {
        let scale = (self.scale * by).clamp(1.0, 400.0);
        let (wx, wy) = self.world(at);
        Self { scale, x: wx - at.0 / scale, y: wy - at.1 / scale }.kept(plan)
    }

    #[must_use]
    pub fn moved(self, dx: f64, dy: f64, plan: &Plan) -> Self {
        Self { x: self.x - dx / self.scale, y: self.y - dy / self.scale, ..self }.kept(plan)
    }

    /// Never beyond the land.
    fn kept(self, plan: &Plan) -> Self {
        let (most_x, most_y) = (plan.width - plan.width / self.scale, plan.height - plan.height / self.scale);
        Self { x: self.x.clamp(0.0, most_x.max(0.0)), y: self.y.clamp(0.0, most_y.max(0.0)), ..self }
    }

    #[must_use]
    pub fn world(self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x + x / self.scale, self.y + y / self.scale)
    }

    #[must_use]
    pub fn screen(self, (x, y): (f64, f64)) -> (f64, f64) {
        ((x - self.x) * self.scale, (y - self.y) * self.scale)
    }

    /// A cell is as large as the screen allows: what is nearer is the node itself.
    #[must_use]
    pub fn is_near(self, plan: &Plan) -> bool {
        plan.w * self.scale > plan.width * 0.6 || plan.h * self.scale > plan.height * 0.95
    }
}

/// The cell at a point of the world.
#[must_use]
pub fn cell_at(plan: &Plan, (x, y): (f64, f64)) -> Option<&Cell> {
    plan.cells.iter().find(|c| x >= c.x && x < c.x + plan.w && y >= c.y && y < c.y + plan.h)
}

/// The cell at a point of the world, or the one nearest to it: between cells one means a neighbour.
#[must_use]
pub fn cell_near(plan: &Plan, (x, y): (f64, f64)) -> Option<&Cell> {
    let far = |c: &Cell| (c.x + plan.w / 2.0 - x).powi(2) + (c.y + plan.h / 2.0 - y).powi(2);
    plan.cells.iter().min_by(|a, b| far(a).total_cmp(&far(b)))
}

/// The cell next to one, in a direction.
#[must_use]
pub fn beside<'a>(plan: &'a Plan, node: &str, (dx, dy): (f64, f64)) -> Option<&'a Cell> {
    let Some(here) = plan.cells.iter().find(|c| c.node == node) else { return plan.cells.first() };
    let far = |c: &&Cell| {
        let (along, across) =
            ((c.x - here.x) * dx + (c.y - here.y) * dy, (c.x - here.x) * dy - (c.y - here.y) * dx);
        (along > 0.5).then(|| along + across.abs() * 3.0)
    };
    plan.cells
        .iter()
        .filter(|c| far(c).is_some())
        .min_by(|a, b| far(a).unwrap_or(0.0).total_cmp(&far(b).unwrap_or(0.0)))
}

/// A sentence about one cell.
#[must_use]
pub fn cell_says(facts: &NodeFacts, load: &Load, texts: &Texts) -> SmolStr {
    let state: SmolStr = match (facts.ready, facts.cordoned, facts.pressure) {
        (false, ..) => texts.chart().lost.into(),
        (_, true, _) => texts.stage().cordoned.into(),
        (.., "") => (texts.stage().state)(PodState::Ready, false).into(),
        (.., pressure) => pressure.into(),
    };
    let mut numbers = format!(
        ", {}, cpu {}/{}, memory {}/{}",
        (texts.chart().pods)(i64::from(load.pods)),
        cpus(load.milli),
        cpus(facts.milli),
        memory(load.bytes),
        memory(facts.bytes)
    );
    if load.troubled() > 0 {
        numbers.push_str(&format!(", {}", (texts.chart().troubled)(i64::from(load.troubled()))));
    }
    (texts.chart().cell)(&facts.name, &state, &numbers)
}

/// A sentence about all of it.
#[must_use]
pub fn says(model: &Model, texts: &Texts) -> SmolStr {
    let int = |n: usize| i64::try_from(n).unwrap_or(0);
    let mut tally = [0i64; 9];
    for load in model.loads.values() {
        for (sum, n) in tally.iter_mut().zip(load.tally) {
            *sum += i64::from(n);
        }
    }
    let waiting = int(model.waiting.len());
    let nodes = int(model.nodes.len());
    format_smolstr!(
        "{}: {}. {}",
        (texts.chart().nodes)(nodes),
        (texts.chart().node_counts)(nodes - int(model.lost), int(model.lost)),
        (texts.chart().pod_counts)(
            tally.iter().sum::<i64>() + waiting,
            tally[PodState::Ready as usize],
            tally[..3].iter().sum(),
            waiting
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::stage::model::sample::{cluster, named, write};

    fn fleet(nodes: usize) -> Model {
        let mut model = Model::default();
        for i in 0..nodes {
            let mut node = named(&format!("node-{i:04}"));
            node.set_at(&["status", "allocatable", "cpu"], "4");
            let mut labels = objects::Value::map();
            labels.set("topology.kubernetes.io/zone", format!("z-{}", i % 3));
            labels.set("pool", if i % 10 == 0 { "gpu" } else { "general" });
            node.set_at(&["metadata", "labels"], labels);
            model.apply(&write("nodes", node));
        }
        model
    }

    #[test]
    fn every_node_has_a_cell_of_its_own_within_the_land() {
        for (nodes, width, height) in [
            (1, 700.0, 200.0),
            (20, 780.0, 190.0),
            (1000, 780.0, 190.0),
            (1000, 320.0, 220.0),
            (300, 1600.0, 900.0),
        ] {
            for group in GROUPS {
                let plan = plan(&fleet(nodes), &Filter::default(), width, height, group);
                assert_eq!(plan.cells.len(), nodes);
                for (i, a) in plan.cells.iter().enumerate() {
                    assert!(a.x >= 0.0 && a.x + plan.w <= width + 0.5, "{nodes} {group:?} {a:?} {}", plan.w);
                    assert!(a.y >= 0.0 && a.y + plan.h <= height + 0.5, "{nodes} {group:?} {a:?} {}", plan.h);
                    let b = &plan.cells[(i + 1) % nodes];
                    assert!(nodes == 1 || a.x != b.x || a.y != b.y);
                }
                let c = &plan.cells[nodes / 2];
                assert_eq!(cell_at(&plan, (c.x + 0.5, c.y + 0.5)).map(|c| &c.node), Some(&c.node));
            }
        }
    }

    #[test]
    fn the_camera_stays_over_the_land_and_keeps_the_point_under_the_pointer() {
        let plan = plan(&fleet(100), &Filter::default(), 700.0, 200.0, Group::Name);
        let mut camera = Camera::default();
        let at = (300.0, 90.0);
        let before = camera.world(at);
        camera = camera.zoomed(3.0, at, &plan);
        let after = camera.world(at);
        assert!((before.0 - after.0).abs() < 0.01 && (before.1 - after.1).abs() < 0.01);
        camera = camera.moved(9000.0, 9000.0, &plan);
        assert_eq!((camera.x, camera.y), (0.0, 0.0));
        for _ in 0..20 {
            camera = camera.zoomed(1.5, at, &plan);
        }
        assert!(camera.is_near(&plan));
        assert_eq!(camera.zoomed(0.0001, at, &plan), Camera::default());
    }

    #[test]
    fn a_cells_look_follows_its_pods() {
        let model = cluster(30);
        let none = Filter::default();
        let facts = &model.nodes["worker-1"];
        let load = load(&model, "worker-1", &none);
        assert_eq!((load.pods, load.troubled()), (10, 0));
        let seen = look(facts, &load, Metric::Pods, &none);
        assert_eq!(
            (seen.sign, seen.faint),
            (Sign::Lost, false),
            "the sample's nodes have no Ready condition"
        );
        let other = Filter { namespace: "shop".into(), ..none };
        assert!(look(facts, &super::load(&model, "worker-1", &other), Metric::Pods, &other).faint);
    }

    #[test]
    fn heat_has_six_steps() {
        let model = fleet(1);
        let facts = &model.nodes["node-0000"];
        let heat =
            |milli| look(facts, &Load { milli, ..Load::default() }, Metric::Cpu, &Filter::default()).heat;
        assert_eq!([0, 1, 1000, 2000, 3000, 3900, 4000, 9000].map(heat), [0, 1, 2, 3, 4, 5, 5, 5]);
    }

    #[test]
    fn changed_nodes_are_known_one_by_one() {
        let mut model = cluster(6);
        let before = model.version;
        let mut pod = crate::stage::model::sample::pod("web-a-0001", "worker-2", "web-a");
        pod.set_at(&["status", "phase"], "Failed");
        model.apply(&write("pods", pod));
        let names: Vec<_> =
            model.touched_since(before).unwrap_or_default().iter().map(|(_, n)| n.as_str()).collect();
        assert_eq!(names, ["worker-2"]);
        assert_eq!(model.touched_since(model.version), Some(&[][..]));
    }

    #[test]
    fn the_whole_is_a_sentence() {
        let model = cluster(3);
        assert_eq!(
            says(&model, Lang::En.texts()),
            "4 nodes: 0 ready, 4 not ready. 3 pods: 3 ready, 0 in trouble, 0 waiting for a node"
        );
    }
}
