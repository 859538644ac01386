//! What can be done to an object, each deed with the command it stands for: the menu of a long press or a right click,
//! and what the palette offers for the object that is picked.
//!
//! Owns: which deeds fit which kind. Does not own: what they do (kubectl, fault).

#[cfg(target_arch = "wasm32")]
pub mod view;

use smol_str::{SmolStr, format_smolstr};

use crate::i18n::Texts;
use crate::session::{Session, kubectl, place};
use crate::stage::facts::split_id;

/// A deed: what it is called, and the line that does it.
pub type Deed = (fn(&'static Texts) -> &'static str, SmolStr);

/// The kinds of the stage as kubectl calls one of them.
fn kind_of(resource: &str) -> &str {
    let plural = resource.split('.').next().unwrap_or(resource);
    objects::resources::by_id(resource).map_or(plural, |r| r.singular.as_str())
}

/// What can be done to an object; nothing for one that is not there.
#[must_use]
pub fn deeds(session: &Session, id: &str) -> Vec<Deed> {
    let (resource, namespace, name) = split_id(id);
    let Some(object) = session.object(resource, namespace, name) else { return Vec::new() };
    let (kind, at) = (kind_of(resource), place(namespace));
    let mut out: Vec<Deed> = vec![(|t| t.deeds().describe, kubectl("describe", kind, namespace, name, ""))];
    match resource {
        "nodes" => {
            let cordoned = object["spec"]["unschedulable"].is_true();
            if cordoned {
                out.push((|t| t.deeds().uncordon, format_smolstr!("kubectl uncordon {name}")));
            } else {
                out.push((|t| t.deeds().cordon, format_smolstr!("kubectl cordon {name}")));
            }
            out.push((
                |t| t.deeds().drain,
                format_smolstr!("kubectl drain {name} --ignore-daemonsets --delete-emptydir-data --force"),
            ));
            out.push((|t| t.deeds().top, format_smolstr!("kubectl top node {name}")));
            out.push((|t| t.deeds().crash, format_smolstr!("fault node {name} crash")));
            out.push((|t| t.deeds().cut, format_smolstr!("fault node {name} cut")));
            out.push((|t| t.deeds().restore, format_smolstr!("fault node {name} restore")));
            return out;
        }
        "pods" => {
            out.push((|t| t.deeds().logs, format_smolstr!("kubectl logs {name}{at}")));
            out.push((|t| t.deeds().shell, format_smolstr!("kubectl exec -it {name}{at} -- sh")));
            out.push((|t| t.deeds().top, format_smolstr!("kubectl top pod {name}{at}")));
            out.push((|t| t.deeds().crash, format_smolstr!("fault pod {name} crash{at}")));
        }
        "deployments.apps" | "statefulsets.apps" | "replicasets.apps" => {
            let replicas = object["spec"]["replicas"].int();
            out.push((
                |t| t.deeds().scale_up,
                format_smolstr!("kubectl scale {kind} {name} --replicas={}{at}", replicas + 1),
            ));
            if replicas > 0 {
                out.push((
                    |t| t.deeds().scale_down,
                    format_smolstr!("kubectl scale {kind} {name} --replicas={}{at}", replicas - 1),
                ));
            }
            if resource != "replicasets.apps" {
                out.push((
                    |t| t.deeds().restart,
                    format_smolstr!("kubectl rollout restart {kind} {name}{at}"),
                ));
                out.push((|t| t.deeds().status, format_smolstr!("kubectl rollout status {kind} {name}{at}")));
                out.push((|t| t.deeds().undo, format_smolstr!("kubectl rollout undo {kind} {name}{at}")));
            }
        }
        "daemonsets.apps" => {
            out.push((|t| t.deeds().restart, format_smolstr!("kubectl rollout restart {kind} {name}{at}")));
        }
        "services" => {
            out.push((|t| t.deeds().load, format_smolstr!("load start svc/{name} --rps=20{at}")));
            out.push((
                |t| t.deeds().endpoints,
                format_smolstr!("kubectl get endpointslices -l kubernetes.io/service-name={name}{at}"),
            ));
        }
        _ => {}
    }
    out.push((|t| t.deeds().yaml, kubectl("get", kind, namespace, name, " -o yaml")));
    out.push((|t| t.deeds().edit, format_smolstr!("kubectl get {kind} {name}{at} -o yaml > {name}.yaml")));
    out.push((|t| t.deeds().delete, kubectl("delete", kind, namespace, name, "")));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn every_deed_is_a_command_that_runs() {
        let mut session = Session::new(1, &[]);
        for line in [
            "kubectl create deployment web --image=nginx:1.27",
            "kubectl expose deployment web --port=80",
            "kubectl create configmap c --from-literal=a=b",
        ] {
            session.submit(line);
            session.advance(20_000);
        }
        let pod = session.stage().pods.keys().next().cloned().unwrap_or_default();
        for id in [
            pod.as_str(),
            "deployments.apps/default/web",
            "services/default/web",
            "configmaps/default/c",
            "nodes//worker-1",
        ] {
            let all = deeds(&session, id);
            assert!(all.len() > 2, "{id}");
            for (name, line) in all {
                assert!(!name(Lang::Ko.texts()).is_empty() && !name(Lang::En.texts()).is_empty());
                // A shell in a pod waits for its input, and what is deleted is not there for the next.
                if line.contains("exec -it") || line.contains("delete ") || line.contains("undo") {
                    continue;
                }
                session.exec(&line, 1);
                session.advance(60_000);
                session.interrupt();
                let done = session.take_done().pop();
                let output = done.map(|d| d.output).unwrap_or_default();
                for bad in ["unknown", "Usage", "usage:", "not found", "command not"] {
                    assert!(!output.contains(bad), "{line}: {output}");
                }
                if id.starts_with("pods") && line.contains("crash") {
                    session.advance(60_000);
                }
            }
            session.exec("fault node worker-1 restore; kubectl uncordon worker-1", 1);
            session.advance(120_000);
        }
        assert!(deeds(&session, "pods/default/none").is_empty());
    }
}
