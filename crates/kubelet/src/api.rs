//! The kubelet's API, for who is let in: the API server, by way of `/api/v1/nodes/NAME/proxy/`.
//!
//! Models `pkg/kubelet/server/server.go`, `server/stats` (the summary) and `/metrics/resource`. Does not own: its ports
//! as others find them (server.rs), what anything uses (usage.rs).
//! Not modelled: `/run`, `/exec`, `/attach`, `/portForward`, `/debug`; of `/metrics` only the few families below; sizes of
//! file systems and the network's counters; fields stand in the alphabet's order.

use std::fmt::Write as _;

use clock::Time;
use containers::fs::Node;
use containers::net::HttpResponse;
use objects::quantity::Quantity;
use objects::{Str, Value, json, value};

use crate::Kubelet;
use crate::usage::{ContainerUsage, PodUsage};

/// Where `/logs/` looks on the node's disk.
const LOGS: [&str; 2] = ["var", "log"];

fn plain(status: u16, text: impl Into<Vec<u8>>) -> HttpResponse {
    HttpResponse::text(status, "text/plain; charset=utf-8", text)
}

fn not_found() -> HttpResponse {
    plain(404, "404 page not found\n")
}

fn object(v: &Value) -> HttpResponse {
    HttpResponse::text(200, "application/json", json::to_string(v))
}

/// A counter in millionths of a second, as seconds.
fn seconds(us: i64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An instant as Prometheus writes starts: `1.767225600123e+09`.
fn since(at: Time) -> String {
    format!("{:e}", at.0 as f64 / 1000.0).replace('e', "e+0")
}

impl Kubelet {
    /// What the kubelet answers to a GET of this path and query.
    pub fn answer_api(&mut self, target: &str, now: Time) -> HttpResponse {
        let path = target.split('?').next().unwrap_or_default();
        let steps: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        match steps.as_slice() {
            ["healthz"] | ["healthz", "ping" | "log" | "syncloop"] => plain(200, "ok"),
            ["pods"] => object(&self.pod_list(|_| true)),
            ["runningpods"] => object(&self.pod_list(|p| p["status"]["phase"] == "Running")),
            ["configz"] => object(&self.configz()),
            ["stats", "summary"] => {
                let text = json::to_pretty(&self.summary(now), " ");
                HttpResponse::text(200, "application/json", text)
            }
            ["metrics"] => self.exposed(self.own_metrics(now)),
            ["metrics", "resource"] => self.exposed(self.resource_metrics(now)),
            ["metrics", "cadvisor"] => self.exposed(self.container_metrics(now)),
            ["metrics", "probes"] => self.exposed(String::new()),
            ["containerLogs", namespace, pod, container] => {
                self.container_log(namespace, pod, container, now)
            }
            ["logs", below @ ..] => self.node_logs(below, path.ends_with('/')),
            _ => not_found(),
        }
    }

    fn exposed(&self, text: String) -> HttpResponse {
        HttpResponse::text(200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", text)
    }

    fn pod_list(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let pods = self.pods.values().map(|w| w.pod.clone()).filter(|p| wanted(p));
        value!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": (pods.collect::<Value>())})
    }

    /// The settings that kubeadm gives a kubelet, and those defaults that are acted on.
    fn configz(&self) -> Value {
        value!({"kubeletconfig": {
            "kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "staticPodPath": "/etc/kubernetes/manifests", "port": 10250, "healthzPort": 10248,
            "healthzBindAddress": "127.0.0.1", "address": "0.0.0.0", "rotateCertificates": true,
            "authentication": {
                "anonymous": {"enabled": false}, "webhook": {"enabled": true, "cacheTTL": "2m0s"},
                "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"}
            },
            "authorization": {"mode": "Webhook"},
            "clusterDomain": "cluster.local", "clusterDNS": ["10.96.0.10"], "cgroupDriver": "systemd",
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "maxPods": (self.config.pods), "podPidsLimit": (-1), "failSwapOn": false,
            "nodeStatusUpdateFrequency": "10s", "nodeStatusReportFrequency": "5m0s", "nodeLeaseDurationSeconds": 40,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "10%", "imagefs.available": "15%"},
            "imageGCHighThresholdPercent": 85, "imageGCLowThresholdPercent": 80, "imageMinimumGCAge": "2m0s",
            "containerLogMaxSize": "10Mi", "containerLogMaxFiles": 5, "enableServer": true,
            "shutdownGracePeriod": "0s", "shutdownGracePeriodCriticalPods": "0s",
        }})
    }

    fn summary(&self, now: Time) -> Value {
        let all = self.node_usage(now);
        let total = Quantity::parse(&self.facts.memory).map_or(0, |q| q.value());
        let at = now.rfc3339();
        let cpu = |millis: i64, us: i64| {
            value!({
                "time": (at.as_str()), "usageNanoCores": (millis.saturating_mul(1_000_000)),
                "usageCoreNanoSeconds": (us.saturating_mul(1000))
            })
        };
        let memory =
            |bytes: i64| value!({"time": (at.as_str()), "usageBytes": (bytes), "workingSetBytes": (bytes)});
        let container = |c: &ContainerUsage| {
            value!({
                "name": (&c.name), "startTime": (c.since.rfc3339()),
                "cpu": (cpu(c.cpu_millis, c.cpu_us)), "memory": (memory(c.memory_bytes))
            })
        };
        let pod = |p: &PodUsage| {
            let (namespace, name) = objects::meta::split_key(&p.pod);
            let us = p.containers.iter().map(|c| c.cpu_us).fold(0, i64::saturating_add);
            let started = p.containers.iter().map(|c| c.since).min().unwrap_or(now);
            value!({
                "podRef": {"name": (name), "namespace": (namespace), "uid": (&p.uid)},
                "startTime": (started.rfc3339()),
                "containers": (p.containers.iter().map(container).collect::<Value>()),
                "cpu": (cpu(p.cpu_millis(), us)), "memory": (memory(p.memory_bytes()))
            })
        };
        let mut of_node = memory(all.memory_bytes);
        of_node.set("availableBytes", (total - all.memory_bytes).max(0));
        value!({
            "node": {
                "nodeName": (&self.config.node), "startTime": (self.since.rfc3339()),
                "cpu": (cpu(all.cpu_millis, all.cpu_us)), "memory": (of_node)
            },
            "pods": (all.pods.iter().map(pod).collect::<Value>())
        })
    }

    fn own_metrics(&self, now: Time) -> String {
        let all = self.node_usage(now);
        let containers: usize = all.pods.iter().map(|p| p.containers.len()).sum();
        let mut out = String::new();
        for (name, kind, help, sample) in [
            (
                "kubelet_node_name",
                "gauge",
                "[ALPHA] The node's name. The count is always 1.",
                format!("{{node=\"{}\"}} 1", self.config.node),
            ),
            (
                "kubelet_running_containers",
                "gauge",
                "[ALPHA] Number of containers currently running",
                format!("{{container_state=\"running\"}} {containers}"),
            ),
            (
                "kubelet_running_pods",
                "gauge",
                "[ALPHA] Number of pods that have a running pod sandbox",
                format!(" {}", all.pods.len()),
            ),
            (
                "kubernetes_build_info",
                "gauge",
                "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
                "{git_version=\"v1.36.2\",major=\"1\",minor=\"36\",platform=\"linux/amd64\"} 1".to_owned(),
            ),
        ] {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{sample}");
        }
        out
    }

    fn resource_metrics(&self, now: Time) -> String {
        let all = self.node_usage(now);
        let each = |line: &dyn Fn(&str, &ContainerUsage) -> String| -> String {
            let rows = all.pods.iter().flat_map(|p| {
                let (namespace, pod) = objects::meta::split_key(&p.pod);
                p.containers.iter().map(move |c| {
                    let labels =
                        format!("{{container=\"{}\",namespace=\"{namespace}\",pod=\"{pod}\"}}", c.name);
                    line(&labels, c)
                })
            });
            rows.collect()
        };
        let of_pods = |line: &dyn Fn(&str, &PodUsage) -> String| -> String {
            let rows = all.pods.iter().map(|p| {
                let (namespace, pod) = objects::meta::split_key(&p.pod);
                line(&format!("{{namespace=\"{namespace}\",pod=\"{pod}\"}}"), p)
            });
            rows.collect()
        };
        let ms = now.0;
        let families: [(&str, &str, &str, String); 7] = [
            (
                "container_cpu_usage_seconds_total",
                "counter",
                "[STABLE] Cumulative cpu time consumed by the container in core-seconds",
                each(&|l, c| format!("container_cpu_usage_seconds_total{l} {} {ms}\n", seconds(c.cpu_us))),
            ),
            (
                "container_memory_working_set_bytes",
                "gauge",
                "[STABLE] Current working set of the container in bytes",
                each(&|l, c| format!("container_memory_working_set_bytes{l} {} {ms}\n", c.memory_bytes)),
            ),
            (
                "container_start_time_seconds",
                "gauge",
                "[STABLE] Start time of the container since unix epoch in seconds",
                each(&|l, c| format!("container_start_time_seconds{l} {}\n", since(c.since))),
            ),
            (
                "node_cpu_usage_seconds_total",
                "counter",
                "[STABLE] Cumulative cpu time consumed by the node in core-seconds",
                format!("node_cpu_usage_seconds_total {} {ms}\n", seconds(all.cpu_us)),
            ),
            (
                "node_memory_working_set_bytes",
                "gauge",
                "[STABLE] Current working set of the node in bytes",
                format!("node_memory_working_set_bytes {} {ms}\n", all.memory_bytes),
            ),
            (
                "pod_cpu_usage_seconds_total",
                "counter",
                "[STABLE] Cumulative cpu time consumed by the pod in core-seconds",
                of_pods(&|l, p| {
                    let us = p.containers.iter().map(|c| c.cpu_us).fold(0, i64::saturating_add);
                    format!("pod_cpu_usage_seconds_total{l} {} {ms}\n", seconds(us))
                }),
            ),
            (
                "pod_memory_working_set_bytes",
                "gauge",
                "[STABLE] Current working set of the pod in bytes",
                of_pods(&|l, p| format!("pod_memory_working_set_bytes{l} {} {ms}\n", p.memory_bytes())),
            ),
        ];
        let mut out = String::new();
        for (name, kind, help, rows) in families {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{rows}");
        }
        out.push_str(
            "# HELP resource_scrape_error [STABLE] 1 if there was an error while getting container metrics, 0 otherwise\n# TYPE resource_scrape_error gauge\nresource_scrape_error 0\n",
        );
        out
    }

    /// cAdvisor's two families that dashboards read most.
    fn container_metrics(&self, now: Time) -> String {
        let all = self.node_usage(now);
        let mut out = String::new();
        type Of = fn(&ContainerUsage) -> String;
        let families: [(&str, &str, &str, Of); 2] = [
            (
                "container_cpu_usage_seconds_total",
                "counter",
                "Cumulative cpu time consumed in seconds.",
                |c| seconds(c.cpu_us),
            ),
            ("container_memory_working_set_bytes", "gauge", "Current working set in bytes.", |c| {
                c.memory_bytes.to_string()
            }),
        ];
        for (name, kind, help, of) in families {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for p in &all.pods {
                let (namespace, pod) = objects::meta::split_key(&p.pod);
                for c in &p.containers {
                    let image = self.image_of(&p.pod, &c.name);
                    let _ = writeln!(
                        out,
                        "{name}{{container=\"{}\",image=\"{image}\",namespace=\"{namespace}\",pod=\"{pod}\"}} {} {}",
                        c.name,
                        of(c),
                        now.0
                    );
                }
            }
        }
        out
    }

    fn image_of(&self, pod: &str, container: &str) -> Str {
        let found = self.pods.get(pod).and_then(|w| w.containers.iter().find(|c| c.name() == container));
        found.map(|c| c.spec["image"].to_str()).unwrap_or_default()
    }

    fn container_log(&mut self, namespace: &str, pod: &str, container: &str, now: Time) -> HttpResponse {
        let key = format!("{namespace}/{pod}");
        if self.pods.get(&key).is_none() {
            return plain(404, format!("pod \"{pod}\" does not exist\n"));
        }
        let Some(at) = self.running(&key, container) else {
            return plain(404, format!("container \"{container}\" in pod \"{pod}\" is not available"));
        };
        let lines = self.log(&at, 0, now).map(|(lines, ..)| lines).unwrap_or_default();
        let text: String = lines.iter().map(|l| format!("{}\n", l.text)).collect();
        plain(200, text)
    }

    /// A file below `/var/log`, or what is in a directory there.
    fn node_logs(&mut self, below: &[&str], as_directory: bool) -> HttpResponse {
        let found = LOGS.iter().chain(below).try_fold(self.disk_root(), |at, step| match at {
            Some(Node::Dir(d)) if *step != ".." => Some(d.entries.get(*step).cloned()),
            _ => None,
        });
        match found.flatten() {
            Some(Node::File(f)) if !as_directory => plain(200, f.bytes.clone()),
            Some(Node::Dir(d)) => {
                let row = |(name, node): (&Str, &Node)| {
                    let slash = if matches!(node, Node::Dir(_)) { "/" } else { "" };
                    format!("<a href=\"{name}{slash}\">{name}{slash}</a>\n")
                };
                let rows: String = d.entries.iter().map(row).collect();
                HttpResponse::text(
                    200,
                    "text/html; charset=utf-8",
                    format!(
                        "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n{rows}</pre>\n"
                    ),
                )
            }
            _ => not_found(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_read_as_prometheus_writes_them() {
        assert_eq!(seconds(1_250_000), "1.25");
        assert_eq!(seconds(0), "0");
        assert_eq!(seconds(90_000_001), "90.000001");
        assert_eq!(since(Time(1_767_225_600_123)), "1.767225600123e+09");
    }
}
