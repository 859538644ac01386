//! Versions of a custom kind that differ in form: a webhook turns one into another, or only the name changes. What a
//! version's schema does not name is then dropped, and what is read gets the defaults of the version it is stored in.
//!
//! Owns: when the webhook is asked, the ConversionReview and what its answer must be. Does not own: the call (admission's
//! webhooks) and its way (whoever gives a [`crate::Webhooks`]).
//! Models `apiextensions-apiserver/pkg/apiserver/conversion` and the codec of `customresource_handler.go`. Objects are
//! stored in the version that was the stored one when they were last written. Not modelled: reviews of v1beta1; writes
//! behind which no network stands, the cluster's own, keep their form where a webhook converts.

use client::{Caller, Request};
use clock::Time;
use etcd::Expect;
use objects::schema::Schema;
use objects::{Reason, Status, Str, Value, decode, json, value};

use super::{Custom, schema};
use crate::admission::{Webhooks, webhook_call};
use crate::registry::meta;
use crate::server::{ApiServer, Cx, Served};

/// How long a webhook may take (upstream).
const TIMEOUT_S: i64 = 30;

fn failed(of: &Value, what: &str) -> Status {
    let of = format!("{}, Kind={}", of.api_version(), of.kind());
    Status::new(Reason::Unknown, format!("conversion webhook for {of} {what}"))
}

/// What is wrong with an object that came back; the metadata of one that is right is the original's, but for labels and
/// annotations.
fn checked(original: &Value, mut converted: Value, to: &str) -> Result<Value, String> {
    if converted.api_version() != to {
        return Err(format!(
            "object at index 0: invalid groupVersion (expected {to}, received {})",
            converted.api_version()
        ));
    }
    let same: [(&str, &str, &str); 4] = [
        ("kind", original.kind(), converted.kind()),
        ("name", original.name(), converted.name()),
        ("namespace", original.namespace(), converted.namespace()),
        ("UID", original.uid(), converted.uid()),
    ];
    if let Some((what, was, is)) = same.into_iter().find(|(_, was, is)| was != is) {
        return Err(format!("object: must have the same {what}: {was} != {is}"));
    }
    let mut kept = original.meta().clone();
    for field in ["labels", "annotations"] {
        kept.remove(field);
        let given = &converted.meta()[field];
        if !given.is_null() {
            kept.set(field, given);
        }
    }
    converted.set("metadata", kept);
    Ok(converted)
}

impl Custom {
    fn converts(&self) -> bool {
        !self.converter.is_null()
    }

    /// The schema of the version that an object is in.
    fn schema_of(&self, object: &Value) -> Option<&Value> {
        let version = object.api_version().strip_prefix(self.resource.group.as_str())?.strip_prefix('/')?;
        let mut all = self.versions.items().iter();
        all.find(|v| v["name"] == version).map(|v| &v["schema"]["openAPIV3Schema"])
    }

    /// The object without what its version does not know.
    fn pruned(&self, object: Value) -> Value {
        match self.schema_of(&object) {
            Some(s) => decode::prune(&object, Schema::of_custom(s), &mut Vec::new()),
            None => object,
        }
    }

    /// A stored object as it is read: its version may know less by now, or have defaults that it had not.
    fn read(&self, object: Value) -> Value {
        let mut object = self.pruned(object);
        if let Some(s) = self.schema_of(&object).filter(|s| schema::lacks_defaults(&object, s)) {
            schema::fill_defaults(&mut object, s);
        }
        object
    }
}

/// A stored object that a watch shows in another version.
#[derive(Clone, Debug)]
pub struct Conversion {
    resource: Served,
    object: Value,
}

impl Conversion {
    /// `None`: no webhook has a say.
    pub(crate) fn of(resource: &Served, object: &Value) -> Option<Self> {
        let Served::Custom(c) = resource else { return None };
        let asks = c.converts() && object.api_version() != resource.api_version();
        asks.then(|| Self { resource: resource.clone(), object: object.clone() })
    }
}

/// A stored custom object as a version shows it that differs from its own in name only.
pub(crate) fn renamed(resource: &Served, object: Value) -> Value {
    let Served::Custom(c) = resource else { return object };
    let mut object = c.read(object);
    if object.api_version() != resource.api_version() && !c.converts() {
        object.set("apiVersion", resource.api_version());
        object = c.pruned(object);
    }
    object
}

impl ApiServer {
    /// Whether any custom kind is converted by a webhook.
    #[must_use]
    pub fn has_conversions(&self) -> bool {
        self.customs.iter_versions().any(Custom::converts)
    }

    /// Whether a request is about a kind that a webhook converts: even reading it may then ask a pod.
    #[must_use]
    pub fn may_convert(&self, request: &Request) -> bool {
        self.has_conversions() && matches!(self.find(request), Ok(Served::Custom(c)) if c.converts())
    }

    /// What a watch is to show, by way of the webhook.
    ///
    /// # Errors
    /// As [`ApiServer::convert`].
    pub fn carry_out(
        &mut self,
        conversion: Conversion,
        now: Time,
        hooks: &mut dyn Webhooks,
    ) -> Result<Value, Status> {
        let Conversion { resource, object } = conversion;
        let (caller, request) = (Caller::default(), Request::raw(""));
        let mut cx = Cx::new(&caller, &request, resource, now);
        cx.hooks = Some(hooks);
        self.in_request_version(&mut cx, object)
    }

    /// Objects in a version (`group/version`), by way of the webhook where they are in another.
    ///
    /// # Errors
    /// A webhook that does not answer, or not as it must.
    pub(crate) fn convert(
        &mut self,
        cx: &mut Cx<'_>,
        mut objects: Vec<Value>,
        to: &str,
    ) -> Result<Vec<Value>, Status> {
        let Served::Custom(custom) = &cx.resource else { return Ok(objects) };
        let custom = custom.clone();
        let others: Vec<usize> = (0..objects.len()).filter(|i| objects[*i].api_version() != to).collect();
        let Some(first) = others.first().map(|i| objects[*i].clone()) else { return Ok(objects) };
        if !custom.converts() {
            for i in others {
                objects[i].set("apiVersion", to);
                objects[i] = custom.pruned(std::mem::take(&mut objects[i]));
            }
            return Ok(objects);
        }
        let Some(hooks) = cx.hooks.take() else { return Ok(objects) };
        let uid = meta::uuid(&mut self.rng);
        let sent: Value = others.iter().map(|i| objects[*i].clone()).collect();
        let review = value!({
            "kind": "ConversionReview", "apiVersion": "apiextensions.k8s.io/v1",
            "request": {"uid": (&uid), "desiredAPIVersion": (to), "objects": (sent)}
        });
        let answer = webhook_call(self, &mut *hooks, &custom.converter, TIMEOUT_S, json::to_string(&review));
        cx.hooks = Some(hooks);
        let answer = answer.map_err(|why| failed(&first, &format!("failed: {why}")))?;
        let response = &answer["response"];
        let result = &response["result"];
        let wrong = if answer.kind() != "ConversionReview" {
            Some(format!(
                "expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got {}, Kind={}",
                answer.api_version(),
                answer.kind()
            ))
        } else if response.is_null() {
            Some("no response provided".to_owned())
        } else if response["uid"] != uid.as_str() {
            Some(format!("expected response.uid=\"{uid}\", got \"{}\"", response["uid"].text()))
        } else if result["status"] != "Success" {
            let status = result["status"].text();
            Some(match result["message"].text() {
                "" => format!("response.result.status was '{status}', not 'Success'"),
                message => message.to_owned(),
            })
        } else {
            None
        };
        if let Some(why) = wrong {
            return Err(failed(&first, &format!("failed: {why}")));
        }
        let converted = response["convertedObjects"].items();
        if converted.len() != others.len() {
            let counts = format!("returned {} objects, expected {}", converted.len(), others.len());
            return Err(failed(&first, &counts));
        }
        for (i, new) in others.into_iter().zip(converted) {
            let good = checked(&objects[i], new.clone(), to);
            let good = good.map_err(|why| failed(&first, &format!("returned invalid {why}")))?;
            objects[i] = custom.pruned(good);
        }
        Ok(objects)
    }

    /// Stored objects as the version shows them that the request asks in.
    pub(crate) fn all_in_request_version(
        &mut self,
        cx: &mut Cx<'_>,
        objects: Vec<Value>,
    ) -> Result<Vec<Value>, Status> {
        let Served::Custom(custom) = &cx.resource else { return Ok(objects) };
        let objects = objects.into_iter().map(|o| custom.read(o)).collect();
        let version = cx.resource.api_version();
        self.convert(cx, objects, &version)
    }

    /// As [`ApiServer::all_in_request_version`], of one.
    pub(crate) fn in_request_version(&mut self, cx: &mut Cx<'_>, object: Value) -> Result<Value, Status> {
        if matches!(cx.resource, Served::BuiltIn(_)) {
            return Ok(object);
        }
        let mut converted = self.all_in_request_version(cx, vec![object])?;
        converted.pop().ok_or_else(|| cx.not_found())
    }

    /// Whether an object is stored in the version that its kind is stored in by now. One that is not is written again even
    /// if nothing of it changes: so a stored version is left behind.
    pub(crate) fn is_stored_as_now(&self, cx: &Cx<'_>, name: &Str) -> bool {
        let Served::Custom(custom) = &cx.resource else { return true };
        let stored = self.store.get(&cx.resource.storage, &cx.key_of(name));
        stored.is_none_or(|e| e.value.api_version() == custom.stored_in)
    }

    /// Writes an object that is in the request's version, in the one its kind is stored in; gives it back as it was stored,
    /// where a webhook converts as it came.
    pub(crate) fn commit_in_version(
        &mut self,
        cx: &mut Cx<'_>,
        name: &Str,
        mut object: Value,
        expect: Expect,
    ) -> Result<Value, Status> {
        let (stored_in, asks) = match &cx.resource {
            Served::Custom(c) if c.stored_in != object.api_version() => (c.stored_in.clone(), c.converts()),
            _ => return self.commit(cx, name, object, expect),
        };
        let form = self.convert(cx, vec![object.clone()], &stored_in)?.pop();
        let stored = self.commit(cx, name, form.unwrap_or_default(), expect)?;
        if !asks {
            return self.in_request_version(cx, stored);
        }
        let revision = &stored.meta()["resourceVersion"];
        if !revision.is_null() {
            object.map_mut().entry("metadata").set("resourceVersion", revision);
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_stays_but_for_labels_and_annotations() {
        let original = value!({
            "apiVersion": "a.b/v1", "kind": "Web", "metadata": {"name": "n", "uid": "u", "labels": {"a": "1"}, "generation": 2}
        });
        let mut back = value!({
            "apiVersion": "a.b/v2", "kind": "Web", "metadata": {"name": "n", "uid": "u", "annotations": {"b": "2"}, "generation": 9}
        });
        let good = checked(&original, back.clone(), "a.b/v2");
        let meta = value!({"name": "n", "uid": "u", "annotations": {"b": "2"}, "generation": 2});
        assert_eq!(good.map(|o| o.meta().clone()), Ok(meta));
        let wrong = "object at index 0: invalid groupVersion (expected a.b/v3, received a.b/v2)";
        assert_eq!(checked(&original, back.clone(), "a.b/v3"), Err(wrong.to_owned()));
        back.set_at(&["metadata", "name"], "m");
        let wrong = "object: must have the same name: n != m";
        assert_eq!(checked(&original, back, "a.b/v2"), Err(wrong.to_owned()));
    }
}
