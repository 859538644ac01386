//! Reviews: the questions that are answered instead of stored.
//!
//! Models `pkg/apis/authorization/validation` and `pkg/registry/authentication/tokenreview`.

use objects::{Status, Value};

use super::{Errors, labels};

/// Checks a review before it is answered. `kind` names it.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn validate(kind: &str, object: &Value, namespace: &str) -> Result<(), Status> {
    let spec = &object["spec"];
    let mut errs = Errors::new(false);
    match kind {
        "TokenReview" if spec["token"].text().is_empty() => {
            return Err(Status::bad_request("token is required for TokenReview in authentication"));
        }
        "SelfSubjectRulesReview" if spec["namespace"].text().is_empty() => {
            return Err(Status::bad_request("no namespace on request"));
        }
        "SelfSubjectAccessReview" => {
            attributes(spec, &mut errs, |_, _| {});
            bare(object, "", &mut errs);
        }
        "SubjectAccessReview" => {
            attributes(spec, &mut errs, subject);
            bare(object, "", &mut errs);
        }
        "LocalSubjectAccessReview" => {
            attributes(spec, &mut errs, subject);
            bare(object, namespace, &mut errs);
            let given = &spec["resourceAttributes"]["namespace"];
            if !spec["resourceAttributes"].is_null() && given.text() != namespace {
                errs.at("spec.resourceAttributes.namespace", |e| {
                    e.invalid_text(given.text(), "must match metadata.namespace");
                });
            }
            let paths = &spec["nonResourceAttributes"];
            if !paths.is_null() {
                errs.at("spec.nonResourceAttributes", |e| {
                    e.invalid(paths, "disallowed on this kind of request");
                });
            }
        }
        _ => {}
    }
    let causes = errs.into_causes();
    if causes.is_empty() {
        return Ok(());
    }
    // Upstream asks the internal object for its kind, which has none.
    Err(Status::invalid("authorization.k8s.io", "", "", causes))
}

fn subject(spec: &Value, errs: &mut Errors) {
    if spec["user"].text().is_empty() && spec["groups"].items().is_empty() {
        errs.at("user", |e| e.invalid_text("", "at least one of user or group must be specified"));
    }
}

fn attributes(spec: &Value, errs: &mut Errors, whose: fn(&Value, &mut Errors)) {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    errs.at("spec", |e| {
        if !resource.is_null() && !path.is_null() {
            e.at("nonResourceAttributes", |e| {
                e.invalid(path, "cannot be specified in combination with resourceAttributes");
            });
        }
        if resource.is_null() && path.is_null() {
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            e.at("resourceAttributes", |e| e.invalid(&Value::Null, why));
        }
        whose(spec, e);
        e.at("resourceAttributes", |e| {
            e.at("fieldSelector", |e| {
                selector(&resource["fieldSelector"], "spec.resourceAttributes.fieldSelector", e, |r, e| {
                    if r["key"].text().is_empty() {
                        e.at("key", |e| e.required("must be specified"));
                    }
                    labels::values_fit(r, e);
                });
            });
            e.at("labelSelector", |e| {
                selector(&resource["labelSelector"], "spec.resourceAttributes.labelSelector", e, |r, e| {
                    labels::values_fit(r, e);
                    labels::key_and_values(r, e);
                });
            });
        });
    });
}

/// Operators that are not known yet may be asked about.
fn selector(given: &Value, path: &str, errs: &mut Errors, requirement: impl Fn(&Value, &mut Errors)) {
    if given.is_null() {
        return;
    }
    let (raw, requirements) = (&given["rawSelector"], given["requirements"].items());
    if !raw.text().is_empty() && !requirements.is_empty() {
        errs.at("rawSelector", |e| e.invalid(raw, "may not specified at the same time as requirements"));
    }
    if raw.text().is_empty() && requirements.is_empty() {
        let why = format!("when {path} is specified, requirements or rawSelector is required");
        errs.at("requirements", |e| e.required(&why));
    }
    errs.each(given, "requirements", |e, _, r| requirement(r, e));
}

/// A review has no metadata but the namespace it is asked in.
fn bare(object: &Value, namespace: &str, errs: &mut Errors) {
    let fits = object.meta().entries().iter().all(|(key, value)| match key.as_str() {
        "managedFields" => true,
        "namespace" => value.text() == namespace,
        _ => value.is_zero(),
    });
    if !fits {
        let why = if namespace.is_empty() { "must be empty" } else { "must be empty except for namespace" };
        errs.at("metadata", |e| e.invalid(object.meta(), why));
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn a_review_is_told_what_is_wrong_with_it() {
        let asked = value!({"resource": "pods", "verb": "get"});
        let both = "spec.nonResourceAttributes: Invalid value: {}: cannot be specified in combination with resourceAttributes";
        let neither = "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let nobody = "spec.user: Invalid value: \"\": at least one of user or group must be specified";
        for (kind, object, namespace, wrong) in [
            ("SelfSubjectAccessReview", value!({"spec": {"resourceAttributes": (&asked)}}), "", None),
            ("SelfSubjectAccessReview", value!({"spec": {}}), "", Some(neither)),
            (
                "SelfSubjectAccessReview",
                value!({"spec": {"resourceAttributes": (&asked), "nonResourceAttributes": {}}}),
                "",
                Some(both),
            ),
            ("SubjectAccessReview", value!({"spec": {"resourceAttributes": (&asked)}}), "", Some(nobody)),
            (
                "SubjectAccessReview",
                value!({"spec": {"resourceAttributes": (&asked), "groups": ["g"]}}),
                "",
                None,
            ),
            (
                "SubjectAccessReview",
                value!({"metadata": {"name": "x"}, "spec": {"resourceAttributes": (&asked), "user": "u"}}),
                "",
                Some("metadata: Invalid value: {\"name\":\"x\"}: must be empty"),
            ),
            (
                "LocalSubjectAccessReview",
                value!({"metadata": {"namespace": "n"}, "spec": {"resourceAttributes": (&asked), "user": "u"}}),
                "n",
                Some("spec.resourceAttributes.namespace: Invalid value: \"\": must match metadata.namespace"),
            ),
            (
                "SelfSubjectAccessReview",
                value!({"spec": {"resourceAttributes": {"fieldSelector": {}}}}),
                "",
                Some(
                    "spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required",
                ),
            ),
            (
                "SelfSubjectAccessReview",
                value!({"spec": {"resourceAttributes": {"labelSelector": {"requirements": [{"key": "a", "operator": "In"}]}}}}),
                "",
                Some(
                    "spec.resourceAttributes.labelSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                ),
            ),
        ] {
            let said = validate(kind, &object, namespace).map_err(|s| s.message);
            let wanted = wrong.map_or(Ok(()), |w| Err(format!(".authorization.k8s.io \"\" is invalid: {w}")));
            assert_eq!(said, wanted, "{kind} {object:?}");
        }
        let said = validate("TokenReview", &value!({"spec": {}}), "").map_err(|s| (s.code(), s.message));
        assert_eq!(said, Err((400, "token is required for TokenReview in authentication".to_owned())));
    }
}
