//! The host lab as the page draws it: a day of services on servers, or servers with guests and containers.
//!
//! Owns: the drawing, as marks. It is built of texts and boxes, so that what is seen can be read aloud; the curves have
//! a sentence each. Does not own: the lab (hostlab).

#[cfg(target_arch = "wasm32")]
pub mod view;

use clock::Time;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};
use terminal::lab::day::{Played, SAMPLE_S, SERVICES, SLOTS, is_night};
use terminal::lab::rack::{Kind, Machine, Rack};
use terminal::lab::{self, Lab, Open};

use crate::i18n::{Texts, grouped};
use crate::mark::{Mark, Rect, path, rect, text};

pub type Marks = Vec<(SmolStr, Mark)>;

/// Stretches of a day that the hand can stand at.
pub const STRETCHES: usize = 144;
const WIDE: i32 = 720;
const ROW: i32 = 74;
const LEFT: i32 = 64;
/// What the top of a row stands for, requests a second.
const TOP_RPS: i64 = 320;

#[must_use]
pub fn marks(lab: &Lab, at: usize, now: Time, texts: &Texts) -> Marks {
    match lab.open {
        Open::Nothing => Vec::new(),
        Open::Day => day(lab, at.min(STRETCHES - 1), texts),
        Open::Machines => machines(&lab.rack, now, texts),
    }
}

/// The day that is shown: the one played last.
#[must_use]
pub fn shown(lab: &Lab) -> Option<&Played> {
    if lab.pool_last { lab.in_pool.as_ref() } else { lab.by_hand.as_ref() }
}

fn day(lab: &Lab, at: usize, texts: &Texts) -> Marks {
    let mut out: Marks = vec![("sums".into(), sums(lab, texts))];
    let Some(played) = shown(lab) else {
        out.push(("none".into(), Mark::new("p", "empty").says(texts.lab().not_played)));
        return out;
    };
    out.push(("chart".into(), chart(played, at, texts)));
    out.push(("key".into(), key(texts)));
    out.push(("servers".into(), servers_at(played, at, texts)));
    out
}

/// Both ways in figures, side by side.
fn sums(lab: &Lab, texts: &Texts) -> Mark {
    let mut table = Mark::new("table", "sums");
    let mut head = Mark::new("tr", "");
    for says in ["", texts.lab().servers, texts.lab().lost, texts.lab().calls, texts.lab().night_calls] {
        head.add(Mark::new("th", "").at("scope", "col").says(says));
    }
    table.add(Mark::new("thead", "").with(head));
    let mut body = Mark::new("tbody", "");
    for (name, played) in [(texts.lab().by_hand, &lab.by_hand), (texts.lab().together, &lab.in_pool)] {
        let mut row = Mark::new("tr", "").with(Mark::new("th", "").at("scope", "row").says(name));
        let cells: [SmolStr; 4] = match played {
            None => ["–", "–", "–", "–"].map(Into::into),
            Some(p) => {
                let servers = if p.pooled || p.spares == 0 {
                    format_smolstr!("{}", p.servers)
                } else {
                    format_smolstr!("{} + {}", p.servers, p.spares)
                };
                [servers, grouped(p.all_lost()), p.pages().to_smolstr(), p.night_pages().to_smolstr()]
            }
        };
        for cell in cells {
            row.add(Mark::new("td", "m").says(cell));
        }
        body.add(row);
    }
    table.with(body)
}

fn x(stretch: usize) -> i32 {
    LEFT + i32::try_from(stretch).unwrap_or(0) * (WIDE - LEFT) / i32::try_from(STRETCHES).unwrap_or(1)
}

fn y(row: usize, rps: i64) -> i32 {
    let base = i32::try_from(row + 1).unwrap_or(1) * ROW + 8;
    base - i32::try_from(rps.clamp(0, TOP_RPS) * i64::from(ROW - 14) / TOP_RPS).unwrap_or(0)
}

/// A line of a service over the day; `step` draws it in steps.
fn line(row: usize, values: impl Iterator<Item = i64>, step: bool) -> String {
    let mut d = String::new();
    for (i, rps) in values.enumerate() {
        let (x0, x1, y) = (x(i), x(i + 1), y(row, rps));
        let letter = if i == 0 { 'M' } else { 'L' };
        if step {
            d.push_str(&format!("{letter}{x0} {y}H{x1}"));
        } else {
            d.push_str(&format!("{letter}{x0} {y}"));
        }
    }
    d
}

fn chart(played: &Played, at: usize, texts: &Texts) -> Mark {
    let high = ROW * 3 + 30;
    let lost = played.all_lost();
    let mut svg = Mark::new("svg", "daychart")
        .at("viewBox", format_smolstr!("0 0 {WIDE} {high}"))
        .at("role", "img")
        .at("aria-label", (texts.lab().chart)(&grouped(lost)));
    for i in 0..STRETCHES {
        if is_night(i64::try_from(i).unwrap_or(0) * SAMPLE_S) {
            let w = x(i + 1) - x(i);
            svg.add(rect("dusk", Rect::new(x(i), 4, w.max(1), ROW * 3 + 4), 0));
        }
    }
    for hour in (0..=24).step_by(6) {
        let at = x(hour * 6);
        svg.add(text("hour m", at.min(WIDE - 34), high - 4, format_smolstr!("{hour:02}:00")));
        svg.add(path("grid", format_smolstr!("M{at} 4V{}", ROW * 3 + 8)));
    }
    for (row, (name, ..)) in SERVICES.iter().enumerate() {
        svg.add(text("n m", 4, y(row, 150), *name));
        svg.add(path("base", format_smolstr!("M{LEFT} {}H{WIDE}", y(row, 0))));
        let samples = &played.samples;
        for (i, sample) in samples.iter().enumerate() {
            if sample.capacity[row] < sample.demand[row] {
                let (top, low) = (y(row, sample.demand[row]), y(row, sample.capacity[row]));
                svg.add(rect("lost", Rect::new(x(i), top, (x(i + 1) - x(i)).max(3), (low - top).max(2)), 0));
            }
        }
        svg.add(path("can", line(row, samples.iter().map(|s| s.capacity[row]), true)));
        svg.add(path("want", line(row, samples.iter().map(|s| s.demand[row]), false)));
    }
    for failure in &played.failures {
        let stretch = usize::try_from(failure.at / SAMPLE_S).unwrap_or(0);
        let (fx, fy) = (x(stretch), y(failure.service, 0));
        svg.add(path("fault", format_smolstr!("M{} {}h6l4 4v6l-4 4h-6l-4-4v-6z", fx - 3, fy - 7)));
    }
    svg.add(path("hand", format_smolstr!("M{} 2V{}", x(at), ROW * 3 + 10)));
    svg
}

/// What the chart's lines and marks stand for.
fn key(texts: &Texts) -> Mark {
    let mut all = Mark::new("p", "ckey");
    let t = texts.lab();
    let says = [t.key_want, t.key_can, t.key_lost, t.key_fault];
    for (class, says) in ["want", "can", "lost", "fault"].into_iter().zip(says) {
        all.add(Mark::new("span", "").with(Mark::new("i", class)).with(Mark::new("b", "").says(says)));
    }
    all
}

fn clock_of(at: usize) -> SmolStr {
    format_smolstr!("{:02}:{:02}", at / 6, at % 6 * 10)
}

fn letter(service: usize) -> &'static str {
    ["s", "b", "n"][service.min(2)]
}

/// The servers as they stand at one stretch of the day.
fn servers_at(played: &Played, at: usize, texts: &Texts) -> Mark {
    let mut all = Mark::new("section", "at").with(Mark::new("h3", "").says((texts.lab().at)(&clock_of(at))));
    let Some(sample) = played.samples.get(at) else { return all };
    let mut list = Mark::new("ul", "plates");
    if played.pooled {
        for (i, placed) in sample.placed.iter().enumerate() {
            let mut plate = Mark::new("li", if placed.is_some() { "plate" } else { "plate off" });
            plate.add(Mark::new("b", "m").says(format_smolstr!("node-{}", i + 1)));
            match placed {
                None => plate.add(Mark::new("span", "word").says(texts.lab().down)),
                Some(replicas) => {
                    let says: Vec<String> =
                        SERVICES.iter().zip(replicas).map(|(s, n)| format!("{} {n}", s.0)).collect();
                    let mut slots =
                        Mark::new("span", "slots").at("role", "img").at("aria-label", says.join(", "));
                    for (s, n) in replicas.iter().enumerate() {
                        for _ in 0..*n {
                            slots.add(Mark::new("i", ["q s0", "q s1", "q s2"][s.min(2)]).says(letter(s)));
                        }
                    }
                    for _ in replicas.iter().sum::<usize>()..SLOTS {
                        slots.add(Mark::new("i", "q"));
                    }
                    plate.add(slots);
                }
            }
            list.add(plate);
        }
    } else {
        for (s, (name, ..)) in SERVICES.iter().enumerate() {
            for n in 0..sample.up[s] {
                let mut plate = Mark::new("li", "plate")
                    .with(Mark::new("b", "m").says(format_smolstr!("{name}-{}", n + 1)));
                // How full it is, its share of what is asked.
                let share = sample.demand[s] / i64::try_from(sample.up[s]).unwrap_or(1).max(1);
                let percent = share.clamp(0, 100);
                plate.add(
                    Mark::new("span", "fill")
                        .at("role", "img")
                        .at("aria-label", format_smolstr!("{percent} %"))
                        .with(Mark::new("i", "").at("style", format_smolstr!("width:{percent}%"))),
                );
                plate.add(Mark::new("small", "m").says(format_smolstr!("{percent} %")));
                list.add(plate);
            }
            for _ in 0..sample.spares[s] {
                list.add(
                    Mark::new("li", "plate spare")
                        .with(Mark::new("b", "m").says(*name))
                        .with(Mark::new("span", "word").says(texts.lab().spare)),
                );
            }
        }
    }
    all.add(list);
    all
}

// ---- machines --------------------------------------------------------------------------------------------------------

fn state_class(machine: &Machine, now: Time) -> &'static str {
    match (machine.up, machine.ready(now)) {
        (false, _) => "off",
        (true, false) => "starting",
        _ if machine.broken => "broken",
        _ if machine.reached => "reached",
        _ => "fine",
    }
}

fn state_word(machine: &Machine, now: Time, texts: &Texts) -> SmolStr {
    match state_class(machine, now) {
        "off" => texts.lab().down.into(),
        "starting" => (texts.lab().starting)((machine.ready_at.since(now) + 999) / 1_000),
        "broken" => texts.lab().broken.into(),
        "reached" => texts.lab().reached.into(),
        _ => texts.lab().ready.into(),
    }
}

fn machines(rack: &Rack, now: Time, texts: &Texts) -> Marks {
    let servers = rack.machines.iter().filter(|m| m.is_server());
    servers.map(|server| (server.name.to_smolstr(), server_mark(rack, server, now, texts))).collect()
}

fn meter(holds: i64, of: i64, label: &SmolStr) -> Mark {
    let percent = if of > 0 { (holds * 100 / of).clamp(0, 100) } else { 0 };
    Mark::new("span", "fill")
        .at("role", "img")
        .at("aria-label", label.clone())
        .with(Mark::new("i", "").at("style", format_smolstr!("width:{percent}%")))
}

fn heading(machine: &Machine, what: &str, now: Time, texts: &Texts) -> Mark {
    Mark::new("p", "mhead")
        .with(Mark::new("b", "m").says(machine.name.as_str()))
        .with(Mark::new("span", "").says(what))
        .with(Mark::new("span", "word").says(state_word(machine, now, texts)))
}

fn class_of(base: &'static str, machine: &Machine, now: Time) -> SmolStr {
    format_smolstr!("{base} {}", state_class(machine, now))
}

fn server_mark(rack: &Rack, server: &Machine, now: Time, texts: &Texts) -> Mark {
    let what = if server.kind == Kind::Hypervisor { texts.lab().hypervisor } else { texts.lab().engine };
    let memory = (texts.lab().memory)(&grouped(rack.holds(server)), &grouped(server.memory));
    let mut mark = Mark::new("section", "")
        .at("class", class_of("server", server, now))
        .at("aria-label", server.name.as_str())
        .with(heading(server, what, now, texts))
        .with(meter(rack.holds(server), server.memory, &memory))
        .with(Mark::new("p", "fact m").says(memory));
    let mut inner = Mark::new("ul", "inner");
    let mut any = false;
    for machine in rack.on(&server.name) {
        any = true;
        inner.add(match machine.kind {
            Kind::Guest => guest_mark(rack, machine, now, texts),
            _ => container_mark(machine, now, texts),
        });
    }
    if !any {
        inner.add(Mark::new("li", "empty").with(Mark::new("code", "").at("lang", "en").says(
            if server.kind == Kind::Hypervisor {
                "lab run guest app --memory 4096"
            } else {
                "lab run container a"
            },
        )));
    }
    let kernel = Mark::new("p", "kernel m").says((texts.lab().kernel)(rack.kernel(server)));
    mark.add(Mark::new("div", "shares").with(inner).with(kernel));
    mark
}

fn modules_mark(machine: &Machine) -> Mark {
    let mut list = Mark::new("p", "modules");
    for (module, refused) in machine.states() {
        let mut chip = Mark::new("span", if refused.is_some() { "chip bad" } else { "chip" });
        let sign = if refused.is_some() { " ✕" } else { "" };
        chip.text = format_smolstr!("{}{sign}", module.name);
        list.add(match refused {
            Some(why) => chip.at("title", why),
            None => chip,
        });
    }
    if let Some(java) = machine.java {
        list.add(Mark::new("span", "java m").says(format_smolstr!("Java {java}")));
    }
    list
}

fn guest_mark(rack: &Rack, guest: &Machine, now: Time, texts: &Texts) -> Mark {
    let memory = (texts.lab().memory)(&grouped(rack.used_inside(guest)), &grouped(guest.memory));
    let mut mark = Mark::new("li", "")
        .at("class", class_of("guest", guest, now))
        .with(heading(guest, texts.lab().guest, now, texts))
        .with(modules_mark(guest))
        .with(meter(rack.used_inside(guest), guest.memory, &memory))
        .with(Mark::new("p", "fact m").says(memory));
    let mut inner = Mark::new("ul", "inner");
    for container in rack.on(&guest.name) {
        inner.add(container_mark(container, now, texts));
    }
    mark.add(inner);
    mark.add(Mark::new("p", "kernel m").says((texts.lab().kernel)(rack.kernel(guest))));
    mark
}

fn container_mark(container: &Machine, now: Time, texts: &Texts) -> Mark {
    let id = format_smolstr!("{} · pid {}", lab::id(container), container.pid);
    Mark::new("li", "")
        .at("class", class_of("ctr", container, now))
        .with(heading(container, texts.lab().container, now, texts))
        .with(modules_mark(container))
        .with(Mark::new("p", "fact m").says(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    fn lab(lines: &[&str]) -> Lab {
        let mut lab = Lab::default();
        for line in lines {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(lab.run(&args, false, Time::EPOCH).code, 0, "{line}");
        }
        lab
    }

    fn said(lab: &Lab, at: usize, lang: Lang) -> String {
        marks(lab, at, Time::EPOCH, lang.texts())
            .iter()
            .map(|(_, m)| m.all_text())
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_closed_lab_shows_nothing_and_an_open_one_says_what_to_do() {
        assert!(marks(&Lab::default(), 0, Time::EPOCH, Lang::En.texts()).is_empty());
        for lang in [Lang::En, Lang::Ko] {
            assert!(said(&lab(&["open day"]), 0, lang).contains(lang.texts().lab().not_played));
            assert!(said(&lab(&["open machines"]), 0, lang).contains("lab run container a"));
        }
    }

    #[test]
    fn a_played_day_shows_its_servers_at_every_hour() {
        let hand = lab(&["open day", "place all 3", "spares all 1", "failures bad", "play-day"]);
        for (at, wanted) in [(0, "shop-3"), (16, "news-3"), (143, "bank-3")] {
            assert!(said(&hand, at, Lang::En).contains(wanted), "{at}");
        }
        assert!(!said(&hand, 16, Lang::En).contains("shop-3"), "it died at 02:40");
        let pool = lab(&["open day", "pool 4", "failures bad", "play-day"]);
        assert!(said(&pool, 20, Lang::En).contains("node-2 Down"), "{}", said(&pool, 20, Lang::En));
        assert!(said(&pool, 9_999, Lang::Ko).contains("node-4"));
    }

    #[test]
    fn machines_say_their_kernel_and_their_state() {
        let lab = lab(&["open machines", "run guest app", "run container a", "break a --kernel"]);
        let text = said(&lab, 0, Lang::En);
        for wanted in ["6.1.0-37-amd64", "6.8.0-60-generic", "app", "Java 8"] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
    }
}
