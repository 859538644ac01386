//! A pod whose containers run already when the kubelet begins, as after a restart of the kubelet alone.
//!
//! Models `pkg/kubelet` HandlePodAdditions for pods the runtime knows. What a new cluster begins with comes this way.

use std::sync::Arc;

use client::Ctx;
use objects::resources::CONFIGMAPS;
use objects::{Str, Value};

use crate::container::{Kind, Machine, State};
use crate::pod_worker::PodWorker;
use crate::{Kubelet, environment, image_manager, machines, sync, volumes};

impl Kubelet {
    /// Takes `pod` over as running and ready since now, and tells the API server.
    pub fn adopt(&mut self, pod: &Value, ctx: &mut Ctx<'_>) {
        self.act_as_self(ctx);
        let key = pod.key();
        let mut worker = PodWorker::new(pod, pod.revision());
        let host = pod["spec"]["hostNetwork"].is_true();
        worker.ip = if host { self.host_ip() } else { self.allocate_address(&key) };
        worker.ip_known = true;
        worker.start_time = ctx.now;
        worker.sandbox_ready = true;
        worker.mounted = true;
        self.adopt_volumes(&mut worker, ctx);
        let services = self.service_variables(pod.meta()["namespace"].to_str(), true);
        let down = machines::downward(&worker, &self.facts);
        let namespace = pod.namespace().to_owned();
        let ids: Vec<Str> =
            worker.containers.iter().map(|_| image_manager::container_id(ctx.rng.next_u64())).collect();
        let mut begun = Vec::new();
        for (i, c) in worker.containers.iter_mut().enumerate() {
            if c.kind != Kind::Main {
                continue;
            }
            let mut fetch = |kind: &str, name: &str| sync::read(ctx, &namespace, kind, name);
            let own = environment::variables(&c.spec, &services, &down, &mut fetch).unwrap_or_default();
            c.image = self.images.present(&c.spec["image"].to_str());
            c.id = ids[i].clone();
            c.starts = 1;
            c.state = State::Running { since: ctx.now };
            c.machine = Machine::Lazy(Arc::new(own));
            begun.push(i);
        }
        let component = worker.component.clone();
        self.pods.insert(key.clone(), worker);
        for i in begun {
            self.begin_probes(&key, i, ctx.now);
            self.pass_probes(&key, i);
        }
        if let Some(name) = component {
            self.components.push((*name, true));
        }
        self.report(&key, ctx);
    }

    fn adopt_volumes(&mut self, worker: &mut PodWorker, ctx: &mut Ctx<'_>) {
        let pod = worker.pod.clone();
        let down = machines::downward(worker, &self.facts);
        for v in pod["spec"]["volumes"].items() {
            if volumes::is_token_volume(v) {
                if self.facts.root_ca.is_null() {
                    self.facts.root_ca =
                        ctx.get(CONFIGMAPS, pod.namespace(), "kube-root-ca.crt").unwrap_or_default();
                }
                continue;
            }
            let now = ctx.now;
            let mut read = |resource: &str, name: &str| sync::read(ctx, pod.namespace(), resource, name);
            let site = volumes::Site { downward: &down, node: &self.node, in_use: &[] };
            if let Ok(m) = volumes::set_up(v, &site, &mut self.depot, now, &mut read) {
                worker.volumes.insert(v["name"].to_str(), m);
            }
        }
    }
}
