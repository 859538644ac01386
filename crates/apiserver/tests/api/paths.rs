//! Paths that name no resource: health, metrics, the version, what nobody serves; who may be connected through.

use apiserver::health::{Health, Part};
use client::{Caller, Request, Verb};
use objects::resources::{self, PODS};
use objects::{Status, Value};

use crate::{Desk, at, to};

fn text(desk: &mut Desk, path: &str) -> Result<String, Status> {
    desk.call(Request::raw(path)).map(|r| r.object.text().to_owned())
}

#[test]
fn health_is_told_whole_in_parts_and_check_by_check() {
    let mut desk = Desk::new();
    for of in ["livez", "readyz", "healthz"] {
        assert_eq!(text(&mut desk, &format!("/{of}")).as_deref(), Ok("ok"));
        let all = text(&mut desk, &format!("/{of}?verbose")).unwrap_or_default();
        let checks: Vec<&str> =
            all.lines().filter_map(|l| l.strip_prefix("[+]")?.strip_suffix(" ok")).collect();
        assert!(checks.len() > 30, "{all}");
        assert!(all.ends_with(&format!("ok\n{of} check passed\n")), "{all}");
        for check in checks {
            assert_eq!(text(&mut desk, &format!("/{of}/{check}")).as_deref(), Ok("ok"), "{check}");
        }
        let less = text(&mut desk, &format!("/{of}?verbose&exclude=ping")).unwrap_or_default();
        assert!(less.starts_with("[+]ping excluded: ok\n"), "{less}");
        let none = text(&mut desk, &format!("/{of}/nosuch")).unwrap_err();
        assert_eq!((none.code(), none.plain()), (404, Some("404 page not found\n")));
    }
}

#[test]
fn a_store_that_does_not_answer_shows() {
    let mut desk = Desk::new();
    let part = Part { name: "etcd-0".into(), failure: Some("gone".into()) };
    desk.server.set_health(Health { no_store: true, parts: vec![part] });
    let told = text(&mut desk, "/livez").unwrap_err();
    assert_eq!(told.code(), 500);
    let body = told.plain().unwrap_or_default();
    assert!(body.contains("[-]etcd failed: reason withheld\n"), "{body}");
    assert!(body.contains("[+]ping ok\n"), "{body}");
    assert_eq!(text(&mut desk, "/livez?exclude=etcd").as_deref(), Ok("ok"));
    let single = text(&mut desk, "/livez/etcd").unwrap_err();
    assert!(single.plain().is_some_and(|b| b.starts_with("internal server error: ")), "{single:?}");
}

#[test]
fn metrics_count_what_was_asked() {
    let mut desk = Desk::new();
    let count = |desk: &mut Desk, code: u16| {
        let all = text(desk, "/metrics").unwrap_or_default();
        let wanted = format!(
            "code=\"{code}\",component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"pods\",scope=\"resource\",subresource=\"\",verb=\"GET\",version=\"v1\"}} "
        );
        all.lines()
            .find_map(|l| l.strip_prefix("apiserver_request_total{")?.strip_prefix(&*wanted)?.parse().ok())
    };
    assert_eq!(count(&mut desk, 404), None::<u64>);
    for n in 1..=3 {
        assert!(desk.get(PODS, "nosuch").is_err());
        assert_eq!(count(&mut desk, 404), Some(n));
    }
    assert_eq!(count(&mut desk, 200), None);
    let all = text(&mut desk, "/metrics").unwrap_or_default();
    for family in ["apiserver_storage_objects", "apiserver_resource_objects", "kubernetes_build_info"] {
        assert!(all.contains(&format!("\n# TYPE {family} gauge\n{family}{{")), "{family}");
    }
}

#[test]
fn what_nobody_serves_is_not_found_in_the_words_of_whom_one_asked() {
    let mut desk = Desk::new();
    for (path, page) in [
        ("/nosuch", true),
        ("/apis/nosuch.example.com/v1", true),
        ("/apis/nosuch.example.com/v1/webs", true),
        ("/apis/apps/v9", false),
        ("/api/v2", false),
        ("/api/v1/nosuch", false),
        ("/api/v1/namespaces/default/pods/x/nosuch", false),
    ] {
        let refused = desk.call(Request::raw(path)).expect_err(path);
        assert_eq!((refused.code(), refused.plain().is_some()), (404, page), "{path}");
        assert_eq!(refused.message, "the server could not find the requested resource", "{path}");
    }
    let paths = desk.call(Request::raw("/")).map(|r| r.object).unwrap_or_default();
    let paths: Vec<&str> = paths["paths"].items().iter().map(Value::text).collect();
    for path in ["/api/v1", "/apis/apps/v1", "/livez/etcd", "/readyz", "/version"] {
        assert!(paths.contains(&path), "{path}");
    }
    assert!(paths.is_sorted());
}

#[test]
fn streams_and_proxies_have_rights_of_their_own() {
    let mut desk = Desk::new();
    let rule = |resource: &str, verb: &str| objects::value!({"apiGroups": [""], "resources": [(resource)], "verbs": [(verb)]});
    desk.create(objects::value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"},
        "rules": [(rule("pods", "get")), (rule("pods/exec", "create")), (rule("pods/log", "get"))],
    }))
    .expect("a role");
    desk.create(objects::value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "r"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}],
    }))
    .expect("a binding");
    let jane = Caller { user: "jane".into(), actor: "jane".into(), ..Caller::default() };
    for (verb, subresource, code) in [
        (Verb::Create, "exec", 200),
        (Verb::Get, "exec", 403),
        (Verb::Get, "log", 200),
        (Verb::Create, "attach", 403),
        (Verb::Create, "portforward", 403),
        (Verb::Get, "proxy", 403),
        (Verb::Get, "nosuch", 403),
    ] {
        let asked = at(verb, PODS, "p").subresource(subresource);
        let may = desk.server.check_stream(&jane, &asked, desk.now).map_or_else(|s| s.code(), |()| 200);
        assert_eq!(may, code, "{verb:?} {subresource}");
    }
}

#[test]
fn events_are_one_thing_in_two_forms() {
    let mut desk = Desk::new();
    let core = resources::by_id("events").expect("it is served");
    let event = objects::value!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}, "action": "a", "reason": "R",
        "regarding": {"kind": "Pod", "namespace": "default", "name": "p"}, "note": "it happened", "type": "Normal",
        "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "example.com/c", "reportingInstance": "i",
    });
    let made = desk.create(event.clone()).expect("a good event");
    assert_eq!((made.api_version(), made["note"].text()), ("events.k8s.io/v1", "it happened"));
    let old = desk.get(core, "e").expect("it is there");
    assert_eq!((old["message"].text(), old["involvedObject"]["name"].text()), ("it happened", "p"));
    assert!(old["note"].is_null() && old["regarding"].is_null());

    let mut changed = made.clone();
    changed.set("note", "something else");
    let refused = desk.update(changed, "").unwrap_err();
    assert_eq!(
        refused.message,
        "Event.events.k8s.io \"e\" is invalid: message: Invalid value: \"something else\": field is immutable"
    );
    let mut bad = event;
    for (field, value) in
        [("reportingController", Value::Null), ("eventTime", Value::Null), ("type", "x".into())]
    {
        bad.set(field, value);
    }
    bad.set("series", objects::value!({"count": 1}));
    let listed =
        |s: &Status| s.causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect::<Vec<_>>();
    assert_eq!(
        listed(&desk.create(bad).unwrap_err()),
        [
            "series.count: Invalid value: \"\": should be at least 2",
            "series.lastObservedTime: Required value",
            "eventTime: Required value",
            "type: Invalid value: \"\": has invalid value: x",
        ]
    );
    let elsewhere = objects::value!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "f"}, "involvedObject": {"namespace": "other"},
    });
    let asked = to(Verb::Create, core).in_namespace("default").object(elsewhere);
    assert_eq!(
        listed(&desk.call(asked).unwrap_err()),
        ["involvedObject.namespace: Invalid value: \"other\": does not match event.namespace"]
    );
}

/// A component's own event goes a shorter way to the store: what comes of it, and who is refused, must be the same.
#[test]
fn an_event_that_a_component_records_is_stored_as_anyones() {
    let of = |name: &str, namespace: &str| {
        objects::value!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": (name), "namespace": (namespace)},
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": (namespace)}, "reason": "R", "message": "m",
            "source": {"component": "kubelet"}, "firstTimestamp": "2026-01-01T00:00:01Z",
            "lastTimestamp": "2026-01-01T00:00:01Z", "count": 1, "type": "Normal", "eventTime": null,
            "reportingComponent": "kubelet", "reportingInstance": "worker",
        })
    };
    let run = |recorded: bool| {
        let mut desk = Desk::new();
        let all = [of("a", "default"), of("b", "default"), of("a", "default"), of("a", "elsewhere")];
        let answers = all.map(|event| {
            let namespace = event.namespace().to_owned();
            let mut request = to(Verb::Create, resources::EVENTS).in_namespace(namespace).object(event);
            request.options.as_stored = recorded;
            desk.call(request).map(|r| (r.object, r.created)).map_err(|status| status.message)
        });
        let stored: Vec<Value> = desk.server.objects("events", "").cloned().collect();
        let told: Vec<String> = desk
            .server
            .changes_since(0)
            .expect("nothing is compacted")
            .filter(|c| c.resource == "events")
            .map(|c| format!("{c:?}"))
            .collect();
        (answers, stored, told)
    };
    assert_eq!(run(true), run(false));
    assert_eq!(run(true).1.len(), 2);
}
