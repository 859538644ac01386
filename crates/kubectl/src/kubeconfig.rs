//! The kubeconfig: contexts, clusters and users in a file of the learner, or the playground's own when there is none.
//!
//! Models `k8s.io/client-go/tools/clientcmd`: a request goes to the server of the context. Not modelled: credentials
//! (everybody is the administrator), merging of several files.

use objects::{Str, Value, value, yaml};

use crate::error::{Result, fail};
use crate::io::{FsError, Io};

pub struct Config {
    pub value: Value,
    pub path: String,
    /// `--context`
    pub override_context: Option<String>,
}

impl Config {
    /// Reads `--kubeconfig`, `$KUBECONFIG` or `~/.kube/config`. Without a file there is a context for each of the
    /// `clusters` (name and server), the first in use.
    ///
    /// # Errors
    /// A file named by the flag that is missing, or one that is no YAML.
    pub fn load(io: &dyn Io, flag: &str, clusters: &[(Str, Str)]) -> Result<Self> {
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
            Err(_) => of_clusters(clusters),
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

    /// The server's address.
    #[must_use]
    pub fn server(&self) -> &str {
        let cluster = self.context(self.current()).map_or("", |c| c["cluster"].text());
        match named(&self.value["clusters"], cluster).map_or("", |c| c["cluster"]["server"].text()) {
            "" => FIRST_SERVER,
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

/// Adds a context with its cluster and user, all of one name, or takes them out again.
pub fn set_cluster(config: &mut Value, name: &str, server: Option<&str>) {
    let user = if name == FIRST { "admin" } else { name };
    let mut entry = |list: &str, of: &str, body: Option<Value>| {
        let mut all: Vec<Value> = config[list].items().iter().filter(|e| e["name"] != of).cloned().collect();
        if let Some(body) = body {
            let mut named = value!({"name": (of)});
            body.entries().iter().for_each(|(k, v)| named.set(k.clone(), v.clone()));
            all.push(named);
        }
        config.set(list, Value::from(all));
    };
    entry("clusters", name, server.map(|s| value!({"cluster": {"server": (s)}})));
    entry("contexts", name, server.map(|_| value!({"context": {"cluster": (name), "user": (user)}})));
    entry("users", user, server.map(|_| value!({"user": {}})));
}

/// The first cluster's name and server, where nobody says otherwise.
const FIRST: &str = "wheelhouse";
const FIRST_SERVER: &str = "https://127.0.0.1:6443";

fn of_clusters(clusters: &[(Str, Str)]) -> Value {
    let first = [(Str::new_static(FIRST), Str::new_static(FIRST_SERVER))];
    let clusters = if clusters.is_empty() { &first } else { clusters };
    let mut config = value!({
        "apiVersion": "v1", "kind": "Config", "preferences": {},
        "clusters": [], "contexts": [], "current-context": (&clusters[0].0), "users": [],
    });
    for (name, server) in clusters {
        set_cluster(&mut config, name, Some(server));
    }
    config
}
