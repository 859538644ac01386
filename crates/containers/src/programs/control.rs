//! Control programs that ask the server beside them: `nodetool`, `rabbitmqctl`, `rabbitmq-diagnostics`, `zookeeper-ready`.
//!
//! Owns: whether the server is up, told in each program's words. Not modelled: everything else these programs do.

use crate::machine::Sys;

fn listens(sys: &Sys<'_>, port: u16) -> bool {
    sys.machine().ports().contains(&port)
}

pub(super) fn nodetool(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    if !listens(sys, 9042) {
        return super::usage(
            sys,
            "nodetool: Failed to connect to '127.0.0.1:7199' - ConnectException: 'Connection refused (Connection refused)'.\n",
        );
    }
    match argv.get(1).map_or("help", String::as_str) {
        "status" => {
            let ip = sys.var("POD_IP").unwrap_or_else(|| "127.0.0.1".into());
            sys.out(format!(
                "Datacenter: DC1-K8Demo\n======================\nStatus=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n--  Address     Load       Tokens       Owns (effective)  Host ID                               Rack\nUN  {ip:<11} 103.82 KiB 32           100.0%            1ce7fb26-3d3f-4e21-8f5a-1d8a0e1a4f6e  Rack1-K8Demo\n"
            ));
        }
        "version" => sys.out("ReleaseVersion: 3.11.2\n"),
        "info" => sys.out("Gossip active          : true\nNative Transport active: true\n"),
        _ => {}
    }
    0
}

pub(super) fn rabbitmqctl(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let quiet = argv.iter().any(|a| a == "-q" || a == "--quiet" || a == "-s");
    let verb = argv[1..].iter().find(|a| !a.starts_with('-')).map_or("help", String::as_str);
    let host = sys.machine().hostname.clone();
    if !listens(sys, 5672) {
        sys.err(&format!("Error: unable to perform an operation on node 'rabbit@{host}'. Please see diagnostics information and suggestions below.\n"));
        return 69;
    }
    let text = match verb {
        "ping" if quiet => String::new(),
        "ping" => format!(
            "Will ping rabbit@{host}. This only checks if the OS process is running and registered with epmd. Timeout: 60000 ms.\nPing succeeded\n"
        ),
        "status" => format!("Status of node rabbit@{host} ...\nRuntime\n\nRabbitMQ version: 3.13.7\n"),
        "check_running" | "check_port_connectivity" | "check_local_alarms" if quiet => String::new(),
        "list_queues" if !quiet => "Timeout: 60.0 seconds ...\nListing queues for vhost / ...\n".into(),
        _ => String::new(),
    };
    sys.out(text);
    0
}

pub(super) fn zookeeper_ready(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let port = argv.get(1).and_then(|p| p.parse().ok()).unwrap_or(2181);
    i32::from(!listens(sys, port))
}

/// kubectl where nobody drives it, outside of a cluster: its version is told, anything else is refused.
pub(super) fn kubectl(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    if argv.get(1).is_some_and(|v| v == "version") {
        sys.out("Client Version: v1.36.2\nKustomize Version: v5.7.1\n");
        return 0;
    }
    super::usage(sys, "simulated: kubectl has no API server to reach from here\n")
}
