//! `kubectl run`: one pod.
//!
//! Models `k8s.io/kubectl/pkg/cmd/run`. Not modelled: `--privileged` beyond the field, `--annotations` order.

use client::Verb;
use objects::resources::{PODS, SERVICES};
use objects::{Value, value};

use crate::command::{Command, DRY_RUN, FIELD_MANAGER, OUTPUT, usage_error};
use crate::error::{Error, Result, fail};
use crate::finder::Info;
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::printers::Printer;
use crate::session::{DryRun, Kubectl, request, write_options};
use crate::verbs::create::{SAVE_CONFIG, annotate_last_applied, invalid_env_name, manager, named, texts};
use crate::verbs::{delete, exec, expose, logs};

static FLAGS: &[Flag] = &[
    flag("annotations", Kind::Texts, "", "key=value, repeatable"),
    flag("attach", Kind::Bool, "false", "attach to the pod once it runs"),
    flag("command", Kind::Bool, "false", "what follows is the command, not its arguments"),
    flag("env", Kind::Texts, "", "KEY=value, repeatable"),
    flag("expose", Kind::Bool, "false", "create a service for --port too"),
    flag("grace-period", Kind::Int, "-1", "seconds given to end, with --rm"),
    flag("image", Kind::Text, "", "image to run"),
    flag("image-pull-policy", Kind::Text, "", "Always, IfNotPresent or Never"),
    short('l', "labels", Kind::Text, "", "labels of the pod"),
    flag("leave-stdin-open", Kind::Bool, "false", "keep stdin open after the first attach"),
    flag("override-type", Kind::Text, "merge", "how --overrides is merged"),
    flag("overrides", Kind::Text, "", "JSON that overrides what was made"),
    flag("pod-running-timeout", Kind::Duration, "1m0s", "how long to wait for the pod to run"),
    flag("port", Kind::Text, "", "port the container listens on"),
    flag("privileged", Kind::Bool, "false", "run privileged"),
    short('q', "quiet", Kind::Bool, "false", "no prompt"),
    flag("restart", Kind::Text, "Always", "Always, OnFailure or Never"),
    flag("rm", Kind::Bool, "false", "delete the pod afterwards"),
    short('i', "stdin", Kind::Bool, "false", "pass stdin to the container"),
    short('t', "tty", Kind::Bool, "false", "give the container a terminal"),
    flag("wait", Kind::Bool, "true", "with --rm: wait until it is gone"),
];

pub static COMMAND: Command = Command {
    name: "run",
    usage: "NAME --image=image [--env=\"key=value\"] [--port=port] [--dry-run=server|client] -- [COMMAND] [args...]",
    short: "Start one pod of an image",
    flags: &[FLAGS, DRY_RUN, OUTPUT, FIELD_MANAGER, SAVE_CONFIG],
    required: &["image"],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let Some(name) = args.args.first() else { return Err(usage_error(args, "NAME is required for run")) };
    if args.dash == Some(0) {
        return Err(usage_error(args, "NAME is required for run"));
    }
    let restart = args.text("restart");
    if !["Always", "OnFailure", "Never"].contains(&restart) {
        return Err(usage_error(args, &format!("invalid restart policy: {restart}")));
    }
    if args.text("image").is_empty() {
        return fail("--image is required");
    }
    if !valid_image(args.text("image")) {
        return fail(format!("Invalid image name \"{}\": invalid reference format", args.text("image")));
    }
    let (stdin, tty, rm) = (args.is("stdin"), args.is("tty"), args.is("rm"));
    let attach = args.is("attach") || stdin || tty;
    if tty && !stdin {
        return Err(usage_error(args, "-i/--stdin is required for containers with -t/--tty=true"));
    }
    if args.is("expose") && args.text("port").is_empty() {
        return Err(usage_error(args, "--port must be set when exposing a service"));
    }
    if rm && !attach {
        return Err(usage_error(args, "--rm should only be used for attached containers"));
    }
    let pull = args.text("image-pull-policy");
    if !["", "Always", "IfNotPresent", "Never"].contains(&pull) {
        return Err(usage_error(args, &format!("invalid image pull policy: {pull}")));
    }
    let dry = DryRun::of(k, args)?;
    if attach && dry != DryRun::None {
        return Err(usage_error(
            args,
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
        ));
    }
    let printer = Printer::of(k, args)?;
    let pod = send(k, args, dry, pod(args, name)?).await?;
    if args.is("expose") {
        let service = send(k, args, dry, service(args, name, pod.labels())?).await?;
        k.out(&printer.print_made(&service, &format!("created{}", dry.suffix()))?);
        if args.text("output") == "yaml" {
            k.say("---");
        }
    }
    if !attach {
        k.out(&printer.print_made(&pod, &format!("created{}", dry.suffix()))?);
        return Ok(());
    }
    let done = attached(k, args, name).await;
    if rm {
        let info = Info {
            resource: PODS.clone(),
            namespace: k.namespace.clone(),
            name: name.as_str().into(),
            source: String::new(),
            object: pod.clone(),
        };
        let how = delete::Deletion {
            grace: args.int("grace-period"),
            propagation: client::Propagation::Background,
            dry: DryRun::None,
            quiet: false,
            only_names: false,
        };
        let uid = delete::delete(k, &info, &how).await?;
        if args.is("wait") {
            delete::wait_gone(k, &[(info, uid)], 168 * 3_600_000).await?;
        }
    }
    done
}

async fn send(k: &Kubectl, args: &Args, dry: DryRun, mut object: Value) -> Result<Value> {
    if k.enforce_namespace {
        object.set_at(&["metadata", "namespace"], k.namespace.clone());
    }
    if args.is("save-config") {
        annotate_last_applied(&mut object);
    }
    if dry == DryRun::Client {
        return Ok(object);
    }
    let resource = if object.kind() == "Pod" { PODS } else { SERVICES };
    let mut r = request(Verb::Create, resource, &k.namespace).object(object);
    write_options(&mut r.options, manager(args, "kubectl-run"), client::FieldValidation::Warn, dry);
    Ok(k.call(r).await?.object)
}

fn valid_image(image: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._-/:@+".contains(c);
    let head = image.split(['@']).next().unwrap_or(image);
    let path = head.rsplit_once(':').filter(|(_, t)| !t.contains('/')).map_or(head, |(p, _)| p);
    let repository =
        path.split_once('/').map_or(path, |(host, rest)| if host.contains(['.', ':']) { rest } else { path });
    image.chars().all(fine)
        && !repository.is_empty()
        && !repository.chars().any(|c| c.is_ascii_uppercase())
        && !image.ends_with(':')
}

fn pod(args: &Args, name: &str) -> Result<Value> {
    let labels = if args.text("labels").is_empty() {
        value!({"run": (name)})
    } else {
        expose::labels(args.text("labels"))?
    };
    let mut c = value!({"name": (name), "image": (args.text("image")), "resources": {}});
    if !args.text("image-pull-policy").is_empty() {
        c.set("imagePullPolicy", args.text("image-pull-policy"));
    }
    let rest = &args.args[1..];
    if !rest.is_empty() {
        c.set(if args.is("command") { "command" } else { "args" }, texts(rest));
    }
    let mut env: Vec<Value> = Vec::new();
    for e in args.list("env") {
        let Some((key, v)) = e.split_once('=').filter(|(key, _)| invalid_env_name(key).is_none()) else {
            return fail(format!("invalid env: {e}"));
        };
        env.push(value!({"name": (key), "value": (v)}));
    }
    if !env.is_empty() {
        c.set("env", Value::List(env.into()));
    }
    if !args.text("port").is_empty() {
        let Ok(port) = args.text("port").parse::<i64>() else {
            return fail(format!("strconv.Atoi: parsing \"{}\": invalid syntax", args.text("port")));
        };
        c.set("ports", value!([{"containerPort": (port)}]));
    }
    if args.is("stdin") {
        c.set("stdin", true);
        if !args.is("leave-stdin-open") {
            c.set("stdinOnce", true);
        }
    }
    if args.is("tty") {
        c.set("tty", true);
    }
    if args.is("privileged") {
        c.set_at(&["securityContext", "privileged"], true);
    }
    let mut p = named(PODS, name);
    p.set_at(&["metadata", "labels"], labels);
    for a in args.list("annotations") {
        let Some((key, v)) = a.split_once('=') else { return fail(format!("invalid annotation: {a}")) };
        p.set_at(&["metadata", "annotations", key], v);
    }
    p.set(
        "spec",
        value!({"containers": [c], "dnsPolicy": "ClusterFirst", "restartPolicy": (args.text("restart"))}),
    );
    p.set("status", value!({}));
    expose::overridden(p, args)
}

fn service(args: &Args, name: &str, selector: &Value) -> Result<Value> {
    let Ok(port) = args.text("port").parse::<i64>() else {
        return fail("--port must be set when exposing a service");
    };
    let mut s = named(SERVICES, name);
    s.set(
        "spec",
        value!({
            "ports": [{"port": (port), "protocol": "TCP", "targetPort": (port)}],
            "selector": (selector),
        }),
    );
    s.set("status", value!({"loadBalancer": {}}));
    Ok(s)
}

/// Waits for the pod to run, passes its streams through, and ends with its exit code.
async fn attached(k: &Kubectl, args: &Args, name: &str) -> Result<()> {
    let until = k.client.now() + args.millis("pod-running-timeout");
    let pod = loop {
        let pod = k.get(PODS, &k.namespace, name).await?;
        match pod["status"]["phase"].text() {
            "Succeeded" | "Failed" => break pod,
            "Running" if pod.condition_true("Ready") => break pod,
            _ if until.since(k.client.now()) <= 0 => return fail("timed out waiting for the condition"),
            _ => k.client.sleep(200).await,
        }
    };
    let container = pod["spec"]["containers"][0]["name"].text();
    // What was written before somebody is attached is in the log.
    let logged = logs::whole(k, name, container).await;
    if pod["status"]["phase"] == "Running" {
        if let Err(e) = logged {
            k.complain(format!("warning: couldn't fetch pre-attach logs: {}", e.message()));
        }
        exec::session_or_log(k, args, &pod, container).await?;
    } else {
        logged?;
    }
    if args.text("restart") == "Always" {
        return Ok(());
    }
    loop {
        let pod = k.get(PODS, &k.namespace, name).await?;
        if !matches!(pod["status"]["phase"].text(), "Succeeded" | "Failed") {
            if until.since(k.client.now()) <= 0 {
                return Ok(());
            }
            k.client.sleep(200).await;
            continue;
        }
        let ended = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
        return match ended["exitCode"].int() as i32 {
            0 => Ok(()),
            code => Err(Error::Code(
                code,
                format!(
                    "pod {}/{name} terminated ({})\n{}",
                    k.namespace,
                    ended["reason"].text(),
                    ended["message"].text()
                ),
            )),
        };
    }
}
