//! The engine's images: which are here, under which names, and what a registry gives.

use std::sync::Arc;

use containers::images::registry::PRIVATE_IMAGE;
use containers::images::{Built, Reference, Registry, Resolved, reference, resolve};
use containers::net::HttpRequest;

use super::Engine;

/// `docker.io/library/nginx` as docker shows it: `nginx`.
pub(crate) fn reference_name(name: &str) -> &str {
    reference::short(name)
}

/// docker's words for a reference that is none.
pub(crate) fn parse(text: &str) -> Result<Reference, String> {
    reference::parse(text).map_err(|why| {
        let lower = why.rsplit("invalid reference format").next().unwrap_or_default();
        format!("invalid reference format{lower}")
    })
}

impl Engine {
    /// The image a person means: by name, name and tag, or the beginning of its id.
    pub(crate) fn image(&self, text: &str) -> Option<Arc<Built>> {
        if let Ok(r) = parse(text)
            && let Some(id) = self.tags.get(&r.full())
        {
            return self.images.get(id).cloned();
        }
        let hex = text.trim_start_matches("sha256:");
        let is_id = hex.len() >= 4 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let mut found = self.images.values().filter(|b| b.id["sha256:".len()..].starts_with(hex));
        if is_id { found.next().cloned() } else { None }
    }

    /// Names and tags of an image.
    pub(crate) fn names_of(&self, id: &str) -> Vec<String> {
        self.tags.iter().filter(|(_, i)| *i == id).map(|(name, _)| name.clone()).collect()
    }

    /// Keeps an image under a name; a tag moves.
    pub(crate) fn keep_image(&mut self, name: &str, image: Arc<Built>) {
        self.tags.insert(name.into(), image.id.clone());
        self.images.entry(image.id.clone()).or_insert(image);
    }

    /// What the registries have under a reference.
    ///
    /// # Errors
    /// docker's message after `Error response from daemon: `.
    pub(crate) fn look_up(
        &mut self,
        text: &str,
        registry: &Registry,
    ) -> Result<(Reference, Arc<Built>), String> {
        let found = parse(text)?;
        let short = reference_name(&found.name).to_string();
        let denied = || {
            format!(
                "pull access denied for {short}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
            )
        };
        if let Some(why) = registry.refusal(&found, &self.logins) {
            return Err(if why.contains("toomanyrequests") {
                "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit".into()
            } else if let Some(why) = why.strip_prefix("failed to do request: ") {
                format!("Get {}", why.trim_start_matches("Head "))
            } else if found.name.starts_with("docker.io/") {
                denied()
            } else {
                let (host, path) = found.name.split_once('/').unwrap_or(("", ""));
                format!(
                    "Head \"https://{host}/v2/{path}/manifests/{}\": no basic auth credentials",
                    found.tag
                )
            });
        }
        if let Some(built) = registry.find(&found) {
            return Ok((found.clone(), Arc::clone(built)));
        }
        if (found.name.as_str(), found.tag.as_str()) == (PRIVATE_IMAGE.0, PRIVATE_IMAGE.1) {
            let image = containers::images::catalogue().find(|i| i.name == PRIVATE_IMAGE.2);
            let built = Built::of(image, &found.name, "latest", &mut self.roots);
            return Ok((found.clone(), Arc::new(built)));
        }
        let unknown_tag =
            || format!("manifest for {short}:{} not found: manifest unknown: manifest unknown", found.tag);
        if registry.has_repository(&found.name) || registry.is_private(&found.name) {
            return Err(unknown_tag());
        }
        match resolve(text) {
            Resolved::Known { image, reference } => {
                let built = Built::of(Some(image), &reference.name, &reference.tag, &mut self.roots);
                Ok((found.clone(), Arc::new(built)))
            }
            Resolved::PlainServer { reference } => {
                let built = Built::of(None, &reference.name, &reference.tag, &mut self.roots);
                Ok((found.clone(), Arc::new(built)))
            }
            Resolved::NotFound { code: "NotFound", .. } => Err(unknown_tag()),
            Resolved::NotFound { .. } => Err(denied()),
            Resolved::Invalid { message } => Err(message),
        }
    }

    /// A registry that runs in a container here keeps the manifest of what is pushed to it.
    #[inline(never)]
    pub(crate) fn told_registry(&mut self, reference: &Reference, image: &Built) {
        let Some((host, name)) = reference.name.split_once('/') else { return };
        let Some(port) = host.strip_prefix("localhost:").or_else(|| host.strip_prefix("127.0.0.1:")) else {
            return;
        };
        let Ok(port) = port.parse() else { return };
        let layers: Vec<String> = image
            .layers
            .iter()
            .filter(|l| !l.empty)
            .map(|l| {
                format!(
                    "      {{\n         \"mediaType\": \"application/vnd.docker.image.rootfs.diff.tar.gzip\",\n         \"size\": {},\n         \"digest\": \"{}\"\n      }}",
                    l.bytes, l.digest
                )
            })
            .collect();
        let body = format!(
            "{{\n   \"schemaVersion\": 2,\n   \"mediaType\": \"application/vnd.docker.distribution.manifest.v2+json\",\n   \"config\": {{\n      \"mediaType\": \"application/vnd.docker.container.image.v1+json\",\n      \"size\": {},\n      \"digest\": \"{}\"\n   }},\n   \"layers\": [\n{}\n   ]\n}}",
            1_470 + layers.len() * 190,
            image.id,
            layers.join(",\n")
        );
        let request = HttpRequest {
            method: "PUT".into(),
            target: format!("/v2/{name}/manifests/{}", reference.tag),
            headers: vec![
                ("user-agent".into(), "docker".into()),
                ("docker-content-digest".into(), image.manifest()),
            ],
            body: body.into_bytes(),
            ..HttpRequest::default()
        };
        self.http_at_host(port, &request);
    }

    /// Whether a layer is already on this disk.
    pub(crate) fn has_layer(&self, digest: &str) -> bool {
        self.images.values().flat_map(|b| &b.layers).any(|l| l.digest == digest)
    }
}
