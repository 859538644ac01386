//! Get and list, whole or in chunks, plain or as tables, as things are or as they were at a revision.
//!
//! Models `k8s.io/apiserver/pkg/storage` (continue tokens, resourceVersionMatch) and ValidateListOptions.

use client::{Response, TableOf, Verb};
use objects::status::Cause;
use objects::{Reason, Status, Str, Value, base64, json, value};
use ordered::BTreeMap;
use smol_str::ToSmolStr;

use super::meta::in_version;
use super::selection::Selection;
use crate::server::{ApiServer, Cx, prefix, too_old};
use crate::tables;

/// What is said to a token whose revision is compacted.
const TOKEN_TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// Where a list begins and as of when.
struct From {
    start: String,
    /// The revision it shows; `None`: the present.
    at: Option<u64>,
}

impl ApiServer {
    pub(crate) fn read_one(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let object = self.stored(cx)?;
        let object = self.in_request_version(cx, object)?;
        Ok(self.answer(cx, object))
    }

    pub(crate) fn read_list(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let options = &cx.request.options;
        let selection = Selection::of(&cx.resource, cx.request)?;
        let prefix = prefix(cx.namespace());
        let From { start, at } = self.list_from(cx, &prefix)?;
        let limit = options.limit.filter(|n| *n > 0).unwrap_or(usize::MAX);
        let shown = at.unwrap_or_else(|| self.revision());
        let mut meta = value!({"resourceVersion": (shown.to_smolstr())});
        let mut more = |next: &str, rest: &mut dyn FnMut() -> usize| {
            meta.set("continue", token(shown, next.strip_prefix(prefix.as_str()).unwrap_or(next)));
            if selection.is_everything() {
                meta.set("remainingItemCount", rest());
            }
        };
        let mut found: Vec<Value> = Vec::new();
        match at.filter(|at| *at < self.revision()) {
            None => {
                let all = self.store.range(&cx.resource.storage, &prefix, &start);
                let mut all = all.filter(|(_, e)| selection.matches(&e.value)).peekable();
                while found.len() < limit {
                    let Some((_, e)) = all.next() else { break };
                    found.push(e.value.clone());
                }
                if let Some(next) = all.peek().map(|(k, _)| (*k).clone()) {
                    more(&next, &mut || all.by_ref().count());
                }
            }
            Some(at) => {
                let all = self.as_of(cx, &prefix, &start, at)?;
                let mut all = all.into_iter().filter(|(_, v)| selection.matches(v)).peekable();
                while found.len() < limit {
                    let Some((_, v)) = all.next() else { break };
                    found.push(v);
                }
                if let Some(next) = all.peek().map(|(k, _)| k.clone()) {
                    more(&next, &mut || all.by_ref().count());
                }
            }
        }
        let found = self.all_in_request_version(cx, found)?;
        let show = |item: Value| {
            let item = in_version(&cx.resource, item);
            if options.managed_fields { self.with_managers(cx, item) } else { item }
        };
        let items: Vec<Value> = found.into_iter().map(show).collect();
        let object = match options.table {
            TableOf::No => list_value(cx, meta, items),
            of => tables::of_list(&cx.resource, &items, of, cx.now, meta),
        };
        Ok(Response { object, ..Response::default() })
    }

    /// ComponentStatuses: asked now, stored nowhere.
    #[inline(never)]
    pub(crate) fn read_parts(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let selection = Selection::of(&cx.resource, cx.request)?;
        let mut items = self.health.statuses();
        if cx.request.verb == Verb::Get {
            let name = &cx.request.name;
            return match items.into_iter().find(|i| i.name() == name.as_str()) {
                Some(object) => Ok(self.answer(cx, object)),
                None => Err(Status::not_found("", "componentstatus", name)),
            };
        }
        items.retain(|i| selection.matches(i));
        let object = match cx.request.options.table {
            TableOf::No => list_value(cx, value!({}), items),
            of => tables::of_list(&cx.resource, &items, of, cx.now, value!({})),
        };
        Ok(Response { object, ..Response::default() })
    }

    /// Where a list begins, by its continue token or by the revision it names.
    fn list_from(&self, cx: &Cx<'_>, prefix: &str) -> Result<From, Status> {
        let options = &cx.request.options;
        let matching = options.query.iter().find(|(k, _)| k == "resourceVersionMatch");
        let matching = matching.map(|(_, v)| v.as_str()).unwrap_or_default();
        let rv = options.resource_version;
        check_match(matching, rv, !options.continue_token.is_empty())?;
        if !options.continue_token.is_empty() {
            let wrong = |why: &str| Status::bad_request(format!("continue key is not valid: {why}"));
            let (at, start) = continued(&options.continue_token).map_err(wrong)?;
            if at < self.store.compacted() {
                return Err(Status::new(Reason::Expired, TOKEN_TOO_OLD));
            }
            return Ok(From { start: format!("{prefix}{start}"), at: Some(at) });
        }
        let current = self.revision();
        match rv {
            Some(rv) if rv > current => {
                let mut status = Status::new(
                    Reason::Timeout,
                    format!("Too large resource version: {rv}, current: {current}"),
                );
                status.causes.push(Cause {
                    reason: "ResourceVersionTooLarge",
                    field: String::new(),
                    message: "Too large resource version".into(),
                });
                status.retry_after_seconds = Some(1);
                Err(status)
            }
            Some(rv) if matching == "Exact" => {
                if rv < self.store.compacted() {
                    return Err(too_old(rv, self.store.compacted()));
                }
                Ok(From { start: prefix.to_owned(), at: Some(rv) })
            }
            _ => Ok(From { start: prefix.to_owned(), at: None }),
        }
    }

    /// The objects from a key on, as they were at a revision: what changed since is turned back.
    fn as_of(&self, cx: &Cx<'_>, prefix: &str, start: &str, at: u64) -> Result<Vec<(Str, Value)>, Status> {
        let changes = self.store.changes_after(at).map_err(|c| too_old(at, c.compacted))?;
        let mut past: BTreeMap<Str, Value> = BTreeMap::new();
        for change in changes.filter(|c| c.resource == cx.resource.storage) {
            let key = change.key();
            if key.as_str() >= start && key.starts_with(prefix) {
                past.entry(key).or_insert_with(|| change.previous.clone());
            }
        }
        let mut all: BTreeMap<Str, Value> = BTreeMap::new();
        for (key, e) in self.store.range(&cx.resource.storage, prefix, start) {
            if past.get(key).is_none() {
                all.insert(key.clone(), e.value.clone());
            }
        }
        for (key, was) in past.into_iter().filter(|(_, was)| !was.is_null()) {
            all.insert(key, was);
        }
        Ok(all.into_iter().collect())
    }

    /// `items` as a list of the request's resource.
    pub(crate) fn list_of(&self, cx: &Cx<'_>, items: Vec<Value>) -> Value {
        list_value(cx, value!({"resourceVersion": (self.revision().to_smolstr())}), items)
    }
}

/// What may be said of resourceVersionMatch.
fn check_match(matching: &str, rv: Option<u64>, continues: bool) -> Result<(), Status> {
    if matching.is_empty() {
        return Ok(());
    }
    let mut causes = Vec::new();
    let mut wrong = |reason: &'static str, message: String| {
        causes.push(Cause { reason, field: "resourceVersionMatch".into(), message });
    };
    let mut forbidden = |why: &str| wrong("FieldValueForbidden", format!("Forbidden: {why}"));
    if rv.is_none() {
        forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if continues {
        forbidden("resourceVersionMatch is forbidden when continue is provided");
    }
    if matching == "Exact" && rv == Some(0) {
        forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
    if !matches!(matching, "Exact" | "NotOlderThan") {
        let shown = json::go_quote(matching);
        wrong(
            "FieldValueNotSupported",
            format!("Unsupported value: {shown}: supported values: \"Exact\", \"NotOlderThan\", \"\""),
        );
    }
    if causes.is_empty() { Ok(()) } else { Err(Status::invalid("meta.k8s.io", "ListOptions", "", causes)) }
}

fn list_value(cx: &Cx<'_>, meta: Value, items: Vec<Value>) -> Value {
    value!({
        "kind": (cx.resource.list_kind()), "apiVersion": (cx.resource.api_version()),
        "metadata": (meta), "items": (Value::from(items))
    })
}

/// A token that names the revision of a list and the key it goes on with.
fn token(revision: u64, next: &str) -> String {
    let text = json::to_string(&value!({"v": "meta.k8s.io/v1", "rv": (revision as i64), "start": (next)}));
    base64::encode(text.as_bytes()).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

fn continued(token: &str) -> Result<(u64, String), &'static str> {
    let mut text = token.replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    let bytes = base64::decode(&text).ok_or("illegal base64 data")?;
    let text = String::from_utf8(bytes).map_err(|_| "invalid character in the token")?;
    let read = json::parse(&text).map_err(|_| "invalid character in the token")?;
    if read["v"] != "meta.k8s.io/v1" {
        return Err("server does not recognize this encoded version");
    }
    let revision = u64::try_from(read["rv"].int())
        .ok()
        .filter(|r| *r > 0)
        .ok_or("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")?;
    match read["start"].text() {
        "" => Err("encoded start key is empty"),
        start => Ok((revision, start.to_owned())),
    }
}
