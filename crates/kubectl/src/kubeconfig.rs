//! The kubeconfig: contexts, clusters and users in a file of the learner, or the playground's own when there is none.
//!
//! Models `k8s.io/client-go/tools/clientcmd`. Not modelled: several clusters to talk to (there is one; what a context
//! names is kept but the request goes to the playground's cluster), credentials.

use objects::{Value, value, yaml};

use crate::error::{Result, fail};
use crate::io::{FsError, Io};

pub struct Config {
    pub value: Value,
    pub path: String,
    /// `--context`
    pub override_context: Option<String>,
}

impl Config {
    /// Reads `--kubeconfig`, `$KUBECONFIG` or `~/.kube/config`.
    ///
    /// # Errors
    /// A file named by the flag that is missing, or one that is no YAML.
    pub fn load(io: &dyn Io, flag: &str) -> Result<Self> {
        let named = !flag.is_empty();
        let path = if named {
            flag.to_owned()
        } else {
            match io.env("KUBECONFIG").filter(|p| !p.is_empty()) {
                Some(p) => p.split(':').next().unwrap_or("").to_owned(),
                None => format!("{}/.kube/config", io.env("HOME").unwrap_or_else(|| "/root".into())),
            }
        };
        let value = match io.read(&path) {
            Ok(bytes) => match yaml::load(&String::from_utf8_lossy(&bytes)) {
                Ok(d) => d.value,
                Err(e) => return fail(format!("error loading config file \"{path}\": {e}")),
            },
            Err(FsError::NotFound) if named => {
                return fail(format!("stat {path}: no such file or directory"));
            }
            Err(_) => playground(),
        };
        Ok(Self { value, path, override_context: None })
    }

    #[must_use]
    pub fn current(&self) -> &str {
        match &self.override_context {
            Some(c) => c,
            None => self.value["current-context"].text(),
        }
    }

    /// The context of this name.
    #[must_use]
    pub fn context(&self, name: &str) -> Option<&Value> {
        named(&self.value["contexts"], name).map(|c| c.get("context"))
    }

    /// The namespace of the current context, else `default`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self.context(self.current()).map_or("", |c| c["namespace"].text()) {
            "" => "default",
            ns => ns,
        }
    }

    /// The server's address, for texts only.
    #[must_use]
    pub fn server(&self) -> &str {
        let cluster = self.context(self.current()).map_or("", |c| c["cluster"].text());
        match named(&self.value["clusters"], cluster).map_or("", |c| c["cluster"]["server"].text()) {
            "" => "https://127.0.0.1:6443",
            s => s,
        }
    }

    /// # Errors
    /// When the file can't be written.
    pub fn save(&self, io: &dyn Io) -> Result<()> {
        match io.write(&self.path, yaml::emit(&self.value).as_bytes()) {
            Ok(()) => Ok(()),
            Err(e) => fail(format!("open {}: {}", self.path, e.text())),
        }
    }
}

/// The entry of a named list (`contexts`, `clusters`, `users`).
#[must_use]
pub fn named<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    list.items().iter().find(|c| c["name"] == name)
}

fn playground() -> Value {
    value!({
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [{"name": "wheelhouse", "cluster": {"server": "https://127.0.0.1:6443"}}],
        "contexts": [{"name": "wheelhouse", "context": {"cluster": "wheelhouse", "user": "admin"}}],
        "current-context": "wheelhouse",
        "users": [{"name": "admin", "user": {}}],
    })
}
