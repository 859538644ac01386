//! The program `why`: why an object is as it is, and for a pod what the scheduler thought of each node.
//!
//! Owns: the command's words and its tables, in Korean and English. Does not own: the decision (the scheduler's record),
//! the answers (crates/why).

use cluster::{Cluster, Decision, Outcome, Verdict};
use objects::Value;
use ordered::Sort as _;

use crate::load::Printed;

/// Nodes listed one by one; of more the best are, and the refused are counted.
const NODES_LISTED: usize = 40;

const HELP_EN: &str = "\
Show why something is as it is: in a sentence, what is almost right, and the writes that led to it.

Usage:
  why KIND/NAME [-n NAMESPACE]

For a pod also the scheduler's last decision. For each node: which plugin refused it and why, or the score of each plugin: as given > from 0 to 100, and times its
weight.
";

const HELP_KO: &str = "\
무엇이 왜 지금 이런지 보여 줍니다. 한 문장의 답, 조금만 고치면 맞는 것, 여기까지 온 변경들입니다.

사용법:
  why 종류/이름 [-n 네임스페이스]

파드라면 스케줄러가 마지막으로 내린 결정도 보여 줍니다. 노드마다: 어느 플러그인이 왜 거절했는지, 아니면 플러그인별 점수(원래 점수 > 0에서 100 사이로 맞춘 점수, 그리고 가중치를
곱한 값).
";

pub(crate) fn run(args: &[String], ko: bool, cluster: &mut Cluster) -> Printed {
    match asked(args) {
        Asked::Help => Printed { out: if ko { HELP_KO } else { HELP_EN }.into(), ..Printed::default() },
        Asked::Wrong(why) => {
            let hint = if ko { "도움말: why --help" } else { "See 'why --help'." };
            Printed { err: format!("error: {why}\n{hint}\n"), code: 1, ..Printed::default() }
        }
        Asked::Pod { namespace, name } => match cluster.object("pods", &namespace, &name) {
            Some(pod) => {
                let mut out = answer(pod, cluster, ko);
                // Of one that waits for a node all is said but what is almost right; of one that has a node and is not
                // well, this is not why.
                let bound = !pod["spec"]["nodeName"].text().is_empty();
                let more = why::why(cluster, &why::Subject::new("pods", &namespace, &name));
                if let Some(why) = more.filter(|w| !w.fine) {
                    let more = if bound { told(&why, cluster, ko) } else { almost(&why, ko) };
                    if !more.is_empty() {
                        out.push('\n');
                        out.push_str(&more);
                    }
                }
                Printed { out, ..Printed::default() }
            }
            None => missing("pods", &name),
        },
        Asked::Other { kind, namespace, name } => {
            let Some(resource) = named(&kind) else {
                let err = format!("error: the server doesn't have a resource type \"{kind}\"\n");
                return Printed { err, code: 1, ..Printed::default() };
            };
            let place = if resource.namespaced { namespace.as_str() } else { "" };
            let subject = why::Subject::new(&resource.id, place, &name);
            match why::why(cluster, &subject) {
                Some(why) => Printed { out: told(&why, cluster, ko), ..Printed::default() },
                None => missing(&resource.id, &name),
            }
        }
    }
}

fn missing(resource: &str, name: &str) -> Printed {
    let err = format!("Error from server (NotFound): {resource} \"{name}\" not found\n");
    Printed { err, code: 1, ..Printed::default() }
}

/// The resource a learner means by `svc`, `deploy`, `Deployment` or `deployments.apps`.
fn named(word: &str) -> Option<&'static objects::resources::Resource> {
    let word = word.to_lowercase();
    let fits = |r: &&objects::resources::Resource| {
        r.id == word
            || r.plural == word
            || r.kind.to_lowercase() == word
            || r.short_names.iter().any(|s| *s == word)
    };
    objects::resources::all().iter().find(fits)
}

/// What is almost right.
fn almost(why: &why::Why, ko: bool) -> String {
    let mut out = String::new();
    for near in &why.near {
        out.push_str(&format!("! {}\n", near.say.text(ko)));
        let want = if near.want.is_empty() { String::new() } else { format!(" -> {}", near.want) };
        out.push_str(&format!("  {}: {}{want}\n", near.field, near.have));
    }
    out
}

/// The answer in a sentence, what is almost right, and the chain of writes.
fn told(why: &why::Why, cluster: &Cluster, ko: bool) -> String {
    let mut out = format!("{}\n{}", why.headline.text(ko), almost(why, ko));
    for detail in &why.details {
        out.push_str(&format!("  {}\n", detail.text(ko)));
    }
    if why.chain.is_empty() {
        return out;
    }
    let head = if ko { ["지남", "누가", "무엇을"] } else { ["AGO", "WHO", "WHAT"] };
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for step in &why.chain {
        let ago = clock::duration_short(cluster.now().since(step.at));
        rows.push(vec![ago, step.actor.to_string(), step.what.text(ko).to_owned()]);
    }
    out.push('\n');
    out.push_str(&table(&rows));
    out
}

#[derive(Debug, PartialEq)]
enum Asked {
    Help,
    Wrong(String),
    Pod { namespace: String, name: String },
    Other { kind: String, namespace: String, name: String },
}

fn asked(args: &[String]) -> Asked {
    let (mut namespace, mut words) = ("default".to_owned(), Vec::new());
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-h" | "--help" => return Asked::Help,
            "-n" | "--namespace" => match rest.next() {
                Some(n) => namespace.clone_from(n),
                None => return Asked::Wrong(format!("flag needs an argument: {word}")),
            },
            w if w.starts_with("--namespace=") || w.starts_with("-n=") => {
                namespace = w.split_once('=').map_or("", |(_, n)| n).to_owned();
            }
            w if w.starts_with('-') => return Asked::Wrong(format!("unknown flag: {w}")),
            w => words.push(w),
        }
    }
    let is_pod = |kind: &str| matches!(kind, "pod" | "pods" | "po");
    let name = match words.as_slice() {
        [] => return Asked::Help,
        [one] => match one.split_once('/') {
            Some((kind, name)) if is_pod(kind) => name,
            Some((kind, name)) => {
                return Asked::Other { kind: kind.to_owned(), namespace, name: name.to_owned() };
            }
            None => one,
        },
        [kind, name] if is_pod(kind) => name,
        [kind, name] => {
            return Asked::Other { kind: (*kind).to_owned(), namespace, name: (*name).to_owned() };
        }
        _ => return Asked::Wrong("one object at a time".into()),
    };
    Asked::Pod { namespace, name: name.to_owned() }
}

fn answer(pod: &Value, cluster: &Cluster, ko: bool) -> String {
    let say = |en: &str, in_korean: &str| if ko { in_korean.to_owned() } else { en.to_owned() };
    let name = format!("{}/{}", pod.namespace(), pod.name());
    let Some(decision) = cluster.decision(pod) else {
        let node = pod["spec"]["nodeName"].text();
        let gates = pod["spec"]["schedulingGates"].items();
        let scheduler = pod["spec"]["schedulerName"].text();
        let why = if !node.is_empty() {
            say(
                &format!("{name} was put on {node} without the scheduler."),
                &format!("{name} 파드는 스케줄러를 거치지 않고 {node} 노드에 놓였습니다."),
            )
        } else if !gates.is_empty() {
            let gates: Vec<&str> = gates.iter().map(|g| g["name"].text()).collect();
            let gates = gates.join(", ");
            say(
                &format!("{name} waits for its scheduling gates to be removed: {gates}"),
                &format!("{name} 파드는 스케줄링 게이트가 없어지기를 기다립니다: {gates}"),
            )
        } else if scheduler != "default-scheduler" {
            say(
                &format!("{name} asks for the scheduler \"{scheduler}\", which does not run here."),
                &format!("{name} 파드는 \"{scheduler}\" 스케줄러를 찾는데, 여기에는 없습니다."),
            )
        } else {
            let more = why::why(cluster, &why::Subject::new("pods", pod.namespace(), pod.name()));
            more.map(|w| w.headline.text(ko).to_owned()).unwrap_or_default()
        };
        return why + "\n";
    };
    let mut out = headline(&name, decision, cluster, ko);
    if !decision.has_table() {
        out.push_str(&say(
            "What was said of each node is no longer kept: the decision is too old.\n",
            "오래된 결정이라 노드별 내용은 남아 있지 않습니다.\n",
        ));
        return out;
    }
    out.push('\n');
    out.push_str(&verdicts(decision, ko));
    let scores = scores(decision, ko);
    if !scores.is_empty() {
        out.push('\n');
        out.push_str(&scores);
    }
    out
}

fn headline(name: &str, d: &Decision, cluster: &Cluster, ko: bool) -> String {
    let ago = (cluster.now().since(d.at) / 1_000).max(0);
    let (attempt, nodes, fitting) = (d.attempt, d.nodes, d.fitting);
    match &d.outcome {
        Outcome::Bound { node } if ko => format!(
            "{name} → {node}: {ago}초 전, {attempt}번째 시도. 노드 {nodes}개 가운데 {fitting}개가 맞았습니다.\n"
        ),
        Outcome::Bound { node } => format!(
            "{name} -> {node}: {ago}s ago, at attempt {attempt}. Of {nodes} nodes {fitting} were found to fit.\n"
        ),
        Outcome::WaitsForVolumes { node } if ko => {
            format!(
                "{name} → {node}: 볼륨이 바인딩되기를 기다리는 중입니다({ago}초 전, {attempt}번째 시도).\n"
            )
        }
        Outcome::WaitsForVolumes { node } => {
            format!(
                "{name} -> {node}: waits for its volumes to be bound ({ago}s ago, at attempt {attempt}).\n"
            )
        }
        Outcome::Unschedulable { message, nominated } => {
            let mut text = if ko {
                format!("{name} → 없음: {ago}초 전, {attempt}번째 시도. {message}\n")
            } else {
                format!("{name} -> none: {ago}s ago, at attempt {attempt}. {message}\n")
            };
            if !nominated.is_empty() {
                text.push_str(&if ko {
                    format!("{nominated} 노드에서 우선순위가 낮은 파드가 자리를 비우는 중입니다.\n")
                } else {
                    format!("Pods of lower priority make room for it on {nominated}.\n")
                });
            }
            text
        }
    }
}

fn verdicts(d: &Decision, ko: bool) -> String {
    let head = if ko { ["노드", "결과", "이유"] } else { ["NODE", "VERDICT", "WHY"] };
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let word = |en: &str, in_korean: &str| if ko { in_korean.to_owned() } else { en.to_owned() };
    let all: Vec<(&str, Verdict<'_>)> = d.verdicts().collect();
    let many = all.len() > NODES_LISTED;
    let mut counted: ordered::BTreeMap<(String, String), usize> = ordered::BTreeMap::new();
    let mut best: Vec<(bool, i64, &str)> = Vec::new();
    for (node, verdict) in &all {
        match verdict {
            Verdict::Refused { plugin, refusal } => {
                let why = format!("{plugin}: {}", refusal.reasons.join(", "));
                let refused = word("refused", "거절");
                if many {
                    *counted.entry((refused, why)).or_default() += 1;
                } else {
                    rows.push(vec![(*node).to_owned(), refused, why]);
                }
            }
            Verdict::NotVisited => {
                let why = word("enough nodes had been found", "맞는 노드를 이미 충분히 찾음");
                *counted.entry((word("not asked", "보지 않음"), why)).or_default() += 1;
            }
            Verdict::Fits { total, .. } => best.push((*node == d.node(), *total, node)),
        }
    }
    best.arrange_by(|a, b| b.0.cmp(&a.0).then(b.1.cmp(&a.1)));
    let fitting = best.len();
    let mut fits: Vec<Vec<String>> = Vec::new();
    for (chosen, total, node) in best.into_iter().take(NODES_LISTED) {
        let verdict = if chosen { word("chosen", "선택") } else { word("fits", "맞음") };
        let why = if fitting == 1 {
            word("the only one that fits", "맞는 유일한 노드")
        } else if ko {
            format!("점수 {total}")
        } else {
            format!("score {total}")
        };
        fits.push(vec![node.to_owned(), verdict, why]);
    }
    if fitting > NODES_LISTED {
        let more = fitting - NODES_LISTED;
        let nodes = if ko { format!("({more}개 더)") } else { format!("({more} more)") };
        fits.push(vec![nodes, word("fits", "맞음"), String::new()]);
    }
    rows.splice(1..1, fits);
    for ((verdict, why), n) in counted {
        let nodes = if ko { format!("(노드 {n}개)") } else { format!("({n} nodes)") };
        rows.push(vec![nodes, verdict, why]);
    }
    table(&rows)
}

fn scores(d: &Decision, ko: bool) -> String {
    if d.plugins().is_empty() {
        return String::new();
    }
    let mut head = vec![if ko { "점수".to_owned() } else { "SCORES".to_owned() }];
    head.extend(d.plugins().iter().map(|(plugin, weight)| format!("{plugin} x{weight}")));
    head.push(if ko { "합계".into() } else { "TOTAL".into() });
    let mut fits: Vec<(bool, i64, Vec<String>)> = Vec::new();
    for (node, verdict) in d.verdicts() {
        let Verdict::Fits { scores, total } = verdict else { continue };
        let mut row = vec![node.to_owned()];
        row.extend(scores.iter().map(cluster::PluginScore::words));
        row.push(total.to_string());
        fits.push((node == d.node(), total, row));
    }
    fits.arrange_by(|a, b| b.0.cmp(&a.0).then(b.1.cmp(&a.1)));
    let mut rows = vec![head];
    rows.extend(fits.into_iter().take(NODES_LISTED).map(|(_, _, row)| row));
    table(&rows)
}

/// How many columns a text takes: Hangul and its like take two each.
fn width(text: &str) -> usize {
    text.chars().map(|c| if ('\u{1100}'..='\u{ffe6}').contains(&c) && c != '→' { 2 } else { 1 }).sum()
}

/// Columns three blanks apart.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|c| rows.iter().filter_map(|r| r.get(c)).map(|t| width(t)).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (text, w) in row.iter().zip(&widths) {
            line.push_str(text);
            line.extend(std::iter::repeat_n(' ', w - width(text) + 3));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use cluster::ClusterConfig;

    use super::*;

    #[test]
    fn the_words_of_the_command() {
        let of = |line: &str| asked(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let pod = |namespace: &str, name: &str| Asked::Pod { namespace: namespace.into(), name: name.into() };
        for line in ["pod/web", "pods/web", "pod web", "web", "po/web -n default"] {
            assert_eq!(of(line), pod("default", "web"), "{line}");
        }
        assert_eq!(of("-n kube-system pod/x"), pod("kube-system", "x"));
        assert_eq!(of("pod/x --namespace=a"), pod("a", "x"));
        assert_eq!(of(""), Asked::Help);
        let other = Asked::Other { kind: "svc".into(), namespace: "default".into(), name: "web".into() };
        assert_eq!(of("svc/web"), other);
        assert_eq!(of("a b c"), Asked::Wrong("one object at a time".into()));
        assert_eq!(of("-z"), Asked::Wrong("unknown flag: -z".into()));
    }

    #[test]
    fn both_languages_print_the_same_rows() {
        let mut terminal = crate::Terminal::new();
        let mut cluster = Cluster::new(ClusterConfig::playground(1));
        let mut play = |terminal: &mut crate::Terminal, line: &str| {
            terminal.submit(line);
            terminal.finish(&mut cluster, 60_000);
            let out = terminal.take_output();
            out.iter().map(|o| String::from_utf8_lossy(&o.bytes).into_owned()).collect::<String>()
        };
        play(&mut terminal, "kubectl run web --image=nginx");
        play(&mut terminal, "kubectl wait --for=condition=Ready pod/web --timeout=50s");
        let english = play(&mut terminal, "why pod/web");
        assert!(english.contains("TaintToleration: node(s) had untolerated taint(s)"), "{english}");
        assert!(english.contains("chosen") && english.contains("NodeResourcesFit x1"), "{english}");
        let korean = play(&mut terminal, "LANG=ko_KR.UTF-8 why pod/web");
        assert!(korean.contains("선택") && korean.contains("거절"), "{korean}");
        assert_eq!(english.lines().count(), korean.lines().count());
        play(&mut terminal, "kubectl create service clusterip wbe --tcp=80:80");
        let service = play(&mut terminal, "why svc/wbe");
        assert!(service.contains("No endpoints") && service.contains("WHO"), "{service}");
        assert!(play(&mut terminal, "LANG=ko_KR.UTF-8 why Service wbe").contains("엔드포인트 없음"));
        assert!(play(&mut terminal, "why thing/wbe").contains("doesn't have a resource type"));
        assert_eq!(
            play(&mut terminal, "why pod/no"),
            "Error from server (NotFound): pods \"no\" not found\n"
        );
    }
}
