//! The picture of the timeline: a ruler in black and white, lanes below it, the known future hatched.

use std::collections::BTreeMap;

use smol_str::{SmolStr, format_smolstr};

use super::record::{Due, Lane, Record};
use crate::format::{minutes, reading};
use crate::i18n::Texts;
use crate::mark::{Mark, Rect, path, rect, text};

/// What is in view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub width: i32,
    pub height: i32,
    /// Now, and the beginning of the cluster's time, in ms.
    pub now: i64,
    pub zero: i64,
    /// Length of what is in view, in ms.
    pub span: i64,
}

impl Window {
    fn left(self) -> i32 {
        if self.narrow() { 14 } else { 106 }
    }

    fn narrow(self) -> bool {
        self.width <= 640
    }

    /// Now stands three fifths from the left.
    fn now_x(self) -> i32 {
        self.left() + (self.width - self.left()) * 3 / 5
    }

    fn x(self, at: i64) -> i32 {
        let px = i64::from(self.width - self.left());
        self.now_x()
            + i32::try_from(((at - self.now) * px / self.span.max(1)).clamp(-20_000, 20_000)).unwrap_or(0)
    }

    fn from(self) -> i64 {
        self.now - self.span * 3 / 5
    }

    fn to(self) -> i64 {
        self.now + self.span * 2 / 5
    }
}

/// Lanes that share a row when there is little height.
fn rows(window: Window) -> Vec<Vec<Lane>> {
    let all = Lane::ALL;
    if window.height >= 124 {
        all.iter().map(|lane| vec![*lane]).collect()
    } else if window.height >= 108 {
        let (most, rest) = all.split_at(5);
        let mut rows: Vec<Vec<Lane>> = most.iter().map(|lane| vec![*lane]).collect();
        rows.push(rest.to_vec());
        rows
    } else {
        vec![vec![Lane::You], all[1..].to_vec()]
    }
}

/// Steps of the ruler, in seconds.
const STEPS: [i64; 11] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];

/// Keyed marks from back to front.
#[must_use]
pub fn scene(record: &Record, due: &[Due], window: Window, texts: &Texts) -> Vec<(SmolStr, Mark)> {
    let mut out = Vec::new();
    let w = window;
    let now_x = w.now_x();
    out.push(("future".into(), rect("future", Rect::new(now_x, 24, w.width - now_x, w.height - 24), 0)));
    out.push(("ruler".into(), ruler(w)));
    let rows = rows(w);
    let count = i32::try_from(rows.len()).unwrap_or(1);
    let row_h = (w.height - 28) / count.max(1);
    let mut row_of = BTreeMap::new();
    for (i, lanes) in (0..).zip(&rows) {
        let y = 26 + i * row_h;
        for lane in lanes {
            row_of.insert(*lane, y);
        }
        let mut row = Mark::new("g", "row");
        row.add(path("", format_smolstr!("M0 {}.5H{}", y + row_h, w.width)));
        if !w.narrow() {
            let name = match lanes.as_slice() {
                [lane] => lane_name(*lane, texts),
                [Lane::EndpointSlice, ..] => "endpointslice …",
                _ => texts.others,
            };
            let class = match (lanes.first() == Some(&Lane::You), row_h < 15) {
                (true, false) => "me",
                (true, true) => "me sm",
                (false, true) => "sm",
                (false, false) => "",
            };
            row.add(text(class, 16, y + row_h - 4, name));
        }
        out.push((format_smolstr!("row {i}"), row));
    }
    out.extend(ticks(record, w, &row_of, row_h));
    out.extend(pulls(record, w, &row_of, row_h, texts));
    out.extend(commands(record, w, row_h));
    out.extend(future(due, w, &row_of, row_h));
    let mut now = Mark::new("g", "now");
    now.add(path("", format_smolstr!("M{now_x} 4V{}", w.height)));
    now.add(rect("", Rect::new(now_x - 38, 1, 76, 17), 3));
    let clock = reading(w.now - w.zero);
    now.add(text("m", now_x, 13, clock.strip_prefix("00:").map_or_else(|| clock.clone(), SmolStr::from)));
    out.push(("now".into(), now));
    out
}

fn lane_name(lane: Lane, texts: &Texts) -> &'static str {
    match lane.name() {
        Some(name) => name,
        None if lane == Lane::You => texts.you,
        None => texts.others,
    }
}

fn ruler(w: Window) -> Mark {
    let mut mark = Mark::new("g", "ruler");
    let px = i64::from(w.width - w.left()).max(1);
    // Room for a reading between two of them.
    let step = STEPS.into_iter().find(|s| s * 1000 * px / w.span.max(1) >= 62).unwrap_or(3600) * 1000;
    let first = ((w.from() - w.zero).max(0) + step - 1) / step;
    let last = (w.to() - w.zero).div_euclid(step);
    let end = w.x(w.zero + (last + 1) * step).min(w.width);
    let start = w.x(w.zero).max(w.left());
    for n in (first - 1).max(0)..=last {
        let at = w.zero + n * step;
        let (x, next) = (w.x(at).max(w.left()), w.x(at + step).min(w.width));
        if n % 2 == 0 {
            mark.add(rect("ink", Rect::new(x, 18, next - x, 4), 0));
        }
        let near_now = (w.x(at) - w.now_x()).abs() < 62;
        if n >= first && !near_now && w.x(at) > w.left() + 14 && w.x(at) < w.width - 14 {
            mark.add(text("m", w.x(at), 13, minutes(n * step)));
        }
    }
    mark.add(path("", format_smolstr!("M{start} 17.5H{end}M{start} 22.5H{end}")));
    mark
}

/// One path per lane holds all its ticks; ticks on the same px are one.
fn ticks(record: &Record, w: Window, row_of: &BTreeMap<Lane, i32>, row_h: i32) -> Vec<(SmolStr, Mark)> {
    let mut xs: BTreeMap<Lane, Vec<i32>> = BTreeMap::new();
    for (at, lane) in record.between(w.from(), w.now) {
        let x = w.x(*at);
        let list = xs.entry(*lane).or_default();
        if x >= w.left() && list.last() != Some(&x) {
            list.push(x);
        }
    }
    let mark = |(lane, xs): (Lane, Vec<i32>)| {
        let y = row_of.get(&lane).copied().unwrap_or(0) + 3;
        let mut d = String::new();
        for x in xs {
            d.push_str(&format!("M{x} {y}v{}", (row_h - 5).min(11)));
        }
        let class = match lane {
            Lane::You => "tick you",
            Lane::Kubelet | Lane::EndpointSlice => "tick ok",
            _ => "tick",
        };
        (format_smolstr!("tick {lane:?}"), path(class, d))
    };
    xs.into_iter().map(mark).collect()
}

fn pulls(
    record: &Record,
    w: Window,
    row_of: &BTreeMap<Lane, i32>,
    row_h: i32,
    texts: &Texts,
) -> Vec<(SmolStr, Mark)> {
    let Some(y) = row_of.get(&Lane::Kubelet).map(|y| y + 2) else { return Vec::new() };
    let shown = record.pulls.iter().enumerate().rev().take(60);
    let seen = shown.filter(|(_, p)| p.to.unwrap_or(w.now) >= w.from() && p.from <= w.now);
    let mut taken: Vec<(i32, i32)> = Vec::new();
    let mut out = Vec::new();
    for (i, pull) in seen {
        let (x, end) = (w.x(pull.from).max(w.left()), w.x(pull.to.unwrap_or(w.now)).min(w.now_x()));
        let bar = Rect::new(x, y, (end - x).max(2), (row_h - 3).min(12));
        let mut mark = Mark::new("g", "pull");
        mark.add(rect("", bar, 2));
        let words = (texts.image_of)(&pull.pod);
        let wide = words.chars().map(|c| if u32::from(c) > 0x1100 { 11 } else { 7 }).sum::<i32>();
        // Pulls that overlap show one name, that of the last.
        if bar.w > wide + 8 && !taken.iter().any(|(a, b)| *a < bar.right() && bar.x < *b) {
            mark.add(text("", bar.x + 5, y + bar.h - 3, words));
            taken.push((bar.x, bar.right()));
        }
        out.push((format_smolstr!("pull {i}"), mark));
    }
    out.reverse();
    out
}

/// Commands that only look are ticks without words, so that what was done can be read.
fn writes(command: &str) -> bool {
    const LOOKS: [&str; 10] = [
        "get",
        "describe",
        "logs",
        "events",
        "explain",
        "top",
        "version",
        "rollout status",
        "rollout history",
        "cat",
    ];
    !LOOKS
        .iter()
        .any(|look| command.strip_prefix(look).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

fn commands(record: &Record, w: Window, row_h: i32) -> Vec<(SmolStr, Mark)> {
    let mut free = w.width;
    let mut out = Vec::new();
    for (i, (at, words)) in record.commands.iter().enumerate().rev().take(40) {
        let x = w.x(*at);
        if x < w.left() || *at > w.now {
            continue;
        }
        let mut mark = Mark::new("g", "cmd");
        mark.add(path("tick you", format_smolstr!("M{x} 29v{}", (row_h - 5).min(11))));
        if writes(words) {
            let room = free.min(w.now_x() - 4) - x - 10;
            let words = crate::format::fit(words, room, 69);
            if words.chars().count() > 2 {
                mark.add(text("m", x + 6, 26 + row_h - 4, words));
            }
            free = x;
        }
        out.push((format_smolstr!("cmd {i}"), mark));
    }
    out
}

fn future(due: &[Due], w: Window, row_of: &BTreeMap<Lane, i32>, row_h: i32) -> Vec<(SmolStr, Mark)> {
    let mut free: BTreeMap<i32, i32> = BTreeMap::new();
    let mut out = Vec::new();
    for (i, item) in due.iter().enumerate().take(24) {
        let x = w.x(item.at);
        let Some(y) = row_of.get(&item.lane).filter(|_| x > w.now_x() + 5 && x < w.width - 6).copied() else {
            continue;
        };
        if free.get(&y).is_some_and(|right| *right > x) {
            continue;
        }
        let mid = y + row_h / 2;
        let mut mark = Mark::new("g", "due");
        mark.add(path("", format_smolstr!("M{x} {}l5 5-5 5-5-5z", mid - 5)));
        let words = crate::format::fit(&item.what, w.width - x - 12, 66);
        let wide = words.chars().map(|c| if u32::from(c) > 0x1100 { 11 } else { 7 }).sum::<i32>();
        mark.add(text("", x + 9, mid + 4, words));
        free.insert(y, x + wide + 16);
        out.push((format_smolstr!("due {i}"), mark));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    fn window(now: i64) -> Window {
        Window { width: 808, height: 136, now, zero: 0, span: 60_000 }
    }

    #[test]
    fn now_stands_still_and_the_past_lies_left() {
        let w = window(222_100);
        assert_eq!(w.x(w.now), w.now_x());
        assert!(w.x(w.now - 1000) < w.now_x());
        assert_eq!(w.x(w.from()), w.left());
        assert!((w.x(w.to()) - w.width).abs() <= 1);
    }

    #[test]
    fn nothing_is_drawn_before_the_beginning() {
        let marks = scene(&Record::default(), &[], window(1000), Lang::En.texts());
        let ruler = marks.iter().find(|(key, _)| key == "ruler").map(|(_, m)| m.clone()).unwrap_or_default();
        let firsts = ruler.children.iter().filter_map(|m| m.attr("x")?.parse::<i32>().ok());
        assert!(firsts.min().unwrap_or(0) >= window(1000).x(0), "{ruler:?}");
    }

    #[test]
    fn looking_leaves_no_words() {
        assert!(writes("set image deployment/web nginx=nginx:2"));
        assert!(writes("rollout undo deployment/web"));
        assert!(!writes("get pods"));
        assert!(!writes("rollout status deployment/web"));
        assert!(writes("getter"));
    }

    #[test]
    fn ticks_on_one_px_are_one() {
        let mut record = Record::default();
        record.ticks = vec![(1000, Lane::You), (1001, Lane::You)];
        let marks = scene(&record, &[], window(2000), Lang::Ko.texts());
        let d = marks.iter().find(|(key, _)| key.starts_with("tick")).and_then(|(_, m)| m.attr("d"));
        assert_eq!(d.map(|d| d.matches('M').count()), Some(1));
    }
}
