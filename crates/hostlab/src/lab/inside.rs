//! A command inside a machine of the lab: what a server, a guest or a container sees of itself.
//!
//! Owns: the answers of the few programs that tell the three apart: kernel, processes, namespaces, control group, and
//! what a container is not allowed. Not modelled: a shell, files; the containers of `docker` and of pods have those.

use super::Printed;
use super::rack::{Kind, Machine, Rack};

const NAMESPACES: [&str; 8] = ["time", "cgroup", "user", "mnt", "uts", "ipc", "pid", "net"];
/// The first namespaces of a kernel; the kernel counts from there.
const FIRST_NAMESPACE: i64 = 4_026_531_834;
/// Namespaces that an engine makes anew for a container: all but those for time and users.
const OWN_FROM: i64 = 4_026_532_300;

pub(super) fn run(rack: &Rack, machine: &Machine, argv: &[String]) -> Printed {
    let word = |i: usize| argv.get(i).map_or("", String::as_str);
    let container = machine.kind == Kind::Container;
    match (word(0), word(1)) {
        ("uname", "-a") => {
            Printed::out(format!("Linux {} {} x86_64 GNU/Linux\n", machine.name, rack.kernel(machine)))
        }
        ("uname", "-r") => Printed::out(format!("{}\n", rack.kernel(machine))),
        ("uname", _) => Printed::out("Linux\n"),
        ("hostname", _) => Printed::out(format!("{}\n", machine.name)),
        ("nproc", _) => Printed::out(format!("{}\n", processors(rack, machine))),
        ("java", _) => java(machine),
        ("ps", _) => processes(rack, machine),
        ("lsns", _) => namespaces(rack, machine),
        ("systemd-detect-virt", _) => match machine.kind {
            Kind::Guest => Printed::out("kvm\n"),
            Kind::Container => Printed::out("docker\n"),
            _ => Printed { out: "none\n".into(), code: 1, ..Printed::default() },
        },
        ("cat", "/etc/os-release") => Printed::out(match machine.kind {
            Kind::Guest | Kind::Container => "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n",
            _ => "PRETTY_NAME=\"Ubuntu 24.04.2 LTS\"\nID=ubuntu\n",
        }),
        ("cat", "/proc/self/cgroup" | "/proc/1/cgroup") => Printed::out(match machine.kind {
            Kind::Container => "0::/\n",
            _ => "0::/user.slice/user-0.slice/session-1.scope\n",
        }),
        ("cat", "/sys/fs/cgroup/memory.max") if container => {
            Printed::out(format!("{}\n", machine.memory << 20))
        }
        ("cat", "/sys/fs/cgroup/memory.current") if container => {
            Printed::out(format!("{}\n", rack.holds(machine) << 20))
        }
        ("cat", path) => match path.strip_prefix("/proc/").and_then(|p| p.strip_suffix("/cgroup")) {
            Some(pid) => group_of(rack, machine, pid, path),
            None => Printed::failed(1, format!("cat: {path}: No such file or directory\n")),
        },
        ("modprobe" | "insmod", name) if container => Printed::failed(
            1,
            format!("modprobe: ERROR: could not insert '{name}': Operation not permitted\n"),
        ),
        ("modprobe" | "insmod", _) => Printed::default(),
        ("date", "-s") if container => {
            Printed::failed(1, "date: cannot set date: Operation not permitted\n".to_owned())
        }
        ("sysctl", "-w") if container => Printed::failed(
            255,
            format!(
                "sysctl: setting key \"{}\": Read-only file system\n",
                word(2).split('=').next().unwrap_or("")
            ),
        ),
        ("sysctl", "-w") => Printed::out(format!("{}\n", word(2).replacen('=', " = ", 1))),
        ("reboot", _) if container => Printed::failed(127, "sh: reboot: not found\n".to_owned()),
        (program, _) if program.ends_with(".exe") => {
            Printed::failed(126, format!("sh: {program}: cannot execute binary file: Exec format error\n"))
        }
        (program, _) => Printed::failed(127, format!("sh: {program}: not found\n")),
    }
}

/// A limit of processors is a share of time: a container still counts all of its kernel's.
fn processors(rack: &Rack, machine: &Machine) -> i64 {
    rack.kernel_owner(machine).cpus
}

fn java(machine: &Machine) -> Printed {
    // As Java itself does, on standard error.
    match machine.java {
        Some(8) => Printed { err: "openjdk version \"1.8.0_452\"\n".into(), ..Printed::default() },
        Some(_) => {
            Printed { err: "openjdk version \"21.0.7\" 2025-04-15 LTS\n".into(), ..Printed::default() }
        }
        None => Printed::failed(127, "sh: java: not found\n".to_owned()),
    }
}

/// Processes that a kernel runs for its machine, as (pid, command).
fn own(machine: &Machine) -> Vec<(i64, String)> {
    let mut all = vec![(1, "/sbin/init".to_owned())];
    match machine.kind {
        Kind::Hypervisor => all.push((901, "libvirtd".to_owned())),
        Kind::Engine => all.push((902, "dockerd".to_owned())),
        _ => {
            for (i, (module, refused)) in (0_i64..).zip(machine.states()) {
                if refused.is_none() {
                    all.push((811 + i, format!("java -jar {}.jar", module.name)));
                }
            }
        }
    }
    all
}

fn processes(rack: &Rack, machine: &Machine) -> Printed {
    let mut rows: Vec<(i64, String)> = Vec::new();
    if machine.kind == Kind::Container {
        let module = machine.modules.first().map_or("sh", |m| m.name);
        rows.push((1, format!("java -jar {module}.jar")));
    } else {
        rows.extend(own(machine));
        for inner in rack.on(&machine.name).filter(|m| m.up) {
            match inner.kind {
                // A guest is one process to its hypervisor: what runs in it is not seen.
                Kind::Guest => rows.push((inner.pid, format!("qemu-system-x86_64 -name {}", inner.name))),
                _ => {
                    let module = inner.modules.first().map_or("sh", |m| m.name);
                    rows.push((inner.pid, format!("java -jar {module}.jar")));
                }
            }
        }
    }
    rows.push((rows.iter().map(|r| r.0).max().unwrap_or(1) + 7, "ps".to_owned()));
    let mut out = String::from("    PID CMD\n");
    for (pid, command) in rows {
        out.push_str(&format!("{pid:>7} {command}\n"));
    }
    Printed::out(out)
}

fn namespaces(rack: &Rack, machine: &Machine) -> Printed {
    let mut out = String::from("        NS TYPE   NPROCS   PID USER COMMAND\n");
    let mut row = |ns: i64, kind: &str, count: usize, pid: i64, command: &str| {
        out.push_str(&format!("{ns} {kind:<6} {count:>6} {pid:>5} root {command}\n"));
    };
    let first = |i: usize| FIRST_NAMESPACE + i64::try_from(i).unwrap_or(0);
    // Each container's are apart by twenty.
    let its = |container: &Machine, i: usize| match i {
        0 | 2 => first(i),
        _ => OWN_FROM + (container.pid - 2_101) / 18 * 20 + i64::try_from(i).unwrap_or(0),
    };
    let program = |m: &Machine| format!("java -jar {}.jar", m.modules.first().map_or("sh", |m| m.name));
    if machine.kind == Kind::Container {
        for (i, kind) in NAMESPACES.iter().enumerate() {
            row(its(machine, i), kind, 2, 1, &program(machine));
        }
        return Printed::out(out);
    }
    let containers: Vec<&Machine> =
        rack.on(&machine.name).filter(|m| m.up && m.kind == Kind::Container).collect();
    let count = own(machine).len();
    for (i, kind) in NAMESPACES.iter().enumerate() {
        let shared = if matches!(i, 0 | 2) { containers.len() } else { 0 };
        row(first(i), kind, count + shared, 1, "/sbin/init");
    }
    for container in containers {
        for (i, kind) in NAMESPACES.iter().enumerate().filter(|(i, _)| !matches!(i, 0 | 2)) {
            row(its(container, i), kind, 1, container.pid, &program(container));
        }
    }
    Printed::out(out)
}

/// The control group of a process by its number, as the machine whose kernel counts it sees it.
fn group_of(rack: &Rack, machine: &Machine, pid: &str, path: &str) -> Printed {
    let pid: i64 = pid.parse().unwrap_or(-1);
    if let Some(inner) = rack.on(&machine.name).find(|m| m.kind == Kind::Container && m.pid == pid) {
        return Printed::out(format!("0::/system.slice/docker-{}.scope\n", id(inner)));
    }
    match own(machine).iter().find(|p| p.0 == pid) {
        Some((1, _)) => Printed::out("0::/init.scope\n"),
        Some((_, command)) if machine.has_kernel() => {
            let unit = command.split(' ').next().unwrap_or_default();
            Printed::out(format!("0::/system.slice/{unit}.service\n"))
        }
        _ => Printed::failed(1, format!("cat: {path}: No such file or directory\n")),
    }
}

/// A container's id, short: the same name has the same.
#[must_use]
pub fn id(container: &Machine) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in container.name.bytes().chain(container.on.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{:012x}", hash >> 16)
}
