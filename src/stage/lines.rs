//! The lines of the stage: orthogonal, owners from above, traffic from below.
//!
//! Owns: which way a line takes. Does not own: which objects are related (`model`), colours (`draw`).
//! Invariant: the two kinds of line never share a side of a pod.

use ordered::BTreeSet;
use smol_str::{SmolStr, format_smolstr};

use super::facts::{How, ObjectId};
use super::layout::{Layout, Level, OwnerPlace, OwnerShape, PodPlace};
use super::model::Model;
use crate::mark::{Rect, within};
use crate::state_words::PodState;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Deployment to ReplicaSet.
    Owner,
    OwnerNewest,
    /// To a pod that is on its way out.
    OwnerEnding,
    Traffic,
    /// The endpoint takes no new requests.
    Draining,
    /// Listed, but not ready.
    NotReady,
    /// From the shelf into a pod's environment or its files; to what is not there.
    Env,
    Mount,
    Missing,
    /// From a door on.
    Door,
}

impl LineKind {
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Owner => "ln owner",
            Self::OwnerNewest => "ln owner newest",
            Self::OwnerEnding => "ln owner going",
            Self::Traffic => "ln traffic",
            Self::Draining | Self::NotReady => "ln drain",
            Self::Env => "ln use env",
            Self::Mount => "ln use",
            Self::Missing => "ln use lack",
            Self::Door => "ln door-ln",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub from: ObjectId,
    pub to: ObjectId,
    pub kind: LineKind,
    /// SVG path data.
    pub d: SmolStr,
    /// Where a traffic line leaves its Service.
    pub port: Option<(i32, i32)>,
}

/// From Deployments to ReplicaSets and from these to pods.
#[must_use]
pub fn owner_lines(model: &Model, layout: &Layout) -> Vec<Line> {
    let mut out = Vec::new();
    if layout.view.narrow {
        return out;
    }
    for place in &layout.owners {
        if place.shape == OwnerShape::Set {
            out.extend(set_line(layout, place));
        }
    }
    if layout.level == Level::Dot {
        return out;
    }
    let starts: Vec<&OwnerPlace> =
        layout.owners.iter().filter(|o| o.shape != OwnerShape::Deployment).collect();
    for (id, place) in &layout.pods {
        let Some(pod) = model.any_pod(id) else { continue };
        let Some(track) = starts.iter().position(|o| o.facts.id == pod.owner) else { continue };
        let from = starts[track];
        let bottom = if from.shape == OwnerShape::Box { 108 } else { from.rect.bottom() };
        // The newest revision's track lies lowest, so that its line crosses the least land.
        let y = 111 + i32::try_from(track % 4).unwrap_or(0) * 5;
        let (_, newest) = model.revision(&pod.owner);
        let kind = match pod.state {
            PodState::Ending => LineKind::OwnerEnding,
            _ if newest && from.shape != OwnerShape::Plain => LineKind::OwnerNewest,
            _ => LineKind::Owner,
        };
        let d = format_smolstr!("M{} {bottom}V{y}{}", from.rect.mid_x(), down_to(place, layout.level));
        out.push(Line { from: pod.owner.clone(), to: id.clone(), kind, d, port: None });
    }
    out.sort_by_key(|line| line.kind == LineKind::OwnerNewest);
    out
}

fn set_line(layout: &Layout, place: &OwnerPlace) -> Option<Line> {
    let from = layout.owners.iter().find(|o| o.facts.id == place.facts.owner)?;
    let (x, y) = (from.rect.right(), from.rect.mid_y());
    let first = layout
        .owners
        .iter()
        .filter(|o| o.shape == OwnerShape::Set && o.facts.owner == place.facts.owner)
        .all(|o| o.rect.x >= place.rect.x);
    let d = if first {
        format_smolstr!("M{x} {y}H{}", place.rect.x)
    } else {
        format_smolstr!("M{x} {y}H{}V24H{}V{}", x + 24, place.rect.mid_x(), place.rect.y)
    };
    let (from, to) = (from.facts.id.clone(), place.facts.id.clone());
    Some(Line { from, to, kind: LineKind::Owner, d, port: None })
}

/// From a horizontal track above the land to the top of a pod.
fn down_to(place: &PodPlace, level: Level) -> SmolStr {
    let rect = place.rect;
    if place.open_top {
        let x = rect.mid_x() + (rect.w / 2 - 16).clamp(0, 36);
        return format_smolstr!("H{x}V{}", rect.y);
    }
    let (gutter, x) = (rect.right() + gutter(level), rect.mid_x() + rect.w / 4);
    format_smolstr!("H{gutter}V{}H{x}V{}", rect.y - gutter_y(level), rect.y)
}

const fn gutter(level: Level) -> i32 {
    if matches!(level, Level::Chip) { 2 } else { 3 }
}

const fn gutter_y(level: Level) -> i32 {
    if matches!(level, Level::Chip) { 2 } else { 3 }
}

/// From Services to the pods behind them.
#[must_use]
pub fn traffic_lines(model: &Model, layout: &Layout) -> Vec<Line> {
    let mut out = Vec::new();
    if layout.level == Level::Dot && !layout.view.narrow {
        return out;
    }
    let endpoints = model.endpoints();
    for service in &layout.services {
        let Some(list) = endpoints.get(&service.facts.id) else { continue };
        if layout.view.narrow {
            narrow_lines(layout, service.rect, &service.facts.id, list, &mut out);
            continue;
        }
        let mut ends: Vec<(i32, &ObjectId, PodPlace, LineKind)> = list
            .iter()
            .filter_map(|e| {
                let place = *layout.pods.get(&e.pod)?;
                let kind = match (e.ready, e.terminating) {
                    (_, true) => LineKind::Draining,
                    (true, _) => LineKind::Traffic,
                    _ => LineKind::NotReady,
                };
                Some((traffic_x(&place, layout.level), &e.pod, place, kind))
            })
            .collect();
        ends.sort_by_key(|(x, id, ..)| (*x, (*id).clone()));
        let ports = spread(service.rect, &ends.iter().map(|(x, ..)| *x).collect::<Vec<_>>());
        let tracks = tracks(&ends.iter().map(|(x, ..)| *x).zip(ports.iter().copied()).collect::<Vec<_>>());
        let top = layout.shelf.first().map_or(layout.requests_y + 8, |t| t.rect.bottom() + 3);
        let room = (service.rect.y - 5 - top).max(1);
        let most = tracks.iter().copied().max().unwrap_or(0).max(1);
        for (((x, id, place, kind), port), track) in ends.into_iter().zip(ports).zip(tracks) {
            let y = top + track * (room / most).min(7);
            let up = up_to(&place, layout.level, x);
            let d = if x == port && place.open_bottom {
                format_smolstr!("M{port} {}V{}", service.rect.y, place.rect.bottom())
            } else {
                format_smolstr!("M{port} {}V{y}H{x}{up}", service.rect.y)
            };
            let port = Some((port, service.rect.y));
            out.push(Line { from: service.facts.id.clone(), to: id.clone(), kind, d, port });
        }
    }
    out
}

/// From the shelf to the pods that use what stands there: into their right side. With many pods in sight, only for what
/// the reader looks at.
#[must_use]
pub fn use_lines(
    model: &Model,
    layout: &Layout,
    lit: &BTreeSet<ObjectId>,
    picked: Option<&ObjectId>,
) -> Vec<Line> {
    let mut out = Vec::new();
    if layout.shelf.is_empty() || layout.level == Level::Dot {
        return out;
    }
    let all = layout.level <= Level::Brief;
    for (id, place) in &layout.pods {
        let Some(pod) = model.any_pod(id) else { continue };
        for used in pod.uses.iter() {
            let looked = |id: &ObjectId| lit.contains(id) || picked == Some(id);
            if !(all || looked(id) && looked(&used.id)) {
                continue;
            }
            let Some((track, thing)) = layout.shelf.iter().enumerate().find(|(_, t)| t.id == used.id) else {
                continue;
            };
            let track = i32::try_from(track % 3).unwrap_or(0);
            let land = layout.nodes.get(place.node).map_or(place.rect.bottom(), |n| n.rect.bottom());
            let (rect, from) = (place.rect, thing.rect);
            let x = from.x + within(rect.mid_x() - from.x, 14, from.w - 14);
            let side = rect.right() + gutter(layout.level);
            // What pods are given enters above the middle, so that the lower half stays free for requests.
            let y = rect.y + (rect.h / 2 - 4).min(58) + track * 4;
            let d = format_smolstr!(
                "M{x} {}V{}H{side}V{y}H{}m0-2.5v5h-4v-5z",
                from.y,
                land - 2 - track * 2,
                rect.right()
            );
            let kind = match (&thing.facts, used.how) {
                (None, _) => LineKind::Missing,
                (_, How::Env) => LineKind::Env,
                _ => LineKind::Mount,
            };
            out.push(Line { from: used.id.clone(), to: id.clone(), kind, d, port: None });
        }
    }
    out
}

/// From Gateways to their routes, and from doors to Services.
#[must_use]
pub fn door_lines(model: &Model, layout: &Layout) -> Vec<Line> {
    let mut out = Vec::new();
    for (track, door) in (0..).zip(&layout.doors) {
        let links = model.doors.get(&door.id).map(|d| d.links.as_slice()).unwrap_or_default();
        for link in links {
            let from = door.rect;
            let (start, end, rect) =
                if let Some(service) = layout.services.iter().find(|s| s.facts.id == *link) {
                    (from, service.rect, service.rect)
                } else if let Some(gate) = layout.doors.iter().find(|d| d.id == *link) {
                    (gate.rect, from, from)
                } else {
                    continue;
                };
            // Straight on where nothing stands between.
            let others = layout.services.iter().map(|s| s.rect).chain(layout.doors.iter().map(|d| d.rect));
            let between = |r: Rect| {
                r.x >= start.right()
                    && r.right() <= end.x
                    && r.y <= start.mid_y()
                    && start.mid_y() <= r.bottom()
            };
            let level = (end.y..end.bottom()).contains(&start.mid_y()) && end.x > start.right();
            let d = if level && !others.into_iter().any(between) {
                format_smolstr!("M{} {}H{}", start.right(), start.mid_y(), end.x)
            } else {
                let low = rect.bottom() + 3 + track % 3 * 2;
                format_smolstr!(
                    "M{} {}V{low}H{}V{}",
                    start.right() - 22,
                    start.bottom(),
                    end.x + 32,
                    end.bottom()
                )
            };
            out.push(Line { from: door.id.clone(), to: link.clone(), kind: LineKind::Door, d, port: None });
        }
    }
    out
}

/// Where a line reaches the lane of requests below a pod.
fn traffic_x(place: &PodPlace, level: Level) -> i32 {
    if place.open_bottom { place.rect.mid_x() } else { place.rect.x - gutter(level) }
}

fn up_to(place: &PodPlace, level: Level, x: i32) -> SmolStr {
    let rect = place.rect;
    if place.open_bottom {
        return format_smolstr!("V{}", rect.bottom());
    }
    debug_assert_eq!(x, rect.x - gutter(level));
    format_smolstr!("V{}H{}V{}", rect.bottom() + gutter_y(level), rect.mid_x(), rect.bottom())
}

/// Ports on the top of a Service for pods at `xs` (ascending): straight below its pod where that is possible.
fn spread(service: Rect, xs: &[i32]) -> Vec<i32> {
    let (left, right) = (service.x + 26, service.right() - 26);
    let count = i32::try_from(xs.len()).unwrap_or(i32::MAX).max(1);
    let step = ((right - left) / count).clamp(1, 17);
    let mut ports: Vec<i32> = xs.iter().map(|x| within(*x, left, right)).collect();
    for i in 1..ports.len() {
        ports[i] = ports[i].max(ports[i - 1] + step);
    }
    let mut limit = right;
    for port in ports.iter_mut().rev() {
        *port = (*port).min(limit);
        limit = *port - step;
    }
    ports
}

/// One track per line, counted from the top, so that lines of one Service don't cross: the farther a pod lies from
/// its port, the lower its track.
fn tracks(ends: &[(i32, i32)]) -> Vec<i32> {
    let mut out = vec![0; ends.len()];
    let mut next = 0;
    // Pods left of their port: the rightmost takes the highest track.
    for (i, (x, port)) in ends.iter().enumerate().rev() {
        if x < port {
            out[i] = next;
            next += 1;
        }
    }
    next = 0;
    for (i, (x, port)) in ends.iter().enumerate() {
        if x > port {
            out[i] = next;
            next += 1;
        }
    }
    out
}

/// One line per node that holds an endpoint, from its edge to the upright Service.
fn narrow_lines(
    layout: &Layout,
    service: Rect,
    id: &ObjectId,
    list: &[&super::facts::Endpoint],
    out: &mut Vec<Line>,
) {
    for (i, node) in layout.nodes.iter().enumerate() {
        let here = |e: &&&super::facts::Endpoint| layout.pods.get(&e.pod).is_some_and(|p| p.node == i);
        let Some(best) = list.iter().filter(here).max_by_key(|e| (e.ready, !e.terminating)) else { continue };
        let kind = match (best.ready, best.terminating) {
            (_, true) => LineKind::Draining,
            (true, _) => LineKind::Traffic,
            _ => LineKind::NotReady,
        };
        let y = within(node.rect.mid_y(), service.y + 14, service.bottom() - 14);
        let d = format_smolstr!("M{} {y}H{}", service.x, node.rect.right());
        out.push(Line { from: id.clone(), to: node.facts.id.clone(), kind, d, port: Some((service.x, y)) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::layout::{View, layout};
    use crate::stage::model::sample::cluster;

    #[test]
    fn every_pod_has_an_owner_line_and_every_endpoint_a_traffic_line() {
        for pods in [1, 6, 9, 30] {
            let model = cluster(pods);
            let layout = layout(&model, View { width: 808, height: 430, narrow: false }, None);
            let to_pods = owner_lines(&model, &layout).iter().filter(|l| l.to.starts_with("pods/")).count();
            assert_eq!(to_pods, pods);
            assert_eq!(traffic_lines(&model, &layout).len(), pods);
        }
    }

    #[test]
    fn ports_keep_the_order_of_their_pods_and_stay_on_the_service() {
        let service = Rect::new(310, 378, 236, 54);
        for xs in [vec![126, 238, 372, 484, 730], vec![10, 11, 12], vec![700; 9], (0..40).collect()] {
            let ports = spread(service, &xs);
            assert!(ports.windows(2).all(|w| w[0] < w[1]), "{ports:?}");
            assert!(ports.iter().all(|p| *p > service.x && *p < service.right()), "{ports:?}");
        }
        assert_eq!(spread(service, &[372, 484]), [372, 484]);
    }

    #[test]
    fn farther_pods_take_lower_tracks() {
        assert_eq!(tracks(&[(126, 336), (238, 353), (372, 372), (730, 515), (800, 530)]), [1, 0, 0, 0, 1]);
    }
}
