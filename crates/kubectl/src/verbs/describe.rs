//! `kubectl describe`
//!
//! Models `k8s.io/kubectl/pkg/cmd/describe`.

use crate::command::{ALL_NAMESPACES, Command, FILES, SELECTOR};
use crate::describe;
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("show-events", Kind::Bool, "true", "list the events of the object"),
    flag("chunk-size", Kind::Int, "500", "objects per page"),
];

pub static COMMAND: Command = Command {
    name: "describe",
    usage: "(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)",
    short: "Tell all about objects, with their events",
    flags: &[FLAGS, FILES, SELECTOR, ALL_NAMESPACES],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let mut find = Find { latest: true, type_is_enough: true, ..Find::of(args) };
    if find.is_empty() {
        return fail(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.",
        );
    }
    let (mut infos, mut errors, _) = k.infos(&find).await?;
    let mut by_prefix = false;
    if let ([e], [kind, prefix]) = (errors.as_slice(), args.args.as_slice())
        && e.is_not_found()
        && !kind.contains('/')
    {
        find.args = vec![kind.clone()];
        find.single_type = true;
        let (all, _, _) = k.infos(&find).await?;
        let matching: Vec<_> = all.into_iter().filter(|i| i.name.starts_with(prefix.as_str())).collect();
        if !matching.is_empty() {
            (infos, errors, by_prefix) = (matching, Vec::new(), true);
        }
    }
    if !by_prefix && args.args.len() == 2 && errors.iter().any(Error::is_not_found) {
        return Error::of_all(errors);
    }
    let mut first = true;
    for i in &infos {
        match describe::text(k, &i.resource, &i.object, args.is("show-events")).await {
            Ok(text) => {
                if !first && !by_prefix {
                    k.out("\n\n");
                }
                k.out(&text);
                if by_prefix {
                    k.out("\n");
                }
                first = false;
            }
            Err(e) => errors.push(e),
        }
    }
    if infos.is_empty() && errors.is_empty() {
        k.complain(if find.all_namespaces {
            "No resources found".into()
        } else {
            format!("No resources found in {} namespace.", k.namespace)
        });
    }
    Error::of_all(errors)
}
