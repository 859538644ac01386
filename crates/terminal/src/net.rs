//! Requests of a terminal's programs (`curl`, `wget`, `nslookup`): to this machine, or out into the cluster's network.
//!
//! They leave from where the terminal's machine stands: beside the nodes of the cluster that the context in use means, on a
//! node of the first one, or on the internet.
//!
//! Does not own: the way (cluster), who answers at this machine (docker.rs).

use cluster::Cluster;
use cluster::network::{Files, Ground as _, Owner, Source};
use cluster::wire::{NetAnswer, NetError, NetRequest};
use objects::Str;

use crate::{Place, Shared, clusters, docker};

/// Files of names as a new machine has them.
pub(crate) const HOSTS: &str = "127.0.0.1\tlocalhost\n127.0.1.1\twheelhouse\n";
pub(crate) const RESOLV: &str = "nameserver 172.18.0.1\n";

/// Requests that are under way in a cluster's network: the machine's number, the cluster, and its number there.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    under_way: Vec<(u32, Str, u64)>,
}

/// The cluster whose network is asked: that of the node whose address is asked for, else that of the context in use.
fn asked_for(shared: &Shared, cluster: &Cluster, request: &NetRequest) -> Str {
    let own = || cluster.config().name.clone();
    if shared.place != Place::Here || !cluster.has_members() {
        return own();
    }
    // A port of this machine that kubectl listens on belongs to the cluster it was told of.
    if let NetRequest::Http { port, .. } | NetRequest::Tcp { port, .. } = request.parts().0
        && host_of(request).is_some_and(|h| h == "localhost" || h.starts_with("127."))
    {
        let listens = |name: &&Str| cluster.cluster_named(name).is_some_and(|c| c.listens_locally(*port));
        if let Some(name) = cluster.member_names().find(listens) {
            return name.clone();
        }
        if cluster.listens_locally(*port) || cluster::FIRST_SERVER.ends_with(&format!(":{port}")) {
            return own();
        }
    }
    let has_node = |name: &&Str| {
        let owner = cluster.cluster_named(name).zip(host_of(request)).map(|(c, host)| c.owner(host));
        matches!(owner, Some(Owner::Node(_)))
    };
    if let Some(name) = cluster.member_names().find(has_node) {
        return name.clone();
    }
    let server = clusters::server_in(cluster, || Some(file(shared, clusters::KUBECONFIG)));
    cluster.at_server(&server).unwrap_or_else(|_| own())
}

impl Calls {
    /// Sends what was asked and hands over what has come. True when something moved.
    pub(crate) fn serve(&mut self, shared: &Shared, cluster: &mut Cluster) -> bool {
        let asked = shared.machine.borrow_mut().take_net_requests();
        let mut moved = !asked.is_empty();
        for (id, request) in asked {
            match docker::at_localhost(shared, &request) {
                Some(answer) => shared.machine.borrow_mut().answer_net(id, answer),
                None => {
                    let files = Files {
                        hosts: file(shared, "/etc/hosts").into(),
                        resolv: file(shared, "/etc/resolv.conf").into(),
                        hostname: shared.machine.borrow().hostname.as_str().into(),
                    };
                    let source = match &shared.place {
                        Place::Node(node) => cluster.on_node(node).unwrap_or(Source::Learner),
                        Place::Internet => Source::Internet,
                        Place::Here => Source::Learner,
                    };
                    let at = asked_for(shared, cluster, &request);
                    let number = cluster.with_cluster(&at, |c| c.send_from(source, request, files));
                    self.under_way.extend(number.map(|n| (id, at, n)));
                }
            }
        }
        self.under_way.retain(|(id, at, number)| {
            let got = cluster.with_cluster(at, |c| c.asked(*number));
            // A cluster that was taken away answers no more.
            let lost = || NetAnswer::Failed { address: None, error: NetError::TimedOut };
            let Some(answer) = got.unwrap_or_else(|| Some(lost())) else { return true };
            shared.machine.borrow_mut().answer_net(*id, answer);
            moved = true;
            false
        });
        moved
    }
}

fn host_of(request: &NetRequest) -> Option<&str> {
    match request.parts().0 {
        NetRequest::Http { host, .. }
        | NetRequest::Tcp { host, .. }
        | NetRequest::Udp { host, .. }
        | NetRequest::Ping { host } => Some(host),
        _ => None,
    }
}

fn file(shared: &Shared, path: &str) -> String {
    let machine = shared.machine.borrow();
    machine.fs.tree.file(path).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
}
