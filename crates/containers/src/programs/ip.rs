//! `ip`: what a container's network namespace holds: the loopback device, `eth0` with the pod's address, and the routes of
//! a node's range. Nothing can be changed.
//!
//! The address is the one that `/etc/hosts` gives the host's own name; kubelets and engines write it there.
//!
//! Not modelled: neighbours, rules, tunnels, IPv6 but for the loopback's, statistics.

use crate::machine::Sys;

/// Refused by the kernel: a container may not change its network.
const REFUSED: i32 = 2;
const MTU: u32 = 1500;
/// How addresses of an engine's bridge begin; its range is a /16, a node's a /24.
const DOCKER: u8 = 172;

struct Device {
    index: u32,
    name: &'static str,
    flags: &'static str,
    mtu: u32,
    link: String,
    address: String,
    scope: &'static str,
}

/// The address of the machine itself; none where only the loopback is.
pub(super) fn own(sys: &mut Sys<'_>) -> Option<[u8; 4]> {
    let host = sys.machine().hostname.clone();
    let hosts = sys.fs().read("/etc/hosts").ok()?;
    String::from_utf8_lossy(&hosts).lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse::<std::net::Ipv4Addr>().ok()?;
        (!address.is_loopback() && words.any(|name| name == host)).then(|| address.octets())
    })
}

fn dotted([a, b, c, d]: [u8; 4]) -> String {
    format!("{a}.{b}.{c}.{d}")
}

fn devices(own: Option<[u8; 4]>) -> Vec<Device> {
    let mut all = vec![Device {
        index: 1,
        name: "lo",
        flags: "LOOPBACK,UP,LOWER_UP",
        mtu: 65_536,
        link: "loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00".into(),
        address: "127.0.0.1/8 scope host lo".into(),
        scope: "inet6 ::1/128 scope host ",
    }];
    if let Some([a, b, c, d]) = own {
        all.push(Device {
            index: 2,
            name: "eth0",
            flags: "BROADCAST,MULTICAST,UP,LOWER_UP",
            mtu: MTU,
            link: format!("ether 0a:58:{a:02x}:{b:02x}:{c:02x}:{d:02x} brd ff:ff:ff:ff:ff:ff"),
            address: if a == DOCKER {
                format!("{}/16 brd {a}.{b}.255.255 scope global eth0", dotted([a, b, c, d]))
            } else {
                format!("{}/24 brd {a}.{b}.{c}.255 scope global eth0", dotted([a, b, c, d]))
            },
            scope: "",
        });
    }
    all
}

pub(super) fn run(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let mut words = argv[1..].iter().map(String::as_str).filter(|w| !w.starts_with('-'));
    let brief = argv[1..].iter().any(|w| matches!(w.as_str(), "-br" | "-brief"));
    let (object, deed) = (words.next().unwrap_or_default(), words.next().unwrap_or("show"));
    let shows = matches!(deed, "show" | "s" | "sh" | "list" | "ls" | "lst" | "get");
    // `ip addr show eth0`, `ip addr show dev eth0`, `ip addr eth0` all name a device.
    let named = if shows { words.find(|w| *w != "dev") } else { Some(deed) };
    if matches!(deed, "add" | "a" | "del" | "delete" | "set" | "replace" | "change" | "flush") {
        sys.err("RTNETLINK answers: Operation not permitted\n");
        return REFUSED;
    }
    let own = own(sys);
    let is = |whole: &str| !object.is_empty() && whole.starts_with(object);
    let text = if is("address") || is("link") {
        let addresses = is("address");
        let all = devices(own);
        let wanted: Vec<&Device> = all.iter().filter(|d| named.is_none_or(|name| name == d.name)).collect();
        if wanted.is_empty() {
            sys.err(&format!("ip: can't find device '{}'\n", named.unwrap_or_default()));
            return 1;
        }
        wanted.into_iter().map(|device| told(device, addresses, brief)).collect()
    } else if is("route") {
        own.map_or_else(String::new, |own| routes(own, deed == "get", named))
    } else if is("neighbour") || is("neighbor") || is("rule") {
        String::new()
    } else {
        sys.err("Usage: ip [OPTIONS] address|route|link [COMMAND]\n");
        return 1;
    };
    sys.out(text);
    0
}

/// `iptables` in a container: its rules are the kernel's, who refuses.
pub(super) fn iptables(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    sys.err("iptables v1.8.10 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n");
    4
}

fn told(device: &Device, addresses: bool, brief: bool) -> String {
    let Device { index, name, flags, mtu, link, address, scope } = device;
    if brief {
        let state = if *index == 1 { "UNKNOWN" } else { "UP" };
        let shown = if addresses { address.split(' ').next() } else { link.split(' ').nth(1) };
        return format!("{name:<16} {state:<14} {} \n", shown.unwrap_or_default());
    }
    let queue = if *index == 1 { " qlen 1000" } else { " " };
    let mut text = format!("{index}: {name}: <{flags}> mtu {mtu} qdisc noqueue{queue}\n    link/{link}\n");
    if addresses {
        const LIFE: &str = "       valid_lft forever preferred_lft forever\n";
        text += &format!("    inet {address}\n{LIFE}");
        if !scope.is_empty() {
            text += &format!("    {scope}\n{LIFE}");
        }
    }
    text
}

/// All leave by the first address of the node's range, as with kindnet.
fn routes(own: [u8; 4], asked: bool, to: Option<&str>) -> String {
    let [a, b, c, _] = own;
    let is_bridge = a == DOCKER;
    let (gate, own) = (dotted([a, b, if is_bridge { 0 } else { c }, 1]), dotted(own));
    match to {
        Some(to) if asked && to.parse::<std::net::Ipv4Addr>().is_ok() => {
            format!("{to} via {gate} dev eth0  src {own} \n")
        }
        _ if is_bridge => {
            format!("default via {gate} dev eth0 \n{a}.{b}.0.0/16 dev eth0 scope link  src {own} \n")
        }
        _ => format!(
            "default via {gate} dev eth0 \n{a}.{b}.{c}.0/24 via {gate} dev eth0  src {own} \n{gate} dev eth0 scope link  \
             src {own} \n"
        ),
    }
}
