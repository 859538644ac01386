//! What watchers see.

use client::{Request, Verb};
use objects::resources::{CONFIGMAPS, PODS};
use objects::{Value, value};
use proptest::prelude::*;

use crate::{Desk, at, to};

fn labelled(name: &str, tier: &str) -> Value {
    value!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": (name), "labels": {"tier": (tier)}}
    })
}

fn watch(selector: &str, from: Option<u64>) -> Request {
    let mut r = to(Verb::Watch, CONFIGMAPS).in_namespace("default");
    r.options.label_selector = selector.into();
    r.options.resource_version = from;
    r
}

fn drain(d: &Desk, cursor: &mut apiserver::WatchCursor) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(e) = cursor.poll(&d.server) {
        seen.push(format!("{} {} {}", e.kind, e.object.name(), e.object.labels()["tier"].text()));
    }
    seen
}

#[test]
fn objects_enter_and_leave_a_selector() {
    let mut d = Desk::new();
    d.create(labelled("a", "web")).expect("created");
    d.create(labelled("b", "db")).expect("created");
    let mut cursor =
        d.server.open_watch(&client::Caller::default(), watch("tier=web", None), d.now).expect("opened");
    assert_eq!(drain(&d, &mut cursor), ["ADDED a web"]);
    for (name, tier) in [("b", "web"), ("a", "db")] {
        let mut o = d.get(CONFIGMAPS, name).expect("there");
        o.set_at(&["metadata", "labels", "tier"], tier);
        d.update(o, "").expect("updated");
    }
    assert_eq!(drain(&d, &mut cursor), ["ADDED b web", "DELETED a web"]);
    d.delete(CONFIGMAPS, "b").expect("gone");
    d.delete(CONFIGMAPS, "a").expect("gone");
    assert_eq!(drain(&d, &mut cursor), ["DELETED b web"]);
}

#[test]
fn a_watch_from_compacted_history_ends_with_410() {
    let mut d = Desk::new();
    for i in 0..600 {
        d.create(labelled(&format!("c{i}"), "x")).expect("created");
    }
    d.server.compact(500);
    let mut cursor =
        d.server.open_watch(&client::Caller::default(), watch("", Some(3)), d.now).expect("opened");
    let event = cursor.poll(&d.server).expect("an event");
    assert_eq!((event.kind.as_str(), event.object["code"].int()), ("ERROR", 410));
    assert!(event.object["message"].text().starts_with("too old resource version: 3 ("), "{event:?}");
    assert!(cursor.poll(&d.server).is_none());
}

#[test]
fn lists_come_in_chunks_and_by_fields() {
    let mut d = Desk::new();
    for i in 0..5 {
        d.create(labelled(&format!("c{i}"), "x")).expect("created");
    }
    let mut r = to(Verb::List, CONFIGMAPS).in_namespace("default");
    r.options.limit = Some(2);
    let mut seen = Vec::new();
    loop {
        let list = d.call(r.clone()).expect("listed").object;
        assert_eq!(list.kind(), "ConfigMapList");
        seen.extend(list["items"].items().iter().map(|o| o.name().to_owned()));
        r.options.continue_token = list.meta()["continue"].to_str();
        if r.options.continue_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["c0", "c1", "c2", "c3", "c4"]);
    let mut by_field = to(Verb::List, CONFIGMAPS);
    by_field.options.field_selector = "metadata.name=c3".into();
    assert_eq!(d.call(by_field.clone()).expect("listed").object["items"].items().len(), 1);
    by_field.options.field_selector = "spec.x=1".into();
    assert_eq!(
        crate::refusal(d.call(by_field)),
        "BadRequest: \"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    );
    let mut pods = to(Verb::List, PODS);
    pods.options.field_selector = "spec.x=1".into();
    assert_eq!(crate::refusal(d.call(pods)), "BadRequest: field label not supported: spec.x");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_history_replays_from_any_revision(
        ops in prop::collection::vec((0u8..6, 0u8..4, 0u8..3), 1..120), cut in 0usize..120,
    ) {
        let mut d = Desk::new();
        let start = d.server.revision();
        let state = |d: &Desk| d.server.objects("configmaps", "default").cloned().collect::<Vec<_>>();
        let mut states = vec![state(&d)];
        for (name, op, tier) in ops {
            let (name, before) = (format!("c{name}"), d.server.revision());
            let tier = format!("t{tier}");
            let done = match op {
                0 => d.delete(CONFIGMAPS, &name).is_ok(),
                1 => d.create(labelled(&name, &tier)).is_ok(),
                2 => {
                    let mut o = labelled(&name, &tier);
                    o.set_at(&["metadata", "resourceVersion"], before.to_string());
                    o.set_at(&["metadata", "namespace"], "default");
                    let fits = d.get(CONFIGMAPS, &name).is_ok_and(|o| o.revision() == before);
                    let done = d.update(o, "").is_ok();
                    prop_assert_eq!(done, fits, "only the latest state can be replaced");
                    done
                }
                _ => {
                    // Reading makes no revision.
                    let _ = d.call(at(Verb::Get, CONFIGMAPS, &name));
                    false
                }
            };
            let grew = d.server.revision() - before;
            prop_assert!(grew <= 1 && (done || grew == 0));
            if grew == 1 {
                states.push(state(&d));
            }
        }
        let cut = cut.min(states.len() - 1);
        let from = start + cut as u64;
        let mut cursor = d.server
            .open_watch(&client::Caller::default(), watch("", Some(from)), d.now)
            .expect("opened");
        let mut replayed = states[cut].clone();
        let mut revision = from;
        while let Some(e) = cursor.poll(&d.server) {
            revision += 1;
            prop_assert_eq!(e.object.revision(), revision, "one event a revision, in order");
            replayed.retain(|o| o.name() != e.object.name());
            if e.kind != "DELETED" {
                replayed.push(e.object);
                replayed.sort_by(|a, b| a.name().cmp(b.name()));
            }
        }
        prop_assert_eq!(&replayed, &states[states.len() - 1]);
    }
}

#[test]
fn a_list_in_chunks_shows_one_revision_and_its_token_expires() {
    let mut d = Desk::new();
    for i in 0..5 {
        d.create(labelled(&format!("c{i}"), "x")).expect("created");
    }
    let mut r = to(Verb::List, CONFIGMAPS).in_namespace("default");
    r.options.limit = Some(2);
    let first = d.call(r.clone()).expect("listed").object;
    assert_eq!(first.meta()["remainingItemCount"], value!(3));
    // What happens meanwhile is not in the rest of the list.
    d.delete(CONFIGMAPS, "c3").expect("gone");
    d.create(labelled("c9", "x")).expect("created");
    let mut c4 = d.get(CONFIGMAPS, "c4").expect("there");
    c4.set_at(&["metadata", "labels", "tier"], "y");
    d.update(c4, "").expect("updated");
    r.options.continue_token = first.meta()["continue"].to_str();
    r.options.limit = None;
    let rest = d.call(r.clone()).expect("listed").object;
    let seen: Vec<(&str, &str)> =
        rest["items"].items().iter().map(|o| (o.name(), o.labels()["tier"].text())).collect();
    assert_eq!(seen, [("c2", "x"), ("c3", "x"), ("c4", "x")]);
    assert_eq!(rest.meta()["resourceVersion"], first.meta()["resourceVersion"]);
    d.server.compact(d.server.revision());
    let expired = crate::refusal(d.call(r.clone()));
    assert!(expired.starts_with("Expired: The provided continue parameter is too old"), "{expired}");
    r.options.continue_token = "!".into();
    assert_eq!(crate::refusal(d.call(r)), "BadRequest: continue key is not valid: illegal base64 data");
}

#[test]
fn lists_of_a_revision() {
    let mut d = Desk::new();
    d.create(labelled("a", "x")).expect("created");
    let then = d.server.revision();
    d.delete(CONFIGMAPS, "a").expect("gone");
    d.create(labelled("b", "x")).expect("created");
    let list = |d: &mut Desk, rv: Option<u64>, matching: &str| {
        let mut r = to(Verb::List, CONFIGMAPS).in_namespace("default");
        r.options.resource_version = rv;
        if !matching.is_empty() {
            r.options.query.push(("resourceVersionMatch".into(), matching.into()));
        }
        d.call(r).map(|r| {
            let names: Vec<String> = r.object["items"].items().iter().map(|o| o.name().to_owned()).collect();
            names.join(" ")
        })
    };
    assert_eq!(list(&mut d, Some(then), "Exact"), Ok("a".into()));
    assert_eq!(list(&mut d, Some(then), "NotOlderThan"), Ok("b".into()));
    assert_eq!(list(&mut d, Some(then), ""), Ok("b".into()));
    let now = d.server.revision();
    assert_eq!(
        crate::refusal(list(&mut d, Some(now + 5), "")),
        format!("Timeout: Too large resource version: {}, current: {now}", now + 5)
    );
    assert_eq!(
        crate::refusal(list(&mut d, None, "Exact")),
        "Invalid: ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is \
         forbidden unless resourceVersion is provided"
    );
    d.server.compact(now);
    assert!(
        crate::refusal(list(&mut d, Some(then), "Exact")).starts_with("Expired: too old resource version")
    );
}

#[test]
fn a_watch_ends_when_its_time_is_over_and_bookmarks_come_when_asked_for() {
    let mut d = Desk::new();
    let mut r = watch("", Some(d.server.revision()));
    r.options.query =
        vec![("timeoutSeconds".into(), "30".into()), ("allowWatchBookmarks".into(), "true".into())];
    let mut cursor = d.server.open_watch(&client::Caller::default(), r, d.now).expect("opened");
    assert!(!cursor.is_over(d.now + 29_000) && cursor.is_over(d.now + 30_000));
    for i in 0..300 {
        let mut o = labelled(&format!("n{i}"), "x");
        o.set_at(&["metadata", "namespace"], "kube-system");
        d.create(o).expect("created");
    }
    let bookmark = cursor.poll(&d.server).expect("a bookmark");
    assert_eq!((bookmark.kind.as_str(), bookmark.object.revision()), ("BOOKMARK", d.server.revision()));
}
