//! `kubectl cp`
//!
//! Models `k8s.io/kubectl/pkg/cmd/cp`. Differs: single files go through `cat` in the container, not through tar;
//! directories are taken file by file.

use objects::Value;
use objects::resources::PODS;

use crate::command::Command;
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;
use crate::verbs::exec::capture;
use crate::verbs::logs::container_or_default;

static FLAGS: &[Flag] = &[
    short('c', "container", Kind::Text, "", "name of the container"),
    flag("no-preserve", Kind::Bool, "false", "accepted, not simulated"),
    flag("retries", Kind::Int, "0", "accepted, not simulated"),
];

pub static COMMAND: Command = Command {
    name: "cp",
    usage: "<file-spec-src> <file-spec-dest>",
    short: "Copy files into containers and out of them",
    flags: &[FLAGS],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

/// `[[namespace/]pod:]path`
struct Place {
    namespace: String,
    pod: String,
    path: String,
}

fn place(text: &str) -> Result<Place> {
    let Some((head, path)) = text.split_once(':') else {
        return Ok(Place { namespace: String::new(), pod: String::new(), path: text.into() });
    };
    if head.is_empty() {
        return fail("filespec must match the canonical format: [[namespace/]pod:]file/path");
    }
    match head.split('/').collect::<Vec<_>>().as_slice() {
        [pod] => Ok(Place { namespace: String::new(), pod: (*pod).into(), path: path.into() }),
        [ns, pod] => Ok(Place { namespace: (*ns).into(), pod: (*pod).into(), path: path.into() }),
        _ => fail("filespec must match the canonical format: [[namespace/]pod:]file/path"),
    }
}

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let [from, to] = args.args.as_slice() else {
        return fail("source and destination are required");
    };
    let (from, to) = (place(from)?, place(to)?);
    if !from.pod.is_empty() && !to.pod.is_empty() {
        return fail("one of src or dest must be a local file specification");
    }
    if from.path.is_empty() || to.path.is_empty() {
        return fail("filepath can not be empty");
    }
    if from.pod.is_empty() && to.pod.is_empty() {
        return fail("one of src or dest must be a remote file specification");
    }
    if from.pod.is_empty() && !k.io.exists(&from.path) {
        return fail(format!("{} doesn't exist in local filesystem", from.path));
    }
    let remote = if from.pod.is_empty() { &to } else { &from };
    let namespace =
        if remote.namespace.is_empty() { k.namespace.to_string() } else { remote.namespace.clone() };
    let pod = k.get(PODS, &namespace, &remote.pod).await?;
    let container = container_or_default(k, &pod, args.text("container"), false)?;
    if from.pod.is_empty() {
        upload(k, &pod, &container, &from.path, &to.path).await
    } else {
        download(k, &pod, &container, &from.path, &to.path).await
    }
}

fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', "'\\''"))
}

async fn upload(k: &Kubectl, pod: &Value, container: &str, from: &str, to: &str) -> Result<()> {
    if k.io.is_dir(from) {
        let base = from.trim_end_matches('/').rsplit('/').next().unwrap_or(from);
        let target = if to.ends_with('/') { format!("{to}{base}") } else { to.to_owned() };
        for name in k.io.list(from).unwrap_or_default() {
            let (a, b) = (format!("{}/{name}", from.trim_end_matches('/')), format!("{target}/{name}"));
            Box::pin(upload(k, pod, container, &a, &b)).await?;
        }
        return Ok(());
    }
    let bytes = match k.io.read(from) {
        Ok(b) => b,
        Err(_) => return fail(format!("{from} doesn't exist in local filesystem")),
    };
    let name = from.rsplit('/').next().unwrap_or(from);
    let (q, joined) = (quoted(to), quoted(&format!("{}/{name}", to.trim_end_matches('/'))));
    let dir = quoted(to.rsplit_once('/').map_or(".", |(d, _)| if d.is_empty() { "/" } else { d }));
    let script = format!("if [ -d {q} ]; then cat > {joined}; else mkdir -p {dir}; cat > {q}; fi");
    capture(k, pod.namespace(), pod.name(), container, &["sh", "-c", &script], Some(bytes)).await?;
    Ok(())
}

async fn download(k: &Kubectl, pod: &Value, container: &str, from: &str, to: &str) -> Result<()> {
    let q = quoted(from);
    let listing = capture(
        k,
        pod.namespace(),
        pod.name(),
        container,
        &["sh", "-c", &format!("if [ -d {q} ]; then ls -A {q}; fi")],
        None,
    )
    .await?;
    let names: Vec<String> = String::from_utf8_lossy(&listing).lines().map(str::to_owned).collect();
    if !names.is_empty() {
        for name in names {
            let (a, b) = (
                format!("{}/{name}", from.trim_end_matches('/')),
                format!("{}/{name}", to.trim_end_matches('/')),
            );
            Box::pin(download(k, pod, container, &a, &b)).await?;
        }
        return Ok(());
    }
    let bytes = capture(k, pod.namespace(), pod.name(), container, &["cat", from], None).await?;
    let base = from.rsplit('/').next().unwrap_or(from);
    let target = if k.io.is_dir(to) { format!("{}/{base}", to.trim_end_matches('/')) } else { to.to_owned() };
    match k.io.write(&target, &bytes) {
        Ok(()) => Ok(()),
        Err(e) => fail(format!("open {target}: {}", e.text())),
    }
}
