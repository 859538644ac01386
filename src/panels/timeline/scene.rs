//! The picture of the timeline: a ruler in black and white, lanes below it, the known future hatched.

use std::collections::BTreeMap;

use smol_str::{SmolStr, format_smolstr};

use super::record::{Due, Lane, Record};
use crate::format::{minutes, reading};
use crate::i18n::Texts;
use crate::mark::{Mark, Rect, path, rect, text};

/// What is in view. Instants are ms on the clock of the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub width: i32,
    pub height: i32,
    /// The instant that the page shows.
    pub now: i64,
    /// The end of this line of time.
    pub latest: i64,
    /// The beginning of the cluster's time, and of the past that can be shown.
    pub zero: i64,
    pub earliest: i64,
    /// The first instant in view.
    pub from: i64,
    /// Length of what is in view, in ms.
    pub span: i64,
    /// The lane in which steps are taken.
    pub lane: Option<Lane>,
}

impl Window {
    /// Where lanes begin: beside their names.
    #[must_use]
    pub fn left(self) -> i32 {
        if self.narrow() { 14 } else { 106 }
    }

    fn narrow(self) -> bool {
        self.width <= 640
    }

    /// The first instant in view when the present stands three fifths from the left.
    #[must_use]
    pub fn following(latest: i64, span: i64) -> i64 {
        latest - span * 3 / 5
    }

    /// The px of an instant.
    #[must_use]
    pub fn x(self, at: i64) -> i32 {
        let px = i64::from(self.width - self.left());
        self.left()
            + i32::try_from(((at - self.from) * px / self.span.max(1)).clamp(-20_000, 20_000)).unwrap_or(0)
    }

    /// The instant at a px.
    #[must_use]
    pub fn at(self, x: i32) -> i64 {
        self.from + i64::from(x - self.left()) * self.span / i64::from((self.width - self.left()).max(1))
    }

    fn to(self) -> i64 {
        self.from + self.span
    }

    fn past(self) -> bool {
        self.now < self.latest
    }
}

/// Lanes that share a row when there is little height. Besides the main ones, those that wrote in view.
#[must_use]
pub fn rows(record: &Record, window: Window) -> Vec<Vec<Lane>> {
    let main = Lane::MAIN;
    let all = (0..u8::try_from(record.others.len()).unwrap_or(u8::MAX)).map(Lane::Other);
    let others: Vec<Lane> = all.filter(|lane| record.wrote(*lane, window.from, window.to())).collect();
    // A lane is no lower than its letters.
    let room = usize::try_from((window.height - 28) / 13).unwrap_or(0);
    if room < 6 {
        let rest: Vec<Lane> = main[1..].iter().copied().chain(others).collect();
        if room < 4 {
            return vec![vec![Lane::You], rest];
        }
        let (most, last) = main.split_at(room - 1);
        let mut rows: Vec<Vec<Lane>> = most.iter().map(|lane| vec![*lane]).collect();
        rows.push(
            last.iter().copied().chain(rest.into_iter().filter(|l| matches!(l, Lane::Other(_)))).collect(),
        );
        return rows;
    }
    let mut rows: Vec<Vec<Lane>> = main.iter().map(|lane| vec![*lane]).collect();
    let free = room - rows.len();
    if others.len() <= free {
        rows.extend(others.into_iter().map(|lane| vec![lane]));
        if rows.len() < 7 {
            rows.push(Vec::new());
        }
    } else if free > 0 {
        let (own, shared) = others.split_at(free - 1);
        rows.extend(own.iter().map(|lane| vec![*lane]));
        rows.push(shared.to_vec());
    } else if let Some(last) = rows.last_mut() {
        last.extend(others);
    }
    rows
}

/// Top and height of each row.
#[must_use]
pub fn row_at(rows: usize, index: usize, window: Window) -> (i32, i32) {
    let row_h = (window.height - 28) / i32::try_from(rows).unwrap_or(1).max(1);
    (26 + i32::try_from(index).unwrap_or(0) * row_h, row_h)
}

/// Steps of the ruler, in seconds.
const STEPS: [i64; 11] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];

/// Keyed marks from back to front.
#[must_use]
pub fn scene(
    record: &Record,
    commands: &[(i64, SmolStr)],
    due: &[Due],
    window: Window,
    texts: &Texts,
) -> Vec<(SmolStr, Mark)> {
    let mut out = Vec::new();
    let w = window;
    let end_x = w.x(w.latest);
    out.push(("future".into(), rect("future", Rect::new(end_x, 24, w.width - end_x, w.height - 24), 0)));
    out.push(("ruler".into(), ruler(w)));
    let rows = rows(record, w);
    let (_, row_h) = row_at(rows.len(), 0, w);
    let mut row_of = BTreeMap::new();
    for (i, lanes) in rows.iter().enumerate() {
        let (y, _) = row_at(rows.len(), i, w);
        for lane in lanes {
            row_of.insert(*lane, y);
        }
        let chosen = w.lane.is_some_and(|lane| lanes.contains(&lane));
        let mut row = Mark::new("g", if chosen { "row on" } else { "row" });
        if chosen {
            row.add(rect("chosen", Rect::new(0, y, w.width, row_h), 0));
        }
        row.add(path("", format_smolstr!("M0 {}.5H{}", y + row_h, w.width)));
        if !w.narrow() {
            let name = match lanes.as_slice() {
                [] => SmolStr::default(),
                [lane] => lane_name(record, *lane, texts),
                [Lane::Other(_), ..] => texts.time().others.into(),
                [first, ..] => format_smolstr!("{} …", lane_name(record, *first, texts)),
            };
            let class = match (lanes.first() == Some(&Lane::You), row_h < 15) {
                (true, false) => "me",
                (true, true) => "me sm",
                (false, true) => "sm",
                (false, false) => "",
            };
            row.add(text(class, 16, y + row_h - 4, crate::format::fit(&name, 90, 66)));
        }
        out.push((format_smolstr!("row {i}"), row));
    }
    out.extend(ticks(record, w, &row_of, row_h));
    out.extend(pulls(record, w, &row_of, row_h, texts));
    out.extend(typed(commands, w, row_h));
    out.extend(future(due, w, &row_of, row_h));
    let x = w.x(w.now);
    if w.past() {
        let veil = Rect::new(x, 24, end_x - x, w.height - 24);
        out.push(("veil".into(), rect("veil", veil, 0)));
        out.push(("end".into(), path("endline", format_smolstr!("M{end_x} 22V{}", w.height))));
    }
    let mut now = Mark::new("g", if w.past() { "now back" } else { "now" });
    now.add(path("", format_smolstr!("M{x} 4V{}", w.height)));
    let flag = (x - 38).clamp(0, (w.width - 76).max(0));
    now.add(rect("", Rect::new(flag, 1, 76, 17), 3));
    let clock = reading(w.now - w.zero);
    now.add(text("m", flag + 38, 13, clock.strip_prefix("00:").map_or_else(|| clock.clone(), SmolStr::from)));
    out.push(("now".into(), now));
    out
}

/// The name of a lane, as its row shows it.
#[must_use]
pub fn lane_name(record: &Record, lane: Lane, texts: &Texts) -> SmolStr {
    match (lane.name(), lane) {
        (Some(name), _) => name.into(),
        (None, Lane::Other(n)) => {
            record.others.get(usize::from(n)).cloned().unwrap_or_else(|| texts.time().others.into())
        }
        (None, _) => texts.time().you.into(),
    }
}

fn ruler(w: Window) -> Mark {
    let mut mark = Mark::new("g", "ruler");
    let px = i64::from(w.width - w.left()).max(1);
    // Room for a reading between two of them.
    let step = STEPS.into_iter().find(|s| s * 1000 * px / w.span.max(1) >= 62).unwrap_or(3600) * 1000;
    let first = ((w.from - w.zero).max(0) + step - 1) / step;
    let last = (w.to() - w.zero).div_euclid(step);
    let end = w.x(w.zero + (last + 1) * step).min(w.width);
    let start = w.x(w.zero).max(w.left());
    for n in (first - 1).max(0)..=last {
        let at = w.zero + n * step;
        let (x, next) = (w.x(at).max(w.left()), w.x(at + step).min(w.width));
        if n % 2 == 0 {
            mark.add(rect("ink", Rect::new(x, 18, next - x, 4), 0));
        }
        let near_now = (w.x(at) - w.x(w.now)).abs() < 62;
        if n >= first && !near_now && w.x(at) > w.left() + 14 && w.x(at) < w.width - 14 {
            mark.add(text("m", w.x(at), 13, minutes(n * step)));
        }
    }
    mark.add(path("", format_smolstr!("M{start} 17.5H{end}M{start} 22.5H{end}")));
    mark
}

/// One path per lane holds all its ticks; ticks on the same px are one.
fn ticks(record: &Record, w: Window, row_of: &BTreeMap<Lane, i32>, row_h: i32) -> Vec<(SmolStr, Mark)> {
    let mark = |(lane, y): (&Lane, &i32)| {
        let (lane, y) = (*lane, y + 3);
        let end = w.latest.min(w.to());
        let mut rest = record.marks(lane);
        rest = &rest[rest.partition_point(|at| *at < w.from)..];
        let mut d = String::new();
        // From px to px, however many writes lie on one.
        while let Some(at) = rest.first().filter(|at| **at <= end) {
            let x = w.x(*at);
            if x >= w.left() {
                d.push_str(&format!("M{x} {y}v{}", (row_h - 5).min(11)));
            }
            rest = &rest[rest.partition_point(|at| w.x(*at) <= x)..];
        }
        let class = match lane {
            Lane::You => "tick you",
            Lane::Kubelet | Lane::EndpointSlice => "tick ok",
            _ => "tick",
        };
        (format_smolstr!("tick {lane:?}"), path(class, d))
    };
    row_of.iter().map(mark).collect()
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
    let seen = shown.filter(|(_, p)| p.to.unwrap_or(w.latest) >= w.from && p.from <= w.to());
    let mut taken: Vec<(i32, i32)> = Vec::new();
    let mut out = Vec::new();
    for (i, pull) in seen {
        let (x, end) = (w.x(pull.from).max(w.left()), w.x(pull.to.unwrap_or(w.latest)).min(w.width));
        let bar = Rect::new(x, y, (end - x).max(2), (row_h - 3).min(12));
        let mut mark = Mark::new("g", "pull");
        mark.add(rect("", bar, 2));
        let words = (texts.time().image_of)(&pull.pod);
        let wide = words.chars().map(|c| if u32::from(c) > 0x1100 { 11 } else { 7 }).sum::<i32>();
        // Pulls that overlap show one name, that of the last.
        if bar.w > wide + 8 && !taken.iter().any(|(a, b)| *a < bar.right() && bar.x < *b) {
            mark.add(text("", bar.x + 5, y + bar.h - if bar.h < 12 { 1 } else { 3 }, words));
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

fn typed(commands: &[(i64, SmolStr)], w: Window, row_h: i32) -> Vec<(SmolStr, Mark)> {
    let mut free = w.width;
    let mut out = Vec::new();
    for (i, (at, words)) in commands.iter().enumerate().rev().take(40) {
        let x = w.x(*at);
        if x < w.left() || x > w.width {
            continue;
        }
        let mut mark = Mark::new("g", "cmd");
        mark.add(path("tick you", format_smolstr!("M{x} 29v{}", (row_h - 5).min(11))));
        if writes(words) {
            let room = free.min(w.x(w.latest) - 4) - x - 10;
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
        let Some(y) = row_of.get(&item.lane).filter(|_| x > w.x(w.latest) + 5 && x < w.width - 6).copied()
        else {
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
    use crate::panels::timeline::record::Tick;

    fn window(now: i64) -> Window {
        let from = Window::following(now, 60_000);
        let (width, height, zero, earliest, span) = (808, 136, 0, 0, 60_000);
        Window { width, height, now, latest: now, zero, earliest, from, span, lane: None }
    }

    #[test]
    fn a_px_and_its_instant_are_one() {
        let w = window(222_100);
        assert!((w.at(w.x(w.now)) - w.now).abs() <= w.span / 600);
        assert!(w.x(w.now - 1000) < w.x(w.now));
        assert_eq!(w.x(w.from), w.left());
        assert!((w.x(w.to()) - w.width).abs() <= 1);
    }

    #[test]
    fn every_lane_that_wrote_has_a_row() {
        let mut record = Record::default();
        record.others = (0..5).map(|n| format_smolstr!("c{n}")).collect();
        for n in 0..5 {
            record.tick(Tick { at: 1000, revision: u64::from(n), lane: Lane::Other(n) });
        }
        for height in [64, 88, 112, 136, 400] {
            let w = Window { height, ..window(2000) };
            let shown: Vec<Lane> = rows(&record, w).into_iter().flatten().collect();
            assert_eq!(shown.len(), 11, "{height}");
        }
    }

    #[test]
    fn nothing_is_drawn_before_the_beginning() {
        let marks = scene(&Record::default(), &[], &[], window(1000), Lang::En.texts());
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
        let tick = |at| Tick { at, revision: 1, lane: Lane::You };
        record.tick(tick(1000));
        record.tick(tick(1001));
        let marks = scene(&record, &[], &[], window(2000), Lang::Ko.texts());
        let d = marks.iter().find(|(key, _)| key == "tick You").and_then(|(_, m)| m.attr("d"));
        assert_eq!(d.map(|d| d.matches('M').count()), Some(1));
    }
}
