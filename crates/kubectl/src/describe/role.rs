//! `kubectl describe role` and `clusterrole`: rules taken apart by resource, with their verbs gathered.
//!
//! Models `k8s.io/kubectl/pkg/util/rbac`.

use objects::Value;
use ordered::Sort as _;

use super::{Page, Related};

/// A rule on one resource, or on one URL.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Simple {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    urls: Vec<String>,
}

pub(super) fn describe(p: &mut Page, o: &Value, _: &Related) {
    p.field("Name", o.name());
    p.labels_and_annotations(o);
    p.line(0, &["PolicyRule:"]);
    p.put(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
    p.put(1, "---------\t-----------------\t--------------\t-----\n");
    for line in table(&o["rules"]).lines() {
        p.line(1, &[line]);
    }
}

/// The rules as lines of four cells.
pub(crate) fn table(rules: &Value) -> String {
    let shown = |list: &[String]| format!("[{}]", list.join(" "));
    let mut out = String::new();
    for r in compact(rules) {
        let resource = match r.resources.first() {
            None => String::new(),
            Some(full) => {
                let (head, sub) = full.split_once('/').map_or((full.as_str(), None), |(h, s)| (h, Some(s)));
                let group =
                    r.groups.first().filter(|g| !g.is_empty()).map_or(String::new(), |g| format!(".{g}"));
                format!("{head}{group}{}", sub.map_or(String::new(), |s| format!("/{s}")))
            }
        };
        out.push_str(&format!("{resource}\t{}\t{}\t{}\n", shown(&r.urls), shown(&r.names), shown(&r.verbs)));
    }
    out
}

fn compact(rules: &Value) -> Vec<Simple> {
    let words = |v: &Value| -> Vec<String> { v.items().iter().map(|s| s.text().to_owned()).collect() };
    let (mut out, mut apart): (Vec<Simple>, Vec<Simple>) = (Vec::new(), Vec::new());
    let mut put = |s: Simple| match out.iter_mut().find(|o| {
        o.groups == s.groups && o.resources == s.resources && o.names == s.names && o.urls == s.urls
    }) {
        Some(o) => {
            for v in s.verbs {
                if !o.verbs.contains(&v) {
                    o.verbs.push(v);
                }
            }
        }
        None => out.push(s),
    };
    for r in rules.items() {
        let verbs = words(&r["verbs"]);
        for g in words(&r["apiGroups"]) {
            for res in words(&r["resources"]) {
                let names = words(&r["resourceNames"]);
                let each: Vec<Vec<String>> = if names.is_empty() {
                    vec![vec![]]
                } else {
                    names.into_iter().map(|n| vec![n]).collect()
                };
                for names in each {
                    put(Simple {
                        verbs: verbs.clone(),
                        groups: vec![g.clone()],
                        resources: vec![res.clone()],
                        names,
                        urls: vec![],
                    });
                }
            }
        }
        // What is about paths stays apart, one line for each verb.
        for u in words(&r["nonResourceURLs"]) {
            for v in &verbs {
                let (groups, resources, names) = (vec![], vec![], vec![]);
                apart.push(Simple {
                    verbs: vec![v.clone()],
                    groups,
                    resources,
                    names,
                    urls: vec![u.clone()],
                });
            }
        }
    }
    out.append(&mut apart);
    // Upstream orders them by the text of the whole rule.
    out.arrange_by_key(|s| {
        let text = |l: &[String]| l.join(" ");
        format!(
            "Verbs:[{}],APIGroups:[{}],Resources:[{}],ResourceNames:[{}],NonResourceURLs:[{}],",
            text(&s.verbs),
            text(&s.groups),
            text(&s.resources),
            text(&s.names),
            text(&s.urls)
        )
    });
    out
}
