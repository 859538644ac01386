//! Get and list, whole or in chunks, plain or as tables.
//!
//! Not modelled: lists at an older resource version; a chunked list continues from the current state.

use client::{Response, TableOf};
use objects::{Status, Value, value};
use smol_str::ToSmolStr;

use super::meta::in_version;
use super::selection::Selection;
use crate::server::{ApiServer, Cx, prefix};
use crate::tables;

impl ApiServer {
    pub(crate) fn read_one(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let object = self.stored(cx)?;
        Ok(self.answer(cx, object))
    }

    pub(crate) fn read_list(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let options = &cx.request.options;
        let selection = Selection::of(&cx.resource, cx.request)?;
        let prefix = prefix(&cx.resource.storage, cx.namespace());
        let start = if options.continue_token.is_empty() {
            prefix.to_string()
        } else {
            continued(&options.continue_token)
                .filter(|k| k.starts_with(prefix.as_str()))
                .ok_or_else(|| Status::bad_request("continue key is not valid: illegal base64 data"))?
        };
        let mut matching =
            self.store.range(&prefix, &start).filter(|(_, e)| selection.matches(&e.value)).peekable();
        let limit = options.limit.filter(|n| *n > 0).unwrap_or(usize::MAX);
        let mut items = Vec::new();
        while items.len() < limit {
            let Some((_, e)) = matching.next() else { break };
            let item = in_version(&cx.resource, e.value.clone());
            items.push(if options.managed_fields { self.with_managers(cx, item) } else { item });
        }
        let mut meta = value!({"resourceVersion": (self.revision().to_smolstr())});
        if let Some((next, _)) = matching.peek() {
            meta.set("continue", token(next));
            if selection.is_everything() {
                meta.set("remainingItemCount", matching.count());
            }
        }
        let object = match options.table {
            TableOf::No => list_value(cx, meta, items),
            of => tables::of_list(&cx.resource, &items, of, cx.now, meta),
        };
        Ok(Response { object, ..Response::default() })
    }

    /// `items` as a list of the request's resource.
    pub(crate) fn list_of(&self, cx: &Cx<'_>, items: Vec<Value>) -> Value {
        list_value(cx, value!({"resourceVersion": (self.revision().to_smolstr())}), items)
    }
}

fn list_value(cx: &Cx<'_>, meta: Value, items: Vec<Value>) -> Value {
    value!({
        "kind": (cx.resource.list_kind()), "apiVersion": (cx.resource.api_version()),
        "metadata": (meta), "items": (Value::from(items))
    })
}

/// An opaque token that names the key a list goes on with.
fn token(key: &str) -> String {
    key.bytes().map(|b| format!("{b:02x}")).collect()
}

fn continued(token: &str) -> Option<String> {
    let digits = token.as_bytes();
    if !digits.len().is_multiple_of(2) || !token.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..digits.len() / 2).map(|i| u8::from_str_radix(&token[2 * i..2 * i + 2], 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}
