//! Tokens of service accounts: how one is made, and whom it names when it comes back.
//!
//! Models `pkg/registry/core/serviceaccount/storage/token.go` and `pkg/serviceaccount` (claims, validation).
//! A kubelet makes the tokens of its pods itself, signed with the cluster's key; they name no account's uid, and hold
//! while their pod is there. Not modelled: RS256 (`client::token`).

use client::{Body, Response, token};
use clock::Time;
use objects::{Status, Str, Value, base64, json, value};
use smol_str::format_smolstr;

use crate::registry::meta;
use crate::server::{ApiServer, Cx};

const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// What tokens live when nobody says, and what they live at least.
const DEFAULT_SECONDS: i64 = 3600;
const SHORTEST_SECONDS: i64 = 600;

/// Whom a token names.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    pub user: Str,
    pub uid: Str,
    pub groups: Vec<Str>,
    pub audiences: Vec<Str>,
    /// Keys and values that came with the token: its id, the pod it is bound to.
    pub extra: Vec<(Str, Str)>,
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
    pub fn identity(&self, given: &str, now: Time) -> Result<Identity, String> {
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
            Str::new_static("authentication.kubernetes.io/credential-id"),
            format_smolstr!("JTI={}", claims["jti"].text()),
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
            extra.push((format_smolstr!("authentication.kubernetes.io/{key}-name"), bound["name"].to_str()));
            extra.push((format_smolstr!("authentication.kubernetes.io/{key}-uid"), bound["uid"].to_str()));
        }
        Ok(Identity {
            user: claims["sub"].to_str(),
            uid: uid.into(),
            groups: vec![
                Str::new_static("system:serviceaccounts"),
                format_smolstr!("system:serviceaccounts:{namespace}"),
                Str::new_static("system:authenticated"),
            ],
            audiences: claims["aud"].items().iter().map(Value::to_str).collect(),
            extra,
        })
    }

    /// The status of a TokenReview.
    pub(crate) fn token_status(&self, spec: &Value, now: Time) -> Value {
        let asked = spec["audiences"].items();
        match self.identity(spec["token"].text(), now) {
            Err(why) => {
                value!({"user": {}, "error": (format!("[invalid bearer token, {why}]").replace(", invalid bearer token", ""))})
            }
            Ok(id) => {
                let shared: Vec<&Str> = if asked.is_empty() {
                    id.audiences.iter().filter(|a| *a == ISSUER).collect()
                } else {
                    id.audiences.iter().filter(|a| asked.iter().any(|w| w.text() == a.as_str())).collect()
                };
                if shared.is_empty() {
                    return value!({"user": {}, "error": "[invalid bearer token, token audiences do not match]"});
                }
                let audiences: Value = shared.into_iter().map(Value::from).collect();
                let groups: Value = id.groups.iter().map(Value::from).collect();
                let mut extra = Value::map();
                for (k, v) in id.extra {
                    extra.set(k, value!([(v)]));
                }
                value!({
                    "authenticated": true, "audiences": (audiences),
                    "user": {"username": (id.user), "uid": (id.uid), "groups": (groups), "extra": (extra)}
                })
            }
        }
    }
}
