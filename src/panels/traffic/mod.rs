//! Requests and the ways they took, station by station; and buttons that send load or break something.
//!
//! Owns: how a path is shown, which commands the buttons stand for. Does not own: paths (network), what a fault or a
//! load does (cluster), their commands (terminal).

pub mod ending;
mod failing;
#[cfg(target_arch = "wasm32")]
pub mod view;

use cluster::network::path::{Language, Look, Path, Source};
use ordered::BTreeMap;
use smol_str::{SmolStr, format_smolstr};

use crate::format::reading;
use crate::i18n::Texts;
use crate::mark::Mark;
use crate::session::{Session, place};
use crate::stage::facts::{ObjectId, object_id};
use ending::Ending;

/// Paths listed, newest first.
const MOST: usize = 30;

/// The pods a request went through and the Services it was sent to, in order, as ids of the stage; the last of them
/// refused it when the second is false.
#[must_use]
pub fn stops(path: &Path) -> (Vec<ObjectId>, bool) {
    let id = |resource: &str, key: &str| {
        let (namespace, name) = key.split_once('/').unwrap_or(("default", key));
        object_id(resource, namespace, name)
    };
    let mut stops: Vec<ObjectId> = Vec::new();
    if let Source::Pod { key, .. } = &path.source {
        stops.push(id("pods", key));
    }
    for hop in &path.hops {
        for (resource, name) in [
            ("gateways.gateway.networking.k8s.io", "gateway"),
            ("httproutes.gateway.networking.k8s.io", "route"),
            ("ingresses.networking.k8s.io", "ingress"),
            ("services", "service"),
            ("pods", "pod"),
        ] {
            let key = hop.get(name);
            if !key.contains('/') {
                continue;
            }
            let stop = id(resource, key);
            if !stops.contains(&stop) {
                stops.push(stop);
            }
        }
    }
    (stops, path.failing().is_none())
}

/// True when a request has no answer, or one that says it failed.
#[must_use]
pub fn failed(path: &Path) -> bool {
    Ending::of_path(path).failed()
}

/// How the requests that are kept have ended, each end with its number.
fn ends(session: &Session, texts: &Texts) -> Option<(SmolStr, Mark)> {
    let mut counts: BTreeMap<Ending, u32> = BTreeMap::new();
    for path in session.cluster().paths().iter() {
        *counts.entry(Ending::of_path(path)).or_default() += 1;
    }
    if counts.is_empty() {
        return None;
    }
    let mut line = Mark::new("p", "ends");
    line.add(Mark::new("span", "").says(texts.traffic().ends));
    for (ending, count) in counts {
        let class = if ending.failed() { "end bad" } else { "end ok" };
        line.add(Mark::new("span", class).says(format_smolstr!("{} {count}", ending.says(texts))));
    }
    Some(("ends".into(), line))
}

/// How loads that run fail, then the last requests, newest first, each with its stations.
#[must_use]
pub fn list(session: &Session, texts: &Texts, korean: bool) -> Vec<(SmolStr, Mark)> {
    let zero = session.now() - session.elapsed();
    let language = if korean { Language::Korean } else { Language::English };
    let paths = session.cluster().paths();
    let rows = paths.iter().rev().take(MOST).map(|path| row(path, texts, language, zero));
    let failing = failing::blocks(session, texts, language);
    ends(session, texts).into_iter().chain(failing).chain(rows).collect()
}

/// A button that leads to the object, and names the field, where something went wrong.
fn look_at(look: &Look) -> Mark {
    let found = why::subject_of(look.kind, &look.namespace, &look.name);
    let id = found.map(|s| object_id(&s.resource, &s.namespace, &s.name)).unwrap_or_default();
    Mark::new("button", "link m").at("data-id", id).says(look.place())
}

fn row(path: &Path, texts: &Texts, language: Language, zero: i64) -> (SmolStr, Mark) {
    let bad = failed(path);
    let mut item = Mark::new("details", if bad { "path bad" } else { "path" });
    let mut head = Mark::new("summary", "");
    head.add(Mark::new("span", "m at").says(reading(path.at.0 - zero)));
    let who = match &path.source {
        Source::Learner => texts.time().you.into(),
        other => SmolStr::from(other.label().as_str()),
    };
    head.add(Mark::new("b", "m").says(format_smolstr!("{who} → {}", path.target)));
    let end = Ending::of_path(path).says(texts);
    let hops = path.hops.len();
    let class = if bad { "end bad" } else { "end ok" };
    head.add(Mark::new("span", class).says(format_smolstr!("{end} · {hops} · {} ms", path.took_ms)));
    item.add(head);
    let mut list = Mark::new("ol", "hops");
    for (i, hop) in path.hops.iter().enumerate() {
        let mut station = Mark::new("li", if hop.passed { "" } else { "refused" });
        station.add(Mark::new("i", "no").at("aria-hidden", "true").says(format_smolstr!("{}", i + 1)));
        let mark = if hop.passed { "✓" } else { "✕" };
        station.add(Mark::new("b", "m").says(format_smolstr!("{mark} {}", hop.stage.as_str())));
        station.add(Mark::new("span", "").says(hop.sentence(language)));
        station.children.extend(hop.look.as_ref().filter(|_| !hop.passed).map(look_at));
        list.add(station);
    }
    item.add(list);
    (format_smolstr!("path {}", path.id), item)
}

/// What the buttons stand for: names of what is there now are put in.
#[must_use]
pub fn commands(session: &Session) -> Vec<SmolStr> {
    let stage = session.stage();
    let mut out = Vec::new();
    if let Some(service) = stage.services.values().find(|s| s.has_selector) {
        let place = place(&service.namespace);
        out.push(format_smolstr!("load start svc/{} --rps=20{place}", service.name));
        out.push(format_smolstr!(
            "load start svc/{0} --name={0}-spike --rps=20 --spike-to=300 --after=20s --for=30s{place}",
            service.name
        ));
        out.push("load status".into());
        out.push("load stop --all".into());
    }
    if let Some(pod) = stage.pods.values().find(|p| !p.node.is_empty()) {
        let place = place(&pod.namespace);
        out.push(format_smolstr!("fault pod {} crash{place}", pod.name));
    }
    if let Some(node) = stage.workers().last() {
        for deed in ["crash", "cut", "restore"] {
            out.push(format_smolstr!("fault node {} {deed}", node.name));
        }
    }
    out.extend(["fault component kube-scheduler kill", "fault any", "fault list"].map(SmolStr::from));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_refused_request_shows_where_and_why() {
        let mut session = Session::new(1, &[]);
        for line in [
            "kubectl create deployment web --image=nginx:1.27",
            "kubectl expose deployment web --port=80 --target-port=8080",
            "kubectl run client --image=busybox:1.36 -- sleep 3600",
        ] {
            session.exec(line, 1);
            session.advance(20_000);
        }
        session.exec("kubectl exec client -- wget -qO- -T 2 http://web/", 2);
        session.advance(10_000);
        let path = session.cluster().paths().iter().next_back().cloned().expect("a path");
        let (stops, passed) = stops(&path);
        assert!(!passed && failed(&path));
        assert_eq!(stops[..2], ["pods/default/client", "services/default/web"], "{path:?}");
        for (lang, korean) in [(Lang::En, false), (Lang::Ko, true)] {
            let says: String =
                list(&session, lang.texts(), korean).iter().map(|(_, m)| m.all_text()).collect();
            assert!(says.contains("targetPort"), "{says}");
            let refused = format!("{} 1", lang.texts().traffic().refused);
            assert!(says.contains(&refused), "{refused} in {says}");
        }
        assert!(commands(&session).iter().any(|c| c.starts_with("load start svc/web")));
    }
}
