//! Requests as HTTP spells them, a few in a row to one API server: every refusal is a Status with a code of its kind.

use apiserver::{ApiServer, Config};
use client::http::{Head, request};
use client::{Body, Caller};
use clock::{Rng, Time};
use objects::{json, resources};

use super::{noise, pick, values};

thread_local! {
    static SERVER: ApiServer = ApiServer::new(&Rng::new(1), Config::default(), Time::EPOCH);
}

const QUERY: [&str; 20] = [
    "watch=true",
    "limit=2",
    "limit=-1",
    "continue=x",
    "labelSelector=a%3Db",
    "fieldSelector=metadata.name%3Dweb",
    "dryRun=All",
    "fieldValidation=Strict",
    "fieldManager=me",
    "force=true",
    "resourceVersion=1",
    "resourceVersionMatch=Exact",
    "gracePeriodSeconds=0",
    "propagationPolicy=Foreground",
    "pretty=true",
    "timeoutSeconds=1",
    "resourceVersion=99999999",
    "labelSelector=a%20in%20(",
    "includeObject=Object",
    "x=%zz",
];
const TYPES: [&str; 6] = [
    "application/json",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "text/plain",
];
const PATHS: [&str; 10] = [
    "/version",
    "/api",
    "/apis",
    "/apis/apps",
    "/livez?verbose",
    "/metrics",
    "/openapi/v3",
    "/nosuch",
    "//",
    "/apis/a/b/c/d/e/f",
];

pub(super) fn try_one(rng: &mut Rng) {
    let mut server = SERVER.with(Clone::clone);
    for _ in 0..1 + rng.below(5) {
        one(rng, &mut server);
    }
}

fn one(rng: &mut Rng, server: &mut ApiServer) {
    let object = values::object(rng);
    let kind = resources::of(&object);
    let all = resources::all();
    let r = match kind {
        Some(r) if rng.below(4) > 0 => r,
        _ => &all[rng.below(all.len() as u64) as usize],
    };
    let mut target = if rng.below(20) == 0 {
        pick(rng, &PATHS).to_owned()
    } else {
        let root = if r.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", r.group) };
        let within = if r.namespaced && rng.below(8) > 0 { "/namespaces/default" } else { "" };
        format!("{root}/{}{within}/{}", r.version, r.plural)
    };
    if rng.below(3) > 0 {
        let name = [object.name().to_owned(), "web".to_owned(), noise(rng)][rng.below(3) as usize].clone();
        target.push_str(&format!("/{name}"));
        if rng.below(3) == 0 {
            let subs =
                ["status", "scale", "eviction", "binding", "token", "log", "exec", "proxy", "resize", "x"];
            target.push_str(&format!("/{}", pick(rng, &subs)));
        }
    }
    for i in 0..rng.below(3) {
        target.push(if i == 0 { '?' } else { '&' });
        target.push_str(pick(rng, &QUERY));
    }
    let head = Head {
        method: pick(rng, &["GET", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "HEAD", "X"]),
        target: &target,
        accept: pick(rng, &["", "application/json;as=Table;v=v1;g=meta.k8s.io", "*/*"]),
        content_type: pick(rng, &TYPES),
    };
    let mut asked = match request(&head) {
        Ok(asked) => asked,
        Err(refusal) => {
            assert!(refusal.code() >= 400 && !refusal.message.is_empty());
            return;
        }
    };
    asked.body = match rng.below(5) {
        0 => Body::None,
        1 => Body::Object(values::tree(rng, 5)),
        2 => Body::Text(json::to_string(&object)),
        _ => Body::Object(object),
    };
    let caller = match rng.below(3) {
        0 => Caller { user: "jane".into(), ..Caller::default() },
        _ => Caller { user: "admin".into(), groups: vec!["system:masters".into()], ..Caller::default() },
    };
    if asked.verb == client::Verb::Watch {
        if let Ok(mut cursor) = server.open_watch(&caller, asked, Time::EPOCH) {
            let _ = cursor.poll(server);
        }
        return;
    }
    if let Err(refusal) = server.handle(&caller, asked, Time::EPOCH + 1000) {
        assert!(refusal.code() >= 400, "{refusal:?}");
        assert_eq!(refusal.to_value()["status"], "Failure");
    }
}
