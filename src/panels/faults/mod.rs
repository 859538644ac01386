//! Breaking things by hand: what, which, how and how much, and the command that it equals.
//!
//! Owns: which victims are offered, what a choice is called. Does not own: what a fault does (cluster), the command and
//! what it knows to do (terminal).

#[cfg(target_arch = "wasm32")]
pub mod view;

use objects::Value;
use smol_str::{SmolStr, format_smolstr};

use crate::i18n::Texts;
use crate::session::{Session, place};

/// What can be broken, in the order it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Node,
    Pod,
    Component,
    Registry,
    Disk,
    Cluster,
}

impl What {
    pub const ALL: [Self; 6] =
        [Self::Node, Self::Pod, Self::Component, Self::Registry, Self::Disk, Self::Cluster];

    /// The word of the command.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Pod => "pod",
            Self::Component => "component",
            Self::Registry => "registry",
            Self::Disk => "disk",
            Self::Cluster => "cluster",
        }
    }

    #[must_use]
    pub fn name(self, texts: &'static Texts) -> &'static str {
        match self {
            Self::Node => texts.inspector().node,
            Self::Pod => texts.faults().pod,
            Self::Component => texts.faults().component,
            Self::Registry => texts.faults().registry,
            Self::Disk => texts.faults().disk,
            Self::Cluster => texts.faults().cluster,
        }
    }

    /// What can be done to it, the remedy last: all that the command knows.
    #[must_use]
    pub fn deeds(self) -> Vec<&'static str> {
        terminal::fault::deeds(self.word()).collect()
    }

    /// What a deed is called.
    #[must_use]
    pub fn deed_name(self, deed: &str, texts: &'static Texts) -> &'static str {
        let t = texts.faults();
        match (self, deed) {
            (Self::Node, "crash") | (Self::Cluster, "lose") => t.power,
            (_, "crash") => t.crash,
            (_, "kill") => t.kill,
            (_, "hang") => t.hang,
            (_, "cut") => t.cut,
            (_, "stop") => t.stop,
            (_, "slow") => t.slow,
            (_, "limit") => t.limit,
            (_, "lose") => t.lose,
            (_, "refuse") => t.refuse,
            (_, "silence") => t.silence,
            (_, "certificate") => t.certificate,
            (_, SIZE) => t.fill,
            (_, "free") => t.free,
            (_, "resume") => t.resume,
            _ => t.restore,
        }
    }

    /// The ends of the slider and where it begins; none where there is nothing to measure.
    #[must_use]
    pub fn amount(self, deed: &str) -> Option<(i64, i64, i64)> {
        match (self, deed) {
            (Self::Registry, "slow") => Some((2, 100, 20)),
            // Gibibytes.
            (Self::Disk, SIZE) => Some((5, 100, 95)),
            (Self::Pod, "crash") => Some((0, 255, 1)),
            _ => None,
        }
    }

    /// Which there are: names, `namespace/name`, or `namespace/name container` for each of several.
    #[must_use]
    pub fn which(self, session: &Session) -> Vec<SmolStr> {
        let stage = session.stage();
        match self {
            Self::Node | Self::Disk => stage.nodes.values().map(|n| n.name.clone()).collect(),
            Self::Pod => {
                let pods = stage.pods.values().filter(|p| !p.node.is_empty()).take(200);
                pods.flat_map(|p| containers(session, &p.namespace, &p.name)).collect()
            }
            Self::Component => PARTS.map(SmolStr::from).to_vec(),
            Self::Registry => {
                ["docker.io", "registry.k8s.io", "quay.io", "ghcr.io"].map(SmolStr::from).to_vec()
            }
            Self::Cluster => session.cluster_names(),
        }
    }
}

/// The word that stands for an amount among the deeds of the command.
const SIZE: &str = "SIZE";

/// The parts of a cluster that run as pods of kube-system.
const PARTS: [&str; 8] = [
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
    "etcd",
    "kube-proxy",
    "coredns",
    "metrics-server",
    "kindnet",
];

/// A pod, or each of its containers where there are several that run all along.
fn containers(session: &Session, namespace: &str, name: &str) -> Vec<SmolStr> {
    let pod = session.object("pods", namespace, name);
    let spec = |of: &str| pod.map_or(&[][..], |p: &Value| p["spec"][of].items());
    let sidecars = spec("initContainers").iter().filter(|c| c["restartPolicy"] == "Always");
    let all: Vec<&str> = spec("containers").iter().chain(sidecars).map(|c| c["name"].text()).collect();
    match all.as_slice() {
        [] | [_] => vec![format_smolstr!("{namespace}/{name}")],
        many => many.iter().map(|c| format_smolstr!("{namespace}/{name} {c}")).collect(),
    }
}

/// The command that a choice equals.
#[must_use]
pub fn line(what: What, which: &str, deed: &str, amount: i64) -> SmolStr {
    let word = what.word();
    match (what, deed) {
        (What::Pod, _) => {
            let (namespace, name) = which.split_once('/').unwrap_or(("default", which));
            let (name, container) = name.split_once(' ').unwrap_or((name, ""));
            let of = if container.is_empty() { String::new() } else { format!(" -c {container}") };
            let code =
                if deed == "crash" && amount != 1 { format!(" --code={amount}") } else { String::new() };
            format_smolstr!("fault pod {name} {deed}{of}{code}{}", place(namespace))
        }
        (What::Disk, SIZE) => format_smolstr!("fault disk {which} {amount}Gi"),
        (What::Registry, "slow") => format_smolstr!("fault registry {which} slow {amount}"),
        _ => format_smolstr!("fault {word} {which} {deed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn every_choice_is_a_command_that_is_understood() {
        let mut session = Session::new(1, &[]);
        session.submit("kubectl create deployment web --image=nginx:1.27");
        session.advance(20_000);
        assert!(What::ALL.map(What::word).into_iter().eq(terminal::fault::kinds()), "a kind is not offered");
        for what in What::ALL {
            for lang in [Lang::En, Lang::Ko] {
                let mut names: Vec<&str> =
                    what.deeds().into_iter().map(|d| what.deed_name(d, lang.texts())).collect();
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), what.deeds().len(), "two deeds of {what:?} have one name: {names:?}");
            }
            let which = what.which(&session).first().cloned().unwrap_or_default();
            assert!(!which.is_empty(), "{what:?}");
            for deed in what.deeds() {
                let amount = what.amount(deed).map_or(0, |(_, _, usual)| usual);
                let line = line(what, &which, deed, amount);
                session.exec(&line, 1);
                session.advance(1_000);
                let done = session.take_done().pop();
                assert_eq!(done.as_ref().map(|d| d.exit), Some(0), "{line}: {done:?}");
            }
        }
        // All of it has just got its power back.
        session.advance(120_000);
        for part in PARTS {
            session.exec(&line(What::Component, part, "kill", 0), 1);
            session.advance(1_000);
            assert_eq!(session.take_done().pop().map(|d| d.exit), Some(0), "{part}");
        }
        assert_eq!(line(What::Pod, "shop/a", "crash", 137), "fault pod a crash --code=137 -n shop");
        assert_eq!(line(What::Pod, "shop/a side", "hang", 1), "fault pod a hang -c side -n shop");
        assert_eq!(line(What::Disk, "worker-1", SIZE, 40), "fault disk worker-1 40Gi");
    }
}
