//! When a pod's volumes are made ready, refreshed, grown and let go.
//!
//! Owns: the waits between attempts and their events; `status.volumesInUse` of the node. Does not own: what a volume
//! leads to (volumes). Models `pkg/kubelet/volumemanager` with its reconciler and `operationexecutor`.
//! Not modelled: volumes that are found again after a kubelet's restart.

use client::{Ctx, EventType, PatchType, Request, Verb};
use clock::{Millis, Time};
use objects::quantity::Quantity;
use objects::resources::{CONFIGMAPS, NODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS};
use objects::{Str, Value, value};
use ordered::{BTreeMap, BTreeSet};

use crate::pod_worker::{PodWorker, Work};
use crate::sync::{jitter, read};
use crate::volumes::{Refusal, Site};
use crate::{Kubelet, Task, delays, machines, volumes};

/// The volume admission adds, whose sources are the same in every pod.
fn is_own_token(volume: &Value) -> bool {
    volume["name"].text().starts_with("kube-api-access-")
}

/// The pod that answers under an address, or a Service's name or address.
fn server(
    ctx: &mut Ctx<'_>,
    services: &BTreeMap<Str, BTreeMap<Str, Value>>,
    name: &str,
) -> Result<Value, String> {
    let mut all = services.iter().flat_map(|(_, s)| s.values());
    let service = all.find(|s| {
        let full = format!("{}.{}.svc", s.name(), s.namespace());
        s["spec"]["clusterIP"] == name || name == full || name.strip_suffix(".cluster.local") == Some(&full)
    });
    let mut request = Request::new(Verb::List, &PODS.group, &PODS.version, &PODS.plural);
    match service {
        Some(s) => {
            let pairs = s["spec"]["selector"].entries().iter().map(|(k, v)| format!("{k}={}", v.text()));
            request = request.in_namespace(s.namespace());
            request.options.label_selector = Str::from(pairs.collect::<Vec<_>>().join(","));
            if request.options.label_selector.is_empty() {
                return Err("no endpoints".into());
            }
        }
        None => request.options.field_selector = Str::from(format!("status.podIP={name}")),
    }
    let found = ctx.call(request).map_err(|s| s.message)?.object;
    let ready = found["items"].items().iter().find(|p| p.condition_true("Ready") && !p.is_terminating());
    ready.cloned().ok_or_else(|| "no endpoints".into())
}

impl Kubelet {
    /// Makes every volume ready, then asks for the sandbox.
    pub(crate) fn mount(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(wanted) =
            self.pods.get(key).filter(|w| !w.mounted).map(|w| w.pod["spec"]["volumes"].clone())
        else {
            return;
        };
        let claims = |v: &Value| !v["persistentVolumeClaim"].is_null() || !v["ephemeral"].is_null();
        let elsewhere: Vec<Str> = if wanted.items().iter().any(claims) {
            let others = self.pods.iter().filter(|(k, _)| *k != key).flat_map(|(_, w)| w.volumes.values());
            others.filter_map(|m| m.pv.clone()).collect()
        } else {
            Vec::new()
        };
        let Some(worker) = self.pods.get_mut(key) else { return };
        let namespace = worker.pod.meta()["namespace"].to_str();
        let (mut failed, mut unprocessed, mut unattached) = (Vec::new(), Vec::new(), Vec::new());
        let mut refresh = false;
        let mut growing = Vec::new();
        for v in wanted.items() {
            if is_own_token(v) && volumes::is_token_volume(v) {
                if self.facts.root_ca.is_null() {
                    let ca = ctx.get(CONFIGMAPS, &namespace, "kube-root-ca.crt");
                    self.facts.root_ca = ca.unwrap_or_default();
                }
                continue;
            }
            refresh |= volumes::is_written(v);
            let name = v["name"].to_str();
            if worker.volumes.contains_key(&name) {
                continue;
            }
            let down = machines::downward(worker, &self.facts);
            let site = Site { downward: &down, node: &self.node, in_use: &elsewhere };
            let (now, services) = (ctx.now, &self.services);
            let mut read = |resource: &str, name: &str| match resource {
                "nfs-server" => server(ctx, services, name),
                _ => read(ctx, &namespace, resource, name),
            };
            match volumes::set_up(v, &site, &mut self.depot, now, &mut read) {
                Ok(m) => {
                    refresh |= m.grows;
                    if m.grows {
                        growing.push(name.clone());
                    }
                    worker.volumes.insert(name, m);
                }
                Err(Refusal::Waiting(unique)) => unattached.push(Str::from(unique)),
                Err(Refusal::Failed(why)) => failed.push(why),
                Err(Refusal::Unprocessed(why)) => unprocessed.push((name, why)),
            }
        }
        worker.unattached = unattached;
        worker.mounted = failed.is_empty() && unprocessed.is_empty() && worker.unattached.is_empty();
        if worker.mounted {
            let jitter = ctx.rng.below(delays::SANDBOX_JITTER_MS) as Millis;
            self.tasks.set(ctx.now + delays::SANDBOX_MS + jitter, Task::Pod(key.clone(), Work::SandboxReady));
            if refresh {
                self.refresh_later(key, ctx);
            }
        } else {
            // What is only not attached yet is looked at again too: its driver may turn out to need no attaching.
            let wait =
                (delays::MOUNT_RETRY_MS << worker.mount_failures.min(8)).min(delays::MOUNT_RETRY_MAX_MS);
            worker.mount_failures += 1;
            let pod = worker.pod.clone();
            if !unprocessed.is_empty() {
                let names: Vec<&str> = unprocessed.iter().map(|(n, _)| n.as_str()).collect();
                let why: Vec<&str> = unprocessed.iter().map(|(_, w)| w.as_str()).collect();
                let names = names.join(" ");
                failed.push(format!(
                    "Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[], failed to process volumes=[{names}]: {}",
                    why.join("; ")
                ));
            }
            for message in failed {
                self.recorder.event(ctx, &pod, EventType::Warning, "FailedMount", &message);
            }
            self.tasks.set(ctx.now + wait, Task::Pod(key.clone(), Work::Mount));
        }
        for name in growing {
            self.grow(key, &name, ctx);
        }
        let holds =
            |w: &PodWorker| !w.unattached.is_empty() || w.volumes.values().any(|m| m.attached.is_some());
        if !self.in_use.is_empty() || self.pods.get(key).is_some_and(holds) {
            self.report_in_use(ctx);
        }
    }

    /// The node has volumes attached or detached: pods that wait for one try again.
    pub(crate) fn mount_attached(&mut self, now: Time) {
        for (key, worker) in self.pods.iter() {
            if !worker.unattached.is_empty() {
                self.tasks.set(now, Task::Pod(key.clone(), Work::Mount));
            }
        }
    }

    /// Lets go of the disks of a pod that has ended.
    pub(crate) fn unmount(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        if worker.volumes.values().all(|m| m.pv.is_none() && m.attached.is_none())
            && worker.unattached.is_empty()
        {
            return;
        }
        for m in worker.volumes.values_mut() {
            (m.attached, m.pv) = (None, None);
        }
        worker.unattached.clear();
        self.report_in_use(ctx);
    }

    /// Tells which attachable volumes are mounted here or about to be, when that has changed.
    fn report_in_use(&mut self, ctx: &mut Ctx<'_>) {
        let used = |w: &PodWorker| {
            let mounted = w.volumes.values().filter_map(|m| m.attached.clone());
            mounted.chain(w.unattached.iter().cloned()).collect::<Vec<_>>()
        };
        let now: BTreeSet<Str> = self.pods.values().flat_map(used).collect();
        if now == self.in_use {
            return;
        }
        self.in_use = now;
        let list = self.volumes_in_use();
        let patch = value!({"status": {"volumesInUse": (list)}});
        let name = self.config.node.clone();
        // Refused only when the node is gone: its next registration tells.
        let _ = ctx.patch(NODES, "", &name, "status", PatchType::Merge, patch);
    }

    fn volumes_in_use(&self) -> Value {
        if self.in_use.is_empty() { Value::Null } else { self.in_use.iter().map(Value::from).collect() }
    }

    /// Puts what is known of volumes into a status that is about to replace the node's.
    pub(crate) fn tell_volumes(&self, status: &mut Value, ctx: &mut Ctx<'_>) {
        if !self.in_use.is_empty() {
            status.set("volumesInUse", self.volumes_in_use());
        }
        // The attach/detach controller writes beside this kubelet.
        let attached = match self.node["status"]["volumesAttached"].is_null() && self.in_use.is_empty() {
            true => Value::Null,
            false => ctx
                .get(NODES, "", &self.config.node)
                .map(|n| n["status"]["volumesAttached"].clone())
                .unwrap_or_default(),
        };
        if !attached.is_null() {
            status.set("volumesAttached", attached);
        }
    }

    fn refresh_later(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let at = ctx.now + jitter(delays::SYNC_PERIOD_MS, ctx.rng);
        self.tasks.set(at, Task::Pod(key.clone(), Work::Refresh));
    }

    /// Writes volumes anew whose sources have changed, and sees whether disks have grown.
    pub(crate) fn refresh(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        if worker.terminating || worker.is_done() {
            return;
        }
        let down = machines::downward(worker, &self.facts);
        let namespace = worker.pod.namespace().to_owned();
        let mut growing = Vec::new();
        for v in down.pod["spec"]["volumes"].items() {
            let Some(m) = worker.volumes.get_mut(v["name"].text()).filter(|_| !is_own_token(v)) else {
                continue;
            };
            if m.grows {
                growing.push(v["name"].to_str());
            }
            let Some(old) = &m.written else { continue };
            let mut read = |resource: &str, name: &str| read(ctx, &namespace, resource, name);
            // A source that has gone leaves the files as they are.
            if let Ok(new) = volumes::payload(v, &down, &mut read)
                && new != *old
            {
                volumes::rewrite(m, new, &down.pod, &mut self.depot, ctx.now);
            }
        }
        for name in growing {
            self.grow(key, &name, ctx);
        }
        self.refresh_later(key, ctx);
    }

    /// Grows the file system of a disk that its driver has made larger.
    fn grow(&mut self, key: &Str, volume: &str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get(key) else { return };
        let pod = worker.pod.clone();
        let Some(m) = worker.volumes.get(volume) else { return };
        let (id, Some(name)) = (m.volume, m.pv.clone()) else { return };
        let Ok(pv) = ctx.get(PERSISTENTVOLUMES, "", &name) else { return };
        let r = pv["spec"]["claimRef"].clone();
        let Ok(claim) = ctx.get(PERSISTENTVOLUMECLAIMS, r["namespace"].text(), r["name"].text()) else {
            return;
        };
        let size = Quantity::of(&pv["spec"]["capacity"]["storage"]);
        if claim.uid() != r["uid"].text() || size <= Quantity::of(&claim["status"]["capacity"]["storage"]) {
            return;
        }
        if let Some(tree) = self.depot.tree_mut(id) {
            tree.limit = u64::try_from(size.value()).ok();
        }
        let mut next = claim;
        next.set_at(&["status", "capacity"], &pv["spec"]["capacity"]);
        for gone in ["conditions", "allocatedResources", "allocatedResourceStatuses"] {
            next.remove_at(&["status", gone]);
        }
        let Ok(claim) = ctx.update_status(PERSISTENTVOLUMECLAIMS, next) else { return };
        let text =
            format!("MountVolume.NodeExpandVolume succeeded for volume \"{name}\" {}", self.config.node);
        for object in [&pod, &claim] {
            self.recorder.event(ctx, object, EventType::Normal, "FileSystemResizeSuccessful", &text);
        }
    }
}
