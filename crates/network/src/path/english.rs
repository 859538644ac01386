//! The sentences of a path in English.

use super::text::Words;
use super::{Code, Fault};

pub(super) static WORDS: Words = Words {
    you: "your machine",
    internet: "the internet",
    look: "look at {place}",
    out_of: "out of: {all}",
    http: "HTTP {status}",
    reached: "reached",
    resolved: "the name was found",
    faults: fault,
};

fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::NoName => "the name was not found",
        Fault::NoServer => "no DNS server answered",
        Fault::Refused => "connection refused",
        Fault::TimedOut => "timed out: the packets are dropped without a word",
        Fault::Unreachable => "no way there",
        Fault::Reset => "the connection was reset",
        Fault::Slow => "connected, but no answer came in time",
    }
}

#[allow(clippy::too_many_lines, reason = "a table: one line a code")]
pub(super) fn template(code: Code) -> &'static str {
    match code {
        Code::AddressGiven => "{host} is an address: no name to look up",
        Code::HostsFile => "/etc/hosts on {machine} says that {name} is {ip}",
        Code::GivenByOption => "the command line says that {name} is {ip}",
        Code::Localhost => "{name} is {machine} itself",
        Code::DnsAsked => "/etc/resolv.conf on {machine}: asks {server}, tries {tried}",
        Code::DnsAnswer => "{server} answers: {name} is {answer}",
        Code::DnsAlias => {
            "{server} answers: {name} is an alias of {answer} (Service {service} is an ExternalName)"
        }
        Code::DnsOutside => "{name} is outside the cluster; from a small table of well-known names: {answer}",
        Code::DnsNoName => "{server} knows no such name; tried {tried}",
        Code::DnsOtherNamespace => {
            "{server} knows no such name; there is a Service {name} in namespace {other}: ask for {name}.{other}"
        }
        Code::DnsNoSuchService => {
            "{server} knows no such name: there is no Service {name} in namespace {namespace}"
        }
        Code::DnsNoEndpoints => {
            "Service {service} is headless and has no ready endpoint: its name has no address"
        }
        Code::DnsNoRecord => "{name} exists, but has no {kind} record",
        Code::DnsNoServer => {
            "the DNS server {server} does not answer: the question gets no further than that"
        }
        Code::DnsRefused => "the DNS server {server} refuses the question: there is nobody behind it",
        Code::DnsNoService => "nobody answers at {server}: there is no Service kube-system/kube-dns",
        Code::DnsPodSilent => "{pod} takes no questions: nothing listens on port 53",
        Code::DnsNoNameserver => "/etc/resolv.conf on {machine} names no server that could be asked",
        Code::LoadBalancer => "the load balancer {ip} of Service {service} sends to node {node}, port {port}",
        Code::LoadBalancerSource => "the load balancer of Service {service} lets in only {ranges}, not {ip}",
        Code::LoadBalancerNoNodes => {
            "the load balancer {ip} of Service {service} has no healthy node to send to"
        }
        Code::ServiceRule => "rules of kube-proxy on {node}: {ip}:{port} is Service {service}, port {name}",
        Code::NodePortRule => {
            "rules of kube-proxy on {node}: port {port} of the node is Service {service}, port {name}"
        }
        Code::HostPort => "hostPort {port} on node {node} is port {to} of {pod}",
        Code::ExternalIpRule => {
            "rules of kube-proxy on {node}: {ip}:{port} is an external address of Service {service}"
        }
        Code::NoSuchServicePort => "{ip} is Service {service}; it has no port {port}, only {ports}",
        Code::WrongProtocol => "Service {service} has port {port} for {has} only; this is {wants}",
        Code::NoPodMatches => "Service {service} has no endpoints: no pod has the labels {selector}",
        Code::NoReplicas => "Service {service} has no endpoints: {workload} has 0 replicas",
        Code::PodsNotReady => "Service {service} has no ready endpoint: {pods}",
        Code::NoPodHasPortName => {
            "Service {service} sends to the port named {target}; no container of {pods} has a port of that name"
        }
        Code::NoEndpointsWritten => "Service {service} has no selector, and nobody wrote endpoints for it",
        Code::NoLocalEndpoints => {
            "Service {service} has {policy}: Local, and no ready endpoint on node {node}"
        }
        Code::StaleRules => "node {node} is cut off: its rules are those of {when}",
        Code::ProxyDown => "kube-proxy does not run on node {node}: its rules are those of {when}",
        Code::NotInRules => {
            "rules of kube-proxy on {node}, those of {when}, do not know Service {service} at {ip}: nobody else has the address"
        }
        Code::Chosen => "{pod} at {ip}:{port} takes its turn",
        Code::ChosenOnly => "{pod} at {ip}:{port} is the only endpoint",
        Code::ChosenSticky => "{pod} at {ip}:{port}: this client stays with it (sessionAffinity ClientIP)",
        Code::ChosenTerminating => "{pod} at {ip}:{port} is terminating, but nobody else is left",
        Code::ConnectionKept => {
            "the connection to {ip}:{port} is open already: no name is asked, nothing is chosen anew"
        }
        Code::GatewayMirrors => "HTTPRoute {route} sends a copy to Service {service}; its answer is dropped",
        Code::NoPolicyOut => "no NetworkPolicy restricts what leaves {pod}",
        Code::NoPolicyIn => "no NetworkPolicy restricts what enters {pod}",
        Code::PolicyAllowsOut => "NetworkPolicy {policy} lets it leave {pod}",
        Code::PolicyAllowsIn => "NetworkPolicy {policy} lets it enter {pod}",
        Code::PolicyDeniesOut => {
            "NetworkPolicy {policy} selects {pod}; no egress rule allows {peer}, port {port}/{protocol}"
        }
        Code::PolicyDeniesIn => {
            "NetworkPolicy {policy} selects {pod}; no ingress rule allows {peer} to port {port}/{protocol}"
        }
        Code::PolicyDeniesDns => {
            "NetworkPolicy {policy} selects {pod} and allows no DNS: egress to {peer}, port {port}/{protocol}, is missing"
        }
        Code::SamePod => "stays in {pod}",
        Code::SameNode => "stays on node {node}",
        Code::OtherNode => "from node {from} to node {node}",
        Code::NodeCutOff => "node {node} is cut off from the network",
        Code::NobodyThere => "nobody has the address {ip}",
        Code::NoRoute => {
            "{machine} has no way to {ip}: addresses of pods and Services exist only inside the cluster"
        }
        Code::NodeIsPrivate => {
            "{machine} has no way to {ip}: node {node} has a private address only; a load balancer has one that everybody reaches"
        }
        Code::LeavesCluster => "leaves the cluster for {ip}",
        Code::OutsideUnknown => "what {ip} does is not simulated",
        Code::PortOpen => "container {container} listens on port {port}",
        Code::PortClosed => "nothing listens on port {port} of {at}; listened on: {open}",
        Code::TargetPortClosed => {
            "Service {service} port {port} sends to targetPort {target}; nothing listens on {target} in pod {pod}; the container listens on {open}"
        }
        Code::PortOtherProtocol => "port {port} of {at} is listened on for {has}, not {wants}",
        Code::NothingRuns => "no container runs in {pod}: {why}",
        Code::HealthCheckPort => {
            "node {node} answers the health check of Service {service}: {count} local endpoints"
        }
        Code::ProxyAsks => "{program} passes the request on to {upstream}",
        Code::Answered => "{program} answers {status} {reason} ({bytes} bytes)",
        Code::AnsweredBytes => "{program} answers {bytes} bytes",
        Code::Echoed => "{at} answers the echo",
        Code::NotHttp => "{program} on port {port} does not speak HTTP: it closes the connection",
        Code::Hung => "{program} on port {port} took the connection and does not answer",
        Code::TlsToPlain => "{program} on port {port} speaks plain HTTP, the client spoke TLS",
        Code::PlainToTls => "{program} on port {port} speaks TLS, the client spoke plain HTTP",
        Code::Slow => "{program} needs {took} ms, the client waits {limit} ms",
        Code::Forwarded => "kubectl port-forward carries localhost:{local} to {pod}, port {port}",
        Code::Published => "port {port} of {machine} leads to the API server on {node}",
        Code::NoForward => "nothing listens on port {port} of {machine}",
        Code::IngressTakes => {
            "controller {pod} of class {class} takes the request for host {host}, path {path}"
        }
        Code::IngressRule => {
            "Ingress {ingress}, host {host}, path {path} ({kind}) leads to Service {service}, port {port}"
        }
        Code::IngressDefaultBackend => {
            "no rule matches; the default backend of Ingress {ingress} is Service {service}, port {port}"
        }
        Code::IngressNoHost => "no Ingress of class {class} has the host {host}; known hosts: {hosts}",
        Code::IngressNoPath => {
            "Ingress {ingress} has host {host} but no path that matches {path}; known paths: {paths}"
        }
        Code::IngressWithoutClass => {
            "Ingress {ingress} has the host {host} but no class: no controller serves it"
        }
        Code::IngressOtherClass => {
            "Ingress {ingress} has the host {host} but is of class {other}; this controller serves {class}"
        }
        Code::IngressNoService => "Ingress {ingress} leads to Service {service}, which does not exist",
        Code::IngressNoServicePort => {
            "Ingress {ingress} leads to port {port} of Service {service}, which has no such port"
        }
        Code::IngressNoEndpoints => "Service {service} behind Ingress {ingress} has no ready endpoint",
        Code::IngressTlsSecretMissing => {
            "Ingress {ingress} wants the certificate in Secret {secret}: {why}; the controller's own fake certificate is shown"
        }
        Code::IngressTls => "TLS ends here, with the certificate in Secret {secret}",
        Code::IngressRedirects => "Ingress {ingress} has TLS: plain HTTP is sent to {location}",
        Code::IngressSendsAway => "Ingress {ingress} sends the client to {location} ({why})",
        Code::IngressPreflight => {
            "Ingress {ingress} has enable-cors: the controller answers the browser's question (OPTIONS) itself"
        }
        Code::IngressRateExceeded => {
            "Ingress {ingress} has {name} {limit} with a burst of {burst}: {ip} has sent more than that"
        }
        Code::IngressDenies => "Ingress {ingress} shuts out {ranges}, and {ip} is among them",
        Code::IngressNoAuthSecret => {
            "Ingress {ingress} wants the passwords in Secret {secret} ({why}): until they are there it lets nobody in"
        }
        Code::IngressNoCredentials => {
            "Ingress {ingress} asks for a user and a password (Secret {secret}); the request has none"
        }
        Code::IngressNoSuchUser => "Secret {secret} of Ingress {ingress} has no user {user}",
        Code::IngressWrongPassword => {
            "Secret {secret} of Ingress {ingress} has another password for user {user}"
        }
        Code::IngressUnknownHash => {
            "Secret {secret} of Ingress {ingress} keeps the password of {user} in a way that is not simulated; use `htpasswd` without -B"
        }
        Code::IngressIgnores => "annotations of Ingress {ingress} that are accepted, not simulated: {names}",
        Code::IngressOtherService => {
            "Service {service} behind Ingress {ingress} has no ready endpoint; its annotation default-backend names Service {other}"
        }
        Code::IngressHash => "upstream-hash-by {by}: requests with {value} go to {pod}",
        Code::IngressTriesAgain => "the controller tries once more, {n} of {tries} times",
        Code::IngressForbids => "Ingress {ingress} lets in only {ranges}, not {ip}",
        Code::IngressBadRange => {
            "Ingress {ingress} lets in {range}, which is no address and no block: the controller lets nobody in"
        }
        Code::IngressBodyTooLarge => "the body has {bytes} bytes; Ingress {ingress} allows {limit}",
        Code::IngressCanary => "canary {ingress} takes this one ({why})",
        Code::IngressAffinity => "the cookie {cookie} keeps this client with {pod}",
        Code::IngressRewrites => "the path {path} becomes {new}",
        Code::IngressUpstreamRefused => "the controller can't connect to {upstream}: connection refused",
        Code::IngressUpstreamTimedOut => "the controller got no answer from {upstream} in {limit} s",
        Code::IngressSlow => "{program} needs {took} ms, the controller waits {limit} ms",
        Code::IngressUpstreamBroke => {
            "{upstream} closed the connection without an answer the controller understands"
        }
        Code::IngressClientGone => {
            "the client closed the connection after {limit} ms: the controller logs 499"
        }
        Code::NoController => {
            "Ingress {ingress} has the host {host}, but no controller of class {class} runs: an Ingress alone does nothing"
        }
        Code::GatewayTakes => {
            "Gateway {gateway}, listener {listener}, takes the request for host {host}, path {path}"
        }
        Code::GatewayNoRoute => "no HTTPRoute of Gateway {gateway} matches host {host}, path {path}",
        Code::GatewayRoute => {
            "HTTPRoute {route}, rule {rule} leads to Service {service}, port {port} (weight {weight} of {total})"
        }
        Code::GatewayRedirects => "HTTPRoute {route}, rule {rule} sends the client to {location}",
        Code::GatewayRouteNotAccepted => {
            "HTTPRoute {route} matches, but Gateway {gateway} does not accept it: {why}"
        }
        Code::GatewayNoEndpoints => {
            "Service {service} behind HTTPRoute {route}, rule {rule} has no ready endpoint"
        }
        Code::GatewayNoBackend => "HTTPRoute {route}, rule {rule} has no backend that exists: {why}",
    }
}
