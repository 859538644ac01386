//! Which objects a command is about: by arguments, by selector, or by manifests.
//!
//! Models `k8s.io/cli-runtime/pkg/resource` Builder and visitors. Not modelled: URLs (there is no network to fetch from),
//! glob patterns in `-f` (the shell expands them).

use client::Verb;
use objects::resources::Resource;
use objects::{Str, Value};

use crate::error::{Error, Result, fail};
use crate::flags::Args;
use crate::session::{Kubectl, request, typed};

/// What to look for; verbs fill in what concerns them.
#[derive(Clone, Debug, Default)]
pub struct Find {
    pub args: Vec<String>,
    pub files: Vec<String>,
    pub kustomize: String,
    pub recursive: bool,
    pub selector: Option<String>,
    pub field_selector: Option<String>,
    /// `--all`
    pub all: bool,
    /// `--all` only lets a type stand alone: names beside it are taken.
    pub all_of_type: bool,
    /// A type alone means all its objects.
    pub type_is_enough: bool,
    pub all_namespaces: bool,
    pub single_type: bool,
    /// Objects of manifests are read from the server.
    pub latest: bool,
    /// `--local`: manifests stay as they are, without a namespace.
    pub local: bool,
    pub subresource: String,
    /// For error texts: `kubectl get`.
    pub path: String,
}

/// One object, named or in hand.
#[derive(Clone, Debug)]
pub struct Info {
    pub resource: Resource,
    pub namespace: Str,
    pub name: Str,
    /// The file it came from, `""` for the server.
    pub source: String,
    pub object: Value,
}

impl Info {
    /// `deployment.apps/web`
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}/{}", kind_name(&self.resource), self.name)
    }
}

/// `deployment.apps`, `pod`
#[must_use]
pub fn kind_name(r: &Resource) -> String {
    let kind = r.kind.to_lowercase();
    if r.group.is_empty() { kind } else { format!("{kind}.{}", r.group) }
}

/// `Deployment.apps`, `Pod`
#[must_use]
pub fn group_kind(r: &Resource) -> String {
    if r.group.is_empty() { r.kind.to_string() } else { format!("{}.{}", r.kind, r.group) }
}

/// `deployments.apps`, `pods`
#[must_use]
pub fn resource_name(r: &Resource) -> String {
    r.id.to_string()
}

/// Where objects come from.
#[derive(Clone, Debug)]
pub enum Source {
    Named(Box<Info>),
    Selected { resource: Box<Resource>, namespace: Str, labels: Str, fields: Str },
    File(Box<Info>),
}

#[derive(Debug, Default)]
pub struct Sources {
    pub all: Vec<Source>,
    /// One object was asked for by name or stands alone in a file.
    pub single: bool,
    /// Manifests that could not be read, while others could.
    pub errors: Vec<Error>,
}

pub const MISSING: &str = "You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'";

/// What is said when objects are named though only manifests may be used.
pub const MISSING_LOCAL: &str = "you must specify resources by --filename when --local is set.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'";

impl Find {
    /// As the flags `-f`, `-k`, `-R`, `-l`, `--field-selector`, `--all`, `-A` say.
    #[must_use]
    pub fn of(args: &Args) -> Self {
        let some =
            |name: &str| args.changed(name).then(|| args.text(name).to_owned()).filter(|s| !s.is_empty());
        Self {
            args: args.args.clone(),
            files: args.list("filename"),
            kustomize: args.text("kustomize").to_owned(),
            recursive: args.is("recursive"),
            selector: some("selector"),
            field_selector: some("field-selector"),
            all: args.is("all"),
            all_namespaces: args.is("all-namespaces"),
            path: args.path.clone(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn has_files(&self) -> bool {
        !self.files.is_empty() || !self.kustomize.is_empty()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.has_files() && self.args.is_empty()
    }
}

/// `a,b x y` as `a/x a/y b/x b/y`.
fn normalized(args: &[String]) -> Vec<String> {
    if args.len() >= 2 {
        let types = split_types(&args[0]);
        if types.len() > 1 {
            return types.iter().flat_map(|t| args[1..].iter().map(move |n| format!("{t}/{n}"))).collect();
        }
    }
    args.to_vec()
}

fn split_types(arg: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for s in arg.split(',') {
        if !out.iter().any(|o| o == s) {
            out.push(s.to_owned());
        }
    }
    out
}

impl Kubectl {
    fn namespace_for(&self, f: &Find, r: &Resource) -> Str {
        if !r.namespaced || f.all_namespaces { Str::default() } else { self.namespace.clone() }
    }

    /// Names what is meant, without asking for the objects.
    ///
    /// # Errors
    /// Arguments that make no sense, unknown types, unreadable manifests.
    pub async fn sources(&self, f: &Find) -> Result<Sources> {
        if !f.files.is_empty() && !f.kustomize.is_empty() {
            return fail("only one of -f or -k can be specified");
        }
        if f.has_files() {
            if !f.args.is_empty() {
                // A path that is none is said first.
                for path in f.files.iter().filter(|p| *p != "-" && !p.contains("://")) {
                    if !self.io.exists(path) {
                        return fail(format!("the path \"{path}\" does not exist"));
                    }
                }
                return fail(
                    "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
                );
            }
            return self.manifests(f).await;
        }
        let args = normalized(&f.args);
        let names = args.len() > 1 || args.iter().any(|a| a.contains('/'));
        let all = f.all && !(f.all_of_type && names);
        let slashed = args.iter().filter(|a| a.contains('/')).count();
        if all && f.selector.is_some() {
            return fail("setting 'all' parameter but found a non empty selector. ");
        }
        if all && f.field_selector.is_some() {
            return fail("setting 'all' parameter but found a non empty selector. ");
        }
        let selecting = all || f.selector.is_some() || f.field_selector.is_some();
        if slashed > 0 {
            if slashed != args.len() {
                let base = &f.path;
                let head = base.split(' ').next().unwrap_or("kubectl");
                return fail(format!(
                    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. '{head} get resource/<resource_name>' instead of '{head} get resource resource/<resource_name>'"
                ));
            }
            if selecting {
                return fail(
                    "selectors and the all flag cannot be used when passing resource/name arguments",
                );
            }
            let mut out = Sources { single: args.len() == 1, ..Sources::default() };
            for a in &args {
                let parts: Vec<&str> = a.split('/').collect();
                let [kind, name] = parts.as_slice() else {
                    return fail("arguments in resource/name form may not have more than one slash");
                };
                if kind.is_empty() || name.is_empty() || kind.contains(',') {
                    return fail("arguments in resource/name form must have a single resource and name");
                }
                let resource = self.resource(kind).await?;
                if f.single_type
                    && let Some(Source::Named(first)) = out.all.first()
                    && first.resource.id != resource.id
                {
                    return fail("you may only specify a single resource type");
                }
                out.all.push(self.named(f, resource, name)?);
            }
            return Ok(out);
        }
        let Some((first, names)) = args.split_first() else {
            return match selecting {
                true => fail("at least one resource must be specified to use a selector"),
                false => fail(MISSING),
            };
        };
        let selecting = selecting || (f.type_is_enough && names.is_empty());
        if selecting && !names.is_empty() {
            return fail("name cannot be provided when a selector is specified");
        }
        let mut types: Vec<Resource> = Vec::new();
        for t in split_types(first) {
            for r in self.resources_called(&t).await? {
                if !types.iter().any(|x| x.id == r.id) {
                    types.push(r);
                }
            }
        }
        if f.single_type && types.len() > 1 {
            return fail("you may only specify a single resource type");
        }
        if selecting {
            if !f.subresource.is_empty() {
                return fail("subresource cannot be used when bulk resources are specified");
            }
            let all = types
                .into_iter()
                .map(|r| Source::Selected {
                    namespace: self.namespace_for(f, &r),
                    resource: Box::new(r),
                    labels: f.selector.clone().unwrap_or_default().into(),
                    fields: f.field_selector.clone().unwrap_or_default().into(),
                })
                .collect();
            return Ok(Sources { all, ..Sources::default() });
        }
        if names.is_empty() {
            return fail("resource(s) were provided, but no name was specified");
        }
        if types.len() > 1 {
            return fail("you must specify only one resource");
        }
        let resource = types.remove(0);
        let all = names.iter().map(|n| self.named(f, resource.clone(), n)).collect::<Result<Vec<_>>>()?;
        Ok(Sources { single: names.len() == 1, all, errors: Vec::new() })
    }

    fn named(&self, f: &Find, resource: Resource, name: &str) -> Result<Source> {
        if resource.namespaced && f.all_namespaces {
            return fail("a resource cannot be retrieved by name across all namespaces");
        }
        let namespace = self.namespace_for(f, &resource);
        Ok(Source::Named(Box::new(Info {
            resource,
            namespace,
            name: name.into(),
            source: String::new(),
            object: Value::Null,
        })))
    }

    /// The objects themselves, lists taken apart; what could not be had is in the errors.
    ///
    /// # Errors
    /// As [`Self::sources`].
    pub async fn infos(&self, f: &Find) -> Result<(Vec<Info>, Vec<Error>, bool)> {
        let sources = self.sources(f).await?;
        let (single, mut errors) = (sources.single, sources.errors);
        let mut out = Vec::new();
        for s in sources.all {
            match self.fetch(f, s).await {
                Ok(infos) => out.extend(infos),
                Err(e) => errors.push(e),
            }
        }
        Ok((out, errors, single))
    }

    /// The objects of one source.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn fetch(&self, f: &Find, source: Source) -> Result<Vec<Info>> {
        match source {
            Source::Named(mut i) => {
                let mut r = request(Verb::Get, &i.resource, &i.namespace).named(i.name.clone());
                r.subresource = f.subresource.as_str().into();
                i.object = self.call(r).await?.object;
                Ok(vec![*i])
            }
            Source::File(mut i) => {
                if f.latest {
                    let r = request(Verb::Get, &i.resource, &i.namespace).named(i.name.clone());
                    i.object = self.call(r).await?.object;
                }
                Ok(vec![*i])
            }
            Source::Selected { resource, namespace, labels, fields } => {
                let mut r = request(Verb::List, &resource, &namespace);
                r.options.label_selector.clone_from(&labels);
                r.options.field_selector.clone_from(&fields);
                let list = self.list_all(r).await.map_err(|e| unlistable(e, &resource, &labels, &fields))?;
                Ok(list["items"]
                    .items()
                    .iter()
                    .map(|o| Info {
                        resource: (*resource).clone(),
                        namespace: o.namespace().into(),
                        name: o.name().into(),
                        source: String::new(),
                        object: typed(o, &resource),
                    })
                    .collect())
            }
        }
    }
}

/// A list's refusal says what was looked for.
#[must_use]
pub fn unlistable(e: Error, r: &Resource, labels: &str, fields: &str) -> Error {
    let Error::Status(mut s) = e else { return e };
    let what = format!("{}/{}, Resource={}", r.group, r.version, r.plural);
    match s.reason {
        objects::Reason::BadRequest | objects::Reason::NotFound
            if s.reason == objects::Reason::BadRequest || s.name.is_empty() =>
        {
            s.message = if labels.is_empty() && fields.is_empty() {
                format!("Unable to list \"{what}\": {}", s.message)
            } else {
                format!(
                    "Unable to find \"{what}\" that match label selector \"{labels}\", field selector \"{fields}\": {}",
                    s.message
                )
            };
        }
        _ => {}
    }
    Error::Status(s)
}
