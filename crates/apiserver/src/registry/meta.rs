//! Object metadata on its way into the store: what the server sets, keeps and refuses.
//!
//! Models `k8s.io/apiserver/pkg/registry/rest` (BeforeCreate, BeforeUpdate, meta.go) and `storage/names`.

use clock::Rng;
use objects::resources::Resource;
use objects::{Status, Str, Value, text};
use smol_str::format_smolstr;

use crate::server::Cx;

/// Why a write on an older state is refused.
pub(crate) const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// The letters of generated name suffixes: no vowels, so that no words arise.
pub(crate) const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

const SUFFIX_LEN: usize = 5;
/// A generated name's base is cut so that the whole is at most 63 long.
const GENERATED_BASE_MAX: usize = 63 - SUFFIX_LEN;

/// A name from `generateName`.
pub(crate) fn generated_name(rng: &mut Rng, base: &str) -> Str {
    let cut = base.char_indices().nth(GENERATED_BASE_MAX).map_or(base.len(), |(i, _)| i);
    format_smolstr!("{}{}", &base[..cut], rng.letters(SUFFIX_LETTERS, SUFFIX_LEN))
}

/// A random (version 4) UUID.
pub(crate) fn uuid(rng: &mut Rng) -> Str {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    /// Of 16 bytes those before which a dash stands.
    const DASHES: [usize; 4] = [4, 6, 8, 10];
    let mut bits = [rng.next_u64(), rng.next_u64()];
    bits[0] = bits[0] & !0xf000 | 0x4000;
    bits[1] = bits[1] & !(0b11 << 62) | 0b10 << 62;
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (i, byte) in bits.iter().flat_map(|word| word.to_be_bytes()).enumerate() {
        at += usize::from(DASHES.contains(&i));
        text[at] = HEX[usize::from(byte >> 4)];
        text[at + 1] = HEX[usize::from(byte & 0xf)];
        at += 2;
    }
    std::str::from_utf8(&text).map(Str::from).unwrap_or_default()
}

/// A revision as objects carry it.
pub(crate) fn revision_text(revision: u64) -> Str {
    let mut digits = [0; 20];
    let (mut at, mut rest) = (digits.len(), revision);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[at..]).map(Str::from).unwrap_or_default()
}

/// The body as an object of the requested resource in the requested namespace.
pub(crate) fn check_identity(cx: &Cx<'_>, object: &mut Value) -> Result<(), Status> {
    let r = &cx.resource;
    match (object.api_version(), object.kind()) {
        ("", "") => {
            object.set("apiVersion", r.api_version());
            object.set("kind", &r.kind);
        }
        (v, _) if !r.has_api_version(v) => {
            return Err(Status::bad_request(format!(
                "the API version in the data ({v}) does not match the expected API version ({})",
                r.api_version()
            )));
        }
        (_, k) if k != r.kind => {
            return Err(Status::bad_request(format!(
                "the kind in the data ({k}) does not match the expected kind ({})",
                r.kind
            )));
        }
        _ => {}
    }
    let wanted = cx.namespace();
    let given = object.namespace();
    if given == wanted {
        return Ok(());
    }
    if !given.is_empty() && !wanted.is_empty() {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let meta = object.map_mut().entry("metadata");
    if wanted.is_empty() {
        meta.remove("namespace");
    } else {
        meta.set("namespace", wanted);
    }
    Ok(())
}

/// What the server alone decides of a new object.
pub(crate) fn stamp_new(cx: &Cx<'_>, rng: &mut Rng, object: &mut Value, generation: bool) {
    let meta = object.map_mut().entry("metadata").map_mut();
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "managedFields"]
    {
        if meta.contains(key) {
            meta.remove(key);
        }
    }
    meta.insert("creationTimestamp", text::rfc3339(cx.now));
    meta.insert("uid", uuid(rng));
    if generation {
        meta.insert("generation", 1);
    }
}

/// What an update can never change.
pub(crate) fn keep_system_fields(object: &mut Value, old: &Value) {
    if object.meta().same(old.meta()) {
        return;
    }
    let old = old.meta();
    let meta = object.map_mut().entry("metadata");
    let mut keep = |key: &str, force: bool| {
        let (was, is) = (&old[key], &meta[key]);
        if is != was && (force || is.is_null()) {
            if was.is_null() {
                meta.remove(key);
            } else {
                let was = was.clone();
                meta.set(key, was);
            }
        }
    };
    keep("generation", true);
    keep("creationTimestamp", true);
    keep("deletionTimestamp", true);
    keep("deletionGracePeriodSeconds", true);
    keep("selfLink", true);
    keep("uid", false);
    keep("generateName", false);
}

/// The object as the requested version of its resource shows it.
///
/// Objects of a resource with several names are stored as they were written, but for versions that differ in form.
pub(crate) fn in_version(resource: &Resource, mut object: Value) -> Value {
    if object.kind() == resource.kind && !resource.has_api_version(object.api_version()) {
        object.set("apiVersion", resource.api_version());
        crate::conversion::from_stored(resource, &mut object);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_reads_as_a_number() {
        for n in [0, 7, 10, 65_535, u64::MAX] {
            assert_eq!(revision_text(n), n.to_string());
        }
    }

    #[test]
    fn an_identifier_has_its_version_and_its_variant() {
        let mut rng = Rng::new(3);
        for _ in 0..100 {
            let bits: Vec<u64> = {
                let mut r = rng.clone();
                (0..2).map(|_| r.next_u64()).collect()
            };
            let id = uuid(&mut rng);
            let parts: Vec<&str> = id.split('-').collect();
            assert_eq!(parts.iter().map(|p| p.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
            assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{id}");
            assert_eq!(parts[0], format!("{:08x}", bits[0] >> 32));
            assert_eq!(parts[4], format!("{:012x}", bits[1] & 0xffff_ffff_ffff));
        }
    }
}
