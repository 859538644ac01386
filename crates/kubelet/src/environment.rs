//! A container's environment: variables of services, of ConfigMaps and Secrets, of the pod's own fields.
//!
//! Models `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables), `pkg/kubelet/envvars` and
//! `third_party/forked/golang/expansion`. Not modelled: `fileKeyRef`.

use ordered::BTreeMap;

use objects::quantity::Quantity;
use objects::{Str, Value, base64};

/// Fetches `configmap` or `secret` by name from the pod's namespace; the error is the reader's text.
pub(crate) type Fetch<'a> = dyn FnMut(&str, &str) -> Result<Value, String> + 'a;

/// Name and value in the order they are set.
pub(crate) type Variables = Vec<(String, String)>;

/// What the node and the pod's sandbox know that the pod's object may not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Downward {
    pub(crate) pod: Value,
    pub(crate) pod_ip: Str,
    pub(crate) host_ip: Str,
    pub(crate) token_key: client::token::Key,
    pub(crate) node_cpu: Str,
    /// What the node can give of memory and of its disk.
    pub(crate) node_memory: Str,
    pub(crate) node_disk: Str,
}

/// All variables of a container, services' first.
///
/// # Errors
/// The text after `Error: ` of the event, also the message of `CreateContainerConfigError`.
pub(crate) fn variables(
    container: &Value,
    services: &[(String, String)],
    downward: &Downward,
    fetch: &mut Fetch<'_>,
) -> Result<Variables, String> {
    let mut own: Variables = Vec::new();
    for source in container["envFrom"].items() {
        for (kind, field) in [("configmap", "configMapRef"), ("secret", "secretRef")] {
            let r = &source[field];
            if r.is_null() {
                continue;
            }
            let object = match fetch(kind, r["name"].text()) {
                Ok(o) => o,
                Err(_) if r["optional"].is_true() => continue,
                Err(e) => return Err(e),
            };
            for (key, data) in object["data"].entries() {
                put(&mut own, format!("{}{key}", source["prefix"].text()), content(kind, data));
            }
        }
    }
    for var in container["env"].items() {
        let name = var["name"].text().to_owned();
        let from = &var["valueFrom"];
        let value = if from.is_null() || !var["value"].text().is_empty() {
            expand(var["value"].text(), &|k| lookup(k, &own, services))
        } else if !from["fieldRef"].is_null() {
            downward.field(from["fieldRef"]["fieldPath"].text())?
        } else if !from["resourceFieldRef"].is_null() {
            downward.resource(&from["resourceFieldRef"], container["name"].text())?
        } else {
            match of_key(from, downward.pod.namespace(), fetch)? {
                Some(text) => text,
                None => continue,
            }
        };
        put(&mut own, name, value);
    }
    let mut all: Variables =
        services.iter().filter(|(k, _)| !own.iter().any(|(o, _)| o == k)).cloned().collect();
    all.append(&mut own);
    Ok(all)
}

fn put(list: &mut Variables, name: String, value: String) {
    match list.iter_mut().find(|(k, _)| *k == name) {
        Some(old) => old.1 = value,
        None => list.push((name, value)),
    }
}

/// A variable by name, the container's own before the services'.
pub(crate) fn lookup(name: &str, own: &[(String, String)], services: &[(String, String)]) -> Option<String> {
    own.iter().chain(services).find(|(k, _)| k == name).map(|(_, v)| v.clone())
}

fn content(kind: &str, data: &Value) -> String {
    if kind == "secret" {
        String::from_utf8_lossy(&base64::decode(data.text()).unwrap_or_default()).into_owned()
    } else {
        data.text().to_owned()
    }
}

/// One key of a ConfigMap or Secret; `None` when it is optional and not there.
fn of_key(from: &Value, namespace: &str, fetch: &mut Fetch<'_>) -> Result<Option<String>, String> {
    for (kind, field, title) in
        [("configmap", "configMapKeyRef", "ConfigMap"), ("secret", "secretKeyRef", "Secret")]
    {
        let r = &from[field];
        if r.is_null() {
            continue;
        }
        let (name, key, optional) = (r["name"].text(), r["key"].text(), r["optional"].is_true());
        let object = match fetch(kind, name) {
            Ok(o) => o,
            Err(_) if optional => return Ok(None),
            Err(e) => return Err(e),
        };
        return match object["data"].find(key) {
            Some(data) => Ok(Some(content(kind, data))),
            None if optional => Ok(None),
            None => Err(format!("couldn't find key {key} in {title} {namespace}/{name}")),
        };
    }
    Ok(Some(String::new()))
}

impl Downward {
    /// A field of the pod as `fieldRef` names it.
    pub(crate) fn field(&self, path: &str) -> Result<String, String> {
        let pod = &self.pod;
        if let Some((map, key)) = path.strip_suffix("']").and_then(|p| p.split_once("['")) {
            return match map {
                "metadata.labels" => Ok(pod.labels()[key].text().to_owned()),
                "metadata.annotations" => Ok(pod.annotations()[key].text().to_owned()),
                _ => Err(format!("fieldPath \"{path}\" does not support subscript")),
            };
        }
        let pairs = |map: &Value| {
            let lines: Vec<String> =
                map.entries().iter().map(|(k, v)| format!("{k}={:?}", v.text())).collect();
            lines.join("\n")
        };
        Ok(match path {
            "metadata.name" => pod.name().to_owned(),
            "metadata.namespace" => pod.namespace().to_owned(),
            "metadata.uid" => pod.uid().to_owned(),
            "metadata.labels" => pairs(pod.labels()),
            "metadata.annotations" => pairs(pod.annotations()),
            "spec.nodeName" => pod["spec"]["nodeName"].text().to_owned(),
            "spec.serviceAccountName" => pod["spec"]["serviceAccountName"].text().to_owned(),
            "status.podIP" | "status.podIPs" => self.pod_ip.to_string(),
            "status.hostIP" | "status.hostIPs" => self.host_ip.to_string(),
            _ => return Err(format!("unsupported fieldPath: {path}")),
        })
    }

    /// A container's request or limit in units of its divisor, rounded up; without one the node's own.
    pub(crate) fn resource(&self, r: &Value, own_name: &str) -> Result<String, String> {
        let name = r["containerName"].as_str().unwrap_or(own_name);
        let spec = &self.pod["spec"];
        let container = ["containers", "initContainers", "ephemeralContainers"]
            .iter()
            .flat_map(|list| spec[*list].items())
            .find(|c| c["name"] == name)
            .ok_or_else(|| format!("container {name} not found"))?;
        let full = r["resource"].text();
        let (list, resource) = full.split_once('.').unwrap_or((full, ""));
        let set = &container["resources"][list][resource];
        let amount = match (set.is_null(), list, resource) {
            (false, ..) => Quantity::of(set),
            (true, "limits", "cpu") => Quantity::parse(&self.node_cpu).unwrap_or_else(|_| Quantity::zero()),
            (true, "limits", "memory") => {
                Quantity::parse(&self.node_memory).unwrap_or_else(|_| Quantity::zero())
            }
            (true, "limits", "ephemeral-storage") => {
                Quantity::parse(&self.node_disk).unwrap_or_else(|_| Quantity::zero())
            }
            _ => Quantity::zero(),
        };
        let divisor = Quantity::of(&r["divisor"]);
        let text = if resource == "cpu" {
            let by = if divisor.is_zero() { 1000 } else { divisor.milli_value() };
            div_up(amount.milli_value(), by)
        } else {
            div_up(amount.value(), if divisor.is_zero() { 1 } else { divisor.value() })
        };
        Ok(text.to_string())
    }
}

fn div_up(amount: i64, by: i64) -> i64 {
    let by = by.max(1);
    amount.saturating_add(by - 1) / by
}

/// `$(NAME)` replaced where the name is known; `$$` is a dollar.
pub(crate) fn expand(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    if !text.contains('$') {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(end) = rest.strip_prefix('(').and_then(|r| r.find(')')) {
            let name = &rest[1..=end];
            match value(name) {
                Some(v) => out.push_str(&v),
                None => out.push_str(&format!("$({name})")),
            }
            rest = &rest[end + 2..];
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

/// The variables that tell of services: those of `own` (by name), and always of the API server's.
pub(crate) fn of_services<'a>(own: impl Iterator<Item = &'a Value>) -> Variables {
    let mut by_name: BTreeMap<&str, &Value> = BTreeMap::new();
    for s in own {
        by_name.insert(s.name(), s);
    }
    let mut all = Vec::new();
    for (name, s) in by_name {
        let ip = s["spec"]["clusterIP"].text();
        let ports = s["spec"]["ports"].items();
        let Some(first) = ports.first().filter(|_| !ip.is_empty() && ip != "None") else { continue };
        let env = |n: &str| n.to_uppercase().replace('-', "_");
        let up = env(name);
        all.push((format!("{up}_SERVICE_HOST"), ip.to_owned()));
        all.push((format!("{up}_SERVICE_PORT"), first["port"].int().to_string()));
        for p in ports.iter().filter(|p| !p["name"].text().is_empty()) {
            all.push((format!("{up}_SERVICE_PORT_{}", env(p["name"].text())), p["port"].int().to_string()));
        }
        let url = |p: &Value| {
            let protocol = p["protocol"].as_str().unwrap_or("TCP").to_lowercase();
            (format!("{protocol}://{ip}:{}", p["port"].int()), protocol)
        };
        all.push((format!("{up}_PORT"), url(first).0));
        for p in ports {
            let (url, protocol) = url(p);
            let prefix = format!("{up}_PORT_{}_{}", p["port"].int(), protocol.to_uppercase());
            all.push((format!("{prefix}_PROTO"), protocol));
            all.push((format!("{prefix}_PORT"), p["port"].int().to_string()));
            all.push((format!("{prefix}_ADDR"), ip.to_owned()));
            all.push((prefix, url));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn references_are_expanded_where_known() {
        let value = |k: &str| (k == "A").then(|| "1".to_owned());
        let table = [
            ("x", "x"),
            ("$(A)-$(B)", "1-$(B)"),
            ("$$(A)", "$(A)"),
            ("$A $", "$A $"),
            ("$(A", "$(A"),
            ("", ""),
            ("$()", "$()"),
        ];
        for (text, want) in table {
            assert_eq!(expand(text, &value), want, "{text}");
        }
    }

    #[test]
    fn sources_in_their_order_and_what_is_missing() {
        let downward = Downward {
            pod: value!({
                "metadata": {"name": "p", "namespace": "ns", "labels": {"app": "x"}},
                "spec": {"containers": [{"name": "c", "resources": {"limits": {"memory": "1500Ki", "cpu": "250m"}}}]},
            }),
            pod_ip: "10.244.0.9".into(),
            node_disk: "90Gi".into(),
            ..Downward::default()
        };
        let mut fetch = |kind: &str, name: &str| match (kind, name) {
            ("configmap", "cm") => Ok(value!({"data": {"k": "v", "z": "1"}})),
            ("secret", "s") => Ok(value!({"data": {"pw": "czNjcjN0"}})),
            _ => Err(format!("{kind} \"{name}\" not found")),
        };
        let c = value!({
            "name": "c",
            "envFrom": [{"prefix": "P_", "configMapRef": {"name": "cm"}}, {"secretRef": {"name": "no", "optional": true}}],
            "env": [
                {"name": "A", "value": "$(P_k)/$(KUBERNETES_PORT)"},
                {"name": "PW", "valueFrom": {"secretKeyRef": {"name": "s", "key": "pw"}}},
                {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "L", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                {"name": "MI", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
                {"name": "MILLI", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
                {"name": "REQ", "valueFrom": {"resourceFieldRef": {"resource": "requests.memory"}}},
                {"name": "DISK", "valueFrom": {"resourceFieldRef": {"resource": "limits.ephemeral-storage", "divisor": "1Gi"}}},
                {"name": "NO", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "q", "optional": true}}},
            ],
        });
        let services = [("KUBERNETES_PORT".to_owned(), "tcp://10.96.0.1:443".to_owned())];
        let all = variables(&c, &services, &downward, &mut fetch).expect("all there");
        let text: Vec<String> = all.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            text,
            [
                "KUBERNETES_PORT=tcp://10.96.0.1:443",
                "P_k=v",
                "P_z=1",
                "A=v/tcp://10.96.0.1:443",
                "PW=s3cr3t",
                "IP=10.244.0.9",
                "L=x",
                "CPU=1",
                "MI=2",
                "MILLI=250",
                "REQ=0",
                "DISK=90"
            ]
        );
        let missing = [
            (
                value!({"configMapKeyRef": {"name": "cm", "key": "q"}}),
                "couldn't find key q in ConfigMap ns/cm",
            ),
            (value!({"secretKeyRef": {"name": "x", "key": "q"}}), "secret \"x\" not found"),
        ];
        for (from, want) in missing {
            let c = value!({"name": "c", "env": [{"name": "A", "valueFrom": (from)}]});
            assert_eq!(variables(&c, &[], &downward, &mut fetch), Err(want.to_owned()));
        }
    }

    #[test]
    fn services_are_told_in_both_styles() {
        let s = value!({
            "metadata": {"name": "my-db"},
            "spec": {"clusterIP": "10.96.3.4", "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}]},
        });
        let headless =
            value!({"metadata": {"name": "h"}, "spec": {"clusterIP": "None", "ports": [{"port": 1}]}});
        let text: Vec<String> =
            of_services([&s, &headless].into_iter()).iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            text,
            [
                "MY_DB_SERVICE_HOST=10.96.3.4",
                "MY_DB_SERVICE_PORT=5432",
                "MY_DB_SERVICE_PORT_SQL=5432",
                "MY_DB_PORT=tcp://10.96.3.4:5432",
                "MY_DB_PORT_5432_TCP_PROTO=tcp",
                "MY_DB_PORT_5432_TCP_PORT=5432",
                "MY_DB_PORT_5432_TCP_ADDR=10.96.3.4",
                "MY_DB_PORT_5432_TCP=tcp://10.96.3.4:5432",
            ]
        );
    }
}
