//! The answer to "why?": a sentence, what is almost right, the chain of writes, the verdict of each node.

use objects::Value;
use smol_str::{SmolStr, format_smolstr};
use why::{Near, Step, Verdict, Why};

use crate::format::reading;
use crate::i18n::Texts;
use crate::mark::Mark;
use crate::stage::facts::object_id;

type Marks = Vec<(SmolStr, Mark)>;

/// `command` finds the learner's own words for a write of theirs; `zero` is when the cluster began, in ms.
#[must_use]
pub fn answer(
    why: &Why,
    texts: &Texts,
    korean: bool,
    zero: i64,
    command: &dyn Fn(&Step) -> Option<SmolStr>,
) -> Marks {
    let mut out = Marks::new();
    let class = if why.fine { "because fine" } else { "because" };
    out.push(("head".into(), Mark::new("p", class).says(why.headline.text(korean))));
    for (i, near) in why.near.iter().enumerate() {
        out.push((format_smolstr!("near {i}"), almost(near, texts, korean)));
    }
    for (i, detail) in why.details.iter().enumerate() {
        out.push((format_smolstr!("detail {i}"), Mark::new("p", "detail").says(detail.text(korean))));
    }
    if let Some(next) = why.next {
        let says = (texts.inspector().next_try)(&reading(next.0 - zero));
        out.push(("next".into(), Mark::new("p", "detail").says(says)));
    }
    if !why.chain.is_empty() {
        out.push(("chain h".into(), Mark::new("h3", "sec").says(texts.inspector().chain)));
        let mut list = Mark::new("ol", "chain");
        for (i, step) in why.chain.iter().enumerate() {
            list.add(link(i, step, texts, korean, zero, command(step)));
        }
        out.push(("chain".into(), list));
    }
    if !why.verdicts.is_empty() {
        out.push(("verdicts h".into(), Mark::new("h3", "sec").says(texts.inspector().verdicts)));
        out.push(("verdicts".into(), verdicts(why, texts, korean)));
        if let Some(table) = scores(why, texts) {
            out.push(("scores h".into(), Mark::new("h3", "sec").says(texts.inspector().scores)));
            out.push(("scores".into(), table));
        }
    }
    out
}

fn almost(near: &Near, texts: &Texts, korean: bool) -> Mark {
    let mut mark = Mark::new("div", "near");
    mark.add(Mark::new("p", "").says(near.say.text(korean)));
    let mut fix = Mark::new("p", "m fix").at("lang", "en");
    fix.add(Mark::new("span", "").says(near.field.as_str()));
    fix.add(Mark::new("del", "").says(near.have.as_str()));
    if !near.want.is_empty() {
        fix.add(Mark::new("span", "").at("aria-label", texts.inspector().instead).says("→"));
        fix.add(Mark::new("ins", "").says(near.want.as_str()));
    }
    mark.add(fix);
    mark
}

fn link(i: usize, step: &Step, texts: &Texts, korean: bool, zero: i64, command: Option<SmolStr>) -> Mark {
    let mut item = Mark::new("li", "");
    let mut head = Mark::new("p", "who");
    head.add(Mark::new("i", "no").at("aria-hidden", "true").says(format_smolstr!("{}", i + 1)));
    let actor = if step.actor == "you" { texts.time().you } else { step.actor.as_str() };
    head.add(Mark::new("b", "").says(actor));
    let when = Mark::new("button", "link m when")
        .at("data-revision", format_smolstr!("{}", step.revision))
        .at("title", texts.inspector().go_there)
        .says(format_smolstr!("{} · rev {}", reading(step.at.0 - zero), step.revision));
    head.add(when);
    item.add(head);
    if let Some(line) = command {
        item.add(Mark::new("p", "m line").at("lang", "en").says(line));
    }
    let s = &step.subject;
    let id = object_id(&s.resource, &s.namespace, &s.name);
    let what = Mark::new("button", "link what").at("data-id", id).says(step.what.text(korean));
    item.add(what);
    for field in &step.fields {
        let mut row = Mark::new("p", "m fix").at("lang", "en");
        row.add(Mark::new("span", "").says(field.path.as_str()));
        row.add(Mark::new("del", "").says(field.old.as_str()));
        row.add(Mark::new("span", "").says("→"));
        row.add(Mark::new("ins", "").says(field.new.as_str()));
        item.add(row);
    }
    item
}

fn verdicts(why: &Why, texts: &Texts, korean: bool) -> Mark {
    let mut table = Mark::new("table", "verdicts");
    let mut head = Mark::new("tr", "");
    for name in [texts.inspector().node, texts.inspector().verdict, texts.inspector().reason] {
        head.add(Mark::new("th", "").at("scope", "col").says(name));
    }
    table.add(Mark::new("thead", "").with(head));
    let mut body = Mark::new("tbody", "");
    for v in &why.verdicts {
        let (class, icon, word) = match (v.chosen, v.fits) {
            (true, _) => ("yes", "#i-check", texts.inspector().chosen),
            (false, true) => ("yes", "#i-check", texts.inspector().fits),
            (false, false) => ("no", "#i-x", texts.inspector().refused),
        };
        let mut row = Mark::new("tr", if v.chosen { "chosen" } else { "" });
        row.add(Mark::new("th", "m").at("scope", "row").says(v.node.as_str()));
        let mut cell = Mark::new("td", "").at("class", format_smolstr!("cond {class}"));
        let drawing = Mark::new("svg", "ic").at("aria-hidden", "true");
        cell.add(drawing.with(Mark::new("use", "").at("href", icon)));
        cell.add(Mark::new("span", "").says(word));
        row.add(cell);
        let mut reason = Mark::new("td", "").says(v.reason.text(korean));
        if !v.plugin.is_empty() {
            reason = Mark::new("td", "").with(Mark::new("span", "").says(v.reason.text(korean)));
            reason.add(Mark::new("small", "m").says(v.plugin));
        }
        row.add(reason);
        body.add(row);
    }
    table.add(body);
    table
}

/// Nodes whose scores stand side by side, the best.
const SCORED: usize = 8;

/// What each plugin gave the nodes that fit: a row for each plugin, a column for each node.
fn scores(why: &Why, texts: &Texts) -> Option<Mark> {
    let total = |v: &Verdict| v.scores.iter().map(|s| s.weighted).sum::<i64>();
    let mut nodes: Vec<&Verdict> = why.verdicts.iter().filter(|v| !v.scores.is_empty()).collect();
    nodes.sort_by_key(|v| (!v.chosen, -total(v)));
    nodes.truncate(SCORED);
    let first = nodes.first()?;
    let column = |v: &Verdict| if v.chosen { "m chosen" } else { "m" };
    let mut table = Mark::new("table", "verdicts");
    let mut head = Mark::new("tr", "");
    head.add(Mark::new("th", "").at("scope", "col").says(texts.inspector().plugin));
    for v in &nodes {
        head.add(Mark::new("th", column(v)).at("scope", "col").says(v.node.as_str()));
    }
    table.add(Mark::new("thead", "").with(head));
    let mut body = Mark::new("tbody", "");
    for (i, of) in first.scores.iter().enumerate() {
        let mut row = Mark::new("tr", "");
        row.add(Mark::new("td", "m").says(format_smolstr!("{} ×{}", of.plugin, of.weight)));
        for v in &nodes {
            row.add(Mark::new("td", column(v)).says(v.scores.get(i).map(|s| s.words()).unwrap_or_default()));
        }
        body.add(row);
    }
    let mut row = Mark::new("tr", "");
    row.add(Mark::new("th", "").at("scope", "row").says(texts.inspector().total));
    for v in &nodes {
        row.add(Mark::new("th", column(v)).says(format_smolstr!("{}", total(v))));
    }
    body.add(row);
    table.add(body);
    Some(Mark::new("div", "sideways").with(table))
}

/// The card at the top of a summary: what is wrong, in one sentence.
#[must_use]
pub fn card(why: &Why, texts: &Texts, korean: bool) -> Option<Mark> {
    if why.fine {
        return None;
    }
    let mut mark = Mark::new("button", "whycard").at("data-why", "");
    mark.add(Mark::new("b", "").says(texts.inspector().why_not));
    mark.add(Mark::new("span", "").says(why.headline.text(korean)));
    if let Some(near) = why.near.first() {
        mark.add(Mark::new("span", "").says(near.say.text(korean)));
    }
    Some(mark)
}

/// The subject of an id of the page.
#[must_use]
pub fn subject(id: &str) -> why::Subject {
    let (resource, namespace, name) = crate::stage::facts::split_id(id);
    why::Subject::new(resource, namespace, name)
}

/// What is asked for by a condition's name: the chain of its last flip in place of the object's own.
#[must_use]
pub fn of_condition(cluster: &cluster::Cluster, id: &str, object: &Value, kind: &str) -> Why {
    let condition = object.condition(kind);
    let says = |c: &Value| match c["message"].text() {
        "" => format!("{kind}={} {}", c["status"].text(), c["reason"].text()),
        message => format!("{kind}={}: {message}", c["status"].text()),
    };
    let subject = subject(id);
    let mut answer = why::why(cluster, &subject).unwrap_or_default();
    answer.details.insert(0, answer.headline.clone());
    answer.headline = why::Say::same(says(condition));
    answer.chain = why::of_condition(cluster, &subject, kind);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::session::Session;

    #[test]
    fn each_plugin_says_what_it_gave_each_node() {
        let mut session = Session::new(3, &[]);
        session.exec("kubectl run web --image=nginx:1.27", 1);
        session.advance(20_000);
        let why = why::why(session.cluster(), &subject("pods/default/web")).unwrap_or_default();
        let table = scores(&why, Lang::Ko.texts()).expect("three nodes fit");
        let said = table.all_text();
        for words in ["TaintToleration ×3", "0 > 100 = 300", "NodeResourcesFit ×1", "worker-3", "합계"] {
            assert!(said.contains(words), "{words} in {said}");
        }
        assert!(scores(&Why::default(), Lang::En.texts()).is_none());
    }

    #[test]
    fn an_answer_names_the_command_and_the_slip() {
        let mut session = Session::new(3, &[]);
        for line in [
            "kubectl create deployment web --image=nginx:1.27",
            "kubectl create service clusterip web --tcp=80:80",
            "kubectl set selector service web app=wbe",
        ] {
            session.exec(line, 1);
            session.advance(20_000);
        }
        let id = "services/default/web";
        let why = why::why(session.cluster(), &subject(id)).unwrap_or_default();
        for lang in [Lang::En, Lang::Ko] {
            let marks =
                answer(&why, lang.texts(), lang == Lang::Ko, 0, &|step| session.command_of(step.at.0));
            let all: Vec<String> = marks.iter().map(|(_, m)| m.all_text()).collect();
            let all = all.join("\n");
            assert!(all.contains("wbe → web"), "{all}");
            assert!(all.contains("set selector service web app=wbe"), "{all}");
            assert!(card(&why, lang.texts(), lang == Lang::Ko).is_some());
        }
    }
}
