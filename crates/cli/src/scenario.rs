//! The cluster of a scenario: what `cluster.yaml`, beside `cmds.txt` or a directory above, says of it.

use std::path::Path;

use cluster::{Addon, ClusterConfig, NodeConfig};
use objects::{Str, Value};

/// The images that a scenario's nodes have from the start.
const IMAGES: [&str; 5] = ["nginx:1.14.2", "nginx:1.16.1", "nginx:1.25", "busybox:1.36", "perl:5.34"];

/// The cluster that `cluster.yaml` in `directory` or its parent describes, else the playground's own.
///
/// # Errors
/// When the file can't be read or says something that is not understood.
pub fn cluster_config(directory: &Path, seed: u64) -> Result<ClusterConfig, String> {
    let candidates = [Some(directory), directory.parent()];
    let Some(file) = candidates.into_iter().flatten().map(|d| d.join("cluster.yaml")).find(|f| f.is_file())
    else {
        return Ok(ClusterConfig::playground(seed));
    };
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let at = |what: &str| format!("{}: {what}", file.display());
    let document = objects::yaml::load(&text).map_err(|e| at(&e.to_string()))?;
    with_members(&document.value, seed).map_err(|e| at(&e))
}

/// The first cluster, its `members` (each as the first is described, with a `name`) and a `hub` over them by name.
fn with_members(v: &Value, seed: u64) -> Result<ClusterConfig, String> {
    let mut config = config_from(v, seed)?;
    for m in v["members"].items() {
        let name = m["name"].as_str().ok_or("a member has no name")?;
        let mut member = if m["nodes"].is_null() {
            let workers = usize::try_from(m["workers"].int_or(1)).unwrap_or(1);
            ClusterConfig::member(name, workers)
        } else {
            config_from(m, seed)?
        };
        member.name = name.into();
        config.members.push(member);
    }
    if let Some(hub) = v["hub"].as_str() {
        config.members.push(ClusterConfig::hub(hub));
    }
    Ok(config)
}

fn config_from(v: &Value, seed: u64) -> Result<ClusterConfig, String> {
    let mut nodes = Vec::new();
    if v["controlPlaneNode"].as_bool().unwrap_or(true) {
        nodes.push(NodeConfig::control_plane("control-plane"));
    }
    for n in v["nodes"].items() {
        let name = n["name"].as_str().ok_or("a node has no name")?;
        let mut node = NodeConfig::worker(name);
        let text = |v: &Value| match v {
            Value::Int(i) => Str::from(i.to_string()),
            other => other.to_str(),
        };
        if n.find("cpu").is_some() {
            node.cpu = text(&n["cpu"]);
        }
        if n.find("memory").is_some() {
            node.memory = text(&n["memory"]);
        }
        node.pods = n["pods"].int_or(node.pods);
        node.labels = n["labels"].entries().iter().map(|(k, v)| (k.clone(), v.to_str())).collect();
        node.images = match n.find("images") {
            Some(list) => list.items().iter().map(Value::to_str).collect(),
            None => IMAGES.into_iter().map(Str::from).collect(),
        };
        nodes.push(node);
    }
    let addons = &v["addons"];
    let controlled = nodes.iter().any(|n| n.control_plane);
    let addons = if addons.is_null() && controlled {
        Addon::ALL.to_vec()
    } else {
        addons.items().iter().filter_map(|a| Addon::named(a.text())).collect()
    };
    let dns = v["addons"].is_null() && !addons.contains(&Addon::CoreDns)
        || v["addons"].items().iter().any(|a| a.text() == "dns");
    let cloud = v["cloud"].is_true().then(Default::default);
    let groups: Vec<cluster::NodeGroup> = v["nodeGroups"]
        .items()
        .iter()
        .map(|g| cluster::NodeGroup {
            name: g["name"].to_str(),
            min: usize::try_from(g["min"].int()).unwrap_or(0),
            max: usize::try_from(g["max"].int_or(10)).unwrap_or(10),
            cpu: g["cpu"].as_str().unwrap_or("4").into(),
            memory: g["memory"].as_str().unwrap_or("8Gi").into(),
            labels: Vec::new(),
        })
        .collect();
    let cloud = if groups.is_empty() { cloud } else { Some(cluster::cloud_with(groups)) };
    let storage = v["storage"].is_true().then(cluster::storage_playground);
    Ok(ClusterConfig { nodes, dns, addons, cloud, storage, ..ClusterConfig::empty(seed, cluster::FIRST) })
}
