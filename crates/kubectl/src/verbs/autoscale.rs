//! `kubectl autoscale`
//!
//! Models `k8s.io/kubectl/pkg/cmd/autoscale`.

use objects::quantity::Quantity;
use objects::resources::HORIZONTALPODAUTOSCALERS;
use objects::{Value, value};

use crate::command::{Command, DRY_RUN, FIELD_MANAGER, FILES, OUTPUT};
use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;
use crate::verbs::create::{SAVE_CONFIG, generate_as, named};

static FLAGS: &[Flag] = &[
    flag("cpu", Kind::Text, "", "target: 80% of requests, or an amount such as 500m"),
    flag("cpu-percent", Kind::Int, "-1", "target in percent of requests"),
    flag("max", Kind::Int, "-1", "most pods"),
    flag("memory", Kind::Text, "", "target: 80% of requests, or an amount such as 500Mi"),
    flag("min", Kind::Int, "-1", "fewest pods"),
    flag("name", Kind::Text, "", "name of the autoscaler"),
];

pub static COMMAND: Command = Command {
    name: "autoscale",
    usage: "(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY]",
    short: "Let the number of replicas follow the load",
    flags: &[FLAGS, FILES, DRY_RUN, OUTPUT, FIELD_MANAGER, SAVE_CONFIG],
    required: &["max"],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let (min, max) = (args.int("min"), args.int("max"));
    if max < 1 {
        return fail(format!("--max=MAXPODS is required and must be at least 1, max: {max}"));
    }
    if max < min {
        return fail(format!(
            "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}"
        ));
    }
    if args.changed("cpu-percent") && args.changed("cpu") {
        return fail("--cpu-percent and --cpu are mutually exclusive");
    }
    let mut metrics: Vec<Value> = Vec::new();
    if args.int("cpu-percent") >= 0 {
        k.complain("Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).");
        metrics.push(metric("cpu", &format!("{}%", args.int("cpu-percent")))?);
    }
    for name in ["cpu", "memory"] {
        if !args.text(name).is_empty() {
            metrics.push(metric(name, args.text(name).trim())?);
        }
    }
    let find = Find { latest: true, ..Find::of(args) };
    let (infos, mut errors, _) = k.infos(&find).await?;
    let count = infos.len();
    for i in infos {
        if i.resource.subresource("scale").is_none() {
            errors.push(Error::text(format!(
                "cannot autoscale a {}: could not find scale subresource for {}/{}, Resource={} in discovery information",
                i.resource.kind, i.resource.group, i.resource.version, i.resource.plural
            )));
            continue;
        }
        let name = if args.text("name").is_empty() { i.name.as_str() } else { args.text("name") };
        let mut hpa = named(HORIZONTALPODAUTOSCALERS, name);
        let mut spec = value!({
            "maxReplicas": (max),
            "scaleTargetRef": {
                "apiVersion": (i.resource.api_version()), "kind": (i.resource.kind.clone()), "name": (i.name.clone()),
            },
        });
        if !metrics.is_empty() {
            spec.set("metrics", Value::List(metrics.clone().into()));
        }
        if min > 0 {
            spec.set("minReplicas", min);
        }
        hpa.set("spec", spec);
        hpa.set("status", value!({"currentMetrics": null, "desiredReplicas": 0}));
        if let Err(e) =
            generate_as(k, args, HORIZONTALPODAUTOSCALERS, hpa, ("autoscaled", "kubectl-autoscale", "")).await
        {
            errors.push(fallen_back(args, e));
        }
    }
    Error::of_all(errors)?;
    if count == 0 { fail("no objects passed to autoscale") } else { Ok(()) }
}

/// What is said of a refusal: upstream tries an older version of the autoscaler then, where the flags fit one.
fn fallen_back(args: &Args, e: Error) -> Error {
    let cpu = args.text("cpu").trim();
    let percent = cpu.ends_with('%') || args.int("cpu-percent") >= 0;
    let why = match cpu {
        "" => "empty input",
        _ if args.text("memory").is_empty() && percent => return e,
        _ => "%!w(<nil>)",
    };
    Error::text(format!(
        "failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: {why}"
    ))
}

fn metric(name: &str, target: &str) -> Result<Value> {
    let target = match target.strip_suffix('%') {
        Some(percent) => match percent.parse::<i32>() {
            Ok(n) if n >= 0 => value!({"type": "Utilization", "averageUtilization": (i64::from(n))}),
            _ => return fail(format!("invalid percentage value: {percent}")),
        },
        None => {
            // A bare number is in the resource's usual unit.
            let unit = if name == "cpu" { "m" } else { "Mi" };
            let amount =
                if target.parse::<f64>().is_ok() { format!("{target}{unit}") } else { target.to_owned() };
            match Quantity::parse(&amount) {
                Ok(q) => value!({"type": "AverageValue", "averageValue": (q.to_string())}),
                Err(_) => return fail(format!("invalid resource {name} value: {target}")),
            }
        }
    };
    Ok(value!({"type": "Resource", "resource": {"name": (name), "target": (target)}}))
}
