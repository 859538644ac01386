//! A request on the stage: the stops it passed, numbered, and where it was refused.

use std::collections::BTreeMap;
use std::rc::Rc;

use smol_str::format_smolstr;

use super::draw::Layer;
use super::facts::ObjectId;
use super::layout::{Layout, places};
use crate::mark::{Mark, Rect, circle, path, text};

/// A request as the stage shows it: its stops and whether the last one served it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    pub stops: Vec<ObjectId>,
    pub served: bool,
}

/// The line from stop to stop. A request from outside begins at the left of the requests lane.
#[must_use]
pub fn draw(route: &Route, layout: &Layout) -> Layer {
    let at: BTreeMap<ObjectId, Rect> = places(layout).into_iter().collect();
    let foot = |rect: &Rect, id: &ObjectId| {
        if id.starts_with("services/") { (rect.mid_x(), rect.y) } else { (rect.mid_x() + 10, rect.bottom()) }
    };
    let mut points: Vec<(i32, i32)> =
        route.stops.iter().filter_map(|id| at.get(id).map(|rect| foot(rect, id))).collect();
    if points.is_empty() {
        return Layer::new();
    }
    if !route.stops.first().is_some_and(|id| id.starts_with("pods/")) {
        points.insert(0, (20, layout.requests_y + 60));
    }
    let mut mark =
        Mark::new("g", if route.served { "route" } else { "route refused" }).at("aria-hidden", "true");
    for (i, pair) in points.windows(2).enumerate() {
        let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
        // Down to the water, across it, and up again.
        let level = (layout.requests_y + 12).min(layout.view.height - 12);
        let way = path("way", format_smolstr!("M{x} {y}V{level}H{to_x}V{to_y}"))
            .at("style", format_smolstr!("--n:{i}"));
        // A leg that is refused keeps its dashes; the others are as long as one dash, which runs along.
        let last = i + 2 == points.len() && !route.served;
        mark.add(if last { way } else { way.at("pathLength", "1") });
    }
    let last = points.len() - 1;
    for (i, (x, y)) in points.iter().enumerate() {
        let n = format_smolstr!("--n:{i}");
        if i == last && !route.served {
            let d = format_smolstr!("M{} {}h8l6 6v8l-6 6h-8l-6-6v-8z", x - 4, y - 10);
            mark.add(path("stop", d).at("style", n.clone()));
            mark.add(path("cross", format_smolstr!("M{} {}l8 8m0-8l-8 8", x - 4, y - 4)).at("style", n));
        } else {
            mark.add(circle("hop", *x, *y, 9).at("style", n.clone()));
            mark.add(text("m", *x, y + 4, format_smolstr!("{}", i + 1)).at("style", n));
        }
    }
    vec![("route".into(), Rc::new(mark))]
}
