//! The verbs, one file each, and what several of them share.

use objects::selector::LabelSelector;
use objects::{Value, json};

use crate::command::Command;
use crate::error::{Error, Result};

pub mod api;
pub mod apply;
mod apply_set;
pub mod auth;
pub mod autoscale;
pub mod certificate;
pub mod cluster_info;
pub mod config;
pub mod cp;
pub mod create;
pub mod debug;
pub mod delete;
pub mod describe;
pub mod diff;
pub mod drain;
pub mod edit;
pub mod events;
pub mod exec;
pub mod explain;
pub mod expose;
pub mod get;
pub mod kuberc;
pub mod kustomize;
pub mod label;
pub mod last_applied;
pub mod logs;
pub mod migrate;
pub mod misc;
pub mod options;
pub mod patch;
pub mod port_forward;
pub mod proxy;
pub mod raw;
pub mod replace;
pub mod rollout;
pub mod run;
pub mod scale;
pub mod set;
pub mod taint;
pub mod top;
pub mod version;
pub mod wait;

static ROOT: Command = Command {
    name: "kubectl",
    short: "kubectl is how you talk to a cluster.",
    commands: &[
        &misc::ALPHA,
        &label::ANNOTATE,
        &api::RESOURCES,
        &api::VERSIONS,
        &apply::COMMAND,
        &exec::ATTACH,
        &auth::COMMAND,
        &autoscale::COMMAND,
        &certificate::COMMAND,
        &cluster_info::COMMAND,
        &misc::COMPLETION,
        &config::COMMAND,
        &drain::CORDON,
        &cp::COMMAND,
        &create::COMMAND,
        &debug::COMMAND,
        &delete::COMMAND,
        &describe::COMMAND,
        &diff::COMMAND,
        &drain::DRAIN,
        &edit::COMMAND,
        &events::COMMAND,
        &exec::EXEC,
        &explain::COMMAND,
        &expose::COMMAND,
        &get::COMMAND,
        &kuberc::COMMAND,
        &kustomize::COMMAND,
        &label::LABEL,
        &logs::COMMAND,
        &options::COMMAND,
        &patch::COMMAND,
        &misc::PLUGINS,
        &port_forward::COMMAND,
        &proxy::COMMAND,
        &replace::COMMAND,
        &rollout::COMMAND,
        &run::COMMAND,
        &scale::COMMAND,
        &set::COMMAND,
        &taint::COMMAND,
        &top::COMMAND,
        &drain::UNCORDON,
        &version::COMMAND,
        &wait::COMMAND,
    ],
    ..Command::NONE
};

/// `kubectl` itself.
#[must_use]
pub fn root() -> &'static Command {
    &ROOT
}

/// A label selector as typed.
///
/// # Errors
/// The parser's text.
pub fn selector(text: &str) -> Result<LabelSelector> {
    LabelSelector::parse(text).map_err(Error::Text)
}

/// Ten characters that stand for a content, as generated names of config maps and secrets end.
///
/// Models `k8s.io/kubectl/pkg/util/hash`: the first ten hex digits of SHA-256, digits that spell words replaced.
#[must_use]
pub fn name_hash(content: &Value) -> String {
    let text = json::to_string(content);
    let hex = crate::sha256::hex(text.as_bytes());
    hex.chars()
        .take(10)
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            c => c,
        })
        .collect()
}
