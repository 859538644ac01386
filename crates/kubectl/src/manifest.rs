//! Manifests: files, directories and standard input as objects with their resources.
//!
//! Models `k8s.io/cli-runtime/pkg/resource` FileVisitorForSTDIN, ExpandPathsToFileVisitors, StreamVisitor and mapper.

use objects::decode::{Mode, decode_type};
use objects::schema::type_for;
use objects::{Value, json, value, yaml};

use crate::error::{Error, Result, fail};
use crate::finder::{Find, Info, Source, Sources};
use crate::session::Kubectl;

const EXTENSIONS: [&str; 3] = [".json", ".yaml", ".yml"];

impl Kubectl {
    /// The objects of `-f` and `-k`.
    ///
    /// # Errors
    /// Only when nothing at all could be looked at.
    pub async fn manifests(&self, f: &Find) -> Result<Sources> {
        let mut out = Sources::default();
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        if !f.kustomize.is_empty() {
            let text = crate::verbs::kustomize::build(self, &f.kustomize)?;
            files.push((f.kustomize.clone(), text.into_bytes()));
        }
        for path in &f.files {
            if path == "-" {
                if files.iter().any(|(n, _)| n == "STDIN") {
                    return fail("standard input cannot be used for multiple arguments");
                }
                files.push(("STDIN".into(), self.io.stdin().await));
            } else if path.starts_with("http://") || path.starts_with("https://") {
                let host = path.split('/').nth(2).unwrap_or("").split(':').next().unwrap_or("");
                return fail(format!("Get \"{path}\": dial tcp: lookup {host}: no such host"));
            } else if self.io.is_dir(path) {
                let before = files.len();
                self.directory(path, f.recursive, &mut files)?;
                if files.len() == before {
                    return fail(format!(
                        "error reading [{path}]: recognized file extensions are [.json .yaml .yml]"
                    ));
                }
            } else {
                match self.io.read(path) {
                    Ok(bytes) => files.push((path.clone(), bytes)),
                    Err(crate::io::FsError::NotFound) => {
                        return fail(format!("the path \"{path}\" does not exist"));
                    }
                    Err(e) => {
                        return fail(format!(
                            "the path \"{path}\" cannot be accessed: stat {path}: {}",
                            e.text()
                        ));
                    }
                }
            }
        }
        let one_file = files.len() == 1;
        for (name, bytes) in files {
            self.documents(&name, &String::from_utf8_lossy(&bytes), f.local, &mut out).await;
        }
        out.single = one_file && out.all.len() == 1 && out.errors.is_empty();
        Ok(out)
    }

    fn directory(&self, path: &str, recursive: bool, files: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
        let names =
            self.io.list(path).map_err(|e| Error::text(format!("error reading \"{path}\": {}", e.text())))?;
        for name in names {
            let full = format!("{}/{name}", path.trim_end_matches('/'));
            if self.io.is_dir(&full) {
                if recursive {
                    self.directory(&full, true, files)?;
                }
            } else if EXTENSIONS.iter().any(|e| name.ends_with(e)) {
                let shown = full.strip_prefix("./").unwrap_or(&full).to_owned();
                let bytes = self
                    .io
                    .read(&full)
                    .map_err(|e| Error::text(format!("error reading \"{full}\": {}", e.text())))?;
                files.push((shown, bytes));
            }
        }
        Ok(())
    }

    async fn documents(&self, source: &str, text: &str, local: bool, out: &mut Sources) {
        let stream = yaml::load_stream(text);
        for d in stream.documents {
            if let Err(e) = self.document(source, d.value, local, out).await {
                out.errors.push(e);
            }
        }
        if let Some(e) = stream.error {
            out.errors.push(Error::text(format!("error parsing {source}: {e}")));
        }
    }

    async fn document(&self, source: &str, object: Value, local: bool, out: &mut Sources) -> Result<()> {
        let mut missing = Vec::new();
        if object.as_map().is_none() {
            return fail(format!(
                "error validating \"{source}\": error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false"
            ));
        }
        if object.api_version().is_empty() {
            missing.push("apiVersion not set");
        }
        if object.kind().is_empty() {
            missing.push("kind not set");
        }
        if !missing.is_empty() {
            let list =
                if missing.len() == 1 { missing[0].to_owned() } else { format!("[{}]", missing.join(", ")) };
            return fail(format!(
                "error validating \"{source}\": error validating data: {list}; if you choose to ignore these errors, turn validation off with --validate=false"
            ));
        }
        if object.kind().ends_with("List")
            && object.find("items").is_some_and(|i| i.as_list().is_some() || i.is_null())
        {
            for item in object["items"].items() {
                Box::pin(self.document(source, item.clone(), local, out)).await?;
            }
            return Ok(());
        }
        // Metadata is read before anything is asked of the server.
        let metadata = value!({"metadata": (object.meta().clone())});
        if let Some(any) = type_for("", "v1", "Namespace")
            && let Err(why) = decode_type(&metadata, any, Mode::Ignore)
        {
            return fail(format!("unable to decode \"{source}\": {why}"));
        }
        let (name, namespace) = (object.name().to_owned(), object.namespace().to_owned());
        let resource = match self.resource_of_kind(object.api_version(), object.kind()).await {
            Ok(r) => r,
            Err(Error::Text(t)) => {
                return fail(format!(
                    "resource mapping not found for name: \"{name}\" namespace: \"{namespace}\" from \"{source}\": {t}\nensure CRDs are installed first"
                ));
            }
            Err(e) => return Err(e),
        };
        let mut object = object;
        let mut namespace = namespace;
        if local {
            // Nothing is asked of the server: the manifest is left as it stands.
        } else if resource.namespaced {
            if namespace.is_empty() {
                namespace = self.namespace.to_string();
                object.set_at(&["metadata", "namespace"], namespace.as_str());
            } else if self.enforce_namespace && namespace != self.namespace.as_str() {
                return fail(format!(
                    "the namespace from the provided object \"{namespace}\" does not match the namespace \"{}\". You must pass '--namespace={namespace}' to perform this operation.",
                    self.namespace
                ));
            }
        } else {
            namespace.clear();
        }
        out.all.push(Source::File(Box::new(Info {
            resource,
            namespace: namespace.into(),
            name: name.into(),
            source: source.to_owned(),
            object,
        })));
        Ok(())
    }
}

/// A patch or object given as JSON or YAML text.
///
/// # Errors
/// The parser's text.
pub fn parse_any(text: &str) -> std::result::Result<Value, String> {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(v) = json::parse(text)
    {
        return Ok(v);
    }
    yaml::load(text).map(|d| d.value).map_err(|e| e.to_string())
}
