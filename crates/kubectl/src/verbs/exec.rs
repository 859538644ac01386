//! `kubectl exec` and `kubectl attach`
//!
//! Models `k8s.io/kubectl/pkg/cmd/exec` and `cmd/attach`. Not modelled: resizing of terminals.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use client::handle::{Frame, Stream};
use client::{Request, Verb};
use objects::resources::PODS;
use objects::{Reason, Status, Str, Value};

use crate::command::{Command, FILES, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::{Kubectl, request};
use crate::verbs::logs::{self, container_or_default, pods_behind};

static FLAGS: &[Flag] = &[
    short('c', "container", Kind::Text, "", "name of the container"),
    flag("pod-running-timeout", Kind::Duration, "1m0s", "how long to wait for a pod to run"),
    short('q', "quiet", Kind::Bool, "false", "only the remote output"),
    short('i', "stdin", Kind::Bool, "false", "pass stdin to the container"),
    short('t', "tty", Kind::Bool, "false", "stdin is a terminal"),
];

pub static EXEC: Command = Command {
    name: "exec",
    usage: "(POD | TYPE/NAME) [-c CONTAINER] -- COMMAND [args...]",
    short: "Run a command inside a container",
    flags: &[FLAGS, FILES],
    run: Some(|k, a| Box::pin(exec(k, a))),
    ..Command::NONE
};

pub static ATTACH: Command = Command {
    name: "attach",
    usage: "(POD | TYPE/NAME) -c CONTAINER",
    short: "Join the streams of a container's first process",
    flags: &[FLAGS],
    run: Some(|k, a| Box::pin(attach(k, a))),
    ..Command::NONE
};

/// The pod meant by `pod` or `type/name`.
///
/// # Errors
/// None there.
pub async fn pod(k: &Kubectl, target: &str, timeout: clock::Millis) -> Result<Value> {
    let find = Find {
        args: vec![if target.contains('/') { target.to_owned() } else { format!("pods/{target}") }],
        latest: true,
        ..Find::default()
    };
    let (infos, errors, _) = k.infos(&find).await?;
    Error::of_all(errors)?;
    let Some(i) = infos.first() else { return fail("pod, type/name or --filename must be specified") };
    if i.resource.id == "pods" {
        return Ok(i.object.clone());
    }
    pod_behind(k, &i.object, timeout).await
}

/// The best pod of a workload to attach to.
///
/// # Errors
/// An object that chooses no pods, or none that comes in time.
pub async fn pod_behind(k: &Kubectl, o: &Value, timeout: clock::Millis) -> Result<Value> {
    match pods_behind(k, o, timeout).await {
        Ok(mut pods) => Ok(pods.remove(0)),
        Err(Error::Text(t)) if t.starts_with("cannot get the logs from") => {
            fail(t.replacen("cannot get the logs from", "cannot attach to", 1))
        }
        Err(e) => Err(e),
    }
}

async fn exec(k: &Kubectl, args: &Args) -> Result<()> {
    let files = args.list("filename");
    let before = args.before_dash();
    if before.is_empty() && files.is_empty() {
        return fail("pod, type/name or --filename must be specified");
    }
    if args.dash.is_none() && (args.args.len() > 1 || !files.is_empty()) {
        return Err(usage_error(
            args,
            "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
        ));
    }
    if args.after_dash().is_empty() {
        return fail("you must specify at least one command for the container");
    }
    let pod = match before.first() {
        Some(t) => pod(k, t, args.millis("pod-running-timeout")).await?,
        None => {
            let find = Find { args: Vec::new(), latest: true, ..Find::of(args) };
            let (infos, errors, _) = k.infos(&find).await?;
            Error::of_all(errors)?;
            match infos.into_iter().next() {
                Some(i) if i.resource.id == "pods" => i.object,
                Some(i) => pod_behind(k, &i.object, args.millis("pod-running-timeout")).await?,
                None => return fail("pod, type/name or --filename must be specified"),
            }
        }
    };
    let phase = pod["status"]["phase"].text();
    if matches!(phase, "Succeeded" | "Failed") {
        return fail(format!("cannot exec into a container in a completed pod; current phase is {phase}"));
    }
    let container = container_or_default(k, &pod, args.text("container"), args.is("quiet"))?;
    let tty = terminal(k, args);
    let mut r = request(Verb::Create, PODS, pod.namespace()).named(pod.name()).subresource("exec");
    for word in args.after_dash() {
        r.options.query.push(("command".into(), word.as_str().into()));
    }
    streams(&mut r, &container, args.is("stdin"), tty);
    pass(k, r, args.is("stdin")).await
}

/// `-t` without a terminal to give is noted and left out.
fn terminal(k: &Kubectl, args: &Args) -> bool {
    args.is("tty") && args.is("stdin") && (k.io.stdin_is_tty() || no_terminal(k, args.is("quiet")))
}

/// Says that there is none.
fn no_terminal(k: &Kubectl, quiet: bool) -> bool {
    if !quiet {
        k.complain("Unable to use a TTY - input is not a terminal or the right kind of file");
    }
    false
}

fn streams(r: &mut Request, container: &Str, stdin: bool, tty: bool) {
    let q = &mut r.options.query;
    q.push(("container".into(), container.clone()));
    for (name, on) in [("stdin", stdin), ("stdout", true), ("stderr", !tty), ("tty", tty)] {
        if on {
            q.push((name.into(), "true".into()));
        }
    }
}

async fn attach(k: &Kubectl, args: &Args) -> Result<()> {
    let [target] = args.args.as_slice() else {
        return if args.args.is_empty() {
            fail("at least 1 argument is required for attach")
        } else {
            fail(format!(
                "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {}: [{}]",
                args.args.len(),
                args.args.join(" ")
            ))
        };
    };
    let pod = pod(k, target, args.millis("pod-running-timeout")).await?;
    let phase = pod["status"]["phase"].text();
    if matches!(phase, "Succeeded" | "Failed") {
        return fail(format!("cannot attach a container in a completed pod; current phase is {phase}"));
    }
    let container = container_or_default(k, &pod, args.text("container"), args.is("quiet"))
        .map_err(|e| Error::Text(format!("cannot attach to the container: {}", e.message())))?;
    session(k, args, &pod, &container).await
}

/// The names of a pod's lists of containers, and whether what has ended there is started again.
const LISTS: [(&str, bool); 3] =
    [("containers", true), ("initContainers", true), ("ephemeralContainers", false)];

/// Passes the streams of a running container through: what `attach`, `run` and `debug` end in.
///
/// # Errors
/// The server's refusal.
async fn session(k: &Kubectl, args: &Args, pod: &Value, container: &str) -> Result<()> {
    let found = LISTS.iter().find_map(|(list, returns)| {
        let c = pod["spec"][*list].items().iter().find(|c| c["name"] == container)?;
        Some((c["tty"].is_true(), *returns))
    });
    let (has_tty, returns) = found.unwrap_or((false, true));
    let (stdin, quiet) = (args.is("stdin"), args.is("quiet"));
    if args.is("tty") && !has_tty && !quiet {
        k.complain(format!("error: Unable to use a TTY - container {container} did not allocate one"));
    }
    let tty = has_tty && stdin && (k.io.stdin_is_tty() || no_terminal(k, quiet));
    if !quiet {
        k.complain("All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.");
        k.complain("If you don't see a command prompt, try pressing enter.");
    }
    let mut r = request(Verb::Create, PODS, pod.namespace()).named(pod.name()).subresource("attach");
    streams(&mut r, &container.into(), stdin, tty);
    match pass(k, r, stdin).await {
        // How its process ended nobody says to who is attached.
        Ok(()) | Err(Error::Code(..)) => {}
        Err(e) => return Err(e),
    }
    if tty && !quiet {
        let again = format!("'kubectl attach {} -c {container} -n {} -i -t'", pod.name(), pod.namespace());
        k.say(&if returns {
            format!("Session ended, resume using {again} command")
        } else {
            format!("Session ended, the ephemeral container will not be restarted but may be reattached using {again} if it is still running")
        });
    }
    Ok(())
}

/// A session at a container that was just made; what it has written where there can be none.
///
/// # Errors
/// The server's refusal of its log.
pub async fn session_or_log(k: &Kubectl, args: &Args, pod: &Value, container: &str) -> Result<()> {
    match session(k, args, pod, container).await {
        Ok(()) => Ok(()),
        Err(e) => {
            let name = pod.name();
            k.complain(format!(
                "warning: couldn't attach to pod/{name}, falling back to streaming logs: {}",
                e.message()
            ));
            logs::whole(k, name, container).await
        }
    }
}

enum Next {
    Frame(Option<Frame>),
    Input(Option<Vec<u8>>),
}

/// Whichever comes first: output of the container, or input of the learner.
async fn next(k: &Kubectl, stream: &mut Stream, input: bool) -> Next {
    if !input {
        return Next::Frame(stream.next().await);
    }
    let mut frame = pin!(stream.next());
    let mut chunk = k.io.stdin_chunk();
    std::future::poll_fn(|cx| {
        if let Poll::Ready(f) = frame.as_mut().poll(cx) {
            return Poll::Ready(Next::Frame(f));
        }
        chunk.as_mut().poll(cx).map(Next::Input)
    })
    .await
}

/// Why no stream came, in the words of the client that wanted one.
pub(crate) fn not_upgraded(s: Status) -> Error {
    match s.reason {
        Reason::Forbidden | Reason::Unauthorized => s.into(),
        Reason::InternalError => Error::Text(s.message),
        _ => Error::Text(format!("unable to upgrade connection: {}", s.message)),
    }
}

async fn pass(k: &Kubectl, r: Request, stdin: bool) -> Result<()> {
    let mut stream = match k.connect(r).await {
        Ok(s) => s,
        // Only the API server's own refusals come as such; the rest is told by the one who upgrades the connection.
        Err(Error::Status(s)) => return Err(not_upgraded(*s)),
        Err(e) => return Err(e),
    };
    let mut open = stdin;
    loop {
        match next(k, &mut stream, open).await {
            Next::Input(Some(bytes)) => stream.send(Frame::Stdin(bytes)),
            Next::Input(None) => {
                open = false;
                stream.send(Frame::StdinClosed);
            }
            Next::Frame(Some(Frame::Stdout(b))) => k.io.out(&b),
            Next::Frame(Some(Frame::Stderr(b))) => k.io.err(&b),
            Next::Frame(Some(Frame::Exit(0)) | None) => return Ok(()),
            Next::Frame(Some(Frame::Exit(code))) => {
                return Err(Error::Code(code, format!("command terminated with exit code {code}")));
            }
            Next::Frame(Some(_)) => {}
        }
    }
}

/// What a command in a container came to.
#[derive(Debug, Default)]
pub struct Ran {
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    pub code: i32,
}

impl Ran {
    /// # Errors
    /// An exit code that is not 0.
    pub fn checked(self) -> Result<()> {
        if self.code == 0 {
            return Ok(());
        }
        Err(Error::Code(self.code, format!("command terminated with exit code {}", self.code)))
    }
}

/// Runs a command in a container to its end, with `input` as its standard input.
///
/// # Errors
/// The server's refusal.
pub async fn ran(
    k: &Kubectl,
    pod: &Value,
    container: &str,
    command: &[&str],
    input: Option<Vec<u8>>,
) -> Result<Ran> {
    let mut r = request(Verb::Create, PODS, pod.namespace()).named(pod.name()).subresource("exec");
    for word in command {
        r.options.query.push(("command".into(), (*word).into()));
    }
    streams(&mut r, &container.into(), input.is_some(), false);
    let mut stream = match k.connect(r).await {
        Ok(s) => s,
        Err(Error::Status(s)) => return Err(not_upgraded(*s)),
        Err(e) => return Err(e),
    };
    if let Some(bytes) = input {
        stream.send(Frame::Stdin(bytes));
        stream.send(Frame::StdinClosed);
    }
    let mut ran = Ran::default();
    while let Some(f) = stream.next().await {
        match f {
            Frame::Stdout(b) => ran.out.extend(b),
            Frame::Stderr(b) => ran.err.extend(b),
            Frame::Exit(code) => {
                ran.code = code;
                break;
            }
            _ => {}
        }
    }
    Ok(ran)
}
