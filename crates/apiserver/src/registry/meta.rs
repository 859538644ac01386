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
    let (head, tail) = (rng.next_u64(), rng.next_u64());
    let head = hex(head & !0xf000 | 0x4000);
    let tail = hex(tail & !(0b11 << 62) | 0b10 << 62);
    let mut text = [b'-'; 36];
    text[..8].copy_from_slice(&head[..8]);
    text[9..13].copy_from_slice(&head[8..12]);
    text[14..18].copy_from_slice(&head[12..]);
    text[19..23].copy_from_slice(&tail[..4]);
    text[24..].copy_from_slice(&tail[4..]);
    std::str::from_utf8(&text).map(Str::from).unwrap_or_default()
}

/// The hexadecimal digits of a word.
fn hex(word: u64) -> [u8; 16] {
    /// One in each byte.
    const ONES: u64 = 0x0101_0101_0101_0101;
    let half = |half: u64| {
        // Four bits to a byte.
        let x = (half | half << 16) & 0x0000_ffff_0000_ffff;
        let x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
        let x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
        // A byte from ten on becomes a letter.
        let letters = (x + 6 * ONES) >> 4 & ONES;
        (x + u64::from(b'0') * ONES + u64::from(b'a' - b'0' - 10) * letters).to_be_bytes()
    };
    let mut text = [0; 16];
    text[..8].copy_from_slice(&half(word >> 32));
    text[8..].copy_from_slice(&half(word & 0xffff_ffff));
    text
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
            assert_eq!(parts[1], format!("{:04x}", bits[0] >> 16 & 0xffff));
            assert_eq!(parts[4], format!("{:012x}", bits[1] & 0xffff_ffff_ffff));
        }
    }
}
