//! Requests of a terminal's programs (`curl`, `wget`, `nslookup`): to this machine, or out into the cluster's network.
//!
//! They leave from where the terminal's machine stands: beside the nodes, on one of them, or on the internet.
//!
//! Does not own: the way (cluster), who answers at this machine (docker.rs).

use cluster::Cluster;
use cluster::network::{Files, Source};

use crate::{Place, Shared, docker};

/// Files of names as a new machine has them.
pub(crate) const HOSTS: &str = "127.0.0.1\tlocalhost\n127.0.1.1\twheelhouse\n";
pub(crate) const RESOLV: &str = "nameserver 172.18.0.1\n";

/// Requests that are under way in the cluster's network: the machine's number, and the cluster's.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    under_way: Vec<(u32, u64)>,
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
                    let number = cluster.send_from(source, request, files);
                    self.under_way.push((id, number));
                }
            }
        }
        self.under_way.retain(|(id, number)| {
            let Some(answer) = cluster.asked(*number) else { return true };
            shared.machine.borrow_mut().answer_net(*id, answer);
            moved = true;
            false
        });
        moved
    }
}

fn file(shared: &Shared, path: &str) -> String {
    let machine = shared.machine.borrow();
    machine.fs.tree.file(path).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
}
