//! The `pod-template-hash` of a pod template: names ReplicaSets and ControllerRevisions.

use objects::Value;

/// The letters of a hash, at the ASCII code of each decimal digit modulo their number.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The hash of `template` after `collisions` earlier templates had the same one.
#[must_use]
pub fn pod_template_hash(template: &Value, collisions: Option<i64>) -> String {
    let mut h: u32 = 0x811c_9dc5;
    let mut feed = |text: &str| {
        for b in text.bytes() {
            h = (h ^ u32::from(b)).wrapping_mul(0x0100_0193);
        }
    };
    feed(&format!("{template:?}"));
    if let Some(n) = collisions {
        feed(&n.to_string());
    }
    h.to_string().bytes().map(|d| LETTERS[usize::from(d) % LETTERS.len()] as char).collect()
}
