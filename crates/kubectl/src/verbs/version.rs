//! `kubectl version`
//!
//! Models `k8s.io/kubectl/pkg/cmd/version`.

use client::Request;
use objects::{Value, value, yaml};

use crate::command::Command;
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("client", Kind::Bool, "false", "only the client's version"),
    short('o', "output", Kind::Text, "", "yaml or json"),
];

pub static COMMAND: Command = Command {
    name: "version",
    short: "Tell the versions of client and server",
    flags: &[FLAGS],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

pub(super) const VERSION: &str = "v1.36.2";
const KUSTOMIZE: &str = "v5.8.1";

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    if !args.args.is_empty() {
        return fail(format!("extra arguments: [{}]", args.args.join(" ")));
    }
    let output = args.text("output");
    if !["", "yaml", "json"].contains(&output) {
        return fail("--output must be 'yaml' or 'json'");
    }
    let answer = match args.is("client") {
        true => Ok(Value::Null),
        false => k.call(Request::raw("/version")).await.map(|answer| answer.object),
    };
    // What is known without a server is told in any case.
    let server = answer.as_ref().ok().cloned().unwrap_or_default();
    if output.is_empty() {
        k.say(format!("Client Version: {VERSION}"));
        k.say(format!("Kustomize Version: {KUSTOMIZE}"));
        if !server.is_null() {
            k.say(format!("Server Version: {}", server["gitVersion"].text()));
        }
        return answer.map(drop);
    }
    let mut v = value!({
        "clientVersion": {
            "major": "1", "minor": "36", "gitVersion": (VERSION), "gitTreeState": "clean", "compiler": "rustc",
            "platform": "wasm32/unknown", "buildDate": "2026-01-01T00:00:00Z", "gitCommit": "", "goVersion": "",
        },
        "kustomizeVersion": (KUSTOMIZE),
    });
    if !server.is_null() {
        v.set("serverVersion", server);
    }
    k.out(&if output == "json" {
        format!("{}\n", objects::struct_order::to_pretty(&v, "  "))
    } else {
        yaml::emit(&v)
    });
    answer.map(drop)
}
