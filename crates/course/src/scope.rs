//! Which objects a goal speaks of.

use objects::selector::LabelSelector;
use objects::{Str, Value};

use crate::field::{EXPECT_FIELDS, Expect, Path};
use crate::read::{Error, Node};

/// Objects of one resource, narrowed down. A pod that is being deleted no longer counts.
#[derive(Clone, Debug)]
pub struct Scope {
    /// `pods`, `deployments.apps`.
    pub resource: Str,
    /// `""` for all namespaces and for what has none.
    pub namespace: Str,
    /// `""` for any name.
    pub name: Str,
    selector: Option<LabelSelector>,
    /// As the author wrote it: `app=web`.
    pub selector_text: Str,
    pub(crate) owner: Owner,
    pub(crate) conditions: Vec<(Path, Expect)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Owner {
    Any,
    /// Nobody: a bare pod.
    Nobody,
    /// A controller of this kind.
    Kind(Str),
}

/// The fields of a map that make a [`Scope`].
pub(crate) const SCOPE_FIELDS: [&str; 6] = ["of", "namespace", "name", "selector", "owner", "where"];

impl Scope {
    pub(crate) fn read(node: &Node<'_>) -> Result<Self, Error> {
        let of = node.field("of")?;
        let word = of.text()?.to_ascii_lowercase();
        Self::read_of_word(&word, &of, node)
    }

    /// The scope of a check that speaks of one resource only.
    pub(crate) fn read_of(word: &str, node: &Node<'_>) -> Result<Self, Error> {
        Self::read_of_word(word, node, node)
    }

    fn read_of_word(word: &str, of: &Node<'_>, node: &Node<'_>) -> Result<Self, Error> {
        let Some(resource) = objects::resources::all().iter().find(|r| r.is_called(word) || r.id == word)
        else {
            return of.error(format!("no resource is called {word:?}"));
        };
        let namespace = match (resource.namespaced, node.find("namespace")) {
            (false, None) => Str::default(),
            (false, Some(n)) => return n.error(format!("{} have no namespace", resource.plural)),
            (true, n) => {
                let text = n.map_or_else(|| Ok("default".into()), |n| n.text())?;
                if text == "*" { Str::default() } else { text }
            }
        };
        let selector = match node.find("selector") {
            None => None,
            Some(n) => match LabelSelector::parse(&n.text()?) {
                Ok(selector) => Some(selector),
                Err(why) => return n.error(why),
            },
        };
        let owner = match node.find("owner").map(|n| n.text()).transpose()? {
            None => Owner::Any,
            Some(kind) if kind == "none" => Owner::Nobody,
            Some(kind) => Owner::Kind(kind),
        };
        let mut conditions = Vec::new();
        for one in node.get("where").items()? {
            let known: Vec<&str> = std::iter::once("path").chain(EXPECT_FIELDS).collect();
            one.only(&known)?;
            conditions.push((read_path(&one)?, Expect::read(&one)?));
        }
        Ok(Self {
            resource: resource.id.clone(),
            namespace,
            name: node.text_or("name", "")?,
            selector,
            selector_text: node.text_or("selector", "")?,
            owner,
            conditions,
        })
    }

    /// Whether this change concerns objects that could be in scope.
    #[must_use]
    pub fn reaches(&self, resource: &str, namespace: &str, name: &str) -> bool {
        self.resource == resource
            && (self.namespace.is_empty() || self.namespace == namespace)
            && (self.name.is_empty() || self.name == name)
    }

    /// Whether an object that this reaches is meant, alive or not.
    #[must_use]
    pub fn means(&self, object: &Value) -> bool {
        let owned = match &self.owner {
            Owner::Any => true,
            Owner::Nobody => object.controller_ref().is_null(),
            Owner::Kind(kind) => object.controller_ref()["kind"] == kind.as_str(),
        };
        owned
            && self.selector.as_ref().is_none_or(|s| s.matches(object.labels()))
            && self.conditions.iter().all(|(path, expect)| expect.fits(&path.values(object)))
    }

    /// Whether an object that this reaches counts now.
    #[must_use]
    pub fn has(&self, object: &Value) -> bool {
        !(self.resource == "pods" && object.is_terminating()) && self.means(object)
    }
}

pub(crate) fn read_path(node: &Node<'_>) -> Result<Path, Error> {
    let path = node.field("path")?;
    match Path::parse(&path.text()?) {
        Ok(parsed) => Ok(parsed),
        Err(why) => path.error(why),
    }
}
