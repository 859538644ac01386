//! Disks: the storage drivers of a cluster, with the side-cars that stand beside each (provisioner, attacher, resizer,
//! snapshotter).
//!
//! Owns: volumes made for claims, attachments answered, volumes grown, snapshots taken; which drivers a cluster has.
//! Does not own: binding (the volume binder), who wants what attached (the attach/detach controller), the bytes on a
//! disk (they are the nodes' depot; this says when a disk comes, is copied and goes: [`Order`]).
//! Models `kubernetes-csi` external-provisioner, external-attacher, external-resizer, external-snapshotter and
//! `rancher/local-path-provisioner`.
//! Not modelled: the drivers' own pods, storage capacity objects, volume groups, secrets of drivers, StorageClass
//! parameters (kept, never looked at), quotas of the provider.

mod attacher;
mod drivers;
mod in_tree;
mod install;
mod provisioner;
mod resizer;
mod snapshotter;

use client::{
    Body, Cache, Caller, Change, Component, Ctx, EventType, Interest, Recorder, Request, Verb, WorkQueue,
};
use clock::{Millis, Time};
use objects::resources::{
    CSIDRIVERS, NODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, Resource, STORAGECLASSES, VOLUMEATTACHMENTS,
};
use objects::{Reason, Status, Str, Value};
use ordered::{BTreeMap, BTreeSet};

pub use drivers::{Driver, Kind, of as driver};

const SNAPSHOT_GROUP: &str = "snapshot.storage.k8s.io";
const SNAPSHOTS: &str = "volumesnapshots.snapshot.storage.k8s.io";
const CONTENTS: &str = "volumesnapshotcontents.snapshot.storage.k8s.io";
const SNAPSHOT_CLASSES: &str = "volumesnapshotclasses.snapshot.storage.k8s.io";

/// A StorageClass that a cluster has from the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    pub name: Str,
    pub provisioner: Str,
    pub default: bool,
    /// Binds when the claim comes, not when its first pod does.
    pub immediate: bool,
}

/// What storage a cluster has.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub classes: Vec<Class>,
    /// The drivers that run. A known driver not among them comes by itself when a class or volume first names it, if
    /// `on_demand`.
    pub drivers: Vec<Str>,
    pub on_demand: bool,
    /// The definitions of `snapshot.storage.k8s.io` and their controller.
    pub snapshots: bool,
}

impl Config {
    /// As real playgrounds have it: directories on the node by default, and the disks and shares of a cloud beside.
    #[must_use]
    pub fn playground() -> Self {
        let class = |name: &'static str, provisioner: &'static str, default| Class {
            name: name.into(),
            provisioner: provisioner.into(),
            default,
            immediate: false,
        };
        Self {
            classes: vec![
                class("standard", "rancher.io/local-path", true),
                class("standard-rwo", "pd.csi.storage.gke.io", false),
                class("standard-rwx", "filestore.csi.storage.gke.io", false),
            ],
            drivers: vec!["rancher.io/local-path".into()],
            on_demand: true,
            snapshots: true,
        }
    }
}

/// What is to happen to the bytes of a disk. Names are `disk/<driver>/<handle>` and `snapshot/<handle>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    Copy { from: String, to: String },
    Forget { name: String },
}

/// Plain data.
#[derive(Clone, Debug)]
pub struct Disks {
    config: Config,
    queue: WorkQueue,
    claims: Cache,
    volumes: Cache,
    classes: Cache,
    attachments: Cache,
    nodes: Cache,
    snapshots: Cache,
    contents: Cache,
    snapshot_classes: Cache,
    installed: BTreeSet<Str>,
    /// Attachments that were granted, whether or not the word of it is back.
    granted: BTreeSet<Str>,
    /// Attachments by the volume they are of.
    attached: BTreeMap<Str, BTreeSet<Str>>,
    /// Work under way: when it is done.
    under_way: BTreeMap<Str, Time>,
    /// How often a piece of work failed in a row.
    failures: BTreeMap<Str, u32>,
    recorders: BTreeMap<Str, Recorder>,
    orders: Vec<Order>,
    booted: bool,
}

/// Where the bytes of a driver's volume are.
#[must_use]
pub fn disk_name(driver: &str, handle: &str) -> String {
    format!("disk/{driver}/{handle}")
}

fn class_of(claim: &Value) -> &str {
    let beta = &claim.annotations()["volume.beta.kubernetes.io/storage-class"];
    beta.as_str().unwrap_or_else(|| claim["spec"]["storageClassName"].text())
}

impl Disks {
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut queue = WorkQueue::default();
        queue.add("boot/", 0, Time::EPOCH);
        Self {
            config,
            queue,
            claims: Cache::default(),
            volumes: Cache::default(),
            classes: Cache::default(),
            attachments: Cache::default(),
            nodes: Cache::default(),
            snapshots: Cache::default(),
            contents: Cache::default(),
            snapshot_classes: Cache::default(),
            installed: BTreeSet::new(),
            granted: BTreeSet::new(),
            attached: BTreeMap::new(),
            under_way: BTreeMap::new(),
            failures: BTreeMap::new(),
            recorders: BTreeMap::new(),
            orders: Vec::new(),
            booted: false,
        }
    }

    /// What is to be done to the disks since the last call.
    pub fn take_orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    /// The driver of this name, if this cluster has it. One that comes on demand is installed.
    fn serving(&mut self, name: &str, ctx: &mut Ctx<'_>) -> Option<&'static Driver> {
        let driver = drivers::of(name)?;
        if !self.installed.contains(driver.name) {
            if !self.config.on_demand {
                return None;
            }
            self.install(driver, ctx);
        }
        Some(driver)
    }

    /// True when work `key` that takes `span` is done; begins it if it was not under way.
    fn is_done(&mut self, key: &str, span: Millis, now: Time) -> Progress {
        match self.under_way.get(key) {
            None => {
                self.under_way.insert(key.into(), now + span);
                self.queue.add_after(key, 0, now, span);
                Progress::Begun
            }
            Some(at) if *at > now => Progress::Waiting,
            Some(_) => {
                self.under_way.remove(key);
                Progress::Done
            }
        }
    }

    /// Tries `key` again after its back-off.
    fn again(&mut self, key: &str, now: Time) {
        let n = self.failures.entry(key.into()).or_default();
        let wait = (drivers::RETRY_MS << (*n).min(10)).min(drivers::RETRY_MAX_MS);
        *n += 1;
        self.queue.add_after(key, 0, now, wait);
    }

    fn tell(
        &mut self,
        component: &str,
        ctx: &mut Ctx<'_>,
        object: &Value,
        kind: EventType,
        reason: &str,
        message: &str,
    ) {
        let recorder = self.recorders.entry(component.into()).or_insert_with(|| Recorder::new(component, ""));
        recorder.event(ctx, object, kind, reason, message);
    }

    fn sync(&mut self, key: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some((what, name)) = key.split_once('/') else { return Ok(()) };
        match what {
            "boot" => self.boot(ctx),
            "driver" => {
                self.serving(name, ctx);
                Ok(())
            }
            "nodes" => self.tell_nodes(ctx),
            "provision" => self.provision(key, name, ctx),
            "delete" => self.delete(key, name, ctx),
            "attach" => self.attach(key, name, ctx),
            "resize" => self.resize(key, name, ctx),
            "snapshot" => self.snapshot(key, name, ctx),
            "content" => self.content(key, name, ctx),
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Begun,
    Waiting,
    Done,
}

/// Takes a finalizer off an object that may be gone by now.
fn let_go(resource: &Resource, object: &Value, finalizer: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
    let mut next = object.clone();
    let mut left = next.meta()["finalizers"].items().to_vec();
    left.retain(|f| *f != finalizer);
    next.set_at(&["metadata", "finalizers"], left);
    match ctx.update(resource, next) {
        Err(e) if e.reason != Reason::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// A request about one of the snapshot kinds, which no table of resources has.
fn custom(verb: Verb, plural: &'static str, object: Value, subresource: &'static str) -> Request {
    let (group, version, plural) =
        (Str::new_static(SNAPSHOT_GROUP), Str::new_static("v1"), Str::new_static(plural));
    let mut r = Request::new(verb, &group, &version, &plural)
        .in_namespace(object.namespace())
        .subresource(subresource);
    if verb != Verb::Create {
        r = r.named(object.name());
    }
    if verb != Verb::Delete {
        r.body = Body::Object(object);
    }
    r
}

impl Component for Disks {
    fn interests(&self) -> Vec<Interest> {
        let own =
            [CSIDRIVERS, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STORAGECLASSES, VOLUMEATTACHMENTS, NODES];
        let mut all: Vec<Interest> = own.into_iter().map(|r| Interest::All(r.id.clone())).collect();
        all.extend([SNAPSHOTS, CONTENTS, SNAPSHOT_CLASSES].map(|id| Interest::All(Str::new_static(id))));
        all
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        let key = change.key();
        let wake =
            |this: &mut Self, what: &str| this.queue.add(format!("{what}/{key}"), change.revision, now);
        match change.resource.as_str() {
            "persistentvolumeclaims" => {
                self.claims.apply(change);
                wake(self, "provision");
                wake(self, "resize");
            }
            "persistentvolumes" => {
                self.volumes.apply(change);
                wake(self, "delete");
            }
            // Whoever writes the object of a known driver installs the driver.
            "csidrivers.storage.k8s.io" if !change.is_deleted() => wake(self, "driver"),
            "storageclasses.storage.k8s.io" => {
                // Whoever makes a class has its driver; those of the beginning are not asked for yet.
                let own = self.config.classes.iter().any(|c| c.name == change.name);
                if self.classes.apply(change).is_null() && !change.is_deleted() && !own {
                    let driver = change.object["provisioner"].text();
                    self.queue.add(format!("driver/{driver}"), change.revision, now);
                }
            }
            "volumeattachments.storage.k8s.io" => {
                self.attachments.apply(change);
                let volume = change.object["spec"]["source"]["persistentVolumeName"].to_str();
                let set = self.attached.entry(volume.clone()).or_default();
                if change.is_deleted() {
                    set.remove(&key);
                    self.queue.add(format!("delete/{volume}"), change.revision, now);
                } else {
                    set.insert(key.clone());
                }
                wake(self, "attach");
            }
            // Only a node that comes is news to a driver; heartbeats are not.
            "nodes" if self.nodes.apply(change).is_null() && self.booted => {
                self.queue.add("nodes/", change.revision, now);
            }
            SNAPSHOTS => {
                self.snapshots.apply(change);
                wake(self, "snapshot");
            }
            CONTENTS => {
                self.contents.apply(change);
                wake(self, "content");
            }
            SNAPSHOT_CLASSES => drop(self.snapshot_classes.apply(change)),
            _ => {}
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.queue.next_due()
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        let Some((key, cause)) = self.queue.pop(ctx.now) else { return };
        ctx.caller = Caller {
            user: Str::new_static("system:serviceaccount:kube-system:csi-controller"),
            groups: ["system:masters", "system:serviceaccounts", "system:authenticated"]
                .map(Str::new_static)
                .to_vec(),
            actor: Str::new_static("csi-driver"),
            cause,
            known: None,
        };
        match self.sync(&key, ctx) {
            Ok(()) => {}
            Err(_) => self.again(&key, ctx.now),
        }
    }
}
