//! One run of kubectl: its streams, its server, its namespace.
//!
//! Owns: requests with what every one carries (who asks and as whom, warnings), printing to the streams.
//! Models `k8s.io/cli-runtime/pkg/genericclioptions` and `k8s.io/kubectl/pkg/cmd/util` factory.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use client::handle::{Stream, Watch};
use client::{Credentials, FieldValidation, Handle, Options, Request, Response, Verb};
use clock::Millis;
use objects::resources::Resource;
use objects::{Reason, Status, Str, Value};

use crate::credentials::User;
use crate::error::{Error, Result, fail};
use crate::flags::Args;
use crate::io::Io;
use crate::kubeconfig::{Config, named};
use crate::mapper::Mapper;
use crate::unreachable::Unreachable;

/// What every verb gets.
pub struct Kubectl {
    pub io: Rc<dyn Io>,
    pub client: Handle,
    /// The namespace of the request: the flag's, the context's, or `default`.
    pub namespace: Str,
    /// True when `-n` named it.
    pub enforce_namespace: bool,
    pub config: Config,
    pub mapper: Mapper,
    user: User,
    /// Requests bring what says who this is.
    identified: Cell<bool>,
    /// `--show-managed-fields`: answers carry every manager.
    managed_fields: bool,
    /// `--request-timeout`: how long a watch goes on; `None`: for ever.
    pub request_timeout: Option<Millis>,
    warned: RefCell<Vec<String>>,
    warnings_as_errors: bool,
    warnings: Cell<usize>,
}

impl Kubectl {
    /// # Errors
    /// A kubeconfig that can't be read, or a context that is not in it.
    pub fn new(io: Rc<dyn Io>, client: Handle, args: &Args) -> Result<Self> {
        let mut config = Config::load(io.as_ref(), args.text("kubeconfig"), &client.clusters())?;
        let context = args.text("context");
        if !context.is_empty() {
            // `config` itself works on a file whose contexts may be missing.
            if config.context(context).is_none() && !args.path.starts_with("kubectl config") {
                return if args.text("namespace").is_empty() {
                    Err(Error::Plain(format!(
                        "Error in configuration: context was not found for specified context: {context}"
                    )))
                } else {
                    fail(format!("context \"{context}\" does not exist"))
                };
            }
            config.override_context = Some(context.to_owned());
        }
        let mut namespace = Str::from(args.text("namespace"));
        let enforce_namespace = !namespace.is_empty();
        if namespace.is_empty() {
            namespace = config.namespace().into();
        }
        // Where `--user` is the command's own it names no user of the kubeconfig.
        let own = args.path.ends_with("binding") || args.path == "kubectl set subject";
        let (cluster, user) = (args.text("cluster"), if own { "" } else { args.text("user") });
        if !args.path.starts_with("kubectl config") {
            if !user.is_empty() && named(&config.value["users"], user).is_none() {
                return fail(format!("auth info \"{user}\" does not exist"));
            }
            if !cluster.is_empty() && named(&config.value["clusters"], cluster).is_none() {
                return fail(format!("no server found for cluster \"{cluster}\""));
            }
        }
        // The server of `--server`, else the cluster's that is named, else the context's.
        let server = match args.text("server") {
            "" => config.server_of(cluster).to_owned(),
            given => given.to_owned(),
        };
        let user = User::of(&config, user, args);
        client.dial(&server);
        let mapper = Mapper::new(io.discovery_cache(), server);
        Ok(Self {
            io,
            client,
            namespace,
            enforce_namespace,
            config,
            mapper,
            user,
            identified: Cell::new(false),
            managed_fields: args.is("show-managed-fields") || args.text("output").contains("managedFields"),
            request_timeout: request_timeout(args.text("request-timeout"))?,
            warned: RefCell::default(),
            warnings_as_errors: args.is("warnings-as-errors"),
            warnings: Cell::new(0),
        })
    }

    pub fn out(&self, text: &str) {
        self.io.out(text.as_bytes());
    }

    /// A line on standard output.
    pub fn say(&self, line: impl AsRef<str>) {
        self.io.out(line.as_ref().as_bytes());
        self.io.out(b"\n");
    }

    /// A line on standard error.
    pub fn complain(&self, line: impl AsRef<str>) {
        self.io.err(line.as_ref().as_bytes());
        self.io.err(b"\n");
    }

    /// A `Warning:` line, the same one only once.
    pub fn warn(&self, text: &str) {
        if self.warned.borrow().iter().any(|w| w == text) {
            return;
        }
        self.warned.borrow_mut().push(text.to_owned());
        self.warnings.set(self.warnings.get() + 1);
        self.complain(format!("Warning: {text}"));
    }

    async fn dress(&self, request: &mut Request) -> Result<()> {
        if !self.identified.get() {
            self.user.check(self.io.as_ref())?;
            // Nobody says who they are where everybody could read it.
            let found = match self.mapper.server().starts_with("http://") {
                true => Credentials::default(),
                false => self.user.credentials(self.io.as_ref()).await?,
            };
            self.client.identify(Arc::new(found));
            self.identified.set(true);
        }
        request.options.impersonate = self.user.impersonation();
        request.options.managed_fields |= self.managed_fields;
        let writes = matches!(request.verb, Verb::Create | Verb::Update | Verb::Patch);
        if writes && request.options.field_manager.is_empty() {
            // What the server takes from the user agent.
            request.options.field_manager = Str::new_static("kubectl");
        }
        Ok(())
    }

    /// # Errors
    /// The server's refusal.
    pub async fn call(&self, mut request: Request) -> Result<Response> {
        self.dress(&mut request).await?;
        let asked = request.clone();
        let response = self.client.call(request).await.map_err(|s| self.refused(s, &asked))?;
        for w in &response.warnings {
            self.warn(w);
        }
        Ok(response)
    }

    /// # Errors
    /// The server's refusal.
    pub async fn watch(&self, mut request: Request) -> Result<Watch> {
        self.dress(&mut request).await?;
        let asked = request.clone();
        self.client.watch(request).await.map_err(|s| self.refused(s, &asked))
    }

    /// # Errors
    /// The server's refusal.
    pub async fn connect(&self, mut request: Request) -> Result<Stream> {
        self.dress(&mut request).await?;
        let asked = request.clone();
        self.client.connect(request).await.map_err(|s| self.refused(s, &asked))
    }

    fn refused(&self, s: Status, asked: &Request) -> Error {
        if s.reason == Reason::Unreachable {
            return Error::Unreachable(Box::new(Unreachable::of(s, asked, self.mapper.server())));
        }
        unserved(s, asked).into()
    }

    /// # Errors
    /// The server's refusal.
    pub async fn get(&self, resource: &Resource, namespace: &str, name: &str) -> Result<Value> {
        Ok(self.call(request(Verb::Get, resource, namespace).named(name)).await?.object)
    }

    /// Every object of a resource: pages are joined.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn list(
        &self,
        resource: &Resource,
        namespace: &str,
        labels: &str,
        fields: &str,
    ) -> Result<Vec<Value>> {
        let mut r = request(Verb::List, resource, namespace);
        r.options.label_selector = labels.into();
        r.options.field_selector = fields.into();
        let list = self.list_all(r).await?;
        Ok(list["items"].items().iter().map(|o| typed(o, resource)).collect())
    }

    /// A list or table with all its pages.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn list_all(&self, mut request: Request) -> Result<Value> {
        request.options.limit = Some(500);
        let mut whole = self.call(request.clone()).await?.object;
        loop {
            let token = whole["metadata"]["continue"].to_str();
            if token.is_empty() {
                return Ok(whole);
            }
            request.options.continue_token = token;
            let next = self.call(request.clone()).await?.object;
            let key = if whole.kind() == "Table" { "rows" } else { "items" };
            let mut all = whole[key].items().to_vec();
            all.extend_from_slice(next[key].items());
            whole.set(key, Value::List(all.into()));
            whole.set("metadata", next["metadata"].clone());
        }
    }

    /// `Warning:`s counted for `--warnings-as-errors`.
    #[must_use]
    pub fn warning_error(&self) -> Option<Error> {
        let n = self.warnings.get();
        (self.warnings_as_errors && n > 0).then(|| {
            Error::text(if n == 1 { "1 warning received".into() } else { format!("{n} warnings received") })
        })
    }
}

fn request_timeout(text: &str) -> Result<Option<Millis>> {
    if text.is_empty() {
        return Ok(None);
    }
    let span = match text.parse::<i64>() {
        Ok(seconds) => seconds.saturating_mul(1000),
        Err(_) => match crate::flags::parse_duration(text) {
            Ok(span) => span,
            Err(_) => {
                return fail(
                    "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
                );
            }
        },
    };
    Ok((span > 0).then_some(span))
}

/// A path that no resource serves is answered without details: the client adds what it asked for.
fn unserved(mut s: Status, asked: &Request) -> Status {
    let of_a_resource = asked.subresource.is_empty() && !asked.resource.is_empty();
    if of_a_resource && s.message == "the server could not find the requested resource" {
        let method = match asked.verb {
            Verb::Create => "post",
            Verb::Update => "put",
            Verb::Patch => "patch",
            Verb::Delete | Verb::DeleteCollection => "delete",
            Verb::Get | Verb::List | Verb::Watch => "get",
        };
        let tail = if asked.name.is_empty() { String::new() } else { format!(" {}", asked.name) };
        s.message.push_str(&format!(" ({method} {}{tail})", asked.resource_id()));
    }
    s
}

/// A request on a resource; the namespace is left out where the resource has none.
#[must_use]
pub fn request(verb: Verb, resource: &Resource, namespace: &str) -> Request {
    let r = Request::new(verb, &resource.group, &resource.version, &resource.plural);
    if resource.namespaced { r.in_namespace(namespace) } else { r }
}

/// The object with its `apiVersion` and `kind`, which items of lists may lack.
#[must_use]
pub fn typed(object: &Value, resource: &Resource) -> Value {
    if !object.kind().is_empty() {
        return object.clone();
    }
    let mut o = object.clone();
    o.set("apiVersion", resource.api_version());
    o.set("kind", resource.kind.clone());
    o
}

/// What a write by kubectl carries: manager, validation, dry run.
pub fn write_options(options: &mut Options, manager: &str, validation: FieldValidation, dry: DryRun) {
    options.field_manager = manager.into();
    options.field_validation = validation;
    options.dry_run = dry == DryRun::Server;
}

/// `--dry-run`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DryRun {
    #[default]
    None,
    Client,
    Server,
}

impl DryRun {
    /// # Errors
    /// A value that is none of the three.
    pub fn of(k: &Kubectl, args: &Args) -> Result<Self> {
        match args.text("dry-run") {
            "" | "none" => Ok(Self::None),
            "client" => Ok(Self::Client),
            "server" => Ok(Self::Server),
            "unchanged" => {
                k.complain("W0101 00:00:00.000000       1 helpers.go:719] --dry-run is deprecated and can be replaced with --dry-run=client.");
                Ok(Self::Client)
            }
            other => {
                let (strategy, word, line) = match other {
                    "true" | "1" | "t" | "T" | "TRUE" | "True" => (Self::Client, "client", 733),
                    "false" | "0" | "f" | "F" | "FALSE" | "False" => (Self::None, "none", 736),
                    _ => {
                        return fail(format!(
                            "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
                        ));
                    }
                };
                k.complain(format!("W0101 00:00:00.000000       1 helpers.go:{line}] --dry-run={other} is deprecated (boolean value) and can be replaced with --dry-run={word}."));
                Ok(strategy)
            }
        }
    }

    /// What is printed behind `created`.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        }
    }
}

/// `--validate`
///
/// # Errors
/// A value that is none of the known.
pub fn validation(args: &Args) -> Result<FieldValidation> {
    match args.text("validate") {
        "" | "true" | "strict" => Ok(FieldValidation::Strict),
        "warn" => Ok(FieldValidation::Warn),
        "false" | "ignore" => Ok(FieldValidation::Ignore),
        other => fail(format!(
            "invalid - validate option \"{other}\"; must be one of: strict (or true), warn, ignore (or false)"
        )),
    }
}
