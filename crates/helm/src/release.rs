//! A release, and the Secret it is kept in.
//!
//! Models `pkg/release` and `pkg/storage/driver/secrets.go`.

use client::{Request, Verb};
use clock::Time;
use kubectl::Kubectl;
use kubectl::session::request;
use objects::resources::SECRETS;
use objects::{Value, base64, json, value};
use ordered::Sort as _;

use crate::charts::Chart;
use crate::engine::{Manifest, Rendered};

const TYPE: &str = "helm.sh/release.v1";

/// One revision of a release.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    /// As helm writes it.
    pub(crate) body: Value,
}

impl Release {
    pub(crate) fn new(
        name: &str,
        namespace: &str,
        version: i64,
        chart: &Chart,
        config: &Value,
        rendered: &Rendered,
        now: Time,
    ) -> Self {
        let at = now.rfc3339();
        let hooks: Value = rendered.hooks.iter().map(hook).collect();
        let body = value!({
            "name": (name), "namespace": (namespace), "version": (version),
            "info": {
                "first_deployed": (at.as_str()), "last_deployed": (at.as_str()), "deleted": "",
                "description": "", "status": "unknown", "notes": (rendered.notes.trim_end()),
            },
            "chart": {"metadata": (chart.meta.clone()), "values": (chart.values.clone())},
            "config": (config), "manifest": (rendered.manifest_text()), "hooks": (hooks),
        });
        Self { body }
    }

    pub(crate) fn name(&self) -> &str {
        self.body["name"].text()
    }

    pub(crate) fn version(&self) -> i64 {
        self.body["version"].int()
    }

    pub(crate) fn status(&self) -> &str {
        self.body["info"]["status"].text()
    }

    pub(crate) fn set_status(&mut self, status: &str, description: &str) {
        self.body.set_at(&["info", "status"], status);
        self.body.set_at(&["info", "description"], description);
    }

    pub(crate) fn deployed_at(&self) -> Time {
        Time::parse_rfc3339(self.body["info"]["last_deployed"].text()).unwrap_or(Time::EPOCH)
    }

    pub(crate) fn chart_label(&self) -> String {
        let meta = &self.body["chart"]["metadata"];
        format!("{}-{}", meta["name"].text(), meta["version"].text())
    }

    pub(crate) fn app_version(&self) -> String {
        objects::jsonpath::text(&self.body["chart"]["metadata"]["appVersion"])
    }

    pub(crate) fn objects(&self) -> Vec<Value> {
        objects::yaml::load_stream(self.body["manifest"].text())
            .documents
            .into_iter()
            .map(|d| d.value)
            .collect()
    }

    /// The hooks as manifests, for display.
    pub(crate) fn hooks_text(&self) -> String {
        let of = |h: &Value| format!("---\n# Source: {}\n{}\n", h["path"].text(), h["manifest"].text());
        self.body["hooks"].items().iter().map(of).collect()
    }

    /// `a=b`, `a=null` to take one away: labels of the release's Secret.
    pub(crate) fn label(&mut self, pairs: &[String]) {
        for pair in pairs {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let mut labels = self.body["labels"].clone();
            if value == "null" {
                labels.remove(key);
            } else {
                labels.set(key, value);
            }
            self.body.set("labels", labels);
        }
    }

    fn secret(&self, now: Time) -> Value {
        let (name, version) = (self.name(), self.version());
        let inner = base64::encode(json::to_string(&self.body).as_bytes());
        let mut secret = value!({
            "apiVersion": "v1", "kind": "Secret", "type": (TYPE),
            "metadata": {
                "name": (format!("sh.helm.release.v1.{name}.v{version}")), "namespace": (self.body["namespace"].clone()),
                "labels": {
                    "name": (name), "owner": "helm", "status": (self.status()), "version": (version.to_string()),
                    "modifiedAt": ((now.0 / 1000).to_string()),
                },
            },
            "data": {"release": (base64::encode(inner.as_bytes()))},
        });
        for (key, value) in self.body["labels"].entries() {
            secret.set_at(&["metadata", "labels", key], value.clone());
        }
        secret
    }

    fn of(secret: &Value) -> Option<Self> {
        let outer = base64::decode(secret["data"]["release"].text())?;
        let inner = base64::decode(&String::from_utf8_lossy(&outer))?;
        let body = json::parse(&String::from_utf8_lossy(&inner)).ok()?;
        Some(Self { body })
    }

    pub(crate) async fn store(&self, k: &Kubectl) -> Result<(), String> {
        let secret = self.secret(k.client.now());
        let namespace = self.body["namespace"].text();
        let named = |verb: Verb| -> Request { request(verb, SECRETS, namespace) };
        let name = secret.name().to_owned();
        let exists = k.get(SECRETS, namespace, &name).await.is_ok();
        let request = if exists {
            named(Verb::Update).named(name.as_str()).object(secret)
        } else {
            named(Verb::Create).object(secret)
        };
        k.call(request).await.map(|_| ()).map_err(|e| e.message())
    }

    pub(crate) async fn forget(&self, k: &Kubectl) -> Result<(), String> {
        let name = format!("sh.helm.release.v1.{}.v{}", self.name(), self.version());
        let r = request(Verb::Delete, SECRETS, self.body["namespace"].text()).named(name.as_str());
        k.call(r).await.map(|_| ()).map_err(|e| e.message())
    }
}

/// A hook as releases keep it.
fn hook(m: &Manifest) -> Value {
    let notes = m.object.annotations();
    let words = |key: &str| -> Value {
        let text = notes[key].text();
        text.split(',').map(str::trim).filter(|w| !w.is_empty()).map(Value::from).collect()
    };
    // `test-success` is what `test` was called once.
    let events: Value = words("helm.sh/hook")
        .items()
        .iter()
        .map(|e| if *e == "test-success" { Value::from("test") } else { e.clone() })
        .collect();
    let weight = notes["helm.sh/hook-weight"].text().parse::<i64>().unwrap_or(0);
    value!({
        "path": (m.source.as_str()), "manifest": (m.text.as_str()), "name": (m.object.name()), "kind": (m.object.kind()),
        "events": (events), "weight": (weight), "delete_policies": (words("helm.sh/hook-delete-policy")),
        "last_run": {"phase": "", "started_at": "", "completed_at": ""},
    })
}

/// The revisions of a release (all releases: `name` empty) in a namespace (all: empty), oldest first.
pub(crate) async fn history(k: &Kubectl, namespace: &str, name: &str) -> Result<Vec<Release>, String> {
    let labels = if name.is_empty() { "owner=helm".to_owned() } else { format!("owner=helm,name={name}") };
    let secrets = k.list(SECRETS, namespace, &labels, "").await.map_err(|e| e.message())?;
    let mut all: Vec<Release> = secrets.iter().filter_map(Release::of).collect();
    all.arrange_by(|a, b| {
        let key = |r: &Release| (r.name().to_owned(), r.body["namespace"].to_str(), r.version());
        key(a).cmp(&key(b))
    });
    Ok(all)
}
