//! `wheelhouse commands DIR`: every `command`, `args`, hook and probe of a folder's manifests, run in its image.
//!
//! Owns: finding them, running each in a container of its own for a bounded time, and telling apart what the simulation
//! lacks (a program, an option, a piece of syntax) from what a real container would say as well.
//! Does not own: the cluster around them. Other hosts answer every request with an empty page; claims are empty volumes.

use std::collections::BTreeMap;
use std::path::Path;

use clock::Time;
use containers::container::{Container, MountSpec, Spec};
use containers::fs::{Node, Tree, VolumeId};
use containers::images::{Resolved, Roots, resolve};
use containers::machine::{Outcome, PlainHost};
use containers::net::{DnsData, DnsRecord, HttpResponse, NetAnswer, NetError, NetRequest};
use objects::Value;

/// How long a line may run, in virtual time and in steps.
const RUN_MS: i64 = 120_000;
const SLICES: u32 = 3_000;
const SLICE_STEPS: u32 = 500;
/// What is kept of a line's output.
const TOLD: usize = 240;

/// One line that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub file: String,
    pub image: String,
    pub line: Vec<String>,
    /// `None`: it still ran when its time was over.
    pub exit: Option<i32>,
    /// The end of what it wrote.
    pub said: String,
    /// It failed for want of something that the real image has.
    pub ours: bool,
    /// The image is not in the catalogue: a plain server stood in for it.
    pub stands_in: bool,
}

/// What the simulation writes where something is missing in it.
const LACKS: [&str; 9] = [
    "syntax error",
    "unexpected",
    "unrecognized option",
    "invalid option",
    "unknown option",
    "illegal option",
    "simulated",
    "applet",
    "not supported",
];

struct Folder {
    documents: Vec<(String, Value)>,
}

impl Folder {
    fn read(directory: &Path) -> Result<Self, String> {
        let mut documents = Vec::new();
        let list = std::fs::read_dir(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        let mut files: Vec<_> = list.flatten().map(|e| e.path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !name.ends_with(".yaml") && !name.ends_with(".yml") {
                continue;
            }
            let text = std::fs::read_to_string(&file).map_err(|e| format!("{name}: {e}"))?;
            for piece in text.split("\n---") {
                if let Ok(d) = objects::yaml::load(piece) {
                    documents.push((name.clone(), d.value));
                }
            }
        }
        Ok(Self { documents })
    }

    fn named(&self, kind: &str, name: &str) -> Option<&Value> {
        self.documents.iter().map(|d| &d.1).find(|v| v.kind() == kind && v.name() == name)
    }
}

/// Every pod spec below a value.
fn pods<'a>(v: &'a Value, found: &mut Vec<&'a Value>) {
    if v["containers"].items().iter().any(|c| c.find("image").is_some()) {
        found.push(v);
        return;
    }
    for (_, inner) in v.entries() {
        pods(inner, found);
    }
    for inner in v.items() {
        pods(inner, found);
    }
}

fn words(v: &Value) -> Option<Vec<String>> {
    (!v.items().is_empty()).then(|| v.items().iter().map(|w| w.to_str().to_string()).collect())
}

/// `$(NAME)` as the kubelet replaces it.
fn expanded(text: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = text.to_owned();
    for (k, v) in env {
        out = out.replace(&format!("$({k})"), v);
    }
    out
}

fn answer(inside: &mut Container, host: &mut PlainHost, request: &NetRequest) -> NetAnswer {
    let address = "10.0.0.9".to_string();
    let own = |h: &str| matches!(h, "localhost" | "127.0.0.1" | "0.0.0.0" | "::1") || h == "host";
    let refused = |a: &str| NetAnswer::Failed { address: Some(a.to_string()), error: NetError::Refused };
    match request.parts().0 {
        NetRequest::Http { host: h, port, request, .. } if own(h) => {
            match inside.serve(host, *port, request) {
                Some(response) => NetAnswer::Http { address: "127.0.0.1".into(), response },
                None => refused("127.0.0.1"),
            }
        }
        NetRequest::Tcp { host: h, port, data, .. } if own(h) => match inside.serve_tcp(host, *port, data) {
            Some(data) => NetAnswer::Tcp { address: "127.0.0.1".into(), data },
            None => refused("127.0.0.1"),
        },
        NetRequest::Http { .. } => {
            NetAnswer::Http { address, response: HttpResponse::text(200, "text/plain", "") }
        }
        NetRequest::Tcp { .. } => NetAnswer::Tcp { address, data: Vec::new() },
        NetRequest::Ping { .. } => NetAnswer::Pong { address, ttl: 64 },
        NetRequest::Resolve { name, .. } => NetAnswer::Resolved {
            server: "10.96.0.10".into(),
            name: name.clone(),
            records: vec![DnsRecord { name: name.clone(), data: DnsData::A(address) }],
        },
        NetRequest::Udp { .. } | NetRequest::With { .. } => refused(&address),
    }
}

/// Lets a container go on until `until`, answering its requests.
fn run_until(inside: &mut Container, host: &mut PlainHost, until: Time) {
    for _ in 0..SLICES {
        let outcome = inside.run(SLICE_STEPS, host);
        let asked = inside.take_net_requests();
        let quiet = asked.is_empty();
        for (id, request) in asked {
            let a = answer(inside, host, &request);
            inside.answer_net(id, a);
        }
        match outcome {
            Outcome::Exited(_) => return,
            Outcome::Running => host.now = host.now + inside.slice_ms(),
            Outcome::Blocked { until: Some(t) } if quiet => host.now = t.max(host.now),
            Outcome::Blocked { until: None } if quiet => host.now = until,
            Outcome::Blocked { .. } => {}
        }
        if host.now >= until {
            host.now = until;
            return;
        }
    }
}

fn lacks(exit: Option<i32>, said: &str) -> bool {
    let plain = said.replace("simulated: this image is not in the catalogue", "");
    let missing = ["simulated", ": not found", "command not found", "Could not resolve host"];
    missing.iter().any(|l| plain.contains(l)) || exit != Some(0) && LACKS.iter().any(|l| plain.contains(l))
}

fn tail(text: &str) -> String {
    let from = text.char_indices().rev().nth(TOLD).map_or(0, |(i, _)| i);
    text[from..].trim().to_owned()
}

/// The volumes of a pod, as trees.
fn volumes(folder: &Folder, pod: &Value, host: &mut PlainHost) -> BTreeMap<String, VolumeId> {
    let mut ids = BTreeMap::new();
    for (i, v) in pod["volumes"].items().iter().enumerate() {
        let mut tree = Tree::with_root(Node::dir(0o777));
        let mode = u16::try_from(v["configMap"]["defaultMode"].int_or(0o644)).unwrap_or(0o644);
        let (map, secret) = (v["configMap"]["name"].text(), v["secret"]["secretName"].text());
        let found = [("ConfigMap", map, "data"), ("Secret", secret, "stringData")];
        for (kind, name, data) in found.into_iter().filter(|f| !f.1.is_empty()) {
            for (k, text) in folder.named(kind, name).map(|o| o[data].entries()).unwrap_or_default() {
                tree.put_file(&format!("/{k}"), text.text().as_bytes(), mode);
            }
        }
        let id = VolumeId(i as u64 + 1);
        host.volumes.trees.insert(id, tree);
        ids.insert(v["name"].text().to_owned(), id);
    }
    ids
}

fn run_container(folder: &Folder, file: &str, pod: &Value, c: &Value, roots: &mut Roots, all: &mut Vec<Ran>) {
    let image = c["image"].to_str().to_string();
    let execs: Vec<Vec<String>> = [
        &c["lifecycle"]["postStart"],
        &c["startupProbe"],
        &c["readinessProbe"],
        &c["livenessProbe"],
        &c["lifecycle"]["preStop"],
    ]
    .iter()
    .filter_map(|p| words(&p["exec"]["command"]))
    .collect();
    let (command, args) = (words(&c["command"]), words(&c["args"]));
    if command.is_none() && args.is_none() && execs.is_empty() {
        return;
    }
    let mut host = PlainHost { now: Time::EPOCH, ..PlainHost::default() };
    let ids = volumes(folder, pod, &mut host);
    let mut env = BTreeMap::new();
    for e in c["env"].items() {
        let text = if e.find("value").is_some() { e["value"].to_str().to_string() } else { "secret".into() };
        let text = expanded(&text, &env);
        env.insert(e["name"].text().to_owned(), text);
    }
    let known = |v: Option<Vec<String>>| v.map(|l| l.iter().map(|w| expanded(w, &env)).collect::<Vec<_>>());
    let (command, args) = (known(command), known(args));
    let mount = |m: &Value| {
        Some(MountSpec {
            path: m["mountPath"].text().to_owned(),
            volume: *ids.get(m["name"].text())?,
            sub_path: m["subPath"].text().to_owned(),
            read_only: false,
            file: m["subPath"].text().contains('.'),
        })
    };
    let user = |v: &Value| v["securityContext"]["runAsUser"].as_int().and_then(|u| u32::try_from(u).ok());
    let spec = Spec {
        command: command.clone(),
        args: args.clone(),
        env: env.into_iter().collect(),
        workdir: c["workingDir"].as_str().map(str::to_owned),
        user: user(c).or(user(pod)),
        hostname: "host".into(),
        mounts: c["volumeMounts"].items().iter().filter_map(mount).collect(),
        ports: c["ports"]
            .items()
            .iter()
            .filter_map(|p| u16::try_from(p["containerPort"].int()).ok())
            .collect(),
        stdin: c["stdin"].is_true(),
        tty: c["tty"].is_true(),
        resolv: "nameserver 10.96.0.10\nsearch default.svc.cluster.local\n".into(),
        seed: 1,
        ..Spec::default()
    };
    let line: Vec<String> = command.into_iter().flatten().chain(args.into_iter().flatten()).collect();
    let mut told = |line: Vec<String>, exit, said: &str, ours| {
        let stands_in = said.contains("not in the catalogue");
        all.push(Ran {
            file: file.to_owned(),
            image: image.clone(),
            line,
            exit,
            said: tail(said),
            ours,
            stands_in,
        });
    };
    let (found, tag) = match resolve(&image) {
        Resolved::Known { image, reference } => (Some(image), reference.tag),
        Resolved::PlainServer { reference } => (None, reference.tag),
        Resolved::NotFound { message, .. } | Resolved::Invalid { message } => {
            return told(line, Some(1), &message, true);
        }
    };
    let mut inside = match Container::start(found, &tag, &spec, roots, &mut host) {
        Ok(inside) => inside,
        Err(e) => return told(line, Some(e.exit_code), &e.message, true),
    };
    run_until(&mut inside, &mut host, Time::EPOCH + RUN_MS / 2);
    for argv in execs {
        let argv: Vec<String> = argv;
        match inside.exec(&argv, false, false, &mut host) {
            Err(e) => told(argv, Some(127), &e, inside.exit_code().is_none()),
            Ok(id) => {
                let until = host.now + 10_000;
                while host.now < until && inside.exec_code(id).is_none() && inside.exit_code().is_none() {
                    let next = host.now + 500;
                    run_until(&mut inside, &mut host, next);
                }
                let said: String = inside
                    .exec_output(id)
                    .iter()
                    .map(|(_, d)| String::from_utf8_lossy(d).into_owned())
                    .collect();
                let exit = inside.exec_code(id);
                told(argv, exit, &said, lacks(exit, &said));
                inside.exec_close(id);
            }
        }
    }
    run_until(&mut inside, &mut host, Time::EPOCH + RUN_MS);
    if !line.is_empty() {
        let said: String = inside.log().0.iter().map(|l| format!("{}\n", l.text)).collect();
        let exit = inside.exit_code();
        told(line, exit, &said, lacks(exit, &said));
    }
}

/// Runs all that a folder's manifests run.
///
/// # Errors
/// When the folder can't be read.
pub fn run(directory: &Path) -> Result<Vec<Ran>, String> {
    let folder = Folder::read(directory)?;
    let (mut all, mut roots) = (Vec::new(), Roots::default());
    for (file, document) in &folder.documents {
        let mut found = Vec::new();
        pods(document, &mut found);
        for pod in found {
            for c in pod["initContainers"].items().iter().chain(pod["containers"].items()) {
                run_container(&folder, file, pod, c, &mut roots, &mut all);
            }
        }
    }
    Ok(all)
}

/// The command line.
///
/// # Errors
/// Wrong arguments, or less than 95 in 100 lines run as in a real container.
pub fn main(arguments: &[String]) -> Result<(), String> {
    let every = arguments.iter().any(|a| a == "--all");
    let directory = arguments.iter().find(|a| !a.starts_with('-'));
    let directory = directory.ok_or("usage: wheelhouse commands [--all] DIR")?;
    let all = run(Path::new(directory))?;
    for r in all.iter().filter(|r| every || r.ours || r.stands_in) {
        let exit = r.exit.map_or("runs".to_owned(), |c| format!("exit {c}"));
        println!("{} {} {:?}\n  {exit}: {}", r.file, r.image, r.line, r.said.replace('\n', "\n  "));
    }
    // What a plain server stands in for did not run.
    let failed = all.iter().filter(|r| r.ours || r.stands_in).count();
    println!("{} of {} lines run as in a real container", all.len() - failed, all.len());
    if failed * 20 > all.len() { Err(format!("{failed} lines do not")) } else { Ok(()) }
}
