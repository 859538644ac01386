//! Names of signers, and of the bundles of trust that are theirs.
//!
//! Models `pkg/apis/core/validation/names.go`.

use objects::{Value, names};

use super::Errors;

const FORM: &str = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
const DOMAIN_MAX: usize = 253;
/// A domain, a namespace's name and an object's name, with what stands between them.
const WHOLE_MAX: usize = DOMAIN_MAX + 1 + 253 + 63 + 1;

/// `example.com/name`
pub(super) fn validate(given: &Value, e: &mut Errors) {
    let name = given.text();
    if name.is_empty() {
        e.required("");
        return;
    }
    let Some((domain, path)) = name.split_once('/').filter(|(_, path)| !path.contains('/')) else {
        e.invalid(given, FORM);
        return;
    };
    if domain.len() > DOMAIN_MAX {
        e.too_long(DOMAIN_MAX);
    }
    labels(domain, names::dns1123_label, e);
    if !domain.contains('.') {
        e.invalid_text(domain, "should be a domain with at least two segments separated by dots");
    }
    labels(path, names::dns1123_subdomain, e);
    if name.len() > WHOLE_MAX {
        e.too_long(WHOLE_MAX);
    }
}

/// The first label that is wrong is told.
fn labels(whole: &str, rule: fn(&str) -> Vec<String>, e: &mut Errors) {
    let wrong = whole.split('.').map(|label| (label, rule(label))).find(|(_, why)| !why.is_empty());
    for (label, why) in wrong.iter().flat_map(|(label, all)| all.iter().map(move |why| (label, why))) {
        e.invalid_text(whole, &format!("validating label {}: {why}", objects::json::go_quote(label)));
    }
}

/// What is wrong with the name of a ClusterTrustBundle: a signer's own begin with its name.
pub(super) fn bundle(name: &str) -> Vec<String> {
    match name.rsplit_once(':') {
        None => names::dns1123_subdomain(name),
        Some(("", _)) => {
            vec!["ClusterTrustBundle without signer name must not have \":\" in its name".into()]
        }
        Some((_, own)) => names::dns1123_subdomain(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signer_is_a_domain_and_a_path() {
        let said = |name: &str| {
            let mut errs = Errors::new(false);
            errs.at("s", |e| validate(&Value::from(name), e));
            errs.into_causes().into_iter().map(|c| c.message).collect::<Vec<_>>()
        };
        assert!(said("example.com/a.b").is_empty());
        assert_eq!(said(""), ["Required value"]);
        for wrong in ["nosuch", "a.b/c/d"] {
            assert_eq!(said(wrong), [format!("Invalid value: \"{wrong}\": {FORM}")]);
        }
        assert_eq!(
            said("example/a"),
            ["Invalid value: \"example\": should be a domain with at least two segments separated by dots"]
        );
        assert!(
            said("A.b/c")[0]
                .starts_with("Invalid value: \"A.b\": validating label \"A\": a lowercase RFC 1123 label")
        );
        assert!(said("a.b/C")[0].starts_with("Invalid value: \"C\": validating label \"C\": "));
        assert!(bundle("example.com:signer:name").is_empty() && bundle("name").is_empty());
        assert!(!bundle(":name").is_empty() && !bundle("a:B").is_empty());
    }
}
