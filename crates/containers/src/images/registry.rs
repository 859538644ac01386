//! The registries of the world as a simulation knows them: what was pushed, who may read it, which of them fail.
//!
//! Owns: pushed images, accounts, the faults of a registry's host, and the texts in which a runtime tells of them.
//! Does not own: the catalogue (what the public registries always had), pulling and its delays (kubelet, hostlab).
//!
//! Models containerd's resolver and the answers of the distribution registry. Accounts: the first login at a host makes
//! the account, later ones must know its password. Images pushed to Docker Hub are public unless their name says
//! `private`; those on other hosts are private once somebody has logged in there. `registry.example.com` is private
//! from the start: user `learner`, password `wheelhouse`, and holds `team/web:1.0`.

use ordered::BTreeMap;
use std::sync::Arc;

use super::built::Built;
use super::reference::Reference;

/// What is wrong with a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its name no longer resolves.
    Gone,
    /// Nobody listens.
    Refused,
    /// It answers no more.
    Silent,
    /// Layers arrive so many times slower.
    Slow(u32),
    /// Too many pulls from this address.
    RateLimited,
    /// Its certificate is signed by nobody known.
    Certificate,
}

/// A name and a password for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub host: String,
    pub user: String,
    pub password: String,
}

/// All registries. Plain data; a clone copies pointers.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// By full name (`docker.io/alice/web`) and tag.
    repositories: BTreeMap<String, BTreeMap<String, Arc<Built>>>,
    /// By host: user and password.
    accounts: BTreeMap<String, BTreeMap<String, String>>,
    faults: BTreeMap<String, Fault>,
    /// How often it was changed by pushing or logging in.
    generation: u64,
}

/// The private registry every simulation has.
pub const PRIVATE_HOST: &str = "registry.example.com";
const PRIVATE_ACCOUNT: (&str, &str) = ("learner", "wheelhouse");
/// What it holds: a repository, its tag, and the catalogue's image behind it.
pub const PRIVATE_IMAGE: (&str, &str, &str) =
    ("registry.example.com/team/web", "1.0", "docker.io/library/nginx");

fn host_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// The name under which a registry is asked over HTTPS.
fn server(host: &str) -> &str {
    if host == "docker.io" { "registry-1.docker.io" } else { host }
}

impl Registry {
    /// Makes or lifts a host's fault.
    pub fn set_fault(&mut self, host: &str, fault: Option<Fault>) {
        match fault {
            Some(f) => drop(self.faults.insert(host.into(), f)),
            None => drop(self.faults.remove(host)),
        }
    }

    /// Counts what was pushed and who logged in.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    #[must_use]
    pub fn fault(&self, host: &str) -> Option<Fault> {
        self.faults.get(host).copied()
    }

    pub fn faults(&self) -> impl Iterator<Item = (&str, Fault)> {
        self.faults.iter().map(|(h, f)| (h.as_str(), *f))
    }

    /// How many times slower layers of this reference arrive.
    #[must_use]
    pub fn slowness(&self, reference: &Reference) -> u32 {
        match self.fault(host_of(&reference.name)) {
            Some(Fault::Slow(n)) => n.clamp(1, 10_000),
            _ => 1,
        }
    }

    /// Logs in. The error is the registry's.
    ///
    /// # Errors
    /// A password other than the account's, a host that can't be reached.
    pub fn login(&mut self, login: &Login) -> Result<(), String> {
        let host = login.host.as_str();
        if let Some(why) = self.unreachable(host, "") {
            return Err(why);
        }
        if !self.knows(login) && self.has_account(host, &login.user) {
            return Err(if host == "docker.io" {
                "Get \"https://registry-1.docker.io/v2/\": unauthorized: incorrect username or password"
                    .into()
            } else {
                format!("Get \"https://{host}/v2/\": unauthorized: authentication required")
            });
        }
        if host == PRIVATE_HOST && !self.knows(login) {
            return Err(format!("Get \"https://{host}/v2/\": unauthorized: authentication required"));
        }
        self.generation += 1;
        let accounts = self.accounts.entry(host.into()).or_default();
        accounts.insert(login.user.clone(), login.password.clone());
        Ok(())
    }

    fn has_account(&self, host: &str, user: &str) -> bool {
        self.accounts.get(host).is_some_and(|a| a.contains_key(user))
    }

    fn knows(&self, login: &Login) -> bool {
        let built_in =
            login.host == PRIVATE_HOST && (login.user.as_str(), login.password.as_str()) == PRIVATE_ACCOUNT;
        built_in || self.accounts.get(&login.host).and_then(|a| a.get(&login.user)) == Some(&login.password)
    }

    /// Whether reading a repository needs an account.
    #[must_use]
    pub fn is_private(&self, name: &str) -> bool {
        match host_of(name) {
            PRIVATE_HOST => true,
            "docker.io" => self.repositories.contains_key(name) && name.contains("private"),
            host => self.accounts.get(host).is_some_and(|a| !a.is_empty()),
        }
    }

    fn unreachable(&self, host: &str, path: &str) -> Option<String> {
        let at = server(host);
        let head = |why: &str| format!("failed to do request: Head \"https://{at}/v2/{path}\": {why}");
        let name = at.split(':').next().unwrap_or(at);
        Some(match self.fault(host)? {
            Fault::Gone => head(&format!("dial tcp: lookup {name} on 172.18.0.1:53: no such host")),
            Fault::Refused => head("dial tcp 203.0.113.10:443: connect: connection refused"),
            Fault::Silent => head("dial tcp 203.0.113.10:443: i/o timeout"),
            Fault::RateLimited => format!(
                "unexpected status from HEAD request to https://{at}/v2/{path}: 429 Too Many Requests\ntoomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
            ),
            Fault::Certificate => {
                head("tls: failed to verify certificate: x509: certificate signed by unknown authority")
            }
            Fault::Slow(_) => return None,
        })
    }

    /// Why a reference can't be resolved at all: its host fails, or wants to know who asks. `None`: go on.
    #[must_use]
    pub fn refusal(&self, reference: &Reference, logins: &[Login]) -> Option<String> {
        let host = host_of(&reference.name);
        let path = reference.name.strip_prefix(host).unwrap_or_default().trim_start_matches('/');
        let tag = reference.digest.as_deref().unwrap_or(&reference.tag);
        if let Some(why) = self.unreachable(host, &format!("{path}/manifests/{tag}")) {
            return Some(why);
        }
        if !self.is_private(&reference.name) {
            return None;
        }
        let mut ours = logins.iter().filter(|l| l.host == host).peekable();
        if ours.peek().is_none() {
            return Some(if host == "docker.io" {
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed".into()
            } else {
                format!(
                    "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://{host}/token?scope=repository%3A{}%3Apull&service={host}: 401 Unauthorized",
                    path.replace('/', "%2F")
                )
            });
        }
        if ours.any(|l| self.knows(l)) {
            return None;
        }
        Some(format!(
            "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://{host}/token?scope=repository%3A{}%3Apull&service={host}: 401 Unauthorized",
            path.replace('/', "%2F")
        ))
    }

    /// Whether somebody may push to a repository.
    ///
    /// # Errors
    /// docker's text.
    pub fn may_push(&self, name: &str, logins: &[Login]) -> Result<(), String> {
        let host = host_of(name);
        if let Some(why) = self.unreachable(host, "") {
            return Err(why.trim_start_matches("failed to do request: ").to_string());
        }
        let known = logins.iter().find(|l| l.host == host && self.knows(l));
        let path = name.strip_prefix(host).unwrap_or_default().trim_start_matches('/');
        match known {
            // At Docker Hub everybody writes below their own name.
            Some(l) if host == "docker.io" && path.split('/').next() != Some(l.user.as_str()) => {
                Err("denied: requested access to the resource is denied".into())
            }
            Some(_) => Ok(()),
            None if host == "docker.io" => Err("denied: requested access to the resource is denied".into()),
            None if self.is_private(name) => Err("no basic auth credentials".into()),
            None => Ok(()),
        }
    }

    pub fn push(&mut self, name: &str, tag: &str, image: Arc<Built>) {
        self.generation += 1;
        self.repositories.entry(name.into()).or_default().insert(tag.into(), image);
    }

    /// The pushed image under a reference.
    #[must_use]
    pub fn find(&self, reference: &Reference) -> Option<&Arc<Built>> {
        let tags = self.repositories.get(&reference.name)?;
        match &reference.digest {
            Some(d) => tags.values().find(|b| b.manifest() == *d),
            None => tags.get(&reference.tag),
        }
    }

    /// Whether anything was pushed under this name.
    #[must_use]
    pub fn has_repository(&self, name: &str) -> bool {
        self.repositories.contains_key(name)
    }

    /// Whether a registry already has a layer in this repository.
    #[must_use]
    pub fn has_layer(&self, name: &str, digest: &str) -> bool {
        let images = self.repositories.get(name).into_iter().flat_map(|t| t.values());
        images.flat_map(|b| &b.layers).any(|l| l.digest == digest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::parse;
    use super::*;

    fn login(host: &str, user: &str, password: &str) -> Login {
        Login { host: host.into(), user: user.into(), password: password.into() }
    }

    #[test]
    fn private_registries_want_to_know_who_asks() {
        let r = Registry::default();
        let image = parse("registry.example.com/team/web:1.0").expect("well formed");
        let none = r.refusal(&image, &[]).expect("refused");
        assert!(none.ends_with("401 Unauthorized") && none.contains("anonymous token"), "{none}");
        assert!(r.refusal(&image, &[login(PRIVATE_HOST, "learner", "x")]).is_some());
        assert_eq!(r.refusal(&image, &[login(PRIVATE_HOST, "learner", "wheelhouse")]), None);
        assert_eq!(r.refusal(&parse("nginx").expect("well formed"), &[]), None);
    }

    #[test]
    fn a_host_that_is_gone_says_so_and_comes_back() {
        let mut r = Registry::default();
        let image = parse("nginx:1.25").expect("well formed");
        r.set_fault("docker.io", Some(Fault::Gone));
        let why = r.refusal(&image, &[]).expect("refused");
        assert_eq!(
            why,
            "failed to do request: Head \"https://registry-1.docker.io/v2/library/nginx/manifests/1.25\": dial tcp: lookup registry-1.docker.io on 172.18.0.1:53: no such host"
        );
        r.set_fault("docker.io", None);
        assert_eq!(r.refusal(&image, &[]), None);
    }

    #[test]
    fn pushing_needs_an_account_and_ones_own_name() {
        let mut r = Registry::default();
        assert!(r.may_push("docker.io/alice/web", &[]).is_err());
        let alice = login("docker.io", "alice", "s");
        assert_eq!(r.login(&alice), Ok(()));
        assert!(r.login(&login("docker.io", "alice", "other")).is_err());
        assert_eq!(r.may_push("docker.io/alice/web", std::slice::from_ref(&alice)), Ok(()));
        assert!(r.may_push("docker.io/bob/web", &[alice]).is_err());
        assert_eq!(r.may_push("localhost:5000/web", &[]), Ok(()));
    }
}
