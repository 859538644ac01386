//! The numbers of a rollout: surge, unavailability, proportions. Pure functions of a Deployment and ReplicaSets.
//!
//! Models `pkg/controller/deployment/util/deployment_util.go`.

use objects::Value;

pub(super) const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";

/// An absolute number, or a percentage of `total` rounded up or down.
#[must_use]
pub(crate) fn scaled(value: &Value, total: i64, round_up: bool) -> i64 {
    if let Some(percent) = value.as_str().and_then(|s| s.strip_suffix('%')) {
        let product = percent.parse::<i64>().unwrap_or(0).saturating_mul(total);
        if round_up { (product + 99).div_euclid(100) } else { product.div_euclid(100) }
    } else {
        value.int()
    }
}

/// Surge and unavailability of a rolling update; both zero would stand still, so then one may be missing.
#[must_use]
pub(super) fn resolve_fenceposts(surge: &Value, unavailable: &Value, desired: i64) -> (i64, i64) {
    match (scaled(surge, desired, true), scaled(unavailable, desired, false)) {
        (0, 0) => (0, 1),
        both => both,
    }
}

pub(super) fn replicas(o: &Value) -> i64 {
    o["spec"]["replicas"].int()
}

pub(super) fn available(o: &Value) -> i64 {
    o["status"]["availableReplicas"].int()
}

pub(super) fn is_rolling(d: &Value) -> bool {
    d["spec"]["strategy"]["type"] == "RollingUpdate"
}

fn fenceposts(d: &Value) -> (i64, i64) {
    let r = &d["spec"]["strategy"]["rollingUpdate"];
    resolve_fenceposts(&r["maxSurge"], &r["maxUnavailable"], replicas(d))
}

#[must_use]
pub(super) fn max_unavailable(d: &Value) -> i64 {
    if !is_rolling(d) || replicas(d) == 0 { 0 } else { fenceposts(d).1.min(replicas(d)) }
}

#[must_use]
pub(super) fn max_surge(d: &Value) -> i64 {
    if is_rolling(d) { fenceposts(d).0 } else { 0 }
}

pub(super) fn sum<'a>(sets: impl IntoIterator<Item = &'a Value>, f: impl Fn(&Value) -> i64) -> i64 {
    sets.into_iter().map(f).sum()
}

/// How many replicas the new ReplicaSet should have, given what all have (`total`, itself included).
#[must_use]
pub(super) fn new_rs_replicas(d: &Value, total: i64, current: i64) -> i64 {
    if !is_rolling(d) {
        return replicas(d);
    }
    let surge = scaled(&d["spec"]["strategy"]["rollingUpdate"]["maxSurge"], replicas(d), true);
    let most = replicas(d) + surge;
    if total >= most { current } else { current + (most - total).min(replicas(d) - current) }
}

/// A non-negative number in an annotation.
pub(super) fn annotation_count(rs: &Value, key: &str) -> Option<i64> {
    let n: i64 = rs.annotations()[key].as_str()?.parse().ok()?;
    (0..=i64::from(i32::MAX)).contains(&n).then_some(n)
}

/// The share of `to_add` (negative when scaling down) that falls to `rs`; `added` is what others already took.
#[must_use]
pub(super) fn proportion(rs: &Value, d: &Value, to_add: i64, added: i64) -> i64 {
    if replicas(rs) == 0 || to_add == 0 || to_add == added {
        return 0;
    }
    let (fraction, allowed) = (fraction(rs, d), to_add - added);
    if to_add > 0 { fraction.min(allowed) } else { fraction.max(allowed) }
}

fn fraction(rs: &Value, d: &Value) -> i64 {
    if replicas(d) == 0 {
        return -replicas(rs);
    }
    let most = replicas(d) + max_surge(d);
    let before = match annotation_count(rs, MAX_REPLICAS) {
        Some(n) if n > 0 => n,
        _ => d["status"]["replicas"].int(),
    };
    if before == 0 {
        return 0;
    }
    // Both factors are positive here: this is rounding half away from zero.
    (2 * replicas(rs) * most + before).div_euclid(2 * before) - replicas(rs)
}

/// True when the new ReplicaSet carries the whole Deployment, and knows it.
pub(super) fn is_saturated(d: &Value, rs: &Value) -> bool {
    annotation_count(rs, DESIRED_REPLICAS) == Some(replicas(d))
        && replicas(rs) == replicas(d)
        && available(rs) == replicas(d)
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn deployment(n: i64, surge: Value, unavailable: Value) -> Value {
        value!({"spec": {"replicas": (n), "strategy": {"type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": (surge), "maxUnavailable": (unavailable)}}}})
    }

    /// Upstream's documented cases of ResolveFenceposts and the rounding of percentages.
    #[test]
    fn fenceposts_round_surge_up_and_unavailable_down() {
        let table: &[(i64, Value, Value, (i64, i64))] = &[
            (2, "0%".into(), "1%".into(), (0, 1)),
            (1, "0%".into(), "1%".into(), (0, 1)),
            (2, "1%".into(), "25%".into(), (1, 0)),
            (1, "1%".into(), "25%".into(), (1, 0)),
            (2, "1%".into(), "0%".into(), (1, 0)),
            (3, "25%".into(), "25%".into(), (1, 0)),
            (4, "25%".into(), "25%".into(), (1, 1)),
            (5, "25%".into(), "25%".into(), (2, 1)),
            (10, "30%".into(), "30%".into(), (3, 3)),
            (10, 3.into(), 2.into(), (3, 2)),
            (10, 0.into(), 0.into(), (0, 1)),
            (100, "100%".into(), "0%".into(), (100, 0)),
        ];
        for (n, surge, unavailable, want) in table {
            assert_eq!(resolve_fenceposts(surge, unavailable, *n), *want, "{n} {surge:?} {unavailable:?}");
        }
    }

    #[test]
    fn unavailable_is_at_most_all() {
        assert_eq!(max_unavailable(&deployment(3, 0.into(), 10.into())), 3);
        assert_eq!(max_unavailable(&deployment(0, 0.into(), 10.into())), 0);
        assert_eq!(max_unavailable(&value!({"spec": {"replicas": 3, "strategy": {"type": "Recreate"}}})), 0);
    }

    #[test]
    fn the_new_set_grows_up_to_surge_and_desired() {
        // (desired, surge, total of all sets, size of the new one) -> size it should have
        let table = [
            ((3, 1, 3, 0), 1),
            ((3, 1, 4, 1), 1),
            ((5, 2, 5, 0), 2),
            ((10, 0, 8, 3), 5),
            ((10, 5, 10, 8), 10),
            ((10, 3, 13, 5), 5),
            ((3, 1, 0, 0), 3),
        ];
        for ((n, surge, total, current), want) in table {
            let d = deployment(n, surge.into(), 0.into());
            assert_eq!(new_rs_replicas(&d, total, current), want, "{n} {surge} {total} {current}");
        }
    }

    #[test]
    fn proportions_share_what_is_added() {
        let rs = |n: i64, most: i64| {
            let most = most.to_string();
            value!({"metadata": {"annotations": {"deployment.kubernetes.io/max-replicas": (most)}},
                    "spec": {"replicas": (n)}})
        };
        // From 10 with surge 3 and unavailable 2, mid-rollout 8 and 5, to 15: the documentation's example.
        let d = deployment(15, 3.into(), 2.into());
        assert_eq!(proportion(&rs(8, 13), &d, 5, 0), 3);
        assert_eq!(proportion(&rs(5, 13), &d, 5, 3), 2);
        let none = deployment(0, 3.into(), 2.into());
        assert_eq!(proportion(&rs(8, 13), &none, -13, 0), -8);
        assert_eq!(proportion(&rs(0, 13), &d, 5, 0), 0);
    }
}
