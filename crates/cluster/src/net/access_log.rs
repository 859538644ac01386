//! What an ingress-nginx controller writes of each request it took: one line in its pod's log.
//!
//! Models the default `log-format-upstream` of ingress-nginx. Not modelled: `access-log-path`, formats of one's own;
//! the length of a request is its body's and headers' together.

use clock::{Millis, Time};
use containers::net::{HttpRequest, NetAnswer, NetRequest};
use network::path::{Code, Hop};
use network::{Fault, Outcome, Path};
use objects::Str;

use crate::Cluster;

/// nginx's word for a client that went away first.
const GONE: u16 = 499;

fn date(now: Time) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day, hour, minute, second) = now.civil();
    let name = MONTHS[(month as usize).saturating_sub(1).min(11)];
    format!("{day:02}/{name}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000")
}

fn seconds(ms: Millis) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn line(path: &Path, took: &Hop, request: &HttpRequest, answer: &NetAnswer, now: Time) -> String {
    let response = match answer {
        NetAnswer::Http { response, .. } => Some(response),
        _ => None,
    };
    let (status, bytes) = response.map_or((GONE, 0), |r| (r.status, r.body.len()));
    let bytes = if request.method == "HEAD" { 0 } else { bytes };
    let after = path.hops.iter().skip_while(|h| !std::ptr::eq(*h, took));
    let mut upstream = Str::new_static("-");
    let mut behind = String::new();
    let mut canary = false;
    for hop in after {
        match hop.code {
            Code::IngressCanary => canary = true,
            Code::IngressRule | Code::IngressDefaultBackend => {
                behind = format!("{}-{}", hop.get("service").replace('/', "-"), hop.get("port"));
            }
            Code::Chosen if upstream == "-" => {
                upstream = format!("{}:{}", hop.get("ip"), hop.get("port")).into();
            }
            _ => {}
        }
    }
    let (main, other) = if canary { ("", behind.as_str()) } else { (behind.as_str(), "") };
    let headers: usize = request.headers.iter().map(|(n, v)| n.len() + v.len() + 4).sum();
    let took_ms = path.took_ms;
    let (length, time, code) = match (upstream.as_str(), response) {
        ("-", _) => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
        (_, Some(r)) => (bytes.to_string(), seconds(took_ms), r.status.to_string()),
        (_, None) => ("0".to_owned(), seconds(took_ms), "-".to_owned()),
    };
    format!(
        "{} - - [{}] \"{} {} HTTP/1.1\" {status} {bytes} \"{}\" \"{}\" {} {} [{main}] [{other}] {upstream} {length} {time} {code} {:032x}",
        path.source.ip(),
        date(now),
        request.method,
        request.target,
        request.header("referer").unwrap_or("-"),
        request.header("user-agent").unwrap_or("-"),
        request.method.len() + request.target.len() + 13 + headers + request.body.len(),
        seconds(took_ms),
        u128::from(now.0.unsigned_abs()) * 0x9e37_79b9_7f4a_7c15 + u128::from(path.hops.len() as u64),
    )
}

impl Cluster {
    /// Writes the line of a request that a controller took, if one did.
    pub(super) fn log_access(&mut self, path: &Path, request: &NetRequest, answer: &NetAnswer) {
        let NetRequest::Http { request, .. } = request else { return };
        let Some(took) = path.hops.iter().find(|h| h.code == Code::IngressTakes) else { return };
        let gone = path.outcome == Outcome::Failed(Fault::Slow);
        if !gone && !matches!(answer, NetAnswer::Http { .. }) {
            return;
        }
        let pod = Str::from(took.get("pod"));
        let (namespace, name) = objects::meta::split_key(&pod);
        let Some(object) = self.object("pods", namespace, name) else { return };
        let is_nginx = network::ingress::Controller::of(&object["spec"], namespace)
            .is_some_and(|c| c.kind == network::ingress::Kind::Nginx);
        let node = object["spec"]["nodeName"].to_str();
        let Some(part) = self.net.kubelet_of.get(&node).copied().filter(|_| is_nginx) else { return };
        let text = line(path, took, request, answer, self.now);
        let port = path
            .hops
            .iter()
            .find(|h| h.code == Code::PortOpen)
            .and_then(|h| h.get("port").parse().ok())
            .unwrap_or(80);
        self.with_kubelet(part, |k, now| k.write_log(&pod, port, &text, now));
    }
}
