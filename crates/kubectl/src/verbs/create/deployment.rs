//! `kubectl create deployment`

use objects::resources::DEPLOYMENTS;
use objects::{Value, value};

use super::{GENERATOR, generate, named, texts};
use crate::command::{Command, one_name};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("image", Kind::Words, "", "image of a container, repeatable"),
    flag("port", Kind::Int, "-1", "port the container listens on"),
    short('r', "replicas", Kind::Int, "1", "number of pods"),
];

pub static COMMAND: Command = Command {
    name: "deployment",
    aliases: &["deploy"],
    usage: "NAME --image=image -- [COMMAND] [args...]",
    short: "A deployment that keeps pods of an image running",
    flags: &[FLAGS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    required: &["image"],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    let (images, command) = (args.list("image"), args.after_dash());
    if images.len() > 1 && !command.is_empty() {
        return fail("cannot specify multiple --image options and command");
    }
    let mut containers: Vec<Value> = Vec::new();
    for image in &images {
        let mut c = value!({"name": (container_name(image, &containers)), "image": (image), "resources": {}});
        if !command.is_empty() {
            c.set("command", texts(command));
        }
        if containers.is_empty() && args.int("port") >= 0 {
            c.set("ports", value!([{"containerPort": (args.int("port"))}]));
        }
        containers.push(c);
    }
    let labels = value!({"app": (name.as_str())});
    let mut d = named(DEPLOYMENTS, &name);
    d.set_at(&["metadata", "labels"], labels.clone());
    d.set(
        "spec",
        value!({
            "replicas": (args.int("replicas")),
            "selector": {"matchLabels": (labels.clone())},
            "strategy": {},
            "template": {"metadata": {"labels": (labels)}, "spec": {"containers": (Value::List(containers.into()))}},
        }),
    );
    d.set("status", value!({}));
    generate(k, args, DEPLOYMENTS, d, "deployment:").await
}

/// `docker.io/library/nginx:1.25` gives `nginx`; characters that names may not have become dashes.
fn container_name(image: &str, others: &[Value]) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let bare = last.split([':', '@']).next().unwrap_or(last);
    let mut name = bare.replace(['_', '.'], "-");
    if name != bare {
        // Upstream appends five random characters here; the image's own text gives them, so that a run repeats.
        let mut h: u32 = 2_166_136_261;
        for b in image.bytes().chain([others.len() as u8]) {
            h = (h ^ u32::from(b)).wrapping_mul(16_777_619);
        }
        name.push('-');
        for i in 0..5 {
            name.push(char::from(b"bcdfghjklmnpqrstvwxz2456789"[(h >> (i * 5)) as usize % 27]));
        }
    }
    name
}
