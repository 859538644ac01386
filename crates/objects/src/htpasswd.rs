//! Passwords as Apache's `htpasswd` keeps them, and files of them.
//!
//! Owns: APR's MD5 (`apr_md5_encode`: MD5 a thousand times over), `{SHA}`, `{PLAIN}`. Not modelled: bcrypt (`htpasswd -B`), crypt.

use crate::base64;
use crate::digest::{Algorithm, Digest};

const MAGIC: &str = "$apr1$";
const SALT_MAX: usize = 8;
const ROUNDS: usize = 1000;
/// What a salt is made of.
pub const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn md5(parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = Digest::new(Algorithm::Md5);
    for part in parts {
        digest.feed(part);
    }
    digest.finish()
}

/// A password as `$apr1$salt$digest`. Of the salt at most eight letters count.
#[must_use]
pub fn apr1(password: &str, salt: &str) -> String {
    let salt: String = salt.chars().take_while(|c| *c != '$').take(SALT_MAX).collect();
    let (word, grain) = (password.as_bytes(), salt.as_bytes());
    let inner = md5(&[word, grain, word]);
    let mut first = [word, MAGIC.as_bytes(), grain].concat();
    first.extend(inner.iter().cycle().take(word.len()));
    let mut bits = word.len();
    while bits > 0 {
        first.push(if bits & 1 == 1 { 0 } else { word[0] });
        bits >>= 1;
    }
    let mut last = md5(&[&first]);
    for round in 0..ROUNDS {
        let odd = round % 2 == 1;
        let grain = if round % 3 == 0 { &[][..] } else { grain };
        let middle = if round % 7 == 0 { &[][..] } else { word };
        last = if odd { md5(&[word, grain, middle, &last]) } else { md5(&[&last, grain, middle, word]) };
    }
    let byte = |i: usize| u32::from(last.get(i).copied().unwrap_or(0));
    let mut out = format!("{MAGIC}{salt}$");
    let mut put = |mut bits: u32, letters: usize| {
        for _ in 0..letters {
            out.push(char::from(LETTERS[(bits & 63) as usize]));
            bits >>= 6;
        }
    };
    for [a, b, c] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        put(byte(a) << 16 | byte(b) << 8 | byte(c), 4);
    }
    put(byte(11), 2);
    out
}

/// A password as `{SHA}digest`.
#[must_use]
pub fn sha(password: &str) -> String {
    let mut digest = Digest::new(Algorithm::Sha1);
    digest.feed(password.as_bytes());
    format!("{{SHA}}{}", base64::encode(&digest.finish()))
}

/// Whether a password is the one kept; `None`: it is kept in a way that is not known here.
#[must_use]
pub fn is_kept(password: &str, kept: &str) -> Option<bool> {
    if let Some((salt, _)) = kept.strip_prefix(MAGIC).and_then(|rest| rest.split_once('$')) {
        return Some(apr1(password, salt) == kept);
    }
    if kept.starts_with("{SHA}") {
        return Some(sha(password) == kept);
    }
    kept.strip_prefix("{PLAIN}").map(|plain| plain == password)
}

/// What a file keeps of a user's password. What follows another colon is a remark.
#[must_use]
pub fn kept_of<'a>(file: &'a str, user: &str) -> Option<&'a str> {
    let mut lines = file.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(':'));
    let (_, kept) = lines.find(|(name, _)| *name == user)?;
    kept.split(':').next().map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_htpasswd_and_openssl_write_it() {
        assert_eq!(apr1("myPassword", "r31....."), "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/");
        let long = apr1("a longer password than sixteen", "abcdefgh");
        assert_eq!(long, "$apr1$abcdefgh$O77Ykrgvmw5yySwDPdvTi1");
        assert_eq!(sha("password"), "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=");
        assert_eq!(apr1("", "salt"), apr1("", "salt$more"));
    }

    #[test]
    fn files_of_passwords() {
        let file = "# users\nfoo:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/\nsha:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=:x\nplain:{PLAIN}word\nb:$2y$05$abc\n";
        let table = [
            ("foo", "myPassword", Some(Some(true))),
            ("foo", "mypassword", Some(Some(false))),
            ("sha", "password", Some(Some(true))),
            ("plain", "word", Some(Some(true))),
            ("b", "x", Some(None)),
            ("nobody", "x", None),
            ("# users", "", None),
        ];
        for (user, password, want) in table {
            assert_eq!(kept_of(file, user).map(|kept| is_kept(password, kept)), want, "{user}");
        }
    }
}
