//! What a driver writes for a class that still names the in-tree plugin it took over from: a volume of that plugin.
//!
//! Models `TranslateCSIPVToInTree` of `staging/src/k8s.io/csi-translation-lib`, as the external provisioner calls it.
//! Not modelled: regions of providers whose zones are not named after them.

use objects::{Value, value};

const ZONE: &str = "topology.kubernetes.io/zone";
const REGION: &str = "topology.kubernetes.io/region";

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The source that stands for a driver's volume under the plugin's name, and its kind.
fn source(plugin: &str, csi: &Value) -> Option<(&'static str, Value)> {
    let handle = csi["volumeHandle"].text();
    let (kind, mut source) = match plugin {
        "kubernetes.io/aws-ebs" => ("awsElasticBlockStore", value!({"volumeID": (handle)})),
        "kubernetes.io/gce-pd" => ("gcePersistentDisk", value!({"pdName": (last(handle))})),
        "kubernetes.io/azure-disk" => (
            "azureDisk",
            value!({"diskName": (last(handle)), "diskURI": (handle), "kind": "Managed", "readOnly": false}),
        ),
        "kubernetes.io/azure-file" => (
            "azureFile",
            value!({
                "shareName": (handle), "secretName": "azure-storage-account-playground-secret",
                "secretNamespace": "default",
            }),
        ),
        "kubernetes.io/cinder" => ("cinder", value!({"volumeID": (handle)})),
        "kubernetes.io/vsphere-volume" => ("vsphereVolume", value!({"volumePath": (handle)})),
        _ => return None,
    };
    if let Some(system) = csi.find("fsType").filter(|_| kind != "azureFile") {
        source.set("fsType", system);
    }
    Some((kind, source))
}

/// The region that a zone is named after: `us-east-1a`, `europe-west1-b`.
fn region<'a>(plugin: &str, zone: &'a str) -> &'a str {
    match plugin {
        "kubernetes.io/aws-ebs" => zone.trim_end_matches(|c: char| c.is_ascii_lowercase()),
        "kubernetes.io/gce-pd" => zone.rsplit_once('-').map_or("", |(region, _)| region),
        _ => "",
    }
}

/// Turns a driver's volume into the plugin's; `zone` is where it is, if anywhere.
pub(super) fn translate(volume: &mut Value, plugin: &str, zone: &str) {
    let Some((kind, source)) = source(plugin, &volume["spec"]["csi"]) else { return };
    volume.remove_at(&["spec", "csi"]);
    volume.set_at(&["spec", kind], source);
    volume.set_at(&["metadata", "annotations", "pv.kubernetes.io/provisioned-by"], plugin);
    if !zone.is_empty() {
        volume.set_at(&["metadata", "labels", ZONE], zone);
        let region = region(plugin, zone);
        if !region.is_empty() {
            volume.set_at(&["metadata", "labels", REGION], region);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_under_its_old_name() {
        let mut v = value!({"metadata": {"name": "p", "annotations": {}}, "spec": {
            "csi": {"driver": "pd.csi.storage.gke.io", "volumeHandle": "projects/p/zones/z/disks/d", "fsType": "ext4"}
        }});
        translate(&mut v, "kubernetes.io/gce-pd", "europe-west1-b");
        assert_eq!(v["spec"]["gcePersistentDisk"], value!({"pdName": "d", "fsType": "ext4"}));
        assert_eq!(v["spec"]["csi"], Value::Null);
        assert_eq!(v.labels()[REGION], "europe-west1");
        assert_eq!(v.annotations()["pv.kubernetes.io/provisioned-by"], "kubernetes.io/gce-pd");
        assert_eq!(region("kubernetes.io/aws-ebs", "us-east-1a"), "us-east-1");
    }
}
