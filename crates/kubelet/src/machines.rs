//! From a pod's container to the machine that runs it: what it is started from, and servers made only when asked.
//!
//! Models `kuberuntime_container.go` (generateContainerConfig). Capabilities are told (`/proc/1/status`), not acted on. Not
//! modelled: seccomp, devices.

use std::sync::Arc;

use clock::Time;
use containers::container::{Container as Inside, Spec, StartError};
use containers::machine::{NodeSize, Outcome, Signal};
use objects::{Str, Value};

use crate::container::{Container, Live, Machine, State};
use crate::definition::Definition;
use crate::delays;
use crate::depot::{Depot, Verdict};
use crate::environment::{self, Downward, Variables};
use crate::image_manager::ImageFacts;
use crate::pod_worker::PodWorker;
use crate::volumes;
use containers::machine::World;

/// Whom a node's own resolver asks.
pub(crate) const NODE_DNS: Str = Str::new_static("172.18.0.1");

/// What a node is to the containers on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeFacts {
    pub(crate) host_ip: Str,
    /// The same as the status of each of its pods tells it.
    pub(crate) host_ips: Value,
    pub(crate) cpu: Str,
    pub(crate) memory: Str,
    /// Memory and disk that pods may have.
    pub(crate) allocatable: (Str, Str),
    /// The cluster's certificate, as every namespace's `kube-root-ca.crt` has it.
    pub(crate) root_ca: Value,
    /// What the tokens of pods are signed with.
    pub(crate) token_key: client::token::Key,
}

pub(crate) fn downward(worker: &PodWorker, facts: &NodeFacts) -> Downward {
    Downward {
        pod: worker.pod.clone(),
        pod_ip: worker.ip.clone(),
        host_ip: facts.host_ip.clone(),
        token_key: facts.token_key,
        node_cpu: facts.cpu.clone(),
        node_memory: facts.allocatable.0.clone(),
        node_disk: facts.allocatable.1.clone(),
    }
}

/// Whether a container can wait for its machine: the image's own program with nothing of the pod's in it.
pub(crate) fn is_plain(definition: &Definition, worker: &PodWorker) -> bool {
    // Containers that share an address may be in each other's way.
    worker.containers.len() == 1
        && !worker.shares_processes
        && definition.runs_image
        && definition.spec["volumeMounts"].items().iter().all(|m| {
            let volumes = worker.pod["spec"]["volumes"].items();
            volumes.iter().any(|v| v["name"] == m["name"] && volumes::is_token_volume(v))
        })
}

/// Whether a container listens on a port now; `None` where only its machine would tell.
pub(crate) fn takes(c: &Container, depot: &Depot, port: u16, now: Time) -> Option<bool> {
    let State::Running { since } = c.state else { return Some(false) };
    match &c.machine {
        Machine::Absent => Some(false),
        Machine::Live(live) => Some(live.get().ports().contains(&port)),
        // It has had its signal and is gone in a moment.
        Machine::Lazy(_) if c.stop.as_ref().is_some_and(|s| s.termed) => Some(false),
        Machine::Lazy(_) => {
            let image = c.image.as_ref()?;
            let reference = image.built.as_ref().map_or(c.spec["image"].text(), |b| b.id.as_str());
            let verdict = depot.verdicts.get(reference)?;
            verdict.ports.contains(&port).then(|| now.since(since) >= verdict.opens_ms)
        }
    }
}

/// How an image's own program behaves when left alone; tried once for each image of a cluster.
pub(crate) fn verdict(depot: &mut Depot, reference: &str, image: &ImageFacts) -> Verdict {
    // A tag that is pushed to anew leads to another program.
    let reference = image.built.as_ref().map_or(reference, |b| b.id.as_str());
    if let Some(v) = depot.verdicts.get(reference) {
        return *v;
    }
    let v = try_out(depot, image);
    depot.verdicts.insert(reference.to_owned(), v);
    v
}

fn try_out(depot: &mut Depot, image: &ImageFacts) -> Verdict {
    const TRIES: usize = 50;
    let busy = Verdict { idle: false, term: None, opens_ms: 0, ports: [0; 4] };
    let spec = Spec { hostname: "trial".into(), ..Spec::default() };
    let mut world = World { now: Time::EPOCH, volumes: &mut depot.volumes };
    let started = launch(image, &spec, &mut depot.roots, &mut world);
    let Ok(mut inside) = started else {
        return busy;
    };
    for _ in 0..TRIES {
        match inside.run(delays::SLICE_STEPS, &mut world) {
            Outcome::Blocked { until: Some(t) } => world.now = t,
            Outcome::Blocked { until: None } if inside.take_net_requests().is_empty() => {
                let (opens_ms, mut ports) = (world.now.since(Time::EPOCH), [0; 4]);
                for (place, port) in ports.iter_mut().zip(inside.ports()) {
                    *place = port;
                }
                let term = match inside.signal(Signal::Term, &mut world) {
                    Outcome::Exited(code) => Some(code),
                    _ => None,
                };
                return Verdict { idle: true, term, opens_ms, ports };
            }
            _ => return busy,
        }
    }
    busy
}

fn words(list: &Value, variables: &Variables) -> Option<Vec<String>> {
    let value = |k: &str| variables.iter().rev().find(|(n, _)| n == k).map(|(_, v)| v.clone());
    let items = list.items();
    (!items.is_empty()).then(|| items.iter().map(|w| environment::expand(w.text(), &value)).collect())
}

/// A pod on its node's network has the node's own name.
fn host_name(pod: &Value) -> String {
    let spec = &pod["spec"];
    let own = if spec["hostNetwork"].is_true() { &spec["nodeName"] } else { &spec["hostname"] };
    let name = own.as_str().unwrap_or(pod.name());
    name.chars().take(63).collect()
}

fn hosts(worker: &PodWorker, name: &str) -> String {
    let spec = &worker.pod["spec"];
    let domain = match spec["subdomain"].as_str() {
        Some(sub) => format!("{name}.{sub}.{}.svc.cluster.local\t{name}", worker.pod.namespace()),
        None => name.to_owned(),
    };
    let mut text = format!(
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n{}\t{domain}\n",
        worker.ip
    );
    for (n, alias) in spec["hostAliases"].items().iter().enumerate() {
        if n == 0 {
            text.push_str("\n# Entries added by HostAliases.\n");
        }
        let names: Vec<&str> = alias["hostnames"].items().iter().map(Value::text).collect();
        text.push_str(&format!("{}\t{}\n", alias["ip"].text(), names.join("\t")));
    }
    text
}

fn resolv(pod: &Value) -> String {
    let config = &pod["spec"]["dnsConfig"];
    let texts = |list: &Value| list.items().iter().map(Value::to_str).collect::<Vec<_>>();
    let on_host = pod["spec"]["hostNetwork"].is_true();
    let (mut servers, mut search, mut options) = match pod["spec"]["dnsPolicy"].text() {
        "None" => (Vec::new(), Vec::new(), Vec::new()),
        "Default" => (vec![NODE_DNS], Vec::new(), Vec::new()),
        // A pod on its node's network asks as the node does, unless it says otherwise.
        "ClusterFirst" if on_host => (vec![NODE_DNS], Vec::new(), Vec::new()),
        _ => {
            let own = Str::from(format!("{}.svc.cluster.local", pod.namespace()));
            let search = vec![own, Str::new_static("svc.cluster.local"), Str::new_static("cluster.local")];
            (vec![Str::new_static("10.96.0.10")], search, vec![Str::new_static("ndots:5")])
        }
    };
    for (list, more) in [(&mut servers, &config["nameservers"]), (&mut search, &config["searches"])] {
        for text in texts(more) {
            if !list.contains(&text) {
                list.push(text);
            }
        }
    }
    for o in config["options"].items() {
        let (name, value) = (o["name"].text(), o["value"].text());
        options.retain(|old| old.split(':').next() != Some(name));
        options.push(if value.is_empty() { name.into() } else { format!("{name}:{value}").into() });
    }
    let mut text = String::new();
    if !search.is_empty() {
        text.push_str(&format!("search {}\n", search.join(" ")));
    }
    for server in servers {
        text.push_str(&format!("nameserver {server}\n"));
    }
    if !options.is_empty() {
        text.push_str(&format!("options {}\n", options.join(" ")));
    }
    text
}

/// The pod's `/etc/hosts`, `/etc/resolv.conf` and host name.
pub(crate) fn name_files(worker: &PodWorker) -> (String, String, String) {
    let name = host_name(&worker.pod);
    (hosts(worker, &name), resolv(&worker.pod), name)
}

/// All a container is started from.
pub(crate) fn spec_of(
    worker: &mut PodWorker,
    i: usize,
    variables: Variables,
    depot: &mut Depot,
    facts: &NodeFacts,
    now: Time,
) -> Spec {
    write_token(worker, i, depot, facts, now);
    let pod = &worker.pod;
    let c = &worker.containers[i];
    let s = &c.spec;
    let number = |field: &str| {
        let own = &s["securityContext"][field];
        let v = if own.is_null() { &pod["spec"]["securityContext"][field] } else { own };
        v.as_int().and_then(|n| u32::try_from(n).ok())
    };
    let hostname = host_name(pod);
    let ports = s["ports"].items().iter().filter_map(|p| u16::try_from(p["containerPort"].int()).ok());
    Spec {
        command: words(&s["command"], &variables),
        args: words(&s["args"], &variables),
        workdir: s["workingDir"].as_str().map(str::to_owned),
        user: number("runAsUser"),
        group: number("runAsGroup"),
        groups: groups(&pod["spec"]["securityContext"]),
        capabilities: capabilities(&s["securityContext"]),
        hosts: hosts(worker, &hostname),
        hostname,
        mounts: volumes::mounts(s, &worker.volumes, pod.uid(), &variables, depot),
        read_only_root: s["securityContext"]["readOnlyRootFilesystem"].is_true(),
        storage_limit: None,
        cpu_limit_millis: cpu_limit(&s["resources"]["limits"]["cpu"]),
        node: node_size(facts, &s["resources"]["limits"]["memory"]),
        ports: ports.collect(),
        in_cluster: true,
        stdin: s["stdin"].is_true(),
        tty: s["tty"].is_true(),
        seed: seed(&c.id),
        first_pid: 0,
        resolv: resolv(pod),
        env: variables,
    }
}

fn groups(context: &Value) -> Vec<u32> {
    if context.is_null() {
        return Vec::new();
    }
    let own = std::iter::once(&context["fsGroup"]).chain(context["supplementalGroups"].items());
    own.filter_map(|g| u32::try_from(g.as_int()?).ok()).collect()
}

/// capabilities(7) by their numbers.
const CAPABILITIES: &str = "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE";
const ALL_CAPABILITIES: u64 = (1 << 41) - 1;
/// What containerd leaves a container.
const USUAL_CAPABILITIES: u64 = 0xa804_25fb;

/// What a container's root may do, if its security context says anything of it.
#[inline(never)]
fn capabilities(context: &Value) -> Option<u64> {
    if context.is_null() {
        return None;
    }
    if context["privileged"].is_true() {
        return Some(ALL_CAPABILITIES);
    }
    let bits = |list: &Value| {
        let bit = |name: &Value| match name.text().trim_start_matches("CAP_") {
            "ALL" => ALL_CAPABILITIES,
            name => CAPABILITIES.split(' ').position(|c| c == name).map_or(0, |n| 1 << n),
        };
        list.items().iter().map(bit).fold(0, |all, bit| all | bit)
    };
    let said = context.find("capabilities")?;
    Some((USUAL_CAPABILITIES & !bits(&said["drop"])) | bits(&said["add"]))
}

fn node_size(facts: &NodeFacts, limit: &Value) -> NodeSize {
    let bytes = |v: &Value| {
        let q = objects::quantity::Quantity::from_value(v).ok()?;
        u64::try_from(q.value()).ok()
    };
    let plain = NodeSize::default();
    NodeSize {
        memory_bytes: bytes(&Value::Str(facts.memory.clone())).unwrap_or(plain.memory_bytes),
        cpus: cpu_limit(&Value::Str(facts.cpu.clone())).map_or(plain.cpus, |m| m.div_ceil(1000)),
        memory_limit: if limit.is_null() { None } else { bytes(limit) },
    }
}

/// Thousandths of a core.
fn cpu_limit(v: &Value) -> Option<u32> {
    if v.is_null() {
        return None;
    }
    let milli = objects::quantity::Quantity::from_value(v).ok()?.milli_value();
    u32::try_from(milli).ok()
}

pub(crate) fn seed(id: &str) -> u64 {
    let hex = id.trim_start_matches("containerd://");
    u64::from_str_radix(hex.get(..16).unwrap_or("0"), 16).unwrap_or(0)
}

/// The account's token volume, written when the first container that mounts it really runs.
fn write_token(worker: &mut PodWorker, i: usize, depot: &mut Depot, facts: &NodeFacts, now: Time) {
    let mounts = worker.containers[i].spec["volumeMounts"].clone();
    let wanted = worker.pod["spec"]["volumes"].clone();
    for v in wanted.items() {
        let name = v["name"].to_str();
        if !volumes::is_token_volume(v)
            || worker.volumes.contains_key(&name)
            || !mounts.items().iter().any(|m| m["name"] == v["name"])
        {
            continue;
        }
        let down = downward(worker, facts);
        let mut read = |_: &str, _: &str| Ok(facts.root_ca.clone());
        let site = volumes::Site { downward: &down, node: &Value::Null, in_use: &[] };
        if let Ok(m) = volumes::set_up(v, &site, depot, now, &mut read) {
            worker.volumes.insert(name, m);
        }
    }
}

/// Starts a container's process.
///
/// # Errors
/// The runtime's refusal: no such executable.
pub(crate) fn start(
    image: &ImageFacts,
    spec: &Spec,
    depot: &mut Depot,
    now: Time,
) -> Result<Inside, StartError> {
    let mut world = World { now, volumes: &mut depot.volumes };
    launch(image, spec, &mut depot.roots, &mut world)
}

fn launch(
    image: &ImageFacts,
    spec: &Spec,
    roots: &mut containers::images::Roots,
    world: &mut World<'_>,
) -> Result<Inside, StartError> {
    match &image.built {
        Some(built) => Inside::start_from(&built.template, spec, world),
        None => Inside::start(image.image, &image.tag, spec, roots, world),
    }
}

/// The machine behind a running container. A server that waited without one gets it now, as if it had run since its
/// start.
pub(crate) fn wake<'a>(
    worker: &'a mut PodWorker,
    i: usize,
    depot: &mut Depot,
    facts: &NodeFacts,
    now: Time,
) -> Option<&'a mut Inside> {
    let c = worker.containers.get(i)?;
    if let (Machine::Lazy(services), State::Running { since }, Some(image)) = (&c.machine, &c.state, &c.image)
    {
        let (variables, since, image) = (Variables::clone(services), *since, Arc::clone(image));
        let spec = spec_of(worker, i, variables, depot, facts, since);
        let mut inside = start(&image, &spec, depot, since).ok()?;
        let mut world = World { now: since, volumes: &mut depot.volumes };
        while let Outcome::Blocked { until: Some(t) } = inside.run(delays::SLICE_STEPS, &mut world)
            && t <= now
        {
            world.now = t;
        }
        worker.containers[i].machine = Machine::Live(Live::new(inside));
    }
    if worker.shares_processes {
        crate::processes::agree(worker, i);
    }
    worker.containers[i].live_mut()
}
