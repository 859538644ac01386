//! LimitRanges: types, names of resources, and bounds that fit each other.
//!
//! Models ValidateLimitRange in `pkg/apis/core/validation`.

use objects::quantity::Quantity;
use objects::{Value, names};
use ordered::BTreeSet;

use super::{Errors, resources};

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let mut types: Vec<String> = Vec::new();
    errs.at("spec", |e| {
        e.each(&object["spec"], "limits", |e, _, limit| {
            let kind = limit["type"].text();
            e.at("type", |e| type_name(kind, e));
            if types.iter().any(|t| t == kind) {
                e.at("type", |e| e.duplicate(&kind.into()));
            }
            types.push(kind.to_owned());
            one(kind, limit, e);
        });
    });
}

pub(super) fn validate_update(new: &Value, _: &Value, errs: &mut Errors) {
    validate(new, errs);
}

fn type_name(kind: &str, e: &mut Errors) {
    let complaints = names::qualified_name(kind);
    if !complaints.is_empty() {
        e.complaints(&kind.into(), complaints);
    } else if !kind.contains('/') && !["Pod", "Container", "PersistentVolumeClaim"].contains(&kind) {
        e.invalid_text(kind, "must be a standard limit type or fully qualified");
    }
}

fn one(kind: &str, limit: &Value, e: &mut Errors) {
    let mut keys: BTreeSet<&str> = BTreeSet::new();
    let mut lists = vec!["max", "min"];
    if kind == "Pod" {
        for list in ["default", "defaultRequest"] {
            if !limit[list].is_zero() {
                e.at(list, |e| e.forbidden("may not be specified when `type` is 'Pod'"));
            }
        }
    } else {
        lists.extend(["default", "defaultRequest"]);
    }
    lists.push("maxLimitRequestRatio");
    for list in lists {
        if list == "maxLimitRequestRatio"
            && kind == "PersistentVolumeClaim"
            && limit["min"]["storage"].is_null()
            && limit["max"]["storage"].is_null()
        {
            e.at("limits", |e| {
                e.required("either minimum or maximum storage value is required, but neither was provided");
            });
        }
        for (name, _) in limit[list].entries() {
            e.at(list, |e| e.key(name, |e| resource_name(kind, name, e)));
            keys.insert(name);
        }
    }
    for key in keys {
        bounds(kind, limit, key, e);
    }
}

fn resource_name(kind: &str, name: &str, e: &mut Errors) {
    if matches!(kind, "Pod" | "Container") {
        resources::container_name(name, e);
    } else {
        resources::resource_name(name, e);
    }
}

fn bounds(kind: &str, limit: &Value, key: &str, e: &mut Errors) {
    let of = |list: &str| {
        let unset = kind == "Pod" && list.starts_with("default");
        limit[list].find(key).filter(|_| !unset).map(Quantity::of)
    };
    let (min, max, ratio) = (of("min"), of("max"), of("maxLimitRequestRatio"));
    let (default, request) = (of("default"), of("defaultRequest"));
    let mut wrong = |list: &str, shown: &Quantity, why: String| {
        e.at(list, |e| e.key(key, |e| e.invalid_text(&shown.canonical(), &why)));
    };
    let text = Quantity::canonical;
    if let (Some(min), Some(max)) = (&min, &max)
        && min > max
    {
        wrong("min", min, format!("min value {} is greater than max value {}", text(min), text(max)));
    }
    if let (Some(request), Some(min)) = (&request, &min)
        && min > request
    {
        let why = format!("min value {} is greater than default request value {}", text(min), text(request));
        wrong("defaultRequest", request, why);
    }
    if let (Some(request), Some(max)) = (&request, &max)
        && request > max
    {
        let why = format!("default request value {} is greater than max value {}", text(request), text(max));
        wrong("defaultRequest", request, why);
    }
    if let (Some(request), Some(default)) = (&request, &default)
        && request > default
    {
        let (request_text, default) = (text(request), text(default));
        let why =
            format!("default request value {request_text} is greater than default limit value {default}");
        wrong("defaultRequest", request, why);
    }
    if let (Some(default), Some(min)) = (&default, &min)
        && min > default
    {
        wrong(
            "default",
            min,
            format!("min value {} is greater than default value {}", text(min), text(default)),
        );
    }
    if let (Some(default), Some(max)) = (&default, &max)
        && default > max
    {
        wrong(
            "default",
            max,
            format!("default value {} is greater than max value {}", text(default), text(max)),
        );
    }
    if let Some(ratio) = &ratio {
        if ratio.milli_value() < 1000 {
            wrong("maxLimitRequestRatio", ratio, format!("ratio {} is less than 1", text(ratio)));
        }
        if let (Some(min), Some(max)) = (&min, &max) {
            let most = max.as_float() / min.as_float();
            if ratio.as_float() > most {
                let why = format!("ratio {} is greater than max/min = {most:.6}", text(ratio));
                wrong("maxLimitRequestRatio", ratio, why);
            }
        }
    }
    if let (Some(default), Some(request)) = (&default, &request)
        && default != request
        && !resources::overcommits(key)
    {
        let (d, r) = (text(default), text(request));
        wrong(
            "defaultRequest",
            request,
            format!("default value {d} must equal to defaultRequest value {r} in {key}"),
        );
    }
}
