//! Image references: reading, defaulting, and what a registry says of them.
//!
//! Models `github.com/distribution/reference` and the texts of containerd's resolver.

use super::{Image, catalogue};

/// A reference in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Registry and path: `docker.io/library/nginx`.
    pub name: String,
    pub tag: String,
    pub digest: Option<String>,
}

impl Reference {
    /// `docker.io/library/nginx:1.25`
    #[must_use]
    pub fn full(&self) -> String {
        match &self.digest {
            Some(d) => format!("{}@{d}", self.name),
            None => format!("{}:{}", self.name, self.tag),
        }
    }
}

/// What a reference leads to.
#[derive(Clone, Debug)]
pub enum Resolved {
    Known {
        image: &'static Image,
        reference: Reference,
    },
    /// Well-formed and not in the catalogue: runs as a plain server on its containerPorts, with a visible note.
    PlainServer {
        reference: Reference,
    },
    /// The pull fails. `code` is the gRPC code's name, `message` what containerd says, `hint` is for the learner.
    NotFound {
        code: &'static str,
        message: String,
        hint: Option<String>,
    },
    /// Not a reference at all: InvalidImageName.
    Invalid {
        message: String,
    },
}

/// Reads a reference and fills in registry and tag. The error is kubelet's text.
pub fn parse(text: &str) -> Result<Reference, String> {
    let invalid = || {
        format!(
            "Failed to apply default image tag \"{text}\": couldn't parse image name \"{text}\": invalid reference format"
        )
    };
    let (rest, digest) = match text.split_once('@') {
        Some((rest, d)) => {
            let hex = d.strip_prefix("sha256:").ok_or_else(invalid)?;
            if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(invalid());
            }
            (rest, Some(d.to_string()))
        }
        None => (text, None),
    };
    let slash = rest.rfind('/').map_or(0, |i| i + 1);
    let (name, tag) = match rest[slash..].find(':') {
        Some(i) => (&rest[..slash + i], &rest[slash + i + 1..]),
        None => (rest, if digest.is_some() { "" } else { "latest" }),
    };
    let tag_ok = tag.len() <= 128
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !tag_ok || (tag.is_empty() && digest.is_none()) || name.is_empty() || name.len() > 255 {
        return Err(invalid());
    }
    let (registry, path) = match name.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => {
            (first, path.to_string())
        }
        Some(_) => ("docker.io", name.to_string()),
        None => ("docker.io", format!("library/{name}")),
    };
    let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
    let path = if registry == "docker.io" && !path.contains('/') { format!("library/{path}") } else { path };
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(format!("{}: repository name ({path}) must be lowercase", invalid()));
    }
    let component = |c: &str| {
        !c.is_empty()
            && c.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
            && c.starts_with(|c: char| c.is_ascii_alphanumeric())
            && c.ends_with(|c: char| c.is_ascii_alphanumeric())
            && !c.contains("..")
    };
    if !path.split('/').all(component)
        || !registry.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b))
    {
        return Err(invalid());
    }
    Ok(Reference { name: format!("{registry}/{path}"), tag: tag.into(), digest })
}

/// What pulling `text` comes to.
#[must_use]
pub fn resolve(text: &str) -> Resolved {
    let reference = match parse(text) {
        Ok(r) => r,
        Err(message) => return Resolved::Invalid { message },
    };
    let full = reference.full();
    let failed = |why: &str| {
        format!("failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {why}")
    };
    if let Some(image) =
        catalogue().find(|i| i.name == reference.name || i.aliases.contains(&reference.name.as_str()))
    {
        if reference.digest.is_some() || image.has_tag(&reference.tag) {
            return Resolved::Known { image, reference };
        }
        return Resolved::NotFound {
            code: "NotFound",
            message: failed(&format!("{full}: not found")),
            hint: Some(format!("{} has no tag {}", short(&reference.name), reference.tag)),
        };
    }
    let near = catalogue()
        .flat_map(|i| std::iter::once(i.name).chain(i.aliases.iter().copied()))
        .find(|known| is_near(&reference.name, known));
    if let Some(known) = near {
        return Resolved::NotFound {
            code: "Unknown",
            message: failed(
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
            ),
            hint: Some(format!("did you mean {}?", short(known))),
        };
    }
    Resolved::PlainServer { reference }
}

/// The name as people write it.
#[must_use]
pub fn short(name: &str) -> &str {
    name.strip_prefix("docker.io/library/").or_else(|| name.strip_prefix("docker.io/")).unwrap_or(name)
}

/// A slip of the fingers away: one letter more, less, other or swapped (two for long names).
pub(super) fn is_near(name: &str, known: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (short(name).chars().collect(), short(known).chars().collect());
    if a == b || b.len() < 4 || a.len().abs_diff(b.len()) > 2 {
        return false;
    }
    let allowed = if b.len() >= 9 { 2 } else { 1 };
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i];
        for j in 1..=b.len() {
            let change = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()] <= allowed
}

#[cfg(test)]
mod tests {
    use super::{Resolved, parse, resolve};

    #[test]
    fn references_are_filled_in() {
        for (text, want) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.25", "docker.io/library/nginx:1.25"),
            ("library/nginx", "docker.io/library/nginx:latest"),
            ("traefik/whoami:v1.10", "docker.io/traefik/whoami:v1.10"),
            ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"),
            ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
        ] {
            assert_eq!(parse(text).map(|r| r.full()), Ok(want.to_string()));
        }
        for text in ["", ":", "a b", "Nginx", "nginx:", "<image_url>", "a//b", "-x", "nginx@sha256:12", "x:é"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn registries_answer_as_they_do() {
        for (text, want) in [
            ("nginx:1.14.2", "known"),
            ("nginx:1.161", "NotFound"),
            ("nginx:9.99.99", "NotFound"),
            ("ngnix", "Unknown"),
            ("nginxx:1.25", "Unknown"),
            ("my-shop/api:v3", "plain"),
            ("foo", "plain"),
            ("busybox:1.36", "known"),
            ("NGINX", "invalid"),
            ("gcr.io/google-samples/hello-app:1.0", "known"),
        ] {
            let got = match resolve(text) {
                Resolved::Known { .. } => "known",
                Resolved::PlainServer { .. } => "plain",
                Resolved::NotFound { code, .. } => code,
                Resolved::Invalid { .. } => "invalid",
            };
            assert_eq!(got, want, "{text}");
        }
    }
}
