//! `kubectl create quota`

use objects::resources::RESOURCEQUOTAS;
use objects::{Value, value};

use super::{GENERATOR, generate, named, texts};
use crate::command::{Command, one_name};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("hard", Kind::Text, "", "resource=quantity, comma separated"),
    flag("scopes", Kind::Text, "", "scopes, comma separated"),
];

pub static COMMAND: Command = Command {
    name: "quota",
    aliases: &["resourcequota"],
    usage: "NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2]",
    short: "Limits on what a namespace may use",
    flags: &[FLAGS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let mut q = named(RESOURCEQUOTAS, &one_name(args)?);
    let mut spec = Value::map();
    if !args.text("hard").is_empty() {
        spec.set("hard", resource_list(args.text("hard"))?);
    }
    if !args.text("scopes").is_empty() {
        let scopes: Vec<String> = args.text("scopes").split(',').map(str::to_owned).collect();
        if scopes.iter().any(String::is_empty) {
            return fail("invalid resource quota scope \"\"");
        }
        spec.set("scopes", texts(&scopes));
    }
    q.set("spec", spec);
    q.set("status", value!({}));
    generate(k, args, RESOURCEQUOTAS, q, "quota:").await
}

/// `cpu=1,memory=1Gi` as a resource list.
///
/// # Errors
/// Upstream's text.
pub fn resource_list(text: &str) -> Result<Value> {
    let mut list = Value::map();
    for statement in text.split(',') {
        let Some((key, quantity)) = statement.split_once('=').filter(|(_, q)| !q.contains('=')) else {
            return fail(format!("Invalid argument syntax {statement}, expected <resource>=<value>"));
        };
        match objects::quantity::Quantity::parse(quantity) {
            Ok(q) => list.set(key, q.to_string()),
            Err(e) => return fail(e.to_string()),
        }
    }
    Ok(list)
}
