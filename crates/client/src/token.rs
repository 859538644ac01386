//! The form of a service account's token: two parts of JSON and a signature.
//!
//! Not modelled: RS256. The signature is a keyed hash under a key of the cluster, which keeps a learner from guessing
//! one; it is no protection against anybody who can read the page's memory.

use objects::base64;

/// A key that tokens of one cluster are signed with.
pub type Key = [u64; 4];

/// Base64 as addresses and tokens have it.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    base64::encode(bytes).replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()
}

/// A token of these two parts.
#[must_use]
pub fn signed(key: &Key, head: &str, claims: &str) -> String {
    let parts = format!("{}.{}", encode(head.as_bytes()), encode(claims.as_bytes()));
    let signature = signature(key, &parts);
    format!("{parts}.{signature}")
}

/// A keyed hash of a token's first two parts: four rounds of a multiply-and-rotate mix, 256 bits.
#[must_use]
pub fn signature(key: &Key, signed: &str) -> String {
    let mut state = *key;
    for (i, b) in signed.bytes().chain(key.iter().flat_map(|k| k.to_le_bytes())).enumerate() {
        let lane = i % 4;
        state[lane] = (state[lane] ^ u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        state[(lane + 1) % 4] ^= state[lane].rotate_left(17);
    }
    for round in 0..4 {
        for lane in 0..4 {
            state[lane] = (state[lane] ^ state[(lane + 3) % 4].rotate_left(7 + round))
                .wrapping_mul(0xd6e8_feb8_6659_fd93);
        }
    }
    let bytes: Vec<u8> = state.iter().flat_map(|s| s.to_le_bytes()).collect();
    encode(&bytes)
}
