//! Breaking things by hand: what, which, how and how much, and the command that it equals.
//!
//! Owns: what can be chosen together. Does not own: what a fault does (cluster), the command (terminal).

#[cfg(target_arch = "wasm32")]
pub mod view;

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
}

impl What {
    pub const ALL: [Self; 5] = [Self::Node, Self::Pod, Self::Component, Self::Registry, Self::Disk];

    /// The word of the command.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Pod => "pod",
            Self::Component => "component",
            Self::Registry => "registry",
            Self::Disk => "disk",
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
        }
    }

    /// What can be done to it, the remedy last.
    #[must_use]
    pub fn deeds(self) -> &'static [&'static str] {
        match self {
            Self::Node => &["crash", "hang", "cut", "restore"],
            Self::Pod => &["crash", "hang", "resume"],
            Self::Component => &["kill", "hang", "resume"],
            Self::Registry => &["slow", "limit", "lose", "refuse", "silence", "certificate", "restore"],
            Self::Disk => &["fill", "free"],
        }
    }

    /// The ends of the slider and where it begins; none where there is nothing to measure.
    #[must_use]
    pub fn amount(self, deed: &str) -> Option<(i64, i64, i64)> {
        match (self, deed) {
            (Self::Registry, "slow") => Some((2, 100, 20)),
            // Gibibytes.
            (Self::Disk, "fill") => Some((5, 100, 95)),
            (Self::Pod, "crash") => Some((0, 255, 1)),
            _ => None,
        }
    }

    /// Which there are: names, or `namespace/name`.
    #[must_use]
    pub fn which(self, session: &Session) -> Vec<SmolStr> {
        let stage = session.stage();
        match self {
            Self::Node | Self::Disk => stage.nodes.values().map(|n| n.name.clone()).collect(),
            Self::Pod => {
                let pods = stage.pods.values().filter(|p| !p.node.is_empty()).take(200);
                pods.map(|p| format_smolstr!("{}/{}", p.namespace, p.name)).collect()
            }
            Self::Component => {
                let all = [
                    "kube-scheduler",
                    "kube-controller-manager",
                    "kube-apiserver",
                    "etcd",
                    "kube-proxy",
                    "coredns",
                ];
                all.map(SmolStr::from).to_vec()
            }
            Self::Registry => {
                ["docker.io", "registry.k8s.io", "quay.io", "ghcr.io"].map(SmolStr::from).to_vec()
            }
        }
    }
}

/// The command that a choice equals.
#[must_use]
pub fn line(what: What, which: &str, deed: &str, amount: i64) -> SmolStr {
    let word = what.word();
    match (what, deed) {
        (What::Pod, _) => {
            let (namespace, name) = which.split_once('/').unwrap_or(("default", which));
            let code =
                if deed == "crash" && amount != 1 { format!(" --code={amount}") } else { String::new() };
            format_smolstr!("fault pod {name} {deed}{code}{}", place(namespace))
        }
        (What::Disk, "fill") => format_smolstr!("fault disk {which} {amount}Gi"),
        (What::Registry, "slow") => format_smolstr!("fault registry {which} slow {amount}"),
        _ => format_smolstr!("fault {word} {which} {deed}"),
    }
}

/// What a deed is called.
#[must_use]
pub fn deed_name(deed: &str, texts: &'static Texts) -> &'static str {
    match deed {
        "crash" => texts.faults().crash,
        "kill" => texts.faults().kill,
        "hang" => texts.faults().hang,
        "cut" => texts.faults().cut,
        "slow" => texts.faults().slow,
        "limit" => texts.faults().limit,
        "lose" => texts.faults().lose,
        "refuse" => texts.faults().refuse,
        "silence" => texts.faults().silence,
        "certificate" => texts.faults().certificate,
        "fill" => texts.faults().fill,
        "free" => texts.faults().free,
        "resume" => texts.faults().resume,
        _ => texts.faults().restore,
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
        for what in What::ALL {
            let which = what.which(&session).first().cloned().unwrap_or_default();
            assert!(!which.is_empty(), "{what:?}");
            for deed in what.deeds() {
                let amount = what.amount(deed).map_or(0, |(_, _, usual)| usual);
                let line = line(what, &which, deed, amount);
                session.exec(&line, 1);
                session.advance(1_000);
                let done = session.take_done().pop();
                assert_eq!(done.as_ref().map(|d| d.exit), Some(0), "{line}: {done:?}");
                for lang in [Lang::En, Lang::Ko] {
                    assert!(!deed_name(deed, lang.texts()).is_empty() && !what.name(lang.texts()).is_empty());
                }
            }
        }
        assert_eq!(line(What::Pod, "shop/a", "crash", 137), "fault pod a crash --code=137 -n shop");
        assert_eq!(line(What::Disk, "worker-1", "fill", 40), "fault disk worker-1 40Gi");
    }
}
