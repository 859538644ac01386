//! The stage in words: what stands out first, then nodes and pods, workloads, Services and what pods use.
//!
//! Owns: the order and the sentences. Does not own: what a kind of trouble means (`why`).

use ordered::BTreeMap;
use smol_str::{SmolStr, format_smolstr};

use super::facts::{ObjectId, split_id, thing_kind};
use super::filter::Filter;
use super::fleet::{cell_says, load, says};
use super::glyph::glyph;
use super::model::Model;
use crate::i18n::Texts;
use crate::mark::Mark;
use crate::state_words::PodState;

/// Lines of one part; the rest is counted.
const MOST: usize = 200;
/// With more pods than this in sight, nodes are told by their numbers.
const PODS: usize = 400;

fn item(id: &ObjectId, state: Option<PodState>, words: impl Into<SmolStr>) -> Mark {
    let mut button = Mark::new("button", "link").at("data-id", id.clone());
    if let Some(state) = state {
        let mut holder = Mark::new("span", state.class());
        holder.add(glyph(state, 0, 0, 14));
        button.add(holder);
    }
    button.add(Mark::new("span", "").says(words));
    Mark::new("li", "").with(button)
}

fn part(out: &mut Vec<(SmolStr, Mark)>, title: &'static str, items: Vec<Mark>, texts: &Texts) {
    if items.is_empty() {
        return;
    }
    let more = items.len().saturating_sub(MOST);
    let mut list = Mark::new("ul", "");
    list.children = items.into_iter().take(MOST).collect();
    if more > 0 {
        list.add(Mark::new("li", "s2").says(format_smolstr!("+{}", (texts.stage().more)(more as i64))));
    }
    out.push((format_smolstr!("{title} h"), Mark::new("h3", "sec").says(title)));
    out.push((title.into(), list));
}

/// All that the stage shows, as sentences.
#[must_use]
pub fn outline(
    model: &Model,
    filter: &Filter,
    unheard: &BTreeMap<ObjectId, SmolStr>,
    texts: &Texts,
) -> Vec<(SmolStr, Mark)> {
    let mut out = vec![("all".into(), Mark::new("p", "detail").says(says(model, texts)))];
    let ready = |service: &ObjectId| -> usize {
        let slices = model.slices.values().filter(|s| s.service == *service);
        slices.map(|s| s.endpoints.iter().filter(|e| e.ready).count()).sum()
    };
    let name = |id: &str| {
        let (_, namespace, name) = split_id(id);
        if namespace.is_empty() || namespace == "default" {
            SmolStr::from(name)
        } else {
            format_smolstr!("{namespace}/{name}")
        }
    };
    let mut first = Vec::new();
    for node in model.nodes.values().filter(|n| !n.ready || n.cordoned || !n.pressure.is_empty()) {
        let says = cell_says(node, &load(model, &node.name, filter), texts);
        first.push(item(&node.id, (!node.ready).then_some(PodState::Failed), says));
    }
    for id in model.missing().filter(|id| filter.place(split_id(id).1)) {
        let kind = thing_kind(split_id(id).0).unwrap_or_default();
        let users = model.used.get(id).map_or(0, |u| u.0);
        let says = format_smolstr!(
            "{kind} {}: {}, {}",
            name(id),
            texts.chart().missing,
            (texts.chart().used_by)(i64::try_from(users).unwrap_or(0))
        );
        first.push(item(id, Some(PodState::Failed), says));
    }
    for door in model.doors.values().filter(|d| filter.place(&d.namespace)) {
        for lost in
            door.links.iter().filter(|l| l.starts_with("services/") && !model.services.contains_key(*l))
        {
            let says = format_smolstr!(
                "{} {}: {}",
                door.kind,
                name(&door.id),
                (texts.chart().no_such)(split_id(lost).2)
            );
            first.push(item(&door.id, Some(PodState::Failed), says));
        }
    }
    let services = || model.services.values().filter(|s| filter.passes(&s.namespace, &s.labels));
    for service in services() {
        let none = ready(&service.id) == 0 && service.kind != "ExternalName";
        let words: SmolStr = match unheard.get(&service.id) {
            _ if none => texts.chart().no_endpoints.into(),
            Some(port) => (texts.chart().unheard)(port),
            None => continue,
        };
        let says = format_smolstr!("{} {}: {words}", (texts.stage().kind)("Service"), name(&service.id));
        first.push(item(&service.id, Some(PodState::Failed), says));
    }
    let pods = || {
        let all = model.pods.values().chain(model.system.values());
        all.filter(|p| filter.passes(&p.namespace, &p.labels))
    };
    for pod in pods().filter(|p| p.state <= PodState::Pending).take(MOST) {
        let says = format_smolstr!("{} {}: {}", (texts.stage().kind)("Pod"), name(&pod.id), pod.word);
        first.push(item(&pod.id, Some(pod.state), says));
    }
    if first.is_empty() {
        out.push(("well".into(), Mark::new("p", "detail").says(texts.chart().all_well)));
    }
    part(&mut out, texts.chart().look_first, first, texts);

    let few = pods().take(PODS + 1).count() <= PODS;
    let mut nodes = Vec::new();
    for node in model.nodes.values() {
        let mut line = item(&node.id, None, cell_says(node, &load(model, &node.name, filter), texts));
        if few {
            let mut list = Mark::new("ul", "");
            for pod in pods().filter(|p| p.node == node.name) {
                let words = (texts.stage().state)(pod.state, model.pulling.contains_key(&pod.id));
                let says = format_smolstr!(
                    "{} {}, {words}, {}",
                    (texts.stage().kind)("Pod"),
                    name(&pod.id),
                    pod.image
                );
                list.add(item(&pod.id, Some(pod.state), says));
            }
            if !list.children.is_empty() {
                line.add(list);
            }
        }
        nodes.push(line);
    }
    part(&mut out, texts.inspector().node, nodes, texts);
    let owners = model.roots(filter).into_iter().map(|o| {
        let says = format_smolstr!(
            "{} {}, {}",
            (texts.stage().kind)(&o.kind),
            name(&o.id),
            (texts.stage().ready_of)(o.ready, o.desired)
        );
        item(&o.id, None, says)
    });
    part(&mut out, texts.chart().workloads, owners.collect(), texts);
    let mut reached: Vec<Mark> = services()
        .map(|s| {
            let count = (texts.stage().endpoints)(i64::try_from(ready(&s.id)).unwrap_or(0));
            item(
                &s.id,
                None,
                format_smolstr!("{} {}, {}, {count}", (texts.stage().kind)("Service"), name(&s.id), s.ports),
            )
        })
        .collect();
    for door in model.doors.values().filter(|d| filter.passes(&d.namespace, &d.labels)) {
        let to: Vec<&str> = door.links.iter().map(|l| split_id(l).2).collect();
        reached.push(item(
            &door.id,
            None,
            format_smolstr!("{} {} → {}", door.kind, name(&door.id), to.join(", ")),
        ));
    }
    part(&mut out, texts.chart().services, reached, texts);
    let things =
        model.shelf.values().filter(|t| filter.place(&t.namespace) || t.namespace.is_empty()).map(|t| {
            let users = model.used.get(&t.id).map_or(0, |u| u.0);
            let used = (texts.chart().used_by)(i64::try_from(users).unwrap_or(0));
            item(
                &t.id,
                t.waits.then_some(PodState::Pending),
                format_smolstr!("{} {}, {used}", t.kind, name(&t.id)),
            )
        });
    part(&mut out, texts.chart().used_things, things.collect(), texts);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::stage::model::sample::cluster;

    #[test]
    fn what_stands_out_comes_first_and_everything_is_there() {
        let mut model = cluster(6);
        model.slices.clear();
        let marks = outline(&model, &Filter::default(), &BTreeMap::default(), Lang::En.texts());
        let says: Vec<String> = marks.iter().map(|(_, m)| m.all_text()).collect();
        let says = says.join("\n");
        let at = |part: &str| says.find(part).unwrap_or_else(|| panic!("{part}: {says}"));
        assert!(at("web: no endpoints") < at("web-a-0000"));
        assert!(at("Pod web-a-0000, Ready") < at("Deployment web"));
    }
}
