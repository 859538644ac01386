//! `helm test`
//!
//! Models `pkg/action/release_testing.go`.

use super::{Done, Helm, check_name, get};
use crate::hooks::{self, Picked};
use client::Verb;
use kubectl::session::request;
use objects::resources::PODS;

pub(super) async fn run(helm: &Helm) -> Done {
    let name = &helm.args.args[0];
    check_name(name).map_err(|_| format!("releaseTest: Release name is invalid: {name}"))?;
    let (mut only, mut but) = (Vec::new(), Vec::new());
    for f in helm.args.list("filter") {
        if let Some(n) = f.strip_prefix("name=") {
            only.push(n.to_owned());
        } else if let Some(n) = f.strip_prefix("!name=") {
            but.push(n.to_owned());
        }
    }
    let mut release = helm.release(name, 0).await?;
    let picked = Picked { event: "test", only: &only, but: &but };
    let done = hooks::run(&helm.k, &mut release, &picked, helm.args.millis("timeout")).await;
    release.store(&helm.k).await?;
    get::shown(helm, &release)?;
    if helm.args.is("logs") {
        helm.out("\n");
        for n in picked.of(&release) {
            let hook = release.body["hooks"][n]["name"].to_str();
            let r = request(Verb::Get, PODS, &helm.namespace).named(hook.clone()).subresource("log");
            let logs = kubectl::verbs::logs::text(&helm.k, r).await;
            let logs = logs.map_err(|e| format!("unable to get pod logs for {hook}: {}", e.message()))?;
            helm.out(&format!("POD LOGS: {hook}\n{logs}\n"));
        }
    }
    done
}
