//! `crictl` on a node: containers, pods and images as its runtime knows them.
//!
//! Owns: the command's words and tables. Does not own: what runs and its logs (the node's kubelet). `exec`, `attach` and
//! logs that are followed or cut by time go the way of kubectl's streams. Models cri-tools v1.36 over containerd. Not modelled: `create`, `run`, `runp`, `pull` and
//! other commands that would change the runtime behind the kubelet's back; each says so.

use cluster::Cluster;
use cluster::kubelet::runtime::{Held, Runtime};
use containers::images::reference;
use containers::machine::Stream;
use objects::{Value, json, value};

use crate::load::Printed;

const ID_SHOWN: usize = 13;

pub(crate) enum Done {
    Printed(Printed),
    /// kubectl's own words for the same.
    Kubectl(Vec<String>),
}

fn out(text: String) -> Done {
    Done::Printed(Printed { out: text, ..Printed::default() })
}

fn failed(text: String) -> Done {
    Done::Printed(Printed { err: text, code: 1, ..Printed::default() })
}

fn cut(id: &str) -> String {
    id.chars().take(ID_SHOWN).collect()
}

/// Columns of at least 20 signs, as Go's tab writer lays them out.
fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |i: usize| {
        let widest = rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0).max(heads[i].len());
        (widest + 1).max(20)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut text = String::new();
        for (i, c) in cells.iter().enumerate() {
            text.push_str(c);
            if i + 1 < cells.len() {
                text.push_str(&" ".repeat(widths[i] - c.chars().count()));
            }
        }
        text + "\n"
    };
    let head: Vec<String> = heads.iter().map(|h| (*h).to_owned()).collect();
    line(&head) + &rows.iter().map(|r| line(r)).collect::<String>()
}

/// Names are filtered by regular expressions.
fn matches(pattern: &str, name: &str) -> bool {
    containers::regex::Regex::new(pattern, true, false).is_ok_and(|r| r.is_match(name))
}

fn ago(millis: i64) -> String {
    let s = millis / 1000;
    match s {
        ..=0 => "Less than a second ago".into(),
        1 => "1 second ago".into(),
        2..60 => format!("{s} seconds ago"),
        60..120 => "About a minute ago".into(),
        120..3600 => format!("{} minutes ago", s / 60),
        3600..7200 => "About an hour ago".into(),
        7200..172_800 => format!("{} hours ago", s / 3600),
        _ => format!("{} days ago", s / 86_400),
    }
}

/// Bytes in thousands, three digits.
fn size(bytes: u64) -> String {
    let (mut n, mut unit) = (bytes as f64, 0);
    let units = ["B", "kB", "MB", "GB", "TB"];
    while n >= 1000.0 && unit + 1 < units.len() {
        n /= 1000.0;
        unit += 1;
    }
    let text = if n >= 100.0 {
        format!("{n:.0}")
    } else if n >= 10.0 {
        format!("{n:.1}")
    } else {
        format!("{n:.2}")
    };
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    format!("{text}{}", units[unit])
}

struct Words<'a> {
    flags: Vec<&'a str>,
    rest: Vec<&'a str>,
}

impl Words<'_> {
    fn has(&self, names: &[&str]) -> bool {
        self.flags.iter().any(|f| names.contains(f))
    }
}

/// Flags with values, as `--name=value` or `--name value`.
const VALUED: [&str; 14] = [
    "--name",
    "--namespace",
    "--state",
    "-s",
    "--pod",
    "-p",
    "--image",
    "-o",
    "--output",
    "--tail",
    "--since",
    "--timeout",
    "-t",
    "--label",
];

fn value_of<'a>(args: &'a [String], names: &[&str]) -> Option<&'a str> {
    args.iter().enumerate().find_map(|(i, a)| match a.split_once('=') {
        Some((n, v)) if names.contains(&n) => Some(v),
        None if names.contains(&a.as_str()) => args.get(i + 1).map(String::as_str),
        _ => None,
    })
}

fn words<'a>(args: &'a [String], verb: &str) -> Words<'a> {
    let mut w = Words { flags: Vec::new(), rest: Vec::new() };
    let mut i = 0;
    while let Some(a) = args.get(i) {
        i += 1;
        // What follows the container belongs to the command inside.
        if verb == "exec" && !w.rest.is_empty() || !a.starts_with('-') {
            w.rest.push(a);
        } else {
            let name = a.split_once('=').map_or(a.as_str(), |p| p.0);
            w.flags.push(name);
            let tty = verb == "exec" && name == "-t";
            if !a.contains('=') && VALUED.contains(&name) && !tty {
                i += 1;
            }
        }
    }
    w
}

fn found<'a>(r: &'a Runtime, id: &str) -> Result<&'a Held, Done> {
    let mut hits = r.containers.iter().filter(|c| !id.is_empty() && c.id.starts_with(id));
    hits.next().ok_or_else(|| {
        failed(format!(
            "E0101 00:00:00.000000       1 log.go:32] \"ContainerStatus from runtime service failed\" err=\"rpc error: code = NotFound desc = an error occurred when try to find container \\\"{id}\\\": not found\" containerID=\"{id}\"\nFATA[0000] getting the status of the container \"{id}\": rpc error: code = NotFound desc = an error occurred when try to find container \"{id}\": not found\n"
        ))
    })
}

fn streams(verb: &str, c: &Held, more: Vec<String>) -> Vec<String> {
    let mut argv: Vec<String> =
        vec![verb.into(), c.pod.clone(), "-n".into(), c.namespace.clone(), "-c".into(), c.name.clone()];
    argv.extend(more);
    argv
}

fn ps(r: &Runtime, args: &[String], w: &Words<'_>) -> Done {
    let state = value_of(args, &["--state", "-s"]).unwrap_or("").to_lowercase();
    let all = w.has(&["-a", "--all"]) || !state.is_empty();
    let (name, ns) = (value_of(args, &["--name"]), value_of(args, &["--namespace"]));
    let (pod, image) = (value_of(args, &["--pod", "-p"]), value_of(args, &["--image"]));
    let wanted = |c: &&Held| {
        (all || c.running)
            && (state.is_empty() || c.state().to_lowercase() == state)
            && name.is_none_or(|n| matches(n, &c.name))
            && ns.is_none_or(|n| c.namespace == n)
            && pod.is_none_or(|p| c.pod_id.starts_with(p))
            && image.is_none_or(|i| c.image.contains(i))
            && w.rest.first().is_none_or(|id| c.id.starts_with(id))
    };
    let mut list: Vec<&Held> = r.containers.iter().filter(wanted).collect();
    list.sort_by_key(|c| std::cmp::Reverse(c.created));
    if w.has(&["-l", "--latest"]) {
        list.truncate(1);
    }
    if w.has(&["-q", "--quiet"]) {
        return out(list.iter().map(|c| format!("{}\n", c.id)).collect());
    }
    if value_of(args, &["-o", "--output"]) == Some("json") {
        let items: Vec<Value> = list.iter().map(|c| described(c)["status"].clone()).collect();
        return out(json::to_pretty(&value!({"containers": (Value::List(items.into()))}), "  ") + "\n");
    }
    let rows: Vec<Vec<String>> = list
        .iter()
        .map(|c| {
            vec![
                cut(&c.id),
                cut(c.image_id.trim_start_matches("sha256:")),
                ago(r.now.since(c.created)),
                c.state().into(),
                c.name.clone(),
                c.attempt.to_string(),
                cut(&c.pod_id),
                c.pod.clone(),
                c.namespace.clone(),
            ]
        })
        .collect();
    let heads = ["CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD", "NAMESPACE"];
    out(table(&heads, &rows))
}

fn pods(r: &Runtime, args: &[String], w: &Words<'_>) -> Done {
    let (name, ns) = (value_of(args, &["--name"]), value_of(args, &["--namespace"]));
    let list: Vec<_> = r
        .pods
        .iter()
        .filter(|p| name.is_none_or(|n| matches(n, &p.name)) && ns.is_none_or(|n| p.namespace == n))
        .collect();
    if w.has(&["-q", "--quiet"]) {
        return out(list.iter().map(|p| format!("{}\n", p.id)).collect());
    }
    let rows: Vec<Vec<String>> = list
        .iter()
        .map(|p| {
            vec![
                cut(&p.id),
                ago(r.now.since(p.created)),
                if p.ready { "Ready" } else { "NotReady" }.into(),
                p.name.clone(),
                p.namespace.clone(),
                p.attempt.to_string(),
                "(default)".into(),
            ]
        })
        .collect();
    out(table(&["POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME"], &rows))
}

fn images(r: &Runtime, w: &Words<'_>) -> Done {
    let split = |text: &str| {
        reference::parse(text).map_or((text.to_owned(), "<none>".into()), |p| (p.name.clone(), p.tag.clone()))
    };
    let wanted = |i: &&cluster::kubelet::runtime::Stored| {
        w.rest.first().is_none_or(|f| split(&i.reference).0.contains(f))
    };
    let mut rows: Vec<Vec<String>> = r
        .images
        .iter()
        .filter(wanted)
        .map(|i| {
            let (name, tag) = split(&i.reference);
            vec![name, tag, cut(i.id.trim_start_matches("sha256:")), size(i.bytes)]
        })
        .collect();
    rows.sort();
    rows.dedup();
    if w.has(&["-q", "--quiet"]) {
        return out(r.images.iter().filter(wanted).map(|i| format!("{}\n", i.id)).collect());
    }
    out(table(&["IMAGE", "TAG", "IMAGE ID", "SIZE"], &rows))
}

fn stats(r: &Runtime, w: &Words<'_>) -> Done {
    let list =
        r.containers.iter().filter(|c| c.running && w.rest.first().is_none_or(|id| c.id.starts_with(id)));
    let rows: Vec<Vec<String>> = list
        .map(|c| {
            vec![
                cut(&c.id),
                c.name.clone(),
                format!("{:.2}", c.cpu_millis as f64 / 10.0),
                size(c.memory_bytes),
                size(c.disk_bytes),
                "12".into(),
                "0B".into(),
            ]
        })
        .collect();
    out(table(&["CONTAINER", "NAME", "CPU %", "MEM", "DISK", "INODES", "SWAP"], &rows))
}

fn described(c: &Held) -> Value {
    value!({
        "info": {"pid": (Value::Int(c.pid)), "sandboxID": (c.pod_id.as_str()), "runtimeType": "io.containerd.runc.v2"},
        "status": {
            "createdAt": (c.created.to_string()),
            "exitCode": (Value::Int(i64::from(c.exit_code))),
            "id": (c.id.as_str()),
            "image": {"image": (c.image.as_str())},
            "imageRef": (c.image_id.as_str()),
            "labels": {
                "io.kubernetes.container.name": (c.name.as_str()),
                "io.kubernetes.pod.name": (c.pod.as_str()),
                "io.kubernetes.pod.namespace": (c.namespace.as_str()),
                "io.kubernetes.pod.uid": (c.pod_uid.as_str())
            },
            "logPath": (format!("/var/log/pods/{}_{}_{}/{}/{}.log", c.namespace, c.pod, c.pod_uid, c.name, c.attempt)),
            "metadata": {"attempt": (Value::Int(i64::from(c.attempt))), "name": (c.name.as_str())},
            "reason": (c.reason.as_str()),
            "state": (format!("CONTAINER_{}", c.state().to_uppercase()))
        }
    })
}

/// The command line.
pub(crate) fn run(args: &[String], node: &str, cluster: &mut Cluster) -> Done {
    let verb = args.first().map_or("help", String::as_str);
    let rest = args.get(1..).unwrap_or_default();
    let w = words(rest, verb);
    let Some(r) = cluster.runtime_of(node) else {
        return failed("FATA[0000] validate service connection: validate CRI v1 runtime API for endpoint \"unix:///run/containerd/containerd.sock\": rpc error: code = Unavailable desc = connection error\n".into());
    };
    let id = w.rest.first().copied().unwrap_or("");
    let needs = |verb: &str| failed(format!("crictl {verb}: ID cannot be empty\n"));
    match verb {
        "ps" => ps(&r, rest, &w),
        "pods" => pods(&r, rest, &w),
        "images" | "image" | "img" => images(&r, &w),
        "stats" => stats(&r, &w),
        "version" => out("Version:  0.1.0\nRuntimeName:  containerd\nRuntimeVersion:  v2.1.4\nRuntimeApiVersion:  v1\n".into()),
        "info" => {
            let condition = |kind: &str| value!({"message": "", "reason": "", "status": true, "type": (kind)});
            let list = vec![condition("RuntimeReady"), condition("NetworkReady")];
            let info = value!({
                "config": {"containerdEndpoint": "/run/containerd/containerd.sock", "containerdRootDir": "/var/lib/containerd"},
                "lastCNILoadStatus": "OK",
                "status": {"conditions": (Value::List(list.into()))}
            });
            out(json::to_pretty(&info, "  ") + "\n")
        }
        "inspect" | "logs" | "exec" | "attach" | "stop" | "rm" if id.is_empty() => needs(verb),
        "inspect" => match found(&r, id) {
            Ok(c) => out(json::to_pretty(&described(c), "  ") + "\n"),
            Err(done) => done,
        },
        "logs" => match found(&r, id) {
            Ok(c) if !w.has(&["-f", "--follow", "-p", "--previous", "-t", "--timestamps"])
                && value_of(rest, &["--since"]).is_none() =>
            {
                let lines = cluster.read_log(node, &format!("{}/{}", c.namespace, c.pod), &c.name, &c.id);
                let tail = value_of(rest, &["--tail"]).and_then(|n| n.parse().ok()).unwrap_or(lines.len());
                let (mut out, mut err) = (String::new(), String::new());
                for line in lines.iter().skip(lines.len().saturating_sub(tail)) {
                    let to = if line.stream == Stream::Err { &mut err } else { &mut out };
                    to.push_str(&line.text);
                    to.push('\n');
                }
                Done::Printed(Printed { out, err, code: 0 })
            }
            Ok(c) => {
                let mut more = Vec::new();
                if w.has(&["-f", "--follow"]) {
                    more.push("-f".into());
                }
                if w.has(&["-p", "--previous"]) {
                    more.push("--previous".into());
                }
                if w.has(&["-t", "--timestamps"]) {
                    more.push("--timestamps".into());
                }
                for flag in ["--tail", "--since"] {
                    if let Some(v) = value_of(rest, &[flag]) {
                        more.push(format!("{flag}={v}"));
                    }
                }
                Done::Kubectl(streams("logs", c, more))
            }
            Err(done) => done,
        },
        "exec" => match found(&r, id) {
            Ok(c) if w.rest.len() < 2 => failed(format!("crictl exec: no command for {}\n", cut(&c.id))),
            Ok(c) => {
                let mut more = Vec::new();
                let flags: String = w.flags.concat();
                for (short, long, flag) in [('i', "--interactive", "-i"), ('t', "--tty", "-t")] {
                    if flags.contains(short) && !flags.contains("--") || w.has(&[long]) {
                        more.push(flag.to_owned());
                    }
                }
                more.push("--".into());
                more.extend(w.rest[1..].iter().map(|w| (*w).to_owned()));
                Done::Kubectl(streams("exec", c, more))
            }
            Err(done) => done,
        },
        "attach" => match found(&r, id) {
            Ok(c) => Done::Kubectl(streams("attach", c, Vec::new())),
            Err(done) => done,
        },
        "stop" | "rm" => {
            let force = w.has(&["-f", "--force"]);
            let mut told = String::new();
            for id in &w.rest {
                let c = match found(&r, id) {
                    Ok(c) => c,
                    Err(done) => return done,
                };
                if verb == "rm" && c.running && !force {
                    return failed(format!("{told}FATA[0000] container \"{id}\" is running, please stop it first\n"));
                }
                if c.running {
                    cluster.stop_container(node, &format!("{}/{}", c.namespace, c.pod), &c.name);
                }
                told.push_str(&format!("{}\n", if verb == "rm" { &c.id } else { *id }));
            }
            out(told)
        }
        "create" | "run" | "runp" | "start" | "pull" | "rmi" | "rmp" | "stopp" | "update" | "checkpoint" => {
            failed(format!("crictl {verb}: not simulated\n"))
        }
        "help" | "-h" | "--help" => out(
            "NAME:\n   crictl - client for CRI\n\nCOMMANDS:\n   attach, exec, images, info, inspect, logs, pods, ps, rm, stats, stop, version\n".into(),
        ),
        other => failed(format!("No help topic for '{other}'\n")),
    }
}
