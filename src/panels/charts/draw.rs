//! A chart as marks: lines told apart by dashes and by their names, the instant shown, and the same as a table.

use smol_str::{SmolStr, format_smolstr};

use super::{Chart, Series};
use crate::format::minutes;
use crate::i18n::Texts;
use crate::mark::{Mark, path, text};

const WIDTH: i32 = 320;
const HEIGHT: i32 = 118;
/// The field of the lines: left, top, right, bottom.
const FIELD: (i32, i32, i32, i32) = (54, 8, 312, 96);
/// Points drawn of one line.
const MOST_POINTS: usize = 200;
const DASHES: [&str; 6] = ["", "6 3", "2 3", "9 3 2 3", "1 3", "12 4"];

/// The least round number that is no less: 1, 2 or 5 and noughts.
fn round_up(value: i64) -> i64 {
    let mut unit: i64 = 1;
    loop {
        for step in [1, 2, 5] {
            if let Some(most) = unit.checked_mul(step).filter(|most| *most >= value) {
                return most;
            }
        }
        let Some(next) = unit.checked_mul(10) else { return value };
        unit = next;
    }
}

/// The chart as a picture. `zero` is when the cluster began; `from` and `to` are the ends of the axis; `now` is shown.
#[must_use]
pub fn picture(chart: &Chart, texts: &Texts, zero: i64, (from, to): (i64, i64), now: i64) -> Mark {
    let (left, top, right, bottom) = FIELD;
    let most = chart.series.iter().flat_map(|s| s.points.iter().map(|p| p.1)).max().unwrap_or(0);
    let most = match chart.unit {
        super::Unit::Bytes => (most.max(1) / (16 << 20) + 1) * (16 << 20),
        super::Unit::Rate | super::Unit::Micros => round_up(most.max(1000)),
        super::Unit::Milli => round_up(most.max(10)),
        super::Unit::Count => round_up(most.max(2)),
    };
    let x = |at: i64| {
        let span = (to - from).max(1);
        left + i32::try_from((at - from).clamp(0, span) * i64::from(right - left) / span).unwrap_or(0)
    };
    let y = |value: i64| {
        let up = i128::from(value.clamp(0, most)) * i128::from(bottom - top) / i128::from(most);
        bottom - i32::try_from(up).unwrap_or(0)
    };
    let mut svg = Mark::new("svg", "plot")
        .at("viewBox", format_smolstr!("0 0 {WIDTH} {HEIGHT}"))
        .at("role", "img")
        .at("aria-label", sentence(chart, texts, now));
    svg.add(path("axis", format_smolstr!("M{left} {top}V{bottom}H{right}")));
    svg.add(path("half", format_smolstr!("M{left} {0}H{right}", (top + bottom) / 2)));
    for (value, at) in [(most, top + 4), (most / 2, (top + bottom) / 2 + 4), (0, bottom + 1)] {
        svg.add(text("", left - 5, at, chart.unit.says(value)).at("text-anchor", "end"));
    }
    svg.add(text("", left, bottom + 15, minutes(from - zero)));
    svg.add(text("", right, bottom + 15, minutes(to - zero)).at("text-anchor", "end"));
    for (i, series) in chart.series.iter().enumerate() {
        let class = ["s0", "s1", "s2", "s3", "s4", "s5"][i.min(5)];
        let line = path(class, line(series, &x, &y)).at("stroke-dasharray", DASHES[i.min(5)]);
        svg.add(line);
    }
    if now < to {
        // What comes after the instant shown has not happened there yet.
        let at = x(now);
        svg.add(path("veil", format_smolstr!("M{at} {top}H{right}V{bottom}H{at}z")));
    }
    let at = x(now);
    svg.add(path("cursor", format_smolstr!("M{at} {top}V{bottom}")));
    for (i, series) in chart.series.iter().enumerate() {
        if let Some(value) = series.at(now) {
            let class = ["p0", "p1", "p2", "p3", "p4", "p5"][i.min(5)];
            svg.add(crate::mark::circle(class, at, y(value), 3));
        }
    }
    svg
}

fn line(series: &Series, x: &dyn Fn(i64) -> i32, y: &dyn Fn(i64) -> i32) -> SmolStr {
    let skip = series.points.len().div_ceil(MOST_POINTS).max(1);
    let mut d = String::new();
    let last = series.points.len().saturating_sub(1);
    for (i, (at, value)) in series.points.iter().enumerate() {
        if i % skip == 0 || i == last {
            d.push_str(&format!("{}{} {}", if d.is_empty() { "M" } else { "L" }, x(*at), y(*value)));
        }
    }
    d.into()
}

/// What a reader who does not see the picture is told.
fn sentence(chart: &Chart, texts: &Texts, now: i64) -> SmolStr {
    let one = |s: &Series| {
        let says = s.at(now).map_or_else(|| SmolStr::from("–"), |v| chart.unit.says(v));
        format!("{} {says}", s.name)
    };
    let all: Vec<String> = chart.series.iter().map(one).collect();
    (texts.charts().chart_says)(chart.title, &all.join(", "))
}

/// The names of the lines with their values now; they tell which dash is whose.
#[must_use]
pub fn legend(chart: &Chart, now: i64) -> Mark {
    let mut list = Mark::new("ul", "legend");
    for (i, series) in chart.series.iter().enumerate() {
        let mut item = Mark::new("li", "");
        let class = ["s0", "s1", "s2", "s3", "s4", "s5"][i.min(5)];
        let sample = path(class, "M0 5H22").at("stroke-dasharray", DASHES[i.min(5)]);
        let key = Mark::new("svg", "key").at("viewBox", "0 0 22 10").at("aria-hidden", "true").with(sample);
        item.add(key);
        item.add(Mark::new("span", "").says(series.name.clone()));
        let value = series.at(now).map_or_else(|| SmolStr::from("–"), |v| chart.unit.says(v));
        item.add(Mark::new("b", "m").says(value));
        list.add(item);
    }
    list
}

/// The same as a table: now, least, most and mean up to the instant shown.
#[must_use]
pub fn table(charts: &[Chart], texts: &Texts, now: i64) -> Mark {
    let mut table = Mark::new("table", "figures");
    let mut head = Mark::new("tr", "");
    for says in
        ["", texts.charts().now_word, texts.charts().lowest, texts.charts().highest, texts.charts().mean]
    {
        head.add(Mark::new(if says.is_empty() { "td" } else { "th" }, "").says(says));
    }
    table.add(Mark::new("thead", "").with(head));
    let mut body = Mark::new("tbody", "");
    for chart in charts {
        for series in &chart.series {
            let mut row = Mark::new("tr", "");
            let name = format_smolstr!("{} · {}", chart.title, series.name);
            row.add(Mark::new("th", "").at("scope", "row").says(name));
            let figures = match (series.at(now), series.extent(now)) {
                (Some(value), Some((least, most, mean))) => {
                    [value, least, most, mean].map(|v| chart.unit.says(v))
                }
                _ => [(); 4].map(|()| SmolStr::from("–")),
            };
            for says in figures {
                row.add(Mark::new("td", "m").says(says));
            }
            body.add(row);
        }
    }
    table.add(body);
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::panels::charts::Unit;

    fn chart() -> Chart {
        let series = |name: &str, values: &[i64]| Series {
            name: name.into(),
            points: values.iter().enumerate().map(|(i, v)| (i as i64 * 1000, *v)).collect(),
        };
        Chart {
            title: "CPU",
            unit: Unit::Milli,
            series: vec![series("a", &[0, 100, 250]), series("b", &[50])],
        }
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (value, most) in [(1, 1), (3, 5), (12, 20), (250, 500), (999, 1000), (i64::MAX, i64::MAX)] {
            assert_eq!(round_up(value), most);
        }
    }

    #[test]
    fn picture_and_table_tell_the_instant_shown() {
        let (chart, texts) = (chart(), Lang::En.texts());
        for (now, says) in [(2000, "CPU: a 250m, b 50m"), (1500, "CPU: a 100m, b 50m")] {
            let picture = picture(&chart, texts, 0, (0, 2000), now);
            assert_eq!(picture.attr("aria-label"), Some(says));
        }
        let veils = |now| {
            let picture = picture(&chart, texts, 0, (0, 2000), now);
            picture.children.iter().filter(|m| m.attr("class") == Some("veil")).count()
        };
        assert_eq!((veils(2000), veils(1000)), (0, 1));
        let rows = table(std::slice::from_ref(&chart), texts, 1000).all_text();
        assert!(rows.contains("CPU · a 100m 0m 100m 50m"), "{rows}");
        assert!(legend(&chart, 0).all_text().contains("a 0m"));
    }
}
