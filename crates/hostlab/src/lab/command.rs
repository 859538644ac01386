//! The words of `lab`: plans and plays a day, runs guests and containers, looks into them, breaks them.
//!
//! Owns: what can be typed and what is printed, in English and Korean. Tables have English headings, as kubectl's.

use clock::Time;

use super::day::{self, BAD_DAY, Failure, MOST_FAILURES, MOST_SERVERS, Plan, Played, SERVICES, What};
use super::rack::{self, Kind, Machine, Rack, Refused};
use super::{Lab, Open, Printed, inside, numbers};

const HELP_EN: &str = "\
Hosts side by side: a small model of servers, virtual machines and containers.

A day of three services on servers (lab open day):
  lab services                          who asks for how much, and when
  lab place SERVICE|all N               N servers for a service, kept by hand
  lab spares SERVICE|all N              N spare servers for it
  lab pool N | lab pool off             all services share N servers, with autoscaling and self-healing
  lab failures bad|none                 a day on which five things break, or none
  lab fail SERVICE --at HH:MM [--program]   one more server, or program, that fails (UTC)
  lab play-day                          plays the day

Virtual machines and containers (lab open machines):
  lab servers, lab guests, lab containers
  lab run guest NAME [--on metal-1] [--memory MIB] [--cpus N]
  lab run container MODULE [--name NAME] [--on metal-2]    module a needs Java 8, b and c need Java 21
  lab install GUEST jdk:8|jdk:21        the Java of a guest
  lab deploy MODULE GUEST               starts a module in a guest
  lab scale NAME N                      N copies of a container, or of a whole guest
  lab load c N                          N requests a second for module c
  lab exec NAME -- COMMAND              uname -r, ps, lsns, java -version, cat /proc/self/cgroup ...
  lab break NAME [--kernel]             somebody breaks in; with a hole in the kernel
  lab fail NAME, lab repair NAME, lab rm NAME
  lab path NAME                         the way of a disk write
  lab compare                           one module in each, by the numbers of the model
  lab numbers                           the numbers and where they come from
  lab close                             puts all of it away
";

const HELP_KO: &str = "\
여러 호스트를 나란히 놓고 봅니다. 서버와 가상 머신, 컨테이너의 작은 모형입니다.

서버 위의 세 서비스가 보내는 하루 (lab open day):
  lab services                          누가 언제 얼마나 요청하는지
  lab place 서비스|all N                손으로 돌보는 서버를 N대 둡니다
  lab spares 서비스|all N               그 서비스의 예비 서버를 N대 둡니다
  lab pool N | lab pool off             모든 서비스가 서버 N대를 함께 씁니다(오토스케일링, 자가 치유)
  lab failures bad|none                 다섯 가지가 고장 나는 날, 또는 아무 일도 없는 날
  lab fail 서비스 --at HH:MM [--program]   그 시각(UTC)에 서버나 프로그램이 하나 더 고장 납니다
  lab play-day                          하루를 돌려 봅니다

가상 머신과 컨테이너 (lab open machines):
  lab servers, lab guests, lab containers
  lab run guest 이름 [--on metal-1] [--memory MIB] [--cpus N]
  lab run container 모듈 [--name 이름] [--on metal-2]    모듈 a는 자바 8, b와 c는 자바 21이 필요합니다
  lab install 게스트 jdk:8|jdk:21       게스트에 자바를 설치합니다
  lab deploy 모듈 게스트                게스트 안에서 모듈을 시작합니다
  lab scale 이름 N                      컨테이너나 게스트 전체를 N개로 늘립니다
  lab load c N                          모듈 c에 초당 N건을 요청합니다
  lab exec 이름 -- 명령                 uname -r, ps, lsns, java -version, cat /proc/self/cgroup ...
  lab break 이름 [--kernel]             누군가 침입합니다. --kernel은 커널의 허점까지 쓰는 경우입니다
  lab fail 이름, lab repair 이름, lab rm 이름
  lab path 이름                         디스크에 쓰는 길
  lab compare                           같은 모듈을 양쪽에 두었을 때의 수치
  lab numbers                           모형의 수치와 출처
  lab close                             모두 치웁니다
";

/// Says it in one of two languages.
struct Voice(bool);

impl Voice {
    fn pick<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        if self.0 { ko } else { en }
    }
}

pub(super) fn run(lab: &mut Lab, args: &[String], korean: bool, now: Time) -> Printed {
    let voice = Voice(korean);
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let answer = match words[..] {
        [] | ["help" | "-h" | "--help", ..] => Ok(voice.pick(HELP_EN, HELP_KO).to_owned()),
        ["open", "day"] => {
            *lab = Lab { open: Open::Day, version: lab.version, ..Lab::default() };
            Ok(services())
        }
        ["open", "machines"] => {
            *lab = Lab { open: Open::Machines, version: lab.version, ..Lab::default() };
            Ok(servers(&lab.rack, now))
        }
        ["close"] => {
            *lab = Lab { version: lab.version, ..Lab::default() };
            Ok(String::new())
        }
        ["numbers"] => Ok(table_of_numbers(korean)),
        _ if lab.open == Open::Nothing => Err(voice
            .pick(
                "open it first: lab open day, or lab open machines",
                "먼저 엽니다: lab open day 또는 lab open machines",
            )
            .to_owned()),
        ["exec", name, ref rest @ ..] if lab.open == Open::Machines => {
            return exec(lab, name, rest, args, now, &voice);
        }
        ["deploy", module, guest] if lab.open == Open::Machines => return deploy(lab, module, guest, &voice),
        _ if lab.open == Open::Day => of_day(lab, &words, &voice),
        _ => of_machines(lab, &words, now, &voice),
    };
    match answer {
        Ok(out) => Printed::out(out),
        Err(why) => Printed::failed(1, format!("lab: {why}\n")),
    }
}

type Answer = Result<String, String>;

fn unknown(words: &[&str], voice: &Voice) -> Answer {
    let line = words.join(" ");
    Err(if voice.0 {
        format!("{line:?}: 그런 명령은 없습니다. lab help를 봅니다")
    } else {
        format!("{line:?}: no such command; see lab help")
    })
}

fn number(text: &str, voice: &Voice) -> Result<usize, String> {
    text.parse().map_err(|_| {
        if voice.0 {
            format!("{text:?}: 0 이상의 정수가 필요합니다")
        } else {
            format!("{text:?}: a whole number is wanted")
        }
    })
}

/// What stands outside of flags, and the flags with their values.
type Sorted<'a> = (Vec<&'a str>, Vec<(&'a str, &'a str)>);

/// The value of `--name VALUE` or `--name=VALUE`, and what stands outside of flags.
fn flags<'a>(
    words: &[&'a str],
    (named, bare): (&[&str], &[&str]),
    voice: &Voice,
) -> Result<Sorted<'a>, String> {
    let (mut plain, mut found) = (Vec::new(), Vec::new());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let Some(flag) = word.strip_prefix("--") else {
            plain.push(*word);
            continue;
        };
        if bare.contains(&flag) {
            found.push((flag, ""));
        } else if let Some((name, value)) = flag.split_once('=').filter(|(name, _)| named.contains(name)) {
            found.push((name, value));
        } else if named.contains(&flag) {
            let value = rest.next().copied().ok_or_else(|| {
                format!("--{flag}: {}", voice.pick("a value is missing", "값이 빠졌습니다"))
            })?;
            found.push((flag, value));
        } else {
            let no = voice
                .pick("there is no such option; see lab help", "그런 옵션은 없습니다. lab help를 봅니다");
            return Err(format!("--{flag}: {no}"));
        }
    }
    Ok((plain, found))
}

fn flag<'a>(found: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    found.iter().rev().find(|f| f.0 == name).map(|f| f.1)
}

// ---- the day ---------------------------------------------------------------------------------------------------------

fn of_day(lab: &mut Lab, words: &[&str], voice: &Voice) -> Answer {
    match *words {
        ["services"] => Ok(services()),
        ["servers"] => Ok(planned(&lab.plan)),
        ["place" | "servers", service, n] => place(&mut lab.plan, service, number(n, voice)?, false, voice),
        ["spares" | "spare", service, n] => place(&mut lab.plan, service, number(n, voice)?, true, voice),
        ["pool", "off"] => {
            lab.plan.pool = None;
            Ok(planned(&lab.plan))
        }
        ["pool", n] => {
            lab.plan.pool = Some(number(n, voice)?.clamp(1, MOST_SERVERS));
            Ok(planned(&lab.plan))
        }
        ["failures", "bad"] => {
            lab.plan.failures = BAD_DAY.to_vec();
            Ok(failures(&lab.plan, voice))
        }
        ["failures", "none"] => {
            lab.plan.failures.clear();
            Ok(failures(&lab.plan, voice))
        }
        ["failures"] => Ok(failures(&lab.plan, voice)),
        ["fail", ref rest @ ..] => fail_at(lab, rest, voice),
        ["play-day"] | ["play", "day"] => {
            let played = day::play(&lab.plan);
            lab.plays += 1;
            lab.pool_last = played.pooled;
            let out = result(&played, voice);
            let place = if played.pooled { &mut lab.in_pool } else { &mut lab.by_hand };
            *place = Some(played);
            Ok(out)
        }
        _ => unknown(words, voice),
    }
}

fn clock(at: i64) -> String {
    format!("{:02}:{:02}", at / 3_600, at / 60 % 60)
}

fn services() -> String {
    let mut out = format!(
        "{:<9}{:<13}{:<10}{:>6}   {:<14}{}\n",
        "SERVICE", "PEOPLE IN", "ZONE", "PEAK", "BUSY (UTC)", "QUIET"
    );
    for (i, (name, city, zone)) in SERVICES.iter().enumerate() {
        let hour = |local: i64| clock((local - zone).rem_euclid(24) * 3_600);
        let peak = (0..24).map(|h| day::demand(i, h * 3_600)).max().unwrap_or(0);
        out.push_str(&format!(
            "{name:<9}{city:<13}UTC{zone:<+7}{peak:>4}/s   {}-{}   4/s\n",
            hour(10),
            hour(17)
        ));
    }
    out
}

fn place(plan: &mut Plan, service: &str, n: usize, spare: bool, voice: &Voice) -> Answer {
    let n = n.min(MOST_SERVERS);
    let row = if spare { &mut plan.spares } else { &mut plan.servers };
    match SERVICES.iter().position(|s| s.0 == service) {
        Some(i) => row[i] = n,
        None if service == "all" => *row = [n; 3],
        None => return no_service(service, voice),
    }
    plan.pool = None;
    Ok(planned(plan))
}

fn no_service<T>(service: &str, voice: &Voice) -> Result<T, String> {
    Err(if voice.0 {
        format!("{service:?}: 그런 서비스는 없습니다. shop, bank, news, all 가운데 고릅니다")
    } else {
        format!("{service:?}: no such service; there are shop, bank, news, and all")
    })
}

fn planned(plan: &Plan) -> String {
    if let Some(n) = plan.pool {
        return format!("{:<9}{:>7}\n{:<9}{n:>7}\n", "POOL", "SERVERS", "all");
    }
    let mut out = format!("{:<9}{:>7}{:>8}\n", "SERVICE", "SERVERS", "SPARES");
    for (i, (name, ..)) in SERVICES.iter().enumerate() {
        out.push_str(&format!("{name:<9}{:>7}{:>8}\n", plan.servers[i], plan.spares[i]));
    }
    let sum = |row: &[usize; 3]| row.iter().sum::<usize>();
    out.push_str(&format!("{:<9}{:>7}{:>8}\n", "", sum(&plan.servers), sum(&plan.spares)));
    out
}

fn failures(plan: &Plan, voice: &Voice) -> String {
    if plan.failures.is_empty() {
        return voice.pick("Nothing fails.\n", "아무것도 고장 나지 않습니다.\n").to_owned();
    }
    let mut all = plan.failures.clone();
    all.sort_by_key(|f| f.at);
    let mut out = format!("{:<8}{:<9}{}\n", "UTC", "WHAT", "OF");
    for failure in all {
        let what = if failure.what == What::Server { "server" } else { "program" };
        out.push_str(&format!("{:<8}{what:<9}{}\n", clock(failure.at), SERVICES[failure.service].0));
    }
    out
}

fn fail_at(lab: &mut Lab, words: &[&str], voice: &Voice) -> Answer {
    let (plain, found) = flags(words, (&["at"], &["program"]), voice)?;
    let [service] = plain[..] else { return unknown(words, voice) };
    let Some(service) = SERVICES.iter().position(|s| s.0 == service) else {
        return no_service(service, voice);
    };
    let text = flag(&found, "at").unwrap_or("12:00");
    let at = text.split_once(':').and_then(|(h, m)| Some((h.parse::<i64>().ok()?, m.parse::<i64>().ok()?)));
    let Some((hour, minute)) = at.filter(|(h, m)| (0..24).contains(h) && (0..60).contains(m)) else {
        return Err(if voice.0 {
            format!("{text:?}: 09:30과 같은 시각이 필요합니다")
        } else {
            format!("{text:?}: a time such as 09:30 is wanted")
        });
    };
    if lab.plan.failures.len() >= MOST_FAILURES {
        return Err(voice.pick("that is enough for one day", "하루치로는 충분합니다").to_owned());
    }
    let what = if flag(&found, "program").is_some() { What::Program } else { What::Server };
    lab.plan.failures.push(Failure { at: hour * 3_600 + minute * 60, what, service });
    Ok(failures(&lab.plan, voice))
}

/// Thousands with commas.
fn thousands(n: i64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn result(played: &Played, voice: &Voice) -> String {
    let mut out = format!("{:<9}{:>13}{:>12}{:>12}\n", "SERVICE", "SERVED", "LOST", "SHORT FOR");
    for (i, (name, ..)) in SERVICES.iter().enumerate() {
        out.push_str(&format!(
            "{name:<9}{:>13}{:>12}{:>9}{:02}s\n",
            thousands(played.served[i]),
            thousands(played.lost[i]),
            format!("{}m", played.short[i] / 60),
            played.short[i] % 60
        ));
    }
    let servers = match (played.pooled, voice.0) {
        (false, false) => format!("{} servers + {} spares, by hand", played.servers, played.spares),
        (false, true) => format!("서버 {}대 + 예비 {}대, 손으로", played.servers, played.spares),
        (true, false) => format!("a pool of {} servers", played.servers),
        (true, true) => format!("서버 {}대를 함께 씀", played.servers),
    };
    let (lost, pages, night, tickets) =
        (thousands(played.all_lost()), played.pages(), played.night_pages(), played.tickets());
    out.push_str(&if voice.0 {
        format!("\n{servers}. 잃은 요청 {lost}건, 호출 {pages}번(밤에 {night}번), 아침에 볼 일 {tickets}건\n")
    } else {
        format!("\n{servers}: {lost} requests lost, {pages} calls ({night} at night), {tickets} left for the morning\n")
    });
    out
}

// ---- machines --------------------------------------------------------------------------------------------------------

fn refused(why: &Refused, voice: &Voice) -> String {
    let (en, ko) = match why {
        Refused::Nothing(name) => (
            format!("{name}: there is no machine of this name"),
            format!("{name}: 그런 이름의 머신은 없습니다"),
        ),
        Refused::Taken(name) => {
            (format!("{name}: the name is taken"), format!("{name}: 이미 쓰는 이름입니다"))
        }
        Refused::BadName(name) => (
            format!("{name:?}: a name has small letters, digits and hyphens"),
            format!("{name:?}: 이름에는 영어 소문자와 숫자, 붙임표만 씁니다"),
        ),
        Refused::NoHypervisor(name) => (
            format!("{name} has no hypervisor: a guest needs one (metal-1)"),
            format!("{name}: 하이퍼바이저가 없습니다. 게스트는 하이퍼바이저 위에서만 돕니다(metal-1)"),
        ),
        Refused::NoEngine(name) => (
            format!("{name} has no container engine: use metal-2 or a guest"),
            format!("{name}: 컨테이너 엔진이 없습니다. metal-2나 게스트를 씁니다"),
        ),
        Refused::NoMemory { on, free, wanted } => (
            format!("{on}: {wanted} MiB are wanted and {free} MiB are free"),
            format!("{on}: {wanted} MiB가 필요한데 {free} MiB가 남아 있습니다"),
        ),
        Refused::NotGuest(name) => (format!("{name} is not a guest"), format!("{name}: 게스트가 아닙니다")),
        Refused::Down(name) => (format!("{name} is down"), format!("{name}: 꺼져 있습니다")),
        Refused::TooMany => ("there are too many machines".into(), "머신이 너무 많습니다".into()),
    };
    if voice.0 { ko } else { en }
}

fn of_machines(lab: &mut Lab, words: &[&str], now: Time, voice: &Voice) -> Answer {
    let no = |why: Refused| refused(&why, voice);
    let rack = &mut lab.rack;
    match *words {
        ["servers"] => Ok(servers(rack, now)),
        ["guests"] => Ok(guests(rack, now)),
        ["containers"] => Ok(containers(rack, now)),
        ["run", "guest", ref rest @ ..] => {
            let (plain, found) = flags(rest, (&["on", "memory", "cpus"], &[]), voice)?;
            let [name] = plain[..] else { return unknown(words, voice) };
            let int = |flag_name: &str, default: usize| {
                flag(&found, flag_name).map_or(Ok(default), |n| number(n, voice))
            };
            let (memory, cpus) = (int("memory", 2_048)?, int("cpus", 2)?);
            let small = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            let on = flag(&found, "on").unwrap_or(rack::HYPERVISOR);
            rack.start_guest(name, on, small(memory), small(cpus), now).map_err(no)?;
            Ok(if voice.0 {
                format!("{on}에서 게스트 {name}: 시작합니다\n")
            } else {
                format!("guest {name} starts on {on}\n")
            })
        }
        ["run", "container", ref rest @ ..] => {
            let (plain, found) = flags(rest, (&["on", "name"], &[]), voice)?;
            let [module] = plain[..] else { return unknown(words, voice) };
            let module = known_module(module, voice)?;
            let name = flag(&found, "name").unwrap_or(module.name);
            let on = flag(&found, "on").unwrap_or(rack::ENGINE);
            rack.start_container(name, module, on, now).map_err(no)?;
            Ok(if voice.0 {
                format!("{on}에서 컨테이너 {name}: 시작합니다\n")
            } else {
                format!("container {name} starts on {on}\n")
            })
        }
        ["install", guest, java] => {
            let java = match java {
                "jdk:8" => 8,
                "jdk:21" => 21,
                _ => {
                    return Err(voice
                        .pick("there are jdk:8 and jdk:21", "jdk:8과 jdk:21이 있습니다")
                        .to_owned());
                }
            };
            rack.install(guest, java).map_err(no)?;
            let mut out = format!("{guest}: jdk:{java}\n");
            for (module, refused) in rack.find(guest).map_err(no)?.states() {
                out.push_str(&format!(
                    "{}: {}\n",
                    module.name,
                    refused.unwrap_or(voice.pick("running", "실행 중"))
                ));
            }
            Ok(out)
        }
        ["scale", name, n] => {
            let n = number(n, voice)?;
            rack.scale(name, n, now).map_err(no)?;
            let kind = rack.find(name).map_err(no)?.kind;
            Ok(if kind == Kind::Guest { guests(rack, now) } else { containers(rack, now) })
        }
        ["load", "c", n] => {
            rack.load = i64::try_from(number(n, voice)?).unwrap_or(i64::MAX).min(100_000);
            Ok(loaded(rack, now, voice))
        }
        ["break", ref rest @ ..] => {
            let (plain, found) = flags(rest, (&[], &["kernel"]), voice)?;
            let [name] = plain[..] else { return unknown(words, voice) };
            let hole = flag(&found, "kernel").is_some();
            lab.reached = rack.break_into(name, hole).map_err(no)?;
            Ok(broken(rack, name, &lab.reached, voice))
        }
        ["fail", name] => {
            lab.fallen = rack.fail(name).map_err(no)?;
            Ok(format!("{}: {}\n", voice.pick("down", "꺼짐"), lab.fallen.join(" ")))
        }
        ["repair" | "start", name] => {
            rack.repair(name, now).map_err(no)?;
            let ready = rack.find(name).map_err(no)?.ready_at.since(now);
            Ok(format!("{name}: {} s\n", ready / 1_000))
        }
        ["rm", name] => {
            rack.remove(name).map_err(no)?;
            Ok(format!("{name}\n"))
        }
        ["path", name] => Ok(path(rack, rack.find(name).map_err(no)?, voice)),
        ["compare"] => Ok(compare(voice)),
        _ => unknown(words, voice),
    }
}

fn known_module(name: &str, voice: &Voice) -> Result<rack::Module, String> {
    rack::module(name).ok_or_else(|| {
        if voice.0 {
            format!("{name:?}: 모듈은 a, b, c입니다")
        } else {
            format!("{name:?}: the modules are a, b and c")
        }
    })
}

fn deploy(lab: &mut Lab, module: &str, guest: &str, voice: &Voice) -> Printed {
    let done = known_module(module, voice)
        .and_then(|module| lab.rack.deploy(guest, module).map_err(|why| refused(&why, voice)));
    match done {
        Ok(None) => Printed::out(format!("{module}: {}\n", voice.pick("running", "실행 중"))),
        Ok(Some(java)) => Printed::failed(1, format!("Exception in thread \"main\" {java}\n")),
        Err(why) => Printed::failed(1, format!("lab: {why}\n")),
    }
}

fn exec(lab: &Lab, name: &str, rest: &[&str], args: &[String], now: Time, voice: &Voice) -> Printed {
    let machine = match lab.rack.find(name) {
        Ok(machine) => machine,
        Err(why) => return Printed::failed(1, format!("lab: {}\n", refused(&why, voice))),
    };
    if !machine.ready(now) {
        let why = if machine.up {
            let left = (machine.ready_at.since(now) + 999) / 1_000;
            if voice.0 {
                format!("{name}: 아직 시작하는 중입니다. {left}초 남았습니다")
            } else {
                format!("{name} is starting: {left} s to go")
            }
        } else {
            refused(&Refused::Down(name.to_owned()), voice)
        };
        return Printed::failed(1, format!("lab: {why}\n"));
    }
    let skip = 2 + usize::from(rest.first() == Some(&"--"));
    let argv = args.get(skip..).unwrap_or_default();
    if argv.is_empty() {
        return Printed::failed(
            1,
            format!("lab: {}\n", voice.pick("which command?", "어떤 명령을 실행할까요?")),
        );
    }
    inside::run(&lab.rack, machine, argv)
}

fn state(machine: &Machine, now: Time) -> String {
    match (machine.up, machine.ready(now)) {
        (false, _) => "down".into(),
        (true, false) => format!("starting ({}s)", (machine.ready_at.since(now) + 999) / 1_000),
        (true, true) if machine.broken => "broken into".into(),
        (true, true) if machine.reached => "reached".into(),
        (true, true) => "ready".into(),
    }
}

fn modules(machine: &Machine) -> String {
    let all: Vec<String> = machine
        .states()
        .map(|(m, no)| format!("{}{}", m.name, if no.is_some() { "!" } else { "" }))
        .collect();
    if all.is_empty() { "-".into() } else { all.join(",") }
}

fn servers(rack: &Rack, now: Time) -> String {
    let mut out = format!(
        "{:<9}{:<22}{:>5}{:>19}{:>19}   {:<19}{}\n",
        "SERVER", "RUNS", "CPUS", "MEMORY USED (MiB)", "DISK USED (MiB)", "KERNEL", "STATE"
    );
    for server in rack.machines.iter().filter(|m| m.is_server()) {
        let runs = if server.kind == Kind::Hypervisor { "hypervisor (type 1)" } else { "container engine" };
        out.push_str(&format!(
            "{:<9}{runs:<22}{:>5}{:>19}{:>19}   {:<19}{}\n",
            server.name,
            server.cpus,
            format!("{}/{}", rack.holds(server), server.memory),
            format!("{}/{}", rack.disk(server), rack.disk_size()),
            rack.kernel(server),
            state(server, now)
        ));
    }
    out
}

fn guests(rack: &Rack, now: Time) -> String {
    let mut out = format!(
        "{:<14}{:<9}{:>5}{:>14}{:>12}   {:<17}{:<6}{:<9}{}\n",
        "GUEST", "ON", "CPUS", "MEMORY (MiB)", "USED (MiB)", "KERNEL", "JAVA", "MODULES", "STATE"
    );
    for guest in rack.machines.iter().filter(|m| m.kind == Kind::Guest) {
        out.push_str(&format!(
            "{:<14}{:<9}{:>5}{:>14}{:>12}   {:<17}{:<6}{:<9}{}\n",
            guest.name,
            guest.on,
            guest.cpus,
            guest.memory,
            rack.used_inside(guest),
            rack.kernel(guest),
            guest.java.map_or("-".into(), |j| j.to_string()),
            modules(guest),
            state(guest, now)
        ));
    }
    out
}

fn containers(rack: &Rack, now: Time) -> String {
    let mut out = format!(
        "{:<14}{:<14}{:<10}{:<14}{:>12}{:>6}   {:<19}{}\n",
        "CONTAINER", "ID", "ON", "IMAGE", "USED (MiB)", "PID", "KERNEL", "STATE"
    );
    for container in rack.machines.iter().filter(|m| m.kind == Kind::Container) {
        let image = container.modules.first().map_or("-".into(), |m| format!("module-{}:1", m.name));
        out.push_str(&format!(
            "{:<14}{:<14}{:<10}{image:<14}{:>12}{:>6}   {:<19}{}\n",
            container.name,
            inside::id(container),
            container.on,
            rack.holds(container),
            container.pid,
            rack.kernel(container),
            state(container, now)
        ));
    }
    out
}

fn loaded(rack: &Rack, now: Time, voice: &Voice) -> String {
    let (wanted, can) = (rack.load, rack.capacity(rack::MODULES[2], now));
    let lost = (wanted - can).max(0);
    if voice.0 {
        format!("c: 초당 {wanted}건이 오고, {can}건을 받을 수 있고, {lost}건을 잃습니다\n")
    } else {
        format!("c: {wanted}/s wanted, {can}/s possible, {lost}/s lost\n")
    }
}

fn broken(rack: &Rack, name: &str, reached: &[String], voice: &Voice) -> String {
    let Some(machine) = rack.get(name) else { return String::new() };
    let owner = &rack.kernel_owner(machine).name;
    let mut out = format!("{}: {}\n", voice.pick("reached", "손이 닿는 곳"), reached.join(" "));
    let wall = match (machine.kind, reached.len()) {
        (Kind::Container, 1) => {
            if voice.0 {
                format!("다음 벽: {owner}의 커널. 다른 컨테이너도 같은 커널을 씁니다\n")
            } else {
                format!("the next wall: the kernel of {owner}, which other containers use too\n")
            }
        }
        (Kind::Container, _) => {
            if voice.0 {
                format!("{owner}의 커널이 뚫려 그 위의 모든 것이 열렸습니다\n")
            } else {
                format!("the kernel of {owner} is breached: all on it lies open\n")
            }
        }
        (Kind::Guest, _) => {
            if voice.0 {
                "다음 벽: 하이퍼바이저. 커널은 이 게스트만의 것입니다\n".to_owned()
            } else {
                "the next wall: the hypervisor; the kernel is this guest's own\n".to_owned()
            }
        }
        _ => String::new(),
    };
    out.push_str(&wall);
    out
}

/// The way of a disk write, one station a line.
fn path(rack: &Rack, machine: &Machine, voice: &Voice) -> String {
    let mut stations: Vec<String> = Vec::new();
    let mut here = Some(machine);
    while let Some(at) = here {
        match at.kind {
            Kind::Container => {
                stations.push(format!(
                    "{}: {}",
                    at.name,
                    voice.pick("process in namespaces", "네임스페이스 안의 프로세스")
                ));
            }
            Kind::Guest => {
                stations.push(format!(
                    "{}: {} {}",
                    at.name,
                    voice.pick("guest kernel", "게스트 커널"),
                    rack.kernel(at)
                ));
                stations.push(format!(
                    "{}: {}",
                    at.name,
                    voice.pick("virtual disk (virtio)", "가상 디스크(virtio)")
                ));
            }
            Kind::Hypervisor => {
                stations.push(format!(
                    "{}: {}",
                    at.name,
                    voice.pick("hypervisor, device emulation", "하이퍼바이저, 장치 에뮬레이션")
                ));
                stations.push(format!("{}: {}", at.name, voice.pick("disk", "디스크")));
            }
            Kind::Engine => {
                stations.push(format!("{}: {} {}", at.name, voice.pick("kernel", "커널"), rack.kernel(at)));
                stations.push(format!("{}: {}", at.name, voice.pick("disk", "디스크")));
            }
        }
        here = rack.get(&at.on);
    }
    let mut out = String::new();
    for (i, station) in stations.iter().enumerate() {
        out.push_str(&format!("{} {station}\n", i + 1));
    }
    let in_guest = stations.iter().any(|s| s.contains("virtio"));
    let percent = if in_guest { numbers::GUEST_IOPS_PERCENT } else { 100 };
    out.push_str(&if voice.0 {
        format!("임의 입출력: 서버에서 바로 할 때의 약 {percent} %\n")
    } else {
        format!("random reads and writes: about {percent} % of those on the server itself\n")
    });
    out
}

/// One module in a guest of its own and in a container, and how many fit on a server.
fn compare(voice: &Voice) -> String {
    let small = 1_024;
    let server = rack::Rack::default().machines[0].memory;
    let guest = small + numbers::guest_overhead_mib(small);
    let container = numbers::MODULE_MIB + numbers::SHIM_MIB;
    let fit = |base: i64, each: i64| (server - base) / each;
    let say = |en: &str, ko: &str| voice.pick(en, ko).to_owned();
    let rows = [
        (say("starts in", "시작하는 시간"), say("25 s", "25초"), say("0.3 s", "0.3초")),
        (say("kernel", "커널"), say("its own", "자기 것"), say("the host's", "호스트의 것")),
        (say("memory for one", "하나의 메모리"), format!("{guest} MiB"), format!("{container} MiB")),
        (
            say("disk for the first", "첫 하나의 디스크"),
            format!("{} MiB", numbers::GUEST_DISK_MIB + numbers::JAVA_IMAGE_MIB),
            format!("{} MiB", numbers::JAVA_IMAGE_MIB),
        ),
        (
            say("disk for each more", "하나 더할 때의 디스크"),
            format!("{} MiB", numbers::GUEST_DISK_MIB + numbers::JAVA_IMAGE_MIB),
            say("a thin layer", "얇은 레이어"),
        ),
        (
            say("on one server", "서버 한 대에 들어가는 수"),
            fit(numbers::HYPERVISOR_MIB, guest).to_string(),
            fit(numbers::HOST_SYSTEM_MIB, container).to_string(),
        ),
        (
            say("random disk I/O", "임의 디스크 입출력"),
            format!("~{} %", numbers::GUEST_IOPS_PERCENT),
            "100 %".to_owned(),
        ),
        (
            say("a kernel hole opens", "커널이 뚫리면 열리는 곳"),
            say("one guest", "게스트 하나"),
            say("the host", "호스트"),
        ),
    ];
    let mut out = format!("{}{}CONTAINER\n", padded("ONE MODULE", 26), padded("GUEST", 14));
    for (what, guest, container) in rows {
        out.push_str(&format!("{}{}{container}\n", padded(&what, 26), padded(&guest, 14)));
    }
    out
}

/// A cell of so many columns of a terminal, in which Korean letters take two.
fn padded(text: &str, columns: usize) -> String {
    let width: usize = text.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum();
    format!("{text}{}", " ".repeat(columns.saturating_sub(width)))
}

fn table_of_numbers(korean: bool) -> String {
    numbers::TABLE
        .iter()
        .map(|n| format!("{}: {}\n    {}\n", n.what[usize::from(korean)], n.amount, n.source))
        .collect()
}
