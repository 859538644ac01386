//! `authorizer`: questions of who may do what, asked from within an expression.
//!
//! Owns: how a question is put together, and what may be asked of a decision. Whoever evaluates says how it is decided.
//! Models `k8s.io/apiserver/pkg/cel/library/authz.go`. Not modelled: selectors, which are taken and narrow nothing.

use std::sync::Arc;

use objects::Str;

use crate::val::Val;

/// What somebody wants to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Of a request for no resource.
    pub path: Str,
    pub group: Str,
    pub resource: Str,
    pub subresource: Str,
    pub namespace: Str,
    pub name: Str,
    pub verb: Str,
    /// Namespace and name, when it is not the asker's own question.
    pub account: Option<(Str, Str)>,
}

/// Decides: why it is allowed, `None` when it is not.
type Decide = dyn Fn(&Question) -> Option<String> + Send + Sync;

/// How far a question is put together.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    Begun,
    Path,
    Group,
    Resource,
    Decided(Option<Str>),
}

#[derive(Clone)]
pub struct Authorizer {
    decide: Arc<Decide>,
    /// What the request itself is about.
    own: Arc<Question>,
    question: Box<Question>,
    stage: Stage,
}

impl std::fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorizer").field("question", &self.question).field("stage", &self.stage).finish()
    }
}

impl Authorizer {
    #[must_use]
    pub fn new(own: Question, decide: Arc<Decide>) -> Self {
        Self { decide, own: Arc::new(own), question: Box::default(), stage: Stage::Begun }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self.stage {
            Stage::Begun => "kubernetes.authorization.Authorizer",
            Stage::Path => "kubernetes.authorization.PathCheck",
            Stage::Group => "kubernetes.authorization.GroupCheck",
            Stage::Resource => "kubernetes.authorization.ResourceCheck",
            Stage::Decided(_) => "kubernetes.authorization.Decision",
        }
    }

    /// `authorizer.requestResource`
    pub(crate) fn field(&self, name: &str) -> Option<Self> {
        let is_own = self.stage == Stage::Begun && name == "requestResource";
        is_own.then(|| {
            let question =
                Box::new(Question { account: self.question.account.clone(), ..(*self.own).clone() });
            Self { question, stage: Stage::Resource, ..self.clone() }
        })
    }

    pub(crate) fn call(&self, name: &str, args: &[Val]) -> Result<Val, String> {
        let texts: Option<Vec<&Str>> =
            args.iter().map(|a| if let Val::Text(t) = a { Some(t) } else { None }).collect();
        let Some(texts) = texts else { return Err("no such overload".into()) };
        let mut next = self.clone();
        let q = &mut next.question;
        match (&self.stage, name, texts.as_slice()) {
            (Stage::Decided(why), "allowed", []) => return Ok(Val::Bool(why.is_some())),
            (Stage::Decided(why), "reason", []) => return Ok(Val::Text(why.clone().unwrap_or_default())),
            (Stage::Decided(_), "errored", []) => return Ok(Val::Bool(false)),
            (Stage::Decided(_), "error", []) => return Ok(Val::Text(Str::default())),
            (Stage::Begun, "path", [path]) if path.is_empty() => {
                return Err("path must not be empty".into());
            }
            (Stage::Begun, "path", [path]) => {
                q.path = (*path).clone();
                next.stage = Stage::Path;
            }
            (Stage::Begun, "group", [group]) => {
                q.group = (*group).clone();
                next.stage = Stage::Group;
            }
            (Stage::Begun, "serviceAccount", [namespace, name]) => {
                q.account = Some(((*namespace).clone(), (*name).clone()));
            }
            (Stage::Group, "resource", [resource]) => {
                q.resource = (*resource).clone();
                next.stage = Stage::Resource;
            }
            (Stage::Resource, "subresource", [name]) => q.subresource = (*name).clone(),
            (Stage::Resource, "namespace", [name]) => q.namespace = (*name).clone(),
            (Stage::Resource, "name", [name]) => q.name = (*name).clone(),
            (Stage::Resource, "fieldSelector" | "labelSelector", [_]) => {}
            (Stage::Resource | Stage::Path, "check", [verb]) => {
                q.verb = (*verb).clone();
                next.stage = Stage::Decided((self.decide)(&next.question).map(Str::from));
            }
            _ => return Err("no such overload".into()),
        }
        Ok(Val::Authorizer(next))
    }
}
