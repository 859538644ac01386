//! Who manages which fields: `metadata.managedFields`, and server-side apply.
//!
//! Owns: tracking what each writer wrote, merging an applied configuration, its conflicts.
//! Does not own: the sets themselves (`objects::fieldset`), storing the result (update, create).
//!
//! Models `k8s.io/apimachinery/pkg/util/managedfields`. Unlike upstream, what only components ever wrote is not tracked
//! write by write: an object begins to carry managers when a client with a field manager writes it, and the entries of
//! its creator and of its status are made when somebody asks for them. So a cluster of ten thousand pods pays nothing.
//! Not modelled: the cap of ten updating managers; entries of another API version are compared as if of this one.

use client::PatchType;
use objects::fieldset::{self, Comparison, Set};
use objects::schema::{Schema, type_for};
use objects::status::Cause;
use objects::{Reason, Status, Str, Value, json, value};
use ordered::Sort as _;

use super::Part;
use crate::server::{ApiServer, Cx, Served};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Who is said to manage an object that was there before anyone was tracked.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Fields of the metadata that are nobody's.
const NOBODYS: &[&[&str]] = &[
    &["f:apiVersion"],
    &["f:kind"],
    &["f:metadata"],
    &["f:metadata", "f:name"],
    &["f:metadata", "f:namespace"],
    &["f:metadata", "f:creationTimestamp"],
    &["f:metadata", "f:selfLink"],
    &["f:metadata", "f:uid"],
    &["f:metadata", "f:generation"],
    &["f:metadata", "f:managedFields"],
    &["f:metadata", "f:resourceVersion"],
];

/// One entry of `managedFields`.
#[derive(Clone, Debug, PartialEq)]
struct Manager {
    name: Str,
    applies: bool,
    api_version: Str,
    subresource: Str,
    time: Str,
    set: Set,
}

impl Manager {
    /// Two entries are of one manager: appliers whatever the version they applied.
    fn is(&self, other: &Manager) -> bool {
        self.name == other.name
            && self.applies == other.applies
            && self.subresource == other.subresource
            && (self.applies || self.api_version == other.api_version)
    }

    fn decode(entry: &Value) -> Option<Self> {
        let applies = match entry["operation"].text() {
            "Apply" => true,
            "Update" => false,
            _ => return None,
        };
        if entry["apiVersion"].text().is_empty() || entry["fieldsType"] != "FieldsV1" {
            return None;
        }
        let fields = &entry["fieldsV1"];
        let set = if fields.is_null() { Set::default() } else { Set::from_value(fields)? };
        Some(Self {
            name: entry["manager"].to_str(),
            applies,
            api_version: entry["apiVersion"].to_str(),
            subresource: entry["subresource"].to_str(),
            time: entry["time"].to_str(),
            set,
        })
    }

    fn encode(&self) -> Value {
        let mut entry = value!({
            "apiVersion": (&self.api_version), "fieldsType": "FieldsV1", "fieldsV1": (self.set.to_value()),
            "manager": (&self.name), "operation": (if self.applies { "Apply" } else { "Update" })
        });
        for (key, text) in [("subresource", &self.subresource), ("time", &self.time)] {
            if !text.is_empty() {
                entry.set(key, text);
            }
        }
        entry
    }

    /// As messages name it.
    fn described(&self) -> String {
        let mut text = json::go_quote(&self.name);
        if !self.subresource.is_empty() {
            text = format!("{text} with subresource {}", json::go_quote(&self.subresource));
        }
        if self.applies { text } else { format!("{text} using {}", self.api_version) }
    }
}

/// The entries of an object; none when they can't be read.
fn decode(entries: &Value) -> Vec<Manager> {
    let all: Option<Vec<Manager>> = entries.items().iter().map(Manager::decode).collect();
    all.unwrap_or_default()
}

fn encode(mut managers: Vec<Manager>) -> Value {
    managers.retain(|m| !m.set.is_empty());
    managers.arrange_by(|a, b| {
        (!a.applies, &a.time, &a.name, &a.api_version, &a.subresource).cmp(&(
            !b.applies,
            &b.time,
            &b.name,
            &b.api_version,
            &b.subresource,
        ))
    });
    managers.iter().map(Manager::encode).collect()
}

pub(crate) fn schema_of(resource: &Served) -> Schema<'_> {
    match resource {
        Served::BuiltIn(r) => {
            type_for(&r.group, &r.version, &r.kind).map_or(Schema::Unknown, Schema::of_type)
        }
        Served::Custom(c) => Schema::of_custom(&c.schema),
    }
}

/// What a new object of a kind is before anyone wrote it.
fn zero_object(resource: &Served) -> Value {
    let empty = value!({"metadata": {}});
    match resource {
        Served::BuiltIn(r) => {
            objects::decode::decode(&empty, &r.group, &r.version, &r.kind, objects::decode::Mode::Ignore)
                .map_or(empty, |d| d.object)
        }
        Served::Custom(_) => empty,
    }
}

/// Takes away what a write of this part can't have written.
fn keep_written(set: &mut Set, part: Part, has_status: bool) {
    match part {
        Part::Status => {
            set.retain(|s| matches!(s, "f:metadata" | "f:status"));
            set.cut(&["f:metadata", "f:labels"]);
        }
        _ if has_status => set.cut(&["f:status"]),
        _ => {}
    }
}

fn without_nobodys(mut set: Set) -> Set {
    for path in NOBODYS {
        set.take(path);
    }
    set
}

/// The program a component belongs to: what its requests carry as user agent.
fn program(cx: &Cx<'_>) -> Str {
    let user = cx.caller.user.as_str();
    Str::new_static(if user.starts_with("system:node:") {
        "kubelet"
    } else if user == "system:kube-scheduler" {
        "kube-scheduler"
    } else if user.starts_with("system:serviceaccount:kube-system:")
        || user == "system:kube-controller-manager"
        || cx.caller.actor.ends_with("-controller")
    {
        "kube-controller-manager"
    } else if user == "system:apiserver" {
        "kube-apiserver"
    } else {
        return cx.caller.actor.clone();
    })
}

fn metadata_written(new: &Value, old: &Value) -> bool {
    let (new, old) = (new.meta(), old.meta());
    !new.same(old)
        && ["annotations", "labels", "finalizers", "ownerReferences"].iter().any(|k| new[*k] != old[*k])
}

impl ApiServer {
    /// Sets the managers of a new object.
    pub(crate) fn manage_new(&self, cx: &mut Cx<'_>, object: &mut Value) {
        let managed = match cx.managed.take() {
            Some(managed) => managed,
            None if cx.request.options.field_manager.is_empty() => return,
            None => {
                let schema = schema_of(&cx.resource);
                let mut found = fieldset::compare(&zero_object(&cx.resource), object, schema);
                found.each(|s| keep_written(s, Part::Main, has_status(cx)));
                let me = self.writer(cx, false);
                encode(updated(Vec::new(), me, &found))
            }
        };
        set_managed(object, managed);
    }

    /// Sets the managers of a new state of `old`.
    pub(crate) fn manage_change(&self, cx: &mut Cx<'_>, new: &mut Value, old: &Value, part: Part) {
        if let Some(managed) = cx.managed.take() {
            return set_managed(new, managed);
        }
        let was = &old.meta()["managedFields"];
        let given = new.meta().find("managedFields").cloned();
        let outside = !cx.request.options.field_manager.is_empty();
        let silent = !outside && (was.is_null() || part == Part::Status && !metadata_written(new, old));
        if silent {
            return set_managed(new, was.clone());
        }
        let reset = outside
            && given.as_ref().is_some_and(|g| {
                g.as_list().is_some_and(|l| l.is_empty()) || g.items().len() == 1 && g[0].entries().is_empty()
            });
        let base = match given {
            _ if reset => Value::Null,
            Some(g) if part != Part::Status && !decode(&g).is_empty() => g,
            _ => was.clone(),
        };
        let mut before = decode(&base);
        if before.is_empty() && was.is_null() {
            before = self.creators(cx, old);
        }
        let mut found = fieldset::compare(old, new, schema_of(&cx.resource));
        found.each(|s| keep_written(s, part, has_status(cx)));
        if !outside {
            found.each(|s| s.cut(&["f:status"]));
        }
        found.each(|s| s.cut(&["f:metadata", "f:managedFields"]));
        found.each(|s| *s = without_nobodys(std::mem::take(s)));
        if found.written().is_empty() && found.removed.is_empty() {
            return set_managed(new, base);
        }
        let me = self.writer(cx, false);
        set_managed(new, encode(updated(before, me, &found)));
    }

    fn writer(&self, cx: &Cx<'_>, applies: bool) -> Manager {
        let named = &cx.request.options.field_manager;
        Manager {
            name: if named.is_empty() { program(cx) } else { named.clone() },
            applies,
            api_version: cx.resource.api_version(),
            subresource: cx.request.subresource.clone(),
            time: cx.now.rfc3339().into(),
            set: Set::default(),
        }
    }

    /// The entry of whoever made an object that carries none.
    fn creators(&self, cx: &Cx<'_>, object: &Value) -> Vec<Manager> {
        if object.is_null() {
            return Vec::new();
        }
        let name = match cx.resource.id.as_str() {
            "nodes" => "kubelet",
            _ if !object.controller_ref().is_null() => "kube-controller-manager",
            _ => BEFORE_FIRST_APPLY,
        };
        let mut found = fieldset::compare(&zero_object(&cx.resource), object, schema_of(&cx.resource));
        found.each(|s| s.cut(&["f:status"]));
        vec![Manager {
            name: name.into(),
            applies: false,
            api_version: cx.resource.api_version(),
            subresource: Str::default(),
            time: object.meta()["creationTimestamp"].to_str(),
            set: without_nobodys(found.written()),
        }]
    }

    /// The entry of the component that writes a kind's status, without what others took over.
    fn status_writer(&self, cx: &Cx<'_>, object: &Value, others: &[Manager]) -> Option<Manager> {
        let status = object.find("status").filter(|s| !s.is_zero())?;
        let name = match cx.resource.id.as_str() {
            "pods" | "nodes" => "kubelet",
            _ => "kube-controller-manager",
        };
        let only = value!({"status": (status)});
        let zero = zero_object(&cx.resource);
        let zero = value!({"status": (&zero["status"])});
        let mut set = fieldset::compare(&zero, &only, schema_of(&cx.resource)).written();
        for other in others {
            set = set.difference(&other.set);
        }
        let times = status["conditions"]
            .items()
            .iter()
            .flat_map(|c| ["lastTransitionTime", "lastUpdateTime", "lastHeartbeatTime"].map(|k| c[k].text()));
        let time = times.max().filter(|t| !t.is_empty());
        (!set.is_empty()).then(|| Manager {
            name: name.into(),
            applies: false,
            api_version: cx.resource.api_version(),
            subresource: "status".into(),
            time: time.map_or_else(|| object.meta()["creationTimestamp"].to_str(), Str::from),
            set,
        })
    }

    /// The object with every manager it has, as a client sees it that asks for them.
    pub(crate) fn with_managers(&self, cx: &Cx<'_>, mut object: Value) -> Value {
        let mut all = decode(&object.meta()["managedFields"]);
        if all.is_empty() {
            all = self.creators(cx, &object);
        }
        if let Some(status) = self.status_writer(cx, &object, &all) {
            match all.iter_mut().find(|m| m.is(&status)) {
                Some(m) => {
                    m.set = m.set.union(&status.set);
                    m.time = status.time.max(m.time.clone());
                }
                None => all.push(status),
            }
        }
        set_managed(&mut object, encode(all));
        object
    }

    /// What applying `config` makes of `live` (null: it is new). The managers are put aside in `cx` until it is stored.
    pub(crate) fn applied(
        &self,
        cx: &mut Cx<'_>,
        live: &Value,
        config: &Value,
        part: Part,
    ) -> Result<Value, Status> {
        check_config(cx, config)?;
        let schema = schema_of(&cx.resource);
        let zero = zero_object(&cx.resource);
        let mut base = if live.is_null() { zero } else { live.clone() };
        base.remove_at(&["metadata", "managedFields"]);
        let mut managers = decode(&live.meta()["managedFields"]);
        if managers.is_empty() {
            managers = self.creators(cx, live);
        }
        if part == Part::Status {
            managers.extend(self.status_writer(cx, live, &managers));
        }
        let mut me = self.writer(cx, true);
        me.set = fieldset::of_object(config, schema);
        keep_written(&mut me.set, part, has_status(cx));
        let last = managers.iter().position(|m| m.is(&me)).map(|i| managers.remove(i));
        let merged = fieldset::merge(&base, config, schema);
        let last_set = last.as_ref().map(|l| &l.set);
        let new = pruned(merged, last_set, managers.iter().chain([&me]), schema);
        let mut found = fieldset::compare(&base, &new, schema);
        found.each(|s| keep_written(s, part, has_status(cx)));
        let written = found.written();
        if !cx.request.options.force {
            let mut conflicts: Vec<(&Manager, Set)> = managers
                .iter()
                .map(|m| (m, m.set.intersection(&written)))
                .filter(|(_, s)| !s.is_empty())
                .collect();
            if !conflicts.is_empty() && me.name == "kubectl" {
                forgive_last_applied(&mut conflicts, &base, schema);
            }
            if !conflicts.is_empty() {
                return Err(conflict(&conflicts));
            }
        }
        for m in &mut managers {
            m.set = m.set.difference(&written).difference(&found.removed);
        }
        me.set = without_nobodys(me.set);
        if new == base
            && let Some(last) = &last
        {
            me.time = last.time.clone();
        }
        let status_entry = |m: &Manager| !m.applies && m.subresource == "status" && part == Part::Status;
        managers.retain(|m| !status_entry(m) || m.name != "kubelet" && m.name != "kube-controller-manager");
        let name = me.name.clone();
        managers.push(me);
        cx.managed = Some(encode(managers));
        let mut new = new;
        if name == "kubectl" && !new.annotations()[LAST_APPLIED].text().is_empty() {
            let mut applied = config.clone();
            applied.remove_at(&["metadata", "annotations", LAST_APPLIED]);
            let text = format!("{}\n", json::to_string(&applied));
            new.map_mut().entry("metadata").map_mut().entry("annotations").set(LAST_APPLIED, text);
        }
        Ok(new)
    }
}

fn has_status(cx: &Cx<'_>) -> bool {
    crate::strategy::of(&cx.resource).status
}

/// Puts `managed` in its place, touching nothing when it is there already.
fn set_managed(object: &mut Value, managed: Value) {
    if object.meta()["managedFields"].same(&managed) && !managed.is_null() {
        return;
    }
    if managed.is_null() || managed.items().is_empty() {
        if object.meta().find("managedFields").is_some() {
            object.remove_at(&["metadata", "managedFields"]);
        }
    } else {
        object.map_mut().entry("metadata").set("managedFields", managed);
    }
}

/// The managers after `me` has updated what `found` says: others lose it, it gains it.
fn updated(mut managers: Vec<Manager>, mut me: Manager, found: &Comparison) -> Vec<Manager> {
    let written = found.written();
    for m in &mut managers {
        m.set = m.set.difference(&written).difference(&found.removed);
    }
    me.set = without_nobodys(written);
    if me.set.is_empty() {
        return managers;
    }
    match managers.iter_mut().find(|m| m.is(&me)) {
        Some(mine) => {
            mine.set = mine.set.union(&me.set);
            mine.time = me.time;
        }
        None => managers.push(me),
    }
    managers
}

/// Takes out of `merged` what was applied last time, is not applied now and nobody else claims.
fn pruned<'m>(
    merged: Value,
    last: Option<&Set>,
    managers: impl Iterator<Item = &'m Manager>,
    schema: Schema<'_>,
) -> Value {
    let Some(last) = last.filter(|l| !l.is_empty()) else { return merged };
    let last = last.with_named_fields(schema);
    let all = |v: &Value| fieldset::of_object(v, schema).with_named_fields(schema);
    let merged_set = all(&merged);
    let first = fieldset::remove(&merged, &last, schema);
    let claimed = managers.fold(Set::default(), |s, m| s.union(&m.set)).with_named_fields(schema);
    let owned = fieldset::remove(&merged, &merged_set.difference(&all(&first).union(&claimed)), schema);
    fieldset::remove(&merged, &merged_set.difference(&all(&owned)).intersection(&last), schema)
}

/// Drops the conflicts over fields that client-side apply set to what they still are: `kubectl` takes over from itself.
fn forgive_last_applied(conflicts: &mut Vec<(&Manager, Set)>, live: &Value, schema: Schema<'_>) {
    let Ok(last) = json::parse(live.annotations()[LAST_APPLIED].text()) else { return };
    if last.api_version() != live.api_version() || fieldset::check(&last, schema).is_some() {
        return;
    }
    let found = fieldset::compare(&last, live, schema);
    let same = fieldset::of_object(&last, schema)
        .difference(&found.modified)
        .difference(&found.added)
        .difference(&found.removed);
    for (_, set) in conflicts.iter_mut() {
        *set = set.difference(&same);
    }
    conflicts.retain(|(_, s)| !s.is_empty());
}

fn conflict(conflicts: &[(&Manager, Set)]) -> Status {
    let mut causes = Vec::new();
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for (manager, set) in conflicts {
        let who = manager.described();
        let paths = set.paths();
        causes.extend(paths.iter().map(|p| Cause {
            reason: "FieldManagerConflict",
            field: p.clone(),
            message: format!("conflict with {who}"),
        }));
        lines.push((who, paths));
    }
    let message = match causes.as_slice() {
        [one] => format!("Apply failed with 1 conflict: {}: {}", one.message, one.field),
        many => {
            lines.arrange_by(|a, b| a.0.cmp(&b.0));
            let text: Vec<String> = lines
                .iter()
                .flat_map(|(who, paths)| {
                    std::iter::once(format!("conflicts with {who}:"))
                        .chain(paths.iter().map(|p| format!("- {p}")))
                })
                .collect();
            format!("Apply failed with {} conflicts: {}", many.len(), text.join("\n"))
        }
    };
    let mut status = Status::new(Reason::Conflict, message);
    status.causes = causes;
    status
}

/// What an applied configuration must be before anything is merged.
fn check_config(cx: &Cx<'_>, config: &Value) -> Result<(), Status> {
    let r = &cx.resource;
    if cx.request.options.field_manager.is_empty() {
        let cause = Cause {
            reason: "FieldValueRequired",
            field: "fieldManager".into(),
            message: "Required value: is required for apply patch".into(),
        };
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", vec![cause]));
    }
    if config.api_version() != r.api_version() {
        return Err(Status::bad_request(format!(
            "Incorrect version specified in apply patch. Specified patch version: {}, expected: {}",
            config.api_version(),
            r.api_version()
        )));
    }
    if config.meta().find("managedFields").is_some_and(|m| !m.is_null()) {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    if let Some(why) = fieldset::check(config, schema_of(r)) {
        let name = &cx.request.name;
        let of = if r.namespaced { format!("{}/{name}", cx.request.namespace) } else { format!("/{name}") };
        return Err(Status::new(
            Reason::Unknown,
            format!(
                "failed to create typed patch object ({of}; {}/{}, Kind={}): {why}",
                r.group, r.version, r.kind
            ),
        ));
    }
    Ok(())
}

/// True when a request applies a configuration.
pub(crate) fn is_apply(cx: &Cx<'_>) -> bool {
    cx.request.patch_type == Some(PatchType::Apply)
}
