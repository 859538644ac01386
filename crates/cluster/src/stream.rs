//! Streams into a pod: logs, exec, attach, port-forward; and the ports of the learner's machine that kubectl listens on.
//!
//! Owns: finding the pod's kubelet, which container is meant, the API server's and the kubelet's refusals, how lines
//! of a log are cut, which port is free. Does not own: what the container says (kubelet), what `kubectl proxy` answers
//! (`net::kubectl_proxy`).
//! Models `pkg/registry/core/pod/strategy.go` (LogLocation, streamLocation) and `pkg/kubelet` (validateContainerLogStatus).

use client::handle::Frame;
use client::{Caller, Request};
use clock::Time;
use containers::machine::Stream as Fd;
use kubelet::streams::{Command, Instance, Output};
use objects::{Reason, Status, Str, Value};

use crate::Cluster;
use crate::net::ApiProxy;

/// Ports that Linux gives to whoever asks for any: the first, and how many.
const ANY_PORT: (u64, u64) = (32_768, 28_232);

/// One open stream.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    part: usize,
    kind: Kind,
    /// Its reader has asked at least once: what was asleep in the container is awake by then.
    polled: bool,
    /// The end has been told: nothing comes after it.
    over: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Text that is there at once.
    Text(String),
    Log {
        at: Instance,
        next: u64,
        cut: Cut,
        follow: bool,
    },
    Exec {
        command: Command,
        waiting: Vec<Frame>,
    },
    Attach {
        at: Instance,
        waiting: Vec<Frame>,
    },
    Forward {
        pod: Str,
        uid: Str,
        /// Ports of the learner's machine, and the pod's behind them.
        ports: Vec<(u16, u16)>,
        waiting: Vec<Frame>,
    },
    /// `kubectl proxy`
    Proxy {
        proxy: Box<ApiProxy>,
        waiting: Vec<Frame>,
    },
}

/// How a log is cut for its reader.
#[derive(Clone, Debug, Default)]
struct Cut {
    since: Option<Time>,
    timestamps: bool,
    tail: Option<usize>,
    limit_bytes: Option<usize>,
}

fn query<'a>(request: &'a Request, name: &str) -> &'a str {
    request.options.query.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v.as_str())
}

fn names(pod: &Value, list: &str) -> Vec<String> {
    pod["spec"][list].items().iter().map(|c| c["name"].text().to_owned()).collect()
}

/// The container meant, or why there is none.
fn container(pod: &Value, wanted: &str) -> Result<Str, Status> {
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    if !wanted.is_empty() {
        return if lists.iter().any(|l| names(pod, l).iter().any(|n| n == wanted)) {
            Ok(wanted.into())
        } else {
            Err(Status::bad_request(format!("container {wanted} is not valid for pod {}", pod.name())))
        };
    }
    let main = names(pod, "containers");
    if let [only] = main.as_slice() {
        return Ok(only.as_str().into());
    }
    let mut text = format!(
        "a container name must be specified for pod {}, choose one of: [{}]",
        pod.name(),
        main.join(" ")
    );
    let init = names(pod, "initContainers");
    if !init.is_empty() {
        text.push_str(&format!(" or one of the init containers: [{}]", init.join(" ")));
    }
    Err(Status::bad_request(text))
}

/// Which start's log is meant, by the id of its container.
fn log_id(pod: &Value, name: &str, previous: bool) -> Result<Str, String> {
    let lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    let status = lists.iter().flat_map(|l| pod["status"][*l].items()).find(|s| s["name"] == name);
    let who = format!("container \"{name}\" in pod \"{}\"", pod.name());
    let Some(status) = status else { return Err(format!("{who} is not available")) };
    let (state, last) = (&status["state"], &status["lastState"]["terminated"]["containerID"]);
    if previous {
        return if last.text().is_empty() {
            Err(format!("previous terminated {who} not found"))
        } else {
            Ok(last.to_str())
        };
    }
    if !state["running"].is_null() {
        return Ok(status["containerID"].to_str());
    }
    if !state["terminated"].is_null() {
        return Ok(state["terminated"]["containerID"].to_str());
    }
    if !last.text().is_empty() {
        return Ok(last.to_str());
    }
    Err(match state["waiting"]["reason"].text() {
        "ErrImagePull" => format!("{who} is waiting to start: image can't be pulled"),
        "ImagePullBackOff" => format!("{who} is waiting to start: trying and failing to pull image"),
        reason => format!("{who} is waiting to start: {reason}"),
    })
}

impl Stream {
    /// True the first time it is asked.
    pub(crate) fn first_poll(&mut self) -> bool {
        !std::mem::replace(&mut self.polled, true)
    }

    /// # Errors
    /// The server's refusal: no such pod, no such container, a container that does not run.
    pub(crate) fn open(cluster: &mut Cluster, caller: &Caller, request: &Request) -> Result<Self, Status> {
        if request.resource.is_empty() {
            return Self::open_proxy(cluster, caller, request);
        }
        cluster.check_stream(caller, request)?;
        let pod = cluster.api().get("pods", &request.namespace, &request.name).cloned();
        let pod = pod.ok_or_else(|| Status::not_found("", "pods", &request.name))?;
        let name = container(&pod, query(request, "container"));
        let node = pod["spec"]["nodeName"].text();
        let is_log = request.subresource == "log";
        if node.is_empty() {
            name?;
            return if is_log {
                Ok(Self { part: 0, kind: Kind::Text(String::new()), polled: false, over: false })
            } else {
                Err(Status::bad_request(format!("pod {} does not have a host assigned", pod.name())))
            };
        }
        let Some(part) = cluster.kubelet_part(node) else {
            return Err(Status::new(Reason::InternalError, format!("node \"{node}\" not found")));
        };
        cluster.dial_kubelet(part, request, &pod)?;
        let kind = match request.subresource.as_str() {
            "log" => Self::open_log(cluster, part, request, &pod, &name?)?,
            "exec" | "attach" => Self::open_process(cluster, part, request, &pod, &name?)?,
            "portforward" => {
                let pair = |text: &str| {
                    let (local, remote) = text.split_once(':')?;
                    Some((local.parse().ok()?, remote.parse().ok()?))
                };
                let wanted = request.options.query.iter().filter(|(k, _)| k == "ports");
                let (mut ports, mut waiting): (Vec<(u16, u16)>, _) = (Vec::new(), Vec::new());
                for (local, remote) in wanted.filter_map(|(_, v)| pair(v)) {
                    let free = cluster.free_port(local).filter(|p| ports.iter().all(|(l, _)| l != p));
                    waiting.push(Frame::Listens(free.unwrap_or_default()));
                    ports.extend(free.map(|p| (p, remote)));
                }
                Kind::Forward { pod: pod.key(), uid: pod.uid().into(), ports, waiting }
            }
            other => return Err(Status::new(Reason::NotFound, format!("{other} is not served"))),
        };
        Ok(Self { part, kind, polled: false, over: false })
    }

    /// A port for `kubectl proxy`; the server is asked nothing yet.
    fn open_proxy(cluster: &mut Cluster, caller: &Caller, request: &Request) -> Result<Self, Status> {
        let wanted = query(request, "port").parse().unwrap_or_default();
        let Some(port) = cluster.free_port(wanted) else {
            let why =
                format!("listen tcp {}:{wanted}: bind: address already in use", query(request, "address"));
            return Err(Status::new(Reason::Unknown, why));
        };
        let mut proxy = ApiProxy::open(port, request, &|name| query(request, name).to_owned())?;
        proxy.in_the_name_of(&caller.actor);
        let waiting = vec![Frame::Listens(port)];
        let kind = Kind::Proxy { proxy: Box::new(proxy), waiting };
        Ok(Self { part: 0, kind, polled: false, over: false })
    }

    fn open_log(
        cluster: &mut Cluster,
        part: usize,
        request: &Request,
        pod: &Value,
        name: &str,
    ) -> Result<Kind, Status> {
        let previous = query(request, "previous") == "true";
        let id = log_id(pod, name, previous).map_err(Status::bad_request)?;
        let key = pod.key();
        let found = cluster.with_kubelet(part, |k, _| k.with_id(&key, name, &id)).flatten();
        let Some(at) = found else {
            return Ok(Kind::Text(format!("unable to retrieve container logs for {id}")));
        };
        let seconds = query(request, "sinceSeconds").parse::<i64>().ok();
        let since = seconds.map(|s| Time(cluster.now().0 - s * 1000));
        let cut = Cut {
            since: since.or_else(|| Time::parse_rfc3339(query(request, "sinceTime"))),
            timestamps: query(request, "timestamps") == "true",
            tail: query(request, "tailLines").parse().ok(),
            limit_bytes: query(request, "limitBytes").parse().ok(),
        };
        Ok(Kind::Log { at, next: 0, cut, follow: query(request, "follow") == "true" })
    }

    fn open_process(
        cluster: &mut Cluster,
        part: usize,
        request: &Request,
        pod: &Value,
        name: &str,
    ) -> Result<Kind, Status> {
        let key = pod.key();
        let at = cluster.with_kubelet(part, |k, _| k.running(&key, name)).flatten();
        let Some(at) = at else {
            return Err(Status::new(
                Reason::InternalError,
                format!(
                    "Internal error occurred: unable to upgrade connection: container not found (\"{name}\")"
                ),
            ));
        };
        if request.subresource == "attach" {
            cluster.with_kubelet(part, |k, now| k.attach(&at, now));
            return Ok(Kind::Attach { at, waiting: Vec::new() });
        }
        let argv: Vec<String> = request
            .options
            .query
            .iter()
            .filter(|(k, _)| k == "command")
            .map(|(_, v)| v.to_string())
            .collect();
        let (stdin, tty) = (query(request, "stdin") == "true", query(request, "tty") == "true");
        let started = cluster.with_kubelet(part, |k, now| k.exec(&at, &argv, stdin, tty, now));
        match started {
            Some(Ok(command)) => Ok(Kind::Exec { command, waiting: Vec::new() }),
            Some(Err(why)) => {
                let id = clock::Rng::new(cluster.revision()).letters(b"0123456789abcdef", 64);
                Err(Status::new(
                    Reason::InternalError,
                    format!(
                        "Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"{id}\": {why}"
                    ),
                ))
            }
            None => Err(Status::new(Reason::InternalError, "the node is gone".to_owned())),
        }
    }

    pub(crate) fn send(&mut self, cluster: &mut Cluster, frame: Frame) {
        let data = match &frame {
            Frame::Stdin(bytes) => Some(bytes.as_slice()),
            Frame::StdinClosed => None,
            Frame::Window { rows, columns } => {
                let window = (*rows, *columns);
                cluster.with_kubelet(self.part, |k, _| match &self.kind {
                    Kind::Exec { command, .. } => k.resize_command(command, window),
                    Kind::Attach { at, .. } => k.resize_attached(at, window),
                    _ => {}
                });
                return;
            }
            _ => return,
        };
        match &self.kind {
            Kind::Exec { command, .. } => {
                cluster.with_kubelet(self.part, |k, now| k.command_input(command, data, now));
            }
            Kind::Attach { at, .. } => {
                cluster.with_kubelet(self.part, |k, now| k.attached_input(at, data, now));
            }
            _ => {}
        }
    }

    /// The stream's reader has gone.
    pub(crate) fn close(&mut self, cluster: &mut Cluster) {
        if let Kind::Exec { command, .. } = &self.kind {
            cluster.with_kubelet(self.part, |k, _| k.close_command(command));
        }
    }

    /// The next frame if one has come; `Some(None)` when the stream has ended.
    pub(crate) fn poll(&mut self, cluster: &mut Cluster) -> Option<Option<Frame>> {
        if self.over {
            return Some(None);
        }
        if !cluster.is_within_reach(self.part) && !matches!(self.kind, Kind::Text(_) | Kind::Proxy { .. }) {
            self.over = true;
            return Some(None);
        }
        match &mut self.kind {
            Kind::Text(text) => {
                self.over = true;
                Some((!text.is_empty()).then(|| Frame::Stdout(std::mem::take(text).into_bytes())))
            }
            Kind::Log { at, next, cut, follow } => {
                let read = cluster.with_kubelet(self.part, |k, now| k.log(at, *next, now)).flatten();
                let Some((mut lines, after, more)) = read else {
                    self.over = true;
                    return Some(None);
                };
                *next = after;
                if let Some(since) = cut.since {
                    lines.retain(|l| l.time >= since);
                }
                if let Some(tail) = cut.tail.take() {
                    lines.drain(..lines.len().saturating_sub(tail));
                }
                let mut text = String::new();
                for l in &lines {
                    if cut.timestamps {
                        text.push_str(&stamp(l.time));
                        text.push(' ');
                    }
                    text.push_str(&l.text);
                    text.push('\n');
                }
                let mut bytes = text.into_bytes();
                if let Some(limit) = &mut cut.limit_bytes {
                    bytes.truncate(*limit);
                    *limit -= bytes.len();
                }
                let goes_on = *follow && more && cut.limit_bytes != Some(0);
                self.over = !goes_on;
                match (bytes.is_empty(), goes_on) {
                    (false, _) => Some(Some(Frame::Stdout(bytes))),
                    (true, true) => None,
                    (true, false) => Some(None),
                }
            }
            Kind::Exec { command, waiting } => {
                if waiting.is_empty() {
                    let out = cluster.with_kubelet(self.part, |k, now| k.command_output(command, now));
                    *waiting = frames(out.unwrap_or(Output { gone: true, ..Output::default() }), 137);
                }
                self.hand_out()
            }
            Kind::Attach { at, waiting } => {
                if waiting.is_empty() {
                    let out = cluster.with_kubelet(self.part, |k, _| k.attached_output(at));
                    // The end of a container is no exit code of whoever watched it.
                    *waiting = frames(out.unwrap_or(Output { gone: true, ..Output::default() }), 0);
                    for f in waiting.iter_mut() {
                        if let Frame::Exit(code) = f {
                            *code = 0;
                        }
                    }
                }
                self.hand_out()
            }
            Kind::Proxy { waiting, .. } => (!waiting.is_empty()).then(|| Some(waiting.remove(0))),
            Kind::Forward { waiting, .. } if !waiting.is_empty() => {
                let frame = waiting.remove(0);
                self.over = matches!(frame, Frame::Exit(_));
                Some(Some(frame))
            }
            Kind::Forward { pod, uid, .. } => {
                let (namespace, name) = objects::meta::split_key(pod);
                let there = cluster.object("pods", namespace, name);
                let runs =
                    there.is_some_and(|p| p.uid() == uid.as_str() && p["status"]["phase"] == "Running");
                self.over = !runs;
                if runs { None } else { Some(None) }
            }
        }
    }

    /// The pod and port behind a forwarded port of the learner's machine.
    pub(crate) fn forwards(&self, local: u16) -> Option<(Str, u16)> {
        let Kind::Forward { pod, ports, .. } = &self.kind else { return None };
        let found = ports.iter().find(|(l, _)| *l == local && !self.over)?;
        Some((pod.clone(), found.1))
    }

    /// The `kubectl proxy` whose port this is.
    pub(crate) fn api_proxy(&self) -> Option<&ApiProxy> {
        match &self.kind {
            Kind::Proxy { proxy, .. } => Some(proxy),
            _ => None,
        }
    }

    fn listens_on(&self, port: u16) -> bool {
        self.forwards(port).is_some() || self.api_proxy().is_some_and(|p| p.port == port)
    }

    /// A line on the standard error of whoever runs the proxy.
    pub(crate) fn complains(&mut self, line: &str) {
        if let Kind::Proxy { waiting, .. } = &mut self.kind {
            waiting.push(Frame::Stderr(line.as_bytes().to_vec()));
        }
    }

    /// Tells whoever forwards a port of a connection to it; a connection that fails ends the forwarding.
    pub(crate) fn told(&mut self, local: u16, broken: Option<&str>) {
        let Kind::Forward { waiting, .. } = &mut self.kind else { return };
        waiting.push(Frame::Stdout(format!("Handling connection for {local}\n").into_bytes()));
        if let Some(text) = broken {
            waiting.push(Frame::Stderr(text.as_bytes().to_vec()));
            waiting.push(Frame::Exit(1));
        }
    }

    fn hand_out(&mut self) -> Option<Option<Frame>> {
        let (Kind::Exec { waiting, .. } | Kind::Attach { waiting, .. }) = &mut self.kind else { return None };
        if waiting.is_empty() {
            return None;
        }
        let frame = waiting.remove(0);
        self.over = matches!(frame, Frame::Exit(_));
        Some(Some(frame))
    }
}

impl Cluster {
    /// Whether kubectl listens on a port of the learner's machine for this cluster.
    #[must_use]
    pub fn listens_locally(&self, port: u16) -> bool {
        self.streams.values().any(|s| s.listens_on(port))
    }

    /// The port of the learner's machine that is wanted, or any for 0; `None` when it is taken.
    fn free_port(&self, wanted: u16) -> Option<u16> {
        let free = |port: &u16| !self.listens_locally(*port);
        if wanted > 0 {
            return Some(wanted).filter(free);
        }
        let mut rng = clock::Rng::new(self.next_stream);
        let any =
            std::iter::repeat_with(|| u16::try_from(ANY_PORT.0 + rng.below(ANY_PORT.1)).unwrap_or(u16::MAX));
        any.take(100).find(free)
    }
}

fn frames(out: Output, code_if_gone: i32) -> Vec<Frame> {
    let mut list: Vec<Frame> = out
        .chunks
        .into_iter()
        .map(|(fd, bytes)| if fd == Fd::Out { Frame::Stdout(bytes) } else { Frame::Stderr(bytes) })
        .collect();
    match out.code {
        Some(code) => list.push(Frame::Exit(code)),
        None if out.gone => list.push(Frame::Exit(code_if_gone)),
        None => {}
    }
    list
}

/// A line's time as the runtime writes it: nine digits after the second.
fn stamp(time: Time) -> String {
    let micro = time.rfc3339_micro();
    format!("{}000Z", micro.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn which_container_is_meant() {
        let pod = value!({
            "metadata": {"name": "two"},
            "spec": {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]},
        });
        assert_eq!(container(&pod, "i").map_err(|s| s.message), Ok("i".into()));
        assert_eq!(
            container(&pod, "").map_err(|s| s.message),
            Err("a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]".into())
        );
        assert_eq!(
            container(&pod, "x").map_err(|s| s.message),
            Err("container x is not valid for pod two".into())
        );
    }

    #[test]
    fn whose_log_is_meant() {
        let pod =
            |status: Value| value!({"metadata": {"name": "p"}, "status": {"containerStatuses": [(status)]}});
        let ended = value!({"terminated": {"containerID": "old"}});
        let table = [
            (value!({"name": "c", "state": {"running": {}}, "containerID": "now"}), false, Ok("now")),
            (
                value!({"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": (ended.clone())}),
                false,
                Ok("old"),
            ),
            (value!({"name": "c", "state": {"running": {}}, "lastState": (ended)}), true, Ok("old")),
            (
                value!({"name": "c", "state": {"running": {}}}),
                true,
                Err("previous terminated container \"c\" in pod \"p\" not found"),
            ),
            (
                value!({"name": "c", "state": {"waiting": {"reason": "ErrImagePull"}}}),
                false,
                Err("container \"c\" in pod \"p\" is waiting to start: image can't be pulled"),
            ),
            (
                value!({"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}}),
                false,
                Err("container \"c\" in pod \"p\" is waiting to start: ContainerCreating"),
            ),
        ];
        for (status, previous, want) in table {
            let got = log_id(&pod(status), "c", previous);
            assert_eq!(got.as_deref().map_err(String::as_str), want);
        }
    }
}
