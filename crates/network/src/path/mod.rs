//! The way of one request: its hops in order, each with what was decided and why.
//!
//! Owns: the data of a path and the last paths kept. Does not own: how a path comes about (walk), its words (text).
//! A hop carries a [`Code`] and named facts; a sentence in any language is made from them alone.

pub mod english;
pub mod korean;
pub mod text;

use clock::{Millis, Time};
use objects::Str;

pub use text::Language;

/// How many paths are kept.
const KEPT: usize = 200;

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Pod {
        /// `namespace/name`.
        key: Str,
        ip: Str,
        node: Str,
        /// It uses its node's own network.
        host_network: bool,
    },
    /// A process on the node itself.
    Node { name: Str, ip: Str },
    /// The machine the learner types on: it reaches nodes and load balancers, not pods.
    Learner,
    /// Anybody outside: reaches load balancers only.
    Internet,
}

/// The learner's machine on the network it shares with the nodes.
pub const LEARNER_IP: &str = "172.18.0.1";
/// Somebody on the internet.
pub const INTERNET_IP: &str = "198.51.100.23";

impl Source {
    #[must_use]
    pub fn ip(&self) -> &str {
        match self {
            Self::Pod { ip, .. } | Self::Node { ip, .. } => ip,
            Self::Learner => LEARNER_IP,
            Self::Internet => INTERNET_IP,
        }
    }

    /// The node whose rules its packets meet first; `""` for those outside.
    #[must_use]
    pub fn node(&self) -> &str {
        match self {
            Self::Pod { node, .. } | Self::Node { name: node, .. } => node,
            Self::Learner | Self::Internet => "",
        }
    }

    #[must_use]
    pub fn pod(&self) -> &str {
        if let Self::Pod { key, .. } = self { key } else { "" }
    }

    /// What stands for it in a sentence.
    #[must_use]
    pub fn label(&self) -> Str {
        match self {
            Self::Pod { key, .. } => key.clone(),
            Self::Node { name, .. } => name.clone(),
            Self::Learner => Str::new_static("you"),
            Self::Internet => Str::new_static("internet"),
        }
    }
}

/// Which part of the way a hop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A file of names, or the resolver and its server.
    Name,
    LoadBalancer,
    /// A rule of kube-proxy.
    Rule,
    /// The backend chosen.
    Choice,
    Policy,
    /// From node to node.
    Wire,
    Port,
    Process,
    /// What an ingress controller or gateway decided.
    Ingress,
    /// A port of the learner's machine that kubectl forwards.
    Forward,
}

impl Stage {
    /// A short name for a machine to read.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::LoadBalancer => "load-balancer",
            Self::Rule => "rule",
            Self::Choice => "choice",
            Self::Policy => "policy",
            Self::Wire => "wire",
            Self::Port => "port",
            Self::Process => "process",
            Self::Ingress => "ingress",
            Self::Forward => "forward",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident),+ $(,)?) => {
        /// Why a hop went as it did.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $code),+ }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$code),+];
        }
    };
}

codes! {
    // Names.
    AddressGiven, HostsFile, GivenByOption, Localhost, DnsAsked, DnsAnswer, DnsAlias, DnsOutside, DnsNoName,
    DnsOtherNamespace, DnsNoSuchService, DnsNoEndpoints, DnsNoRecord, DnsNoServer, DnsRefused, DnsNoService, DnsPodSilent, DnsNoNameserver,
    // Services.
    LoadBalancer, LoadBalancerSource, LoadBalancerNoNodes, ServiceRule, NodePortRule, HostPort, ExternalIpRule, NoSuchServicePort, WrongProtocol,
    NoPodMatches, NoReplicas, PodsNotReady, NoPodHasPortName, NoEndpointsWritten, NoLocalEndpoints, StaleRules, ProxyDown, NotInRules, Chosen, ChosenOnly,
    ChosenSticky, ChosenTerminating, ConnectionKept,
    // Policies.
    NoPolicyOut, NoPolicyIn, PolicyAllowsOut, PolicyAllowsIn, PolicyDeniesOut, PolicyDeniesIn, PolicyDeniesDns,
    // Wires.
    SamePod, SameNode, OtherNode, NodeCutOff, NobodyThere, NoRoute, NodeIsPrivate, LeavesCluster, OutsideUnknown,
    // Ports.
    PortOpen, PortClosed, TargetPortClosed, PortOtherProtocol, NothingRuns, HealthCheckPort,
    // Processes.
    Answered, AnsweredBytes, Echoed, ProxyAsks, NotHttp, Hung, TlsToPlain, PlainToTls, Slow,
    // The learner's machine.
    Forwarded, Published, NoForward,
    // Ingress and gateways.
    IngressTakes, IngressRule, IngressDefaultBackend, IngressNoHost, IngressNoPath, IngressWithoutClass,
    IngressOtherClass, IngressNoService, IngressNoServicePort, IngressNoEndpoints, IngressTlsSecretMissing, IngressTls,
    IngressRedirects, IngressSendsAway, IngressPreflight, IngressRateExceeded, IngressDenies, IngressNoAuthSecret, IngressNoCredentials,
    IngressNoSuchUser, IngressWrongPassword, IngressUnknownHash, IngressIgnores, IngressOtherService, IngressHash, IngressTriesAgain, IngressForbids, IngressBadRange, IngressBodyTooLarge, IngressCanary, IngressAffinity, IngressRewrites,
    IngressUpstreamRefused, IngressUpstreamTimedOut, IngressSlow, IngressUpstreamBroke, IngressClientGone, NoController,
    GatewayTakes, GatewayNoRoute, GatewayRoute, GatewayRedirects, GatewayRouteNotAccepted, GatewayNoBackend, GatewayNoEndpoints,
    GatewayMirrors,
}

/// The object and field to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub kind: &'static str,
    pub namespace: Str,
    pub name: Str,
    /// `spec.ports[0].targetPort`.
    pub field: Str,
}

/// One hop.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    pub stage: Stage,
    pub code: Code,
    /// False when the request ends here without its answer.
    pub passed: bool,
    /// What the sentence names, by the placeholder's name.
    pub facts: Vec<(&'static str, Str)>,
    pub look: Option<Look>,
    /// For a choice: all it was chosen from, the chosen one among them.
    pub alternatives: Vec<Str>,
}

impl Hop {
    #[must_use]
    pub fn new(stage: Stage, code: Code) -> Self {
        Self { stage, code, passed: true, facts: Vec::new(), look: None, alternatives: Vec::new() }
    }

    #[must_use]
    pub fn failed(stage: Stage, code: Code) -> Self {
        Self { passed: false, ..Self::new(stage, code) }
    }

    #[must_use]
    pub fn fact(mut self, name: &'static str, text: impl Into<Str>) -> Self {
        self.facts.push((name, text.into()));
        self
    }

    #[must_use]
    pub fn number(self, name: &'static str, n: i64) -> Self {
        self.fact(name, n.to_string())
    }

    /// `key` is `namespace/name`, or a bare name.
    #[must_use]
    pub fn look(mut self, kind: &'static str, key: &str, field: impl Into<Str>) -> Self {
        let (namespace, name) = objects::meta::split_key(key);
        self.look = Some(Look { kind, namespace: namespace.into(), name: name.into(), field: field.into() });
        self
    }

    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.facts.iter().find(|(n, _)| *n == name).map_or("", |(_, t)| t.as_str())
    }
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NoName,
    NoServer,
    Refused,
    TimedOut,
    Unreachable,
    Reset,
    /// Connected, and no answer came in time.
    Slow,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Http(u16),
    /// A connection or an echo, without HTTP.
    Reached,
    Resolved,
    Failed(Fault),
}

/// The way of one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Counted from 1 over all paths of a cluster.
    pub id: u64,
    pub at: Time,
    pub source: Source,
    /// As it was asked for: `http://web/`, `nslookup web`.
    pub target: Str,
    pub hops: Vec<Hop>,
    pub outcome: Outcome,
    pub took_ms: Millis,
}

impl Path {
    #[must_use]
    pub fn new(at: Time, source: Source, target: impl Into<Str>) -> Self {
        Self {
            id: 0,
            at,
            source,
            target: target.into(),
            hops: Vec::new(),
            outcome: Outcome::Failed(Fault::TimedOut),
            took_ms: 0,
        }
    }

    /// The hop at which it went wrong: the last that did not pass.
    #[must_use]
    pub fn failing(&self) -> Option<&Hop> {
        self.hops.iter().rev().find(|h| !h.passed)
    }

    /// The pod that answered or would have: the last chosen or reached.
    #[must_use]
    pub fn has(&self, code: Code) -> bool {
        self.hops.iter().any(|h| h.code == code)
    }
}

/// The last paths, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    paths: std::collections::VecDeque<Path>,
    next: u64,
}

impl Journal {
    /// Keeps a path under the next number.
    pub fn keep(&mut self, mut path: Path) -> u64 {
        self.next += 1;
        path.id = self.next;
        if self.paths.len() == KEPT {
            self.paths.pop_front();
        }
        self.paths.push_back(path);
        self.next
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Path> {
        self.paths.iter()
    }

    /// Paths kept so far, those already dropped included.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.next
    }
}
