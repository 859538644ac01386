//! Jobs.
//!
//! Models ValidateJobSpec and ValidateJobUpdate in `pkg/apis/batch/validation`.
//! Not modelled: writes to the status.

use ordered::BTreeSet;

use objects::selector::LabelSelector;
use objects::{Value, json, names};

use super::ingress_class::domain_prefixed_path;
use super::template::{matches_selector, validate as template};
use super::unified_diff::{Field, Shape, compact};
use super::{Errors, labels};

/// An Indexed job may not be wider: its pods could not be told apart by name.
const INDEXED_MAX: i64 = 100_000;
/// Above so many completions, the parallelism and the failures of a job with a limit per index are bounded.
const COMPLETIONS_SOFT_MAX: i64 = 100_000;
const HIGH_COMPLETIONS_MAX: i64 = 10_000;
const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;

const SUCCESS: [Field; 1] = [Field("Rules", "rules", Shape::Plain)];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    let manual = s["manualSelector"].is_true();
    if let (false, Ok(selector)) = (manual, LabelSelector::from_value(&s["selector"])) {
        let uid = object.meta()["uid"].text();
        let own = objects::value!({
            "batch.kubernetes.io/controller-uid": (uid), "batch.kubernetes.io/job-name": (object.name()),
            "controller-uid": (uid), "job-name": (object.name())
        });
        if !s["selector"].is_null() && !selector.matches(&own) {
            errs.at("spec.selector", |e| e.invalid(&s["selector"], "`selector` not auto-generated"));
        }
    }
    errs.at("spec", |e| {
        spec(s, e);
        e.at("selector", |e| {
            if s["selector"].is_null() {
                e.required("");
            } else {
                labels::selector(&s["selector"], e);
            }
        });
        if let Ok(selector) = LabelSelector::from_value(&s["selector"]) {
            e.at("template", |e| matches_selector(&s["template"], &selector, e));
        }
    });
    let last = s["completions"].int() - 1;
    if s["completionMode"] == "Indexed" && last >= 0 {
        let host = format!("{}-{last}", object.name());
        if !names::dns1123_label(&host).is_empty() {
            let why = format!("will not able to create pod with invalid DNS label: {host}");
            errs.at("metadata.name", |e| e.invalid_text(object.name(), &why));
        }
    }
}

/// The spec of a job, a CronJob's template too.
pub(super) fn spec(s: &Value, e: &mut Errors) {
    for key in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        e.nonnegative(s, key);
    }
    let (per_index, failed) = (&s["backoffLimitPerIndex"], &s["maxFailedIndexes"]);
    if !failed.is_null() && per_index.is_null() {
        e.at("backoffLimitPerIndex", |e| e.required("when maxFailedIndexes is specified"));
    }
    if let Some(by) = s["managedBy"].as_str() {
        e.at("managedBy", |e| {
            domain_prefixed_path(by, e);
            if by.len() > 63 {
                e.too_long(63);
            }
        });
    }
    e.one_of_if_set(s, "completionMode", &["NonIndexed", "Indexed"]);
    let indexed = s["completionMode"] == "Indexed";
    if indexed {
        indexed_job(s, e);
    } else if matches!(s["completionMode"].text(), "" | "NonIndexed") {
        for key in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            if !s[key].is_null() {
                e.at(key, |e| e.invalid(&s[key], "requires indexed completion mode"));
            }
        }
    }
    let policy = &s["podFailurePolicy"];
    if !policy.is_null() {
        e.at("podFailurePolicy", |e| failure_policy(s, policy, e));
    }
    let success = &s["successPolicy"];
    if !success.is_null() {
        e.at("successPolicy", |e| match indexed {
            true => success_policy(s, success, e),
            false => e.invalid_shown(&compact(success, &SUCCESS), "requires indexed completion mode"),
        });
    }
    if let Some(replacement) = s["podReplacementPolicy"].as_str() {
        let known: &[&str] = if policy.is_null() { &["Failed", "TerminatingOrFailed"] } else { &["Failed"] };
        if !known.contains(&replacement) {
            e.at("podReplacementPolicy", |e| e.not_supported(&s["podReplacementPolicy"], known));
        }
    }
    e.at("template", |e| template(&s["template"], e));
    let restart = &s["template"]["spec"]["restartPolicy"];
    e.at("template.spec.restartPolicy", |e| match restart.text() {
        "Always" | "" => e.required("valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if !policy.is_null() => {
            e.invalid(restart, "only \"Never\" is supported when podFailurePolicy is specified");
        }
        "OnFailure" | "Never" => {}
        _ => e.not_supported(restart, &["OnFailure", "Never"]),
    });
}

fn indexed_job(s: &Value, e: &mut Errors) {
    let (completions, parallel) = (&s["completions"], &s["parallelism"]);
    let (per_index, failed) = (&s["backoffLimitPerIndex"], &s["maxFailedIndexes"]);
    let mut most = |v: &Value, key: &str, limit: i64, more: &str| {
        if v.int() > limit {
            let why = format!("must be less than or equal to {limit}{more}");
            e.at(key, |e| e.invalid(v, &why));
        }
    };
    most(parallel, "parallelism", INDEXED_MAX, " when completion mode is Indexed");
    most(failed, "maxFailedIndexes", INDEXED_MAX, "");
    let high = completions.int() > COMPLETIONS_SOFT_MAX && !per_index.is_null();
    if high {
        let more = format!(
            " when completions are above {COMPLETIONS_SOFT_MAX} and used with backoff limit per index"
        );
        most(parallel, "parallelism", HIGH_COMPLETIONS_MAX, &more);
        most(failed, "maxFailedIndexes", HIGH_COMPLETIONS_MAX, &more);
    }
    if completions.is_null() {
        e.at("completions", |e| e.required("when completion mode is Indexed"));
    } else if failed.int() > completions.int() {
        e.at("maxFailedIndexes", |e| e.invalid(failed, "must be less than or equal to completions"));
    }
    if high && failed.is_null() {
        let why = format!("must be specified when completions is above {COMPLETIONS_SOFT_MAX}");
        e.at("maxFailedIndexes", |e| e.required(&why));
    }
}

/// `valid values: ["a" "b"]`
fn valid(values: &[&str]) -> String {
    let all: Vec<String> = values.iter().map(|v| json::go_quote(v)).collect();
    format!("valid values: [{}]", all.join(" "))
}

/// `child` must be given and known.
fn known(v: &Value, child: &str, all: &[&str], e: &mut Errors) {
    e.at(child, |e| match v[child].text() {
        "" => e.required(&valid(all)),
        text if !all.contains(&text) => e.not_supported(&v[child], all),
        _ => {}
    });
}

fn failure_policy(s: &Value, policy: &Value, e: &mut Errors) {
    let rules = policy["rules"].items().len();
    if rules > RULES_MAX {
        e.at("rules", |e| e.too_many(rules, RULES_MAX as i64));
    }
    let pod = &s["template"]["spec"];
    e.each(policy, "rules", |e, _, rule| {
        if rule["action"] == "FailIndex" {
            if s["backoffLimitPerIndex"].is_null() {
                e.at("action", |e| {
                    e.invalid(&rule["action"], "requires the backoffLimitPerIndex to be set");
                });
            }
        } else {
            known(rule, "action", &["Count", "FailIndex", "FailJob", "Ignore"], e);
        }
        let (codes, conditions) = (&rule["onExitCodes"], &rule["onPodConditions"]);
        if !codes.is_null() {
            e.at("onExitCodes", |e| exit_codes(pod, codes, e));
        }
        if conditions.items().len() > RULES_MAX {
            e.at("onPodConditions", |e| e.too_many(conditions.items().len(), RULES_MAX as i64));
        }
        e.each(rule, "onPodConditions", |e, _, pattern| {
            let kind = pattern["type"].text();
            e.at("type", |e| e.complaints(&kind.into(), names::qualified_name(kind)));
            known(pattern, "status", &["False", "True", "Unknown"], e);
        });
        match (codes.is_null(), conditions.items().is_empty()) {
            (false, false) => {
                e.invalid_bare("specifying both OnExitCodes and OnPodConditions is not supported");
            }
            (true, true) => e.invalid_bare("specifying one of OnExitCodes and OnPodConditions is required"),
            _ => {}
        }
    });
}

fn exit_codes(pod: &Value, codes: &Value, e: &mut Errors) {
    known(codes, "operator", &["In", "NotIn"], e);
    let name = &codes["containerName"];
    let mut all = pod["containers"].items().iter().chain(pod["initContainers"].items());
    if !name.is_null() && !all.any(|c| c["name"] == *name) {
        let why = "must be one of the container or initContainer names in the pod template";
        e.at("containerName", |e| e.invalid(name, why));
    }
    let values = codes["values"].items();
    e.at("values", |e| {
        if values.is_empty() {
            e.invalid(&codes["values"], "at least one value is required");
        } else if values.len() > EXIT_CODES_MAX {
            e.too_many(values.len(), EXIT_CODES_MAX as i64);
        }
        let mut seen = BTreeSet::new();
        for (i, v) in values.iter().enumerate() {
            if v.int() == 0 && codes["operator"] == "In" {
                e.index(i, |e| e.invalid(v, "must not be 0 for the In operator"));
            }
            if !seen.insert(v.int()) {
                e.index(i, |e| e.duplicate(v));
            }
        }
        if values.windows(2).any(|w| w[0].int() > w[1].int()) {
            e.invalid(&codes["values"], "must be ordered");
        }
    });
}

fn success_policy(s: &Value, policy: &Value, e: &mut Errors) {
    let rules = policy["rules"].items().len();
    e.at("rules", |e| match rules {
        0 => e.required("at least one rules must be specified when the successPolicy is specified"),
        _ if rules > RULES_MAX => e.too_many(rules, RULES_MAX as i64),
        _ => {}
    });
    let completions = s["completions"].int();
    e.each(policy, "rules", |e, _, rule| {
        let (count, indexes) = (&rule["succeededCount"], &rule["succeededIndexes"]);
        if count.is_null() && indexes.is_null() {
            e.required("at least one of succeededCount or succeededIndexes must be specified");
        }
        let mut total = 0;
        match self::indexes(indexes.text(), completions) {
            Ok(n) => total = n,
            Err(why) => e.at("succeededIndexes", |e| {
                e.invalid(indexes, &format!("error parsing succeededIndexes: {why}"));
            }),
        }
        e.nonnegative(rule, "succeededCount");
        let mut most = |limit: i64, what: &str| {
            if count.int() > limit {
                let why = format!("must be less than or equal to {limit} (the number of {what})");
                e.at("succeededCount", |e| e.invalid(count, &why));
            }
        };
        most(completions, "specified completions");
        if !indexes.is_null() {
            most(total, "indexes in the specified succeededIndexes field");
        }
    });
}

/// How many indexes a text like `0,2-4` names.
fn indexes(text: &str, completions: i64) -> Result<i64, String> {
    let (mut last, mut total) = (-1, 0);
    if text.is_empty() {
        return Ok(0);
    }
    for part in text.split(',') {
        let ends: Vec<&str> = part.split('-').collect();
        if ends.len() > 2 {
            return Err(format!(
                "the fragment {} violates the requirement that an index interval can have at most two parts separated by '-'",
                json::go_quote(part)
            ));
        }
        let number = |t: &str| -> Result<i64, String> {
            let quoted = json::go_quote(t);
            let n: i64 =
                t.parse().map_err(|_| format!("cannot convert string to integer for index: {quoted}"))?;
            if n >= completions { Err(format!("too large index: {quoted}")) } else { Ok(n) }
        };
        let first = number(ends[0])?;
        let end = ends.get(1).map_or(Ok(first), |t| number(t))?;
        let before = |a: i64, b: i64| format!("non-increasing order, previous: {a}, current: {b}");
        if ends.len() > 1 && first >= end {
            return Err(before(first, end));
        }
        if last >= first {
            return Err(before(last, first));
        }
        total += end - first + 1;
        last = end;
    }
    Ok(total)
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    let (s, was) = (&new["spec"], &old["spec"]);
    errs.at("spec", |e| {
        if s["completionMode"] != "Indexed" {
            e.immutable(s, was, "completions");
        } else if s["completions"] != was["completions"]
            && !s["completions"].is_null()
            && s["completions"] != s["parallelism"]
        {
            // An indexed job grows and shrinks as a whole.
            e.at("completions", |e| {
                e.invalid(&s["completions"], "can only be modified in tandem with spec.parallelism");
            });
        }
        e.immutable(s, was, "selector");
        let suspended = was["suspend"].is_true() && old["status"]["startTime"].is_null();
        if s["template"] != was["template"] && !suspended {
            e.at("template", |e| e.invalid(&s["template"], "field is immutable"));
        }
        for key in
            ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
        {
            e.immutable(s, was, key);
        }
    });
}
