//! Who makes a request, and as whom: what it brings to prove it, and what is known of a user besides the name.
//!
//! Does not own: whether the proof holds (apiserver).

use objects::Str;

use crate::http;

/// What a request brings to say who makes it. Without either it is nobody's in particular.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// A client's certificate in PEM. Whoever carries the request has seen to it that the client holds the key.
    pub certificate: Str,
    /// A bearer token.
    pub token: Str,
}

/// What is known of a user besides the name and the groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub uid: Str,
    /// Keys and values, in order.
    pub extra: Vec<(Str, Vec<Str>)>,
}

/// Whom a request is made as, in place of who makes it: `--as` and its like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impersonation {
    pub user: Str,
    pub groups: Vec<Str>,
    pub identity: Identity,
}

impl Impersonation {
    /// What headers say, their names in lower case: `impersonate-user` and its like.
    pub fn of_headers<'a>(headers: &mut dyn Iterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let mut found = Self::default();
        for (name, value) in headers {
            match name.strip_prefix("impersonate-") {
                Some("user") => found.user = value.into(),
                Some("uid") => found.identity.uid = value.into(),
                Some("group") => found.groups.push(value.into()),
                Some(other) => {
                    let Some(key) = other.strip_prefix("extra-") else { continue };
                    let (key, extra) = (Str::from(http::decoded(key)), &mut found.identity.extra);
                    match extra.iter_mut().find(|(k, _)| *k == key) {
                        Some((_, values)) => values.push(value.into()),
                        None => extra.push((key, vec![value.into()])),
                    }
                }
                None => {}
            }
        }
        (!found.user.is_empty()).then_some(found)
    }
}
