//! Versions of a custom kind that differ in form: a webhook turns one into another.
//!
//! Owns: when it is asked, the ConversionReview and what its answer must be. Does not own: the call (admission's
//! webhooks) and its way (whoever gives a [`crate::Webhooks`]).
//! Models `apiextensions-apiserver/pkg/apiserver/conversion`. Objects are stored in the version that was the stored one
//! when they were last written. Not modelled: reviews of v1beta1; a watch in another version than an object's own shows
//! the fields as they are stored; writes behind which no network stands, the cluster's own, keep their form.

use client::Request;
use etcd::Expect;
use objects::{Reason, Status, Value, json, value};

use super::Custom;
use crate::admission::webhook_call;
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
            objects[i] = good.map_err(|why| failed(&first, &format!("returned invalid {why}")))?;
        }
        Ok(objects)
    }

    /// A stored object as the version shows it that the request asks in.
    pub(crate) fn in_request_version(&mut self, cx: &mut Cx<'_>, object: Value) -> Result<Value, Status> {
        if matches!(cx.resource, Served::BuiltIn(_)) {
            return Ok(object);
        }
        let version = cx.resource.api_version();
        let mut converted = self.convert(cx, vec![object], &version)?;
        converted.pop().ok_or_else(|| cx.not_found())
    }

    /// Whether an object is stored in the version that its kind is stored in by now. One that is not is written again even
    /// if nothing of it changes: so a stored version is left behind.
    pub(crate) fn is_stored_as_now(&self, cx: &Cx<'_>, name: &str) -> bool {
        let Served::Custom(custom) = &cx.resource else { return true };
        let stored = self.store.get(&cx.key_of(name));
        !custom.converts() || stored.is_none_or(|e| e.value.api_version() == custom.stored_in)
    }

    /// Writes an object that is in the request's version, in the one its kind is stored in; gives it back as it came.
    pub(crate) fn commit_in_version(
        &mut self,
        cx: &mut Cx<'_>,
        name: &str,
        mut object: Value,
        expect: Expect,
    ) -> Result<Value, Status> {
        let stored_in = match &cx.resource {
            Served::Custom(c) if c.converts() && c.stored_in != object.api_version() => c.stored_in.clone(),
            _ => return self.commit(cx, name, object, expect),
        };
        let form = self.convert(cx, vec![object.clone()], &stored_in)?.pop();
        let stored = self.commit(cx, name, form.unwrap_or_default(), expect)?;
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
