//! The way from the API server to the pods behind webhooks.
//!
//! Owns: lending the API server out of the cluster while it asks, the words for a call that failed.
//! Does not own: whom it asks and what follows (apiserver), the way itself (`net`).
//! Not modelled: kubelets' own writes are not asked about; an answer comes within the instant of the request.

use apiserver::{ApiServer, Conversion, WatchCursor, WebhookCall, Webhooks};
use client::handle::WatchEvent;
use client::{Caller, Request, Response};
use containers::net::{HttpRequest, NetAnswer, NetError, NetOptions, NetRequest};
use network::{Files, Source};
use objects::{Status, Value};

use crate::components::Reach;
use crate::journal::Input;
use crate::part::Part;
use crate::{At, Cluster, journal};

/// Carries calls out in the network of a cluster whose API server is lent out.
pub(crate) struct Way<'a>(pub(crate) &'a mut Cluster);

impl Webhooks for Way<'_> {
    fn post(&mut self, server: &mut ApiServer, call: &WebhookCall) -> Result<(u16, Vec<u8>), String> {
        let cluster = &mut *self.0;
        std::mem::swap(server, &mut cluster.api);
        let answer = cluster.post(call);
        std::mem::swap(server, &mut cluster.api);
        answer
    }
}

impl Cluster {
    /// Answers a request of somebody outside.
    pub(crate) fn handle(&mut self, caller: &Caller, request: Request) -> Result<Response, Status> {
        let asks = self.api.has_webhooks() && journal::changes(&request);
        if !asks && !self.api.may_convert(&request) {
            return self.api.handle(caller, request, self.now);
        }
        let now = self.now;
        let mut api = std::mem::replace(&mut self.api, ApiServer::vacant());
        let answer = api.handle_with(caller, request, now, Some(&mut Way(self)));
        self.api = api;
        answer
    }

    /// The next event of a watch from outside, by way of the webhook where one converts its kind.
    pub fn poll_watch(&mut self, cursor: &mut WatchCursor) -> Option<WatchEvent> {
        let pulled = cursor.pull(&self.api)?;
        let Some(conversion) = cursor.conversion(&pulled) else { return Some(cursor.shown(pulled)) };
        let converted = self.convert(conversion);
        Some(cursor.shown_as(pulled, converted))
    }

    pub(crate) fn convert(&mut self, conversion: Conversion) -> Result<Value, Status> {
        self.note(|| Input::Convert(Box::new(conversion.clone())));
        let now = self.now;
        let mut api = std::mem::replace(&mut self.api, ApiServer::vacant());
        let converted = api.carry_out(conversion, now, &mut Way(self));
        self.api = api;
        converted
    }

    /// Whether what a part does next may have to be asked about.
    pub(crate) fn asks_webhooks(&self, part: usize) -> bool {
        (self.api.has_webhooks() || self.api.has_conversions())
            && self.parts.get(part).is_some_and(Part::writes_for_others)
    }

    /// As [`Part::wake`], with the part and the API server out of the cluster for as long.
    pub(crate) fn wake_asking(&mut self, id: usize, reach: Reach) {
        let now = self.now;
        let mut part = std::mem::replace(&mut self.parts[id], Part::vacant());
        let mut api = std::mem::replace(&mut self.api, ApiServer::vacant());
        let mut at = At { api: &mut api, now, reach, rest: Some(self) };
        part.wake(now, &mut at, &mut Box::default());
        self.api = api;
        self.parts[id] = part;
    }

    /// A call from the node that the API server runs on.
    fn post(&mut self, call: &WebhookCall) -> Result<(u16, Vec<u8>), String> {
        let Some(source) = self.server_place() else {
            return Err("dial tcp: no route to host".into());
        };
        let headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), "kube-apiserver-admission".to_owned()),
        ];
        let request = HttpRequest {
            method: "POST".into(),
            target: call.target.clone(),
            headers,
            body: call.body.clone().into_bytes(),
            peer: String::new(),
        };
        let options = NetOptions { total_ms: Some(call.timeout_ms), ..NetOptions::default() };
        let request = NetRequest::With {
            options: Box::new(options),
            request: Box::new(NetRequest::Http {
                host: call.host.to_string(),
                port: call.port,
                tls: true,
                request,
            }),
        };
        let (answer, path) = self.ask_from(&source, &request, &Files::default());
        self.net.keep_path(path);
        let at = format!("{}:{}", call.host, call.port);
        match answer {
            NetAnswer::Http { response, .. } => Ok((response.status, response.body)),
            NetAnswer::Failed { error, .. } => Err(failure(&error, &call.host, &at)),
            _ => Err("EOF".into()),
        }
    }

    /// Where the API server stands in the network.
    pub(crate) fn server_place(&self) -> Option<Source> {
        let node = self.config.nodes.iter().find(|n| n.control_plane).or(self.config.nodes.first())?;
        let ip = self.kubelet(&node.name).map(kubelet::Kubelet::host_ip)?;
        Some(Source::Node { name: node.name.clone(), ip })
    }
}

/// What Go says of a call to `host`, at the address `at`, that came to nothing.
pub(crate) fn failure(error: &NetError, host: &str, at: &str) -> String {
    match error {
        NetError::Refused => format!("dial tcp {at}: connect: connection refused"),
        NetError::TimedOut | NetError::Slow => "context deadline exceeded".into(),
        NetError::Unreachable => format!("dial tcp {at}: connect: no route to host"),
        NetError::NoName | NetError::NoServer => {
            format!("dial tcp: lookup {host} on 10.96.0.10:53: no such host")
        }
        NetError::Tls => "http: server gave HTTP response to HTTPS client".into(),
        _ => "EOF".into(),
    }
}
