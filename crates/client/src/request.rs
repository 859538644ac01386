//! A request to the API server and its response, as data: what HTTP would carry, without HTTP.

use std::sync::Arc;

use objects::text::joined;
use objects::{Str, Value};

use crate::identity::{Credentials, Impersonation};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    /// The verb's name as RBAC rules and error texts spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    Json,
    Merge,
    Strategic,
    Apply,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    Orphan,
    Background,
    Foreground,
}

/// Whether a list or object is asked for as a `Table`, and what each row carries of its object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableOf {
    /// Not as a table.
    #[default]
    No,
    Metadata,
    Object,
    Nothing,
}

/// What a request carries.
#[derive(Clone, Debug, Default)]
pub enum Body {
    #[default]
    None,
    Object(Value),
    /// Text that is not parsed yet: a patch as the user typed it.
    Text(String),
}

/// The query parameters and bodies of options that verbs share; each verb reads those that concern it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub dry_run: bool,
    /// The object has the form that decoding would give it, so that it need not be decoded: what components write most
    /// often. Debug builds look whether it is so.
    pub as_stored: bool,
    /// Whoever is tracked in `metadata.managedFields`; components leave it empty.
    pub field_manager: Str,
    /// The answer carries every manager, those of components too.
    pub managed_fields: bool,
    pub field_validation: FieldValidation,
    /// `force=true` of a server-side apply.
    pub force: bool,
    pub label_selector: Str,
    pub field_selector: Str,
    /// `None`: the most recent. For a watch: where it begins.
    pub resource_version: Option<u64>,
    pub limit: Option<usize>,
    pub continue_token: Str,
    pub table: TableOf,
    pub grace_period_seconds: Option<i64>,
    pub propagation: Option<Propagation>,
    pub precondition_uid: Option<Str>,
    pub precondition_resource_version: Option<u64>,
    /// Further query parameters in order, for subresources (`container`, `tailLines`, `command` ...).
    pub query: Vec<(Str, Str)>,
    /// What says who makes the request; `None`: its caller is known already.
    pub credentials: Option<Arc<Credentials>>,
    pub impersonate: Option<Arc<Impersonation>>,
}

/// One request.
///
/// A resource request names `group`, `version`, `resource`; a non-resource request (`/version`, `/livez`, discovery)
/// has an empty `resource` and its `path`.
#[derive(Clone, Debug)]
pub struct Request {
    pub verb: Verb,
    pub group: Str,
    pub version: Str,
    /// The plural: `pods`.
    pub resource: Str,
    /// `""`: cluster-scoped, or all namespaces for lists.
    pub namespace: Str,
    pub name: Str,
    /// `status`, `scale`, `log` ... or `""`.
    pub subresource: Str,
    /// Non-resource path, else `""`.
    pub path: Str,
    pub patch_type: Option<PatchType>,
    pub body: Body,
    pub options: Options,
}

impl Request {
    #[must_use]
    pub fn new(verb: Verb, group: &Str, version: &Str, resource: &Str) -> Self {
        Self {
            verb,
            group: group.clone(),
            version: version.clone(),
            resource: resource.clone(),
            namespace: Str::default(),
            name: Str::default(),
            subresource: Str::default(),
            path: Str::default(),
            patch_type: None,
            body: Body::None,
            options: Options::default(),
        }
    }

    /// A GET of a non-resource path such as `/version`.
    #[must_use]
    pub fn raw(path: impl Into<Str>) -> Self {
        let none = Str::default();
        let mut r = Self::new(Verb::Get, &none, &none, &none);
        r.path = path.into();
        r
    }

    #[must_use]
    pub fn in_namespace(mut self, namespace: impl Into<Str>) -> Self {
        self.namespace = namespace.into();
        self
    }

    #[must_use]
    pub fn named(mut self, name: impl Into<Str>) -> Self {
        self.name = name.into();
        self
    }

    #[must_use]
    pub fn subresource(mut self, subresource: impl Into<Str>) -> Self {
        self.subresource = subresource.into();
        self
    }

    #[must_use]
    pub fn object(mut self, object: Value) -> Self {
        self.body = Body::Object(object);
        self
    }

    #[must_use]
    pub fn patch(mut self, kind: PatchType, body: Body) -> Self {
        self.patch_type = Some(kind);
        self.body = body;
        self
    }

    /// `deployments.apps`, `pods`: what caches and changes are keyed by.
    #[must_use]
    pub fn resource_id(&self) -> Str {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            joined(&[&self.resource, ".", &self.group])
        }
    }
}

/// A successful answer.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The object, the list (`kind: PodList`), the `Table`, or the `Status` of a deletion.
    pub object: Value,
    /// `Warning:` headers in order.
    pub warnings: Vec<String>,
    /// True when a create-on-update or apply made the object (HTTP 201).
    pub created: bool,
}
