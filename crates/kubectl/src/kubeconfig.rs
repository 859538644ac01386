//! The kubeconfig: contexts, clusters and users in files of the learner, or the playground's own when there is none.
//!
//! Owns: which files are read, how several are one, where a change is written. Does not own: what a user's entry proves
//! ([`crate::credentials`]). Models `k8s.io/client-go/tools/clientcmd` (loader, config) and `k8s.io/client-go/rest`
//! InClusterConfig. Not modelled: extensions.

use objects::{Str, Value, base64, value, yaml};
use ordered::Sort as _;

use crate::error::{Error, Result, fail};
use crate::io::{FsError, Io};

/// The lists of a kubeconfig with what each entry holds, and which of its fields are paths.
const LISTS: [(&str, &str, &[&str]); 3] = [
    ("clusters", "cluster", &["certificate-authority"]),
    ("contexts", "context", &[]),
    ("users", "user", &["client-certificate", "client-key", "tokenFile"]),
];

/// Where a pod finds who it is.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Where upstream looks when no configuration says otherwise.
const NOWHERE: &str = "http://localhost:8080";

#[derive(Clone)]
pub struct Config {
    /// All files as one.
    pub value: Value,
    /// The file that is written to when none holds the entry already.
    pub path: String,
    /// `--context`
    pub override_context: Option<String>,
    /// What was read, file by file.
    files: Vec<(String, Value)>,
    /// The same as one, before anything was changed.
    was: Value,
    /// What a pod is given, where no file says anything.
    within: Option<Value>,
}

impl Config {
    /// One whose files do not matter.
    #[must_use]
    pub fn of(value: Value) -> Self {
        Self {
            value,
            path: String::new(),
            override_context: None,
            files: Vec::new(),
            was: Value::Null,
            within: None,
        }
    }

    /// Reads `--kubeconfig`, the files of `$KUBECONFIG`, or `~/.kube/config`. Where nothing says otherwise there is a context
    /// for each of the `clusters` (name and server), the first in use; in a pod there is its service account.
    ///
    /// # Errors
    /// A file named by the flag that is missing, or one that is no YAML.
    pub fn load(io: &dyn Io, flag: &str, clusters: &[(Str, Str)]) -> Result<Self> {
        let variable = io.env("KUBECONFIG").filter(|p| !p.is_empty() && flag.is_empty());
        let mut paths: Vec<String> = Vec::new();
        match &variable {
            _ if !flag.is_empty() => paths.push(flag.to_owned()),
            Some(list) => {
                for p in list.split(':').filter(|p| !p.is_empty()) {
                    if !paths.iter().any(|known| known == p) {
                        paths.push(p.to_owned());
                    }
                }
            }
            None => {
                paths.push(format!("{}/.kube/config", io.env("HOME").unwrap_or_else(|| "/root".into())));
            }
        }
        let (mut files, mut wrong) = (Vec::new(), Vec::new());
        for path in &paths {
            match io.read(path) {
                Ok(bytes) => match yaml::load(&String::from_utf8_lossy(&bytes)) {
                    Ok(read) => files.push((path.clone(), resolved(read.value, path))),
                    Err(e) => wrong.push(Error::text(format!("error loading config file \"{path}\": {e}"))),
                },
                Err(FsError::NotFound) if !flag.is_empty() => {
                    return fail(format!("stat {path}: no such file or directory"));
                }
                Err(FsError::NotFound | FsError::NotDir) => {}
                Err(e) => wrong.push(Error::text(format!(
                    "error loading config file \"{path}\": open {path}: {}",
                    e.text()
                ))),
            }
        }
        Error::of_all(wrong)?;
        let own = files.is_empty() && variable.is_none();
        let within = if own { in_cluster(io) } else { None };
        let value = match (&within, own) {
            (None, true) => of_clusters(clusters),
            _ => merged(&files),
        };
        let path = files.first().map_or_else(|| paths.into_iter().next(), |(p, _)| Some(p.clone()));
        let was = if files.is_empty() { Value::Null } else { value.clone() };
        Ok(Self { value, path: path.unwrap_or_default(), override_context: None, files, was, within })
    }

    /// The configuration that requests go by.
    fn used(&self) -> &Value {
        self.within.as_ref().unwrap_or(&self.value)
    }

    #[must_use]
    pub fn current(&self) -> &str {
        match &self.override_context {
            Some(c) => c,
            None => self.used()["current-context"].text(),
        }
    }

    /// The context of this name.
    #[must_use]
    pub fn context(&self, name: &str) -> Option<&Value> {
        named(&self.used()["contexts"], name).map(|c| c.get("context"))
    }

    /// What the context in use names: `cluster`, `user`.
    fn of_context(&self, field: &str) -> &str {
        self.context(self.current()).map_or("", |c| c[field].text())
    }

    /// The namespace of the current context, else `default`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self.of_context("namespace") {
            "" => "default",
            ns => ns,
        }
    }

    /// The user of this name, or of the context in use; and that name.
    #[must_use]
    pub fn user<'a>(&'a self, name: &'a str) -> (&'a str, &'a Value) {
        let name = if name.is_empty() { self.of_context("user") } else { name };
        (name, named(&self.used()["users"], name).map_or(&Value::Null, |u| u.get("user")))
    }

    /// The address of the server of this cluster, or of the context in use.
    #[must_use]
    pub fn server_of(&self, cluster: &str) -> &str {
        let cluster = if cluster.is_empty() { self.of_context("cluster") } else { cluster };
        match named(&self.used()["clusters"], cluster).map_or("", |c| c["cluster"]["server"].text()) {
            "" => NOWHERE,
            s => s,
        }
    }

    #[must_use]
    pub fn server(&self) -> &str {
        self.server_of("")
    }

    /// Writes what was changed into the file that it came from; what is new goes into [`Config::path`].
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn save(&self, io: &dyn Io) -> Result<()> {
        if self.files.len() < 2 {
            return write(io, &self.path, &self.value);
        }
        for (i, (path, file)) in self.files.iter().enumerate() {
            let mut new = file.clone();
            for (list, _, _) in LISTS {
                let (mut all, had) = (file[list].items().to_vec(), &self.was[list]);
                // The first file that has an entry is where it comes from.
                let here = |name: &str| {
                    let from = self.files.iter().position(|(_, f)| named(&f[list], name).is_some());
                    from.unwrap_or(0) == i
                };
                all.retain(|e| {
                    let name = e["name"].text();
                    !here(name) || named(&self.value[list], name).is_some()
                });
                for e in self.value[list].items() {
                    let name = e["name"].text();
                    if named(had, name) == Some(e) || !here(name) {
                        continue;
                    }
                    match all.iter_mut().find(|x| x["name"] == name) {
                        Some(old) => *old = e.clone(),
                        None => all.push(e.clone()),
                    }
                }
                new.set(list, Value::from(all));
            }
            let current = &self.value["current-context"];
            if *current != self.was["current-context"] && (i == 0 || current.text().is_empty()) {
                new.set("current-context", current.to_str());
            }
            if new != *file {
                write(io, path, &new)?;
            }
        }
        Ok(())
    }
}

fn write(io: &dyn Io, path: &str, config: &Value) -> Result<()> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut config =
        with_paths(config.clone(), |p| match p.strip_prefix(folder).and_then(|p| p.strip_prefix('/')) {
            Some(below) if !folder.is_empty() => below.to_owned(),
            _ => p.to_owned(),
        });
    for (list, _, _) in LISTS {
        let mut all = config[list].items().to_vec();
        all.arrange_by(|a, b| a["name"].text().cmp(b["name"].text()));
        config.set(list, if all.is_empty() { Value::Null } else { Value::from(all) });
    }
    if config["current-context"].is_null() {
        config.set("current-context", "");
    }
    for (field, text) in [("apiVersion", "v1"), ("kind", "Config")] {
        config.set(field, text);
    }
    match io.write(path, yaml::emit(&config).as_bytes()) {
        Ok(()) => Ok(()),
        Err(e) => fail(format!("open {path}: {}", e.text())),
    }
}

/// Paths of a file count from where it lies.
fn resolved(config: Value, path: &str) -> Value {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    with_paths(config, |p| {
        if p.starts_with('/') || folder.is_empty() { p.to_owned() } else { format!("{folder}/{p}") }
    })
}

fn with_paths(mut config: Value, f: impl Fn(&str) -> String) -> Value {
    for (list, inner, fields) in LISTS {
        let mut all = config[list].items().to_vec();
        let mut changed = false;
        for e in &mut all {
            for field in fields {
                let old = e[inner][*field].to_str();
                let new = f(&old);
                if !old.is_empty() && new != old.as_str() {
                    e.set_at(&[inner, field], new);
                    changed = true;
                }
            }
        }
        if changed {
            config.set(list, Value::from(all));
        }
    }
    config
}

/// Several files as one: the first that says something is right.
fn merged(files: &[(String, Value)]) -> Value {
    match files {
        [] => {
            value!({"apiVersion": "v1", "kind": "Config", "clusters": null, "contexts": null, "current-context": "", "users": null})
        }
        [(_, only)] => only.clone(),
        [(_, first), more @ ..] => {
            let mut all = first.clone();
            for (_, file) in more {
                for (list, _, _) in LISTS {
                    let mut entries = all[list].items().to_vec();
                    let new = |e: &&Value| named(&all[list], e["name"].text()).is_none();
                    entries.extend(file[list].items().iter().filter(new).cloned());
                    all.set(list, Value::from(entries));
                }
                if all["current-context"].text().is_empty() {
                    all.set("current-context", file["current-context"].clone());
                }
            }
            all
        }
    }
}

/// The configuration of a pod: the server of its variables, the token that lies with it.
fn in_cluster(io: &dyn Io) -> Option<Value> {
    let [host, port] = ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"]
        .map(|name| io.env(name).filter(|text| !text.is_empty()));
    let file = |name: &str| io.read(&format!("{ACCOUNT}/{name}")).ok();
    let token = file("token")?;
    let namespace =
        file("namespace").map_or_else(String::new, |n| String::from_utf8_lossy(&n).trim().to_owned());
    Some(value!({
        "clusters": [{"name": "in", "cluster": {"server": (format!("https://{}:{}", host?, port?))}}],
        "contexts": [{"name": "in", "context": {"cluster": "in", "user": "in", "namespace": (namespace)}}],
        "current-context": "in",
        "users": [{"name": "in", "user": {"token": (String::from_utf8_lossy(&token).into_owned())}}],
    }))
}

/// The entry of a named list (`contexts`, `clusters`, `users`).
#[must_use]
pub fn named<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    list.items().iter().find(|c| c["name"] == name)
}

/// Adds a context with its cluster and user, all of one name, or takes them out again. The user is the cluster's
/// administrator, who is the same in all simulated clusters.
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
    let data = |pem: &str| base64::encode(pem.as_bytes());
    let authority = x509::simulated_certificate();
    entry(
        "clusters",
        name,
        server
            .map(|s| value!({"cluster": {"certificate-authority-data": (data(&authority)), "server": (s)}})),
    );
    entry("contexts", name, server.map(|_| value!({"context": {"cluster": (name), "user": (user)}})));
    let (certificate, key) = (x509::ADMINISTRATOR_CERTIFICATE, x509::ADMINISTRATOR_KEY);
    entry(
        "users",
        user,
        server.map(|_| {
            value!({"user": {"client-certificate-data": (data(certificate)), "client-key-data": (data(key))}})
        }),
    );
}

/// The first cluster's name and server, where nobody says otherwise.
const FIRST: &str = "wheelhouse";
const FIRST_SERVER: &str = "https://127.0.0.1:6443";

fn of_clusters(clusters: &[(Str, Str)]) -> Value {
    let first = [(Str::new_static(FIRST), Str::new_static(FIRST_SERVER))];
    let clusters = if clusters.is_empty() { &first } else { clusters };
    let mut config = value!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [], "contexts": [], "current-context": (&clusters[0].0), "users": [],
    });
    for (name, server) in clusters {
        set_cluster(&mut config, name, Some(server));
    }
    config
}
