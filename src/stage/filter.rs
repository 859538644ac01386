//! What of the cluster the reader wants to see.
//!
//! Owns: the reader's choice of namespace, labels and kinds, and what passes it. Does not own: objects.

use objects::Value;
use smol_str::SmolStr;

/// Kinds that can be put away, as bits of [`Filter::hidden`], with an object of each.
pub const KINDS: [(&str, u8); 4] =
    [("Deployment", OWNERS), ("Service", TRAFFIC), ("ConfigMap", CONFIG), ("PersistentVolumeClaim", STORAGE)];
pub const OWNERS: u8 = 1;
pub const TRAFFIC: u8 = 2;
pub const CONFIG: u8 = 4;
pub const STORAGE: u8 = 8;

/// Namespaces of the cluster itself: off the stage until the reader asks for them.
const SYSTEM: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

#[must_use]
pub fn is_system(namespace: &str) -> bool {
    SYSTEM.contains(&namespace)
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The cluster's own namespaces too.
    pub system: bool,
    /// `""` for all.
    pub namespace: SmolStr,
    /// `app=web`, `tier!=front`, `app`; several with commas between them.
    pub labels: SmolStr,
    /// Bits of what is put away.
    pub hidden: u8,
}

impl Filter {
    #[must_use]
    pub fn shows(&self, kind: u8) -> bool {
        self.hidden & kind == 0
    }

    /// True when some pods are put away, besides the cluster's own.
    #[must_use]
    pub fn narrows(&self) -> bool {
        !self.namespace.is_empty() || !self.labels.trim().is_empty()
    }

    /// How many choices differ from those at the beginning.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::from(self.system)
            + u32::from(!self.namespace.is_empty())
            + u32::from(!self.labels.trim().is_empty())
            + self.hidden.count_ones()
    }

    #[must_use]
    pub fn place(&self, namespace: &str) -> bool {
        if self.namespace.is_empty() {
            self.system || !is_system(namespace)
        } else {
            self.namespace == namespace
        }
    }

    #[must_use]
    pub fn passes(&self, namespace: &str, labels: &Value) -> bool {
        self.place(namespace) && self.labelled(labels)
    }

    /// True when every term holds. A half-typed term holds for all, so that typing doesn't empty the stage.
    #[must_use]
    pub fn labelled(&self, labels: &Value) -> bool {
        self.labels.split(',').map(str::trim).filter(|term| !term.is_empty()).all(|term| {
            if let Some((key, value)) = term.split_once("!=") {
                return labels.get(key.trim()).text() != value.trim();
            }
            match term.split_once('=') {
                Some((key, value)) => labels.get(key.trim()).text() == value.trim_start_matches('=').trim(),
                None => match term.strip_prefix('!') {
                    Some(key) => labels.find(key).is_none(),
                    None => labels.find(term).is_some(),
                },
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_those_of_selectors() {
        let mut labels = Value::map();
        labels.set("app", "web");
        labels.set("tier", "front");
        for (terms, holds) in [
            ("", true),
            ("app=web", true),
            ("app==web", true),
            ("app=wbe", false),
            ("app=web, tier=front", true),
            ("app=web,tier!=front", false),
            ("app", true),
            ("!app", false),
            ("colour", false),
            (" , ", true),
        ] {
            let filter = Filter { labels: terms.into(), ..Filter::default() };
            assert_eq!(filter.labelled(&labels), holds, "{terms}");
        }
    }

    #[test]
    fn the_clusters_own_namespaces_come_when_asked_for() {
        let none = Value::map();
        let mut filter = Filter::default();
        assert!(!filter.passes("kube-system", &none) && filter.passes("default", &none));
        filter.system = true;
        assert!(filter.passes("kube-system", &none));
        let one = Filter { namespace: "kube-system".into(), ..Filter::default() };
        assert!(one.passes("kube-system", &none) && !one.passes("default", &none));
    }
}
