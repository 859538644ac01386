//! Single requests of a load: the way that one of them would take now, kept for the reader.
//!
//! It ends where a process would be asked: a sample costs its server nothing. Does not own: the many (load).

use network::ingress::{self, Asked, Decision};
use network::path::{INTERNET_IP, Path};
use network::{Destination, Fault, Outcome, Source, Walk};
use objects::Str;

use super::proxy::controller_at;
use crate::Cluster;
use crate::load::{Target, TargetKind};

impl Cluster {
    /// The way of one request to a load's target.
    pub(crate) fn sample_path(&mut self, target: &Target, body_bytes: i64) -> Option<Path> {
        match target.kind {
            TargetKind::Service => self.sample_service(&target.namespace, &target.name, target.port),
            TargetKind::Ingress | TargetKind::HttpRoute => self.sample_host(target, body_bytes),
        }
    }

    /// To a load balancer from the internet, to anything else from a node.
    fn sample_service(&mut self, namespace: &str, service: &str, port: i64) -> Option<Path> {
        let object = self.object("services", namespace, service)?;
        let balanced = object["status"]["loadBalancer"]["ingress"][0]["ip"].to_str();
        let ip = if balanced.is_empty() { object["spec"]["clusterIP"].to_str() } else { balanced.clone() };
        let first = object["spec"]["ports"][0]["port"].int();
        let port = if port > 0 { port } else { first };
        network::address::v4(&ip)?;
        let source = if balanced.is_empty() {
            let workers = self.config.nodes.iter().filter(|n| !n.control_plane).map(|n| n.name.clone());
            let name = workers.min()?;
            self.on_node(&name)?
        } else {
            Source::Internet
        };
        let mut path = Path::new(self.now, source.clone(), format!("http://{service}.{namespace}:{port}/"));
        let mut walk = Walk::new(self, source);
        let reached = walk.connect(&ip, port, "TCP");
        path.outcome = arrived(&mut walk, reached);
        (path.hops, path.took_ms) = (walk.hops, walk.took_ms);
        Some(path)
    }

    /// To a host that a controller or gateway answers for, from the internet.
    fn sample_host(&mut self, target: &Target, body_bytes: i64) -> Option<Path> {
        let object = self.object(target.kind.resource(), &target.namespace, &target.name)?.clone();
        let (host, prefix) = if target.kind == TargetKind::Ingress {
            let rule = &object["spec"]["rules"][0];
            (rule["host"].to_str(), rule["http"]["paths"][0]["path"].to_str())
        } else {
            let path = &object["spec"]["rules"][0]["matches"][0]["path"]["value"];
            (object["spec"]["hostnames"][0].to_str(), path.to_str())
        };
        let asked_for = if target.path.is_empty() { prefix } else { target.path.clone() };
        let asked_for = if asked_for.starts_with('/') { asked_for } else { Str::new_static("/") };
        let ip = if target.kind == TargetKind::Ingress {
            object["status"]["loadBalancer"]["ingress"][0]["ip"].to_str()
        } else {
            let parent = network::ingress::gateway::parent_key(&object, &object["spec"]["parentRefs"][0])?;
            let (namespace, name) = objects::meta::split_key(&parent);
            let gateway = self.object(&network::ingress::gateway::resource("gateways"), namespace, name)?;
            gateway["status"]["addresses"][0]["value"].to_str()
        };
        network::address::v4(&ip)?;
        let mut path = Path::new(self.now, Source::Internet, format!("http://{host}{asked_for}"));
        let mut walk = Walk::new(self, Source::Internet);
        let reached = walk.connect(&ip, 80, "TCP");
        path.outcome = outcome(&reached);
        if let Ok(Destination::Inside(end)) = reached
            && let Ok((pod, ..)) = walk.at_port(&end)
            && let Some(controller) = controller_at(walk.ground, &pod)
        {
            let headers = [("host".to_owned(), host.to_string())];
            let asked = Asked {
                tls: false,
                host: &host,
                target: &asked_for,
                method: "GET",
                headers: &headers,
                body_bytes: usize::try_from(body_bytes).unwrap_or(0),
                client: INTERNET_IP,
            };
            let by_gateway = (target.kind == TargetKind::HttpRoute)
                .then(|| ingress::gateway::route(walk.ground, [end.service_port, end.port], &asked))
                .flatten();
            let (hops, decision) = by_gateway.unwrap_or_else(|| {
                let (hops, decision, _) = ingress::route(walk.ground, &controller, &pod, &asked);
                (hops, decision)
            });
            walk.hops.extend(hops);
            path.outcome = match decision {
                Decision::Answer { status, .. } => Outcome::Http(status),
                Decision::Forward(forward) => {
                    walk.source = Source::Pod {
                        key: pod,
                        ip: end.ip.clone(),
                        node: end.node.clone(),
                        host_network: false,
                    };
                    let first = forward.endpoints.first();
                    first.map_or(Outcome::Failed(Fault::Refused), |e| {
                        let reached = walk.connect(&e.ip, e.port, "TCP").map(|mut to| {
                            // What is wrong behind is found by the Service that led there.
                            if let Destination::Inside(end) = &mut to {
                                end.service.clone_from(&forward.service);
                                (end.service_port, end.port_index) = (forward.port, forward.port_index);
                            }
                            to
                        });
                        match arrived(&mut walk, reached) {
                            Outcome::Failed(Fault::Refused | Fault::Reset) => Outcome::Http(502),
                            Outcome::Failed(_) => Outcome::Http(504),
                            other => other,
                        }
                    })
                }
            };
        }
        (path.hops, path.took_ms) = (walk.hops, walk.took_ms);
        Some(path)
    }
}

/// How a connection ends: somebody must listen where it leads.
fn arrived(walk: &mut Walk<'_, Cluster>, reached: Result<Destination, Fault>) -> Outcome {
    match &reached {
        Ok(Destination::Inside(end)) => match walk.at_port(end) {
            Ok(_) => Outcome::Reached,
            Err(fault) => Outcome::Failed(fault),
        },
        other => outcome(other),
    }
}

fn outcome(reached: &Result<Destination, Fault>) -> Outcome {
    match reached {
        Ok(_) => Outcome::Reached,
        Err(fault) => Outcome::Failed(*fault),
    }
}
