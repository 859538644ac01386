//! Tokens of service accounts: how one is made, and whom it names when it comes back.
//!
//! Models `pkg/registry/core/serviceaccount/storage/token.go` and `pkg/serviceaccount` (claims, validation).
//! A kubelet makes the tokens of its pods itself, signed with the cluster's key; they name no account's uid, and hold
//! while their pod is there. Not modelled: RS256 (`client::token`).

use std::sync::Arc;

use client::{Body, Identity, Response, token};
use clock::Time;
use objects::{Status, Str, Value, base64, json, value};
use smol_str::format_smolstr;

use crate::authorization::{AUTHENTICATED, User};
use crate::registry::meta;
use crate::server::{ApiServer, Cx};

const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// What tokens live when nobody says, and what they live at least.
const DEFAULT_SECONDS: i64 = 3600;
const SHORTEST_SECONDS: i64 = 600;

/// Whom a token names, and for whom it is meant.
pub(crate) struct Named {
    pub(super) user: User,
    audiences: Vec<Str>,
}

impl Named {
    pub(super) fn is_for_server(&self) -> bool {
        self.audiences.iter().any(|a| a == ISSUER)
    }
}

fn decode(text: &str) -> Option<Value> {
    let mut padded = text.replace('-', "+").replace('_', "/");
    padded.push_str(&"=".repeat((4 - padded.len() % 4) % 4));
    let bytes = base64::decode(&padded)?;
    json::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

/// The key that a cluster of this seed signs its tokens with.
#[must_use]
pub fn token_key(rng: &clock::Rng) -> token::Key {
    let mut keys = rng.fork("tokens");
    std::array::from_fn(|_| keys.next_u64())
}

impl ApiServer {
    fn signature(&self, signed: &str) -> String {
        token::signature(&self.token_key, signed)
    }

    /// `POST serviceaccounts/NAME/token`
    pub(crate) fn request_token(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let Body::Object(body) = &cx.request.body else {
            return Err(Status::bad_request("the body of the request was empty"));
        };
        let account = self.stored(cx)?;
        let mut request = body.clone();
        let invalid = |field: &str, given: &Value, why: &str| {
            let cause = objects::status::Cause {
                reason: "FieldValueInvalid",
                field: field.into(),
                message: format!("Invalid value: {}: {why}", json::to_string(given)),
            };
            Status::invalid("authentication.k8s.io", "TokenRequest", "", vec![cause])
        };
        let seconds = request["spec"]["expirationSeconds"].int_or(DEFAULT_SECONDS);
        if seconds < SHORTEST_SECONDS {
            let why = "may not specify a duration less than 10 minutes";
            return Err(invalid("spec.expirationSeconds", &Value::Int(seconds), why));
        }
        if seconds > 1 << 32 {
            let why = "may not specify a duration larger than 2^32 seconds";
            return Err(invalid("spec.expirationSeconds", &Value::Int(seconds), why));
        }
        let mut kubernetes = value!({
            "namespace": (account.namespace()),
            "serviceaccount": {"name": (account.name()), "uid": (account.uid())}
        });
        let bound = request["spec"]["boundObjectRef"].clone();
        if !bound.is_null() {
            let (key, storage) = match bound["kind"].text() {
                "Pod" => ("pod", "pods"),
                "Secret" => ("secret", "secrets"),
                "Node" => ("node", "nodes"),
                other => {
                    let why = format!(
                        "cannot bind token to object of type {}, Kind={other}",
                        bound["apiVersion"].text()
                    );
                    return Err(Status::bad_request(why));
                }
            };
            let name = bound["name"].text();
            let namespace = if storage == "nodes" { "" } else { account.namespace() };
            let Some(object) = self.get(storage, namespace, name) else {
                return Err(Status::not_found("", storage, name));
            };
            if storage == "pods" && object["spec"]["serviceAccountName"] != *account.name() {
                return Err(Status::bad_request(format!(
                    "cannot bind token for serviceaccount \"{}\" to pod running with different serviceaccount name.",
                    account.name()
                )));
            }
            let given = bound["uid"].text();
            if !given.is_empty() && given != object.uid() {
                let why = format!(
                    "the UID in the bound object reference ({given}) does not match the UID in record. The object might have been deleted and then recreated"
                );
                return Err(Status::conflict("", bound["kind"].text(), name, &why));
            }
            kubernetes.set(key, value!({"name": (object.name()), "uid": (object.uid())}));
        }
        let mut audiences = request["spec"]["audiences"].clone();
        if audiences.items().is_empty() {
            audiences = value!([(ISSUER)]);
        }
        let now = cx.now.0 / 1000;
        let claims = value!({
            "aud": (audiences.clone()), "exp": (now + seconds), "iat": (now), "iss": (ISSUER),
            "jti": (meta::uuid(&mut self.rng)), "kubernetes.io": (kubernetes), "nbf": (now),
            "sub": (format!("system:serviceaccount:{}:{}", account.namespace(), account.name()))
        });
        let head = value!({"alg": "RS256", "kid": "wheelhouse"});
        let token = token::signed(&self.token_key, &json::to_string(&head), &json::to_string(&claims));
        request.set("apiVersion", "authentication.k8s.io/v1");
        request.set("kind", "TokenRequest");
        request.set(
            "metadata",
            value!({
                "name": (account.name()), "namespace": (account.namespace()), "uid": (account.uid()),
                "creationTimestamp": (cx.now.rfc3339())
            }),
        );
        let spec = request.map_mut().entry("spec");
        spec.set("audiences", audiences);
        spec.set("expirationSeconds", seconds);
        let ends = (Time(now * 1000) + seconds * 1000).rfc3339();
        request.set("status", value!({"token": (token), "expirationTimestamp": (ends)}));
        Ok(Response { object: request, created: true, ..Response::default() })
    }

    /// Whom a token names now.
    ///
    /// # Errors
    /// Why it names nobody.
    pub(super) fn account_of(&self, given: &str, now: Time) -> Result<Named, String> {
        let unknown = || "invalid bearer token".to_owned();
        let (signed, signature) = given.rsplit_once('.').ok_or_else(unknown)?;
        if self.signature(signed) != signature {
            return Err(unknown());
        }
        let claims = signed.split('.').nth(1).and_then(decode).ok_or_else(unknown)?;
        if claims["exp"].int() * 1000 <= now.0 {
            return Err("service account token has expired".into());
        }
        let about = &claims["kubernetes.io"];
        let namespace = about["namespace"].text();
        let name = about["serviceaccount"]["name"].text();
        let uid = about["serviceaccount"]["uid"].text();
        match self.get("serviceaccounts", namespace, name) {
            Some(account) if account.uid() == uid => {}
            Some(_) if uid.is_empty() && !about["pod"].is_null() => {}
            Some(account) => {
                return Err(format!("service account UID ({}) does not match claim ({uid})", account.uid()));
            }
            None => return Err(format!("service account {namespace}/{name} has been deleted")),
        }
        let mut extra = vec![(
            Str::new_static(super::CREDENTIAL_ID),
            vec![format_smolstr!("JTI={}", claims["jti"].text())],
        )];
        for (key, storage) in [("pod", "pods"), ("secret", "secrets"), ("node", "nodes")] {
            let bound = &about[key];
            if bound.is_null() {
                continue;
            }
            let of = if storage == "nodes" { "" } else { namespace };
            let lives =
                self.get(storage, of, bound["name"].text()).is_some_and(|o| o.uid() == bound["uid"].text());
            if !lives {
                return Err("service account token has been invalidated".into());
            }
            for part in ["name", "uid"] {
                let key = format_smolstr!("authentication.kubernetes.io/{key}-{part}");
                extra.push((key, vec![bound[part].to_str()]));
            }
        }
        let user = User {
            name: claims["sub"].to_str(),
            groups: vec![
                Str::new_static("system:serviceaccounts"),
                format_smolstr!("system:serviceaccounts:{namespace}"),
                Str::new_static(AUTHENTICATED),
            ],
            known: Some(Arc::new(Identity { uid: uid.into(), extra })),
        };
        Ok(Named { user, audiences: claims["aud"].items().iter().map(Value::to_str).collect() })
    }

    /// The status of a TokenReview.
    pub(crate) fn token_status(&self, spec: &Value, now: Time) -> Value {
        let asked = spec["audiences"].items();
        let named = match self.account_of(spec["token"].text(), now) {
            Ok(named) => named,
            Err(why) => {
                let error = format!("[invalid bearer token, {why}]").replace(", invalid bearer token", "");
                return value!({"user": {}, "error": (error)});
            }
        };
        let meant = |a: &&Str| match asked {
            [] => *a == ISSUER,
            asked => asked.iter().any(|w| w.text() == a.as_str()),
        };
        let shared: Value = named.audiences.iter().filter(meant).map(Value::from).collect();
        if shared.items().is_empty() {
            return value!({"user": {}, "error": "[invalid bearer token, token audiences do not match]"});
        }
        value!({"authenticated": true, "audiences": (shared), "user": (named.user.info())})
    }
}
