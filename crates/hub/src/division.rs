//! How many replicas each cluster gets.
//!
//! Models `pkg/scheduler/core/division_algorithm.go` and `pkg/util/helper/webstermethod.go`: weights are divided by
//! Webster's method; who has fewer wins a tie, then a name, from which end depends on the template.

use objects::Str;

/// A cluster and a number: of replicas, or its weight, or its room.
pub(crate) type Share = (Str, i64);

/// Replicas beyond which they are divided by proportion first: the rest is handed out one by one.
const ONE_BY_ONE: i64 = 10_000;

fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

/// Divides `replicas` by weight. Clusters of no weight get none and are left out.
pub(crate) fn by_weight(replicas: i64, weights: &[Share], uid: &str) -> Vec<Share> {
    let backwards = !uid.is_empty() && fnv(uid) & 1 == 1;
    let mut parties: Vec<(&Share, i64)> = weights.iter().filter(|(_, w)| *w > 0).map(|w| (w, 0)).collect();
    let sum: i128 = parties.iter().map(|((_, w), _)| i128::from(*w)).sum();
    let mut left = replicas.max(0);
    if left > ONE_BY_ONE && sum > 0 {
        let whole = i128::from(left - ONE_BY_ONE);
        for ((_, weight), seats) in &mut parties {
            *seats = i64::try_from(whole * i128::from(*weight) / sum).unwrap_or(0);
            left -= *seats;
        }
    }
    while left > 0 && !parties.is_empty() {
        let mut best = 0;
        for i in 1..parties.len() {
            let (((a, wa), sa), ((b, wb), sb)) = (&parties[i], &parties[best]);
            // wa / (2 sa + 1) against wb / (2 sb + 1)
            let (x, y) = (i128::from(*wa) * i128::from(2 * sb + 1), i128::from(*wb) * i128::from(2 * sa + 1));
            let by_name = if backwards { a > b } else { a < b };
            if x > y || (x == y && (sa < sb || (sa == sb && by_name))) {
                best = i;
            }
        }
        parties[best].1 += 1;
        left -= 1;
    }
    parties.into_iter().map(|((name, _), seats)| (name.clone(), seats)).collect()
}

/// How replicas are divided by what clusters have room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dynamic {
    /// As few clusters as hold them.
    Aggregated,
    /// By room.
    Weighted,
}

/// Divides by room, changing as little as can be of what was given out before. `Err` is the room there is.
pub(crate) fn by_room(
    how: Dynamic,
    replicas: i64,
    before: &[Share],
    room: &[Share],
    fresh: bool,
    uid: &str,
) -> Result<Vec<Share>, i64> {
    let before: Vec<Share> =
        before.iter().filter(|(n, _)| room.iter().any(|(r, _)| r == n)).cloned().collect();
    let assigned: i64 = before.iter().map(|(_, n)| n).sum();
    if !fresh && assigned == replicas {
        return Ok(before);
    }
    let (target, mut available, kept) = if fresh {
        let with = |(name, n): &Share| {
            let had = before.iter().find(|(b, _)| b == name).map_or(0, |(_, n)| *n);
            (name.clone(), n + had)
        };
        (replicas, room.iter().map(with).collect::<Vec<_>>(), Vec::new())
    } else if assigned > replicas {
        (replicas, before.clone(), Vec::new())
    } else {
        (replicas - assigned, room.to_vec(), before.clone())
    };
    // The roomiest first; the order of equals stays.
    available.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let all: i64 = available.iter().map(|(_, n)| n).sum();
    if all < target {
        return Err(all);
    }
    if how == Dynamic::Aggregated {
        let had = |name: &Str| kept.iter().any(|(k, n)| k == name && *n > 0);
        let (mut first, rest): (Vec<Share>, Vec<Share>) = available.into_iter().partition(|(n, _)| had(n));
        first.extend(rest);
        let mut sum = 0;
        let upto = first.iter().position(|(_, n)| {
            sum += n;
            sum >= target
        });
        first.truncate(upto.map_or(first.len(), |i| i + 1));
        available = first;
    }
    let mut result = kept;
    for (name, n) in by_weight(target, &available, uid) {
        match result.iter_mut().find(|(r, _)| *r == name) {
            Some((_, have)) => *have += n,
            None => result.push((name, n)),
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(all: &[(&str, i64)]) -> Vec<Share> {
        all.iter().map(|(n, w)| (Str::from(*n), *w)).collect()
    }

    #[test]
    fn weights_divide() {
        for (replicas, weights, want) in [
            (3, vec![("a", 2), ("b", 1)], vec![("a", 2), ("b", 1)]),
            (9, vec![("a", 1), ("b", 2)], vec![("a", 3), ("b", 6)]),
            (9, vec![("a", 1), ("b", 3)], vec![("a", 2), ("b", 7)]),
            (2, vec![("a", 1), ("b", 1), ("c", 1)], vec![("a", 1), ("b", 1), ("c", 0)]),
            (5, vec![("a", 0), ("b", 1)], vec![("b", 5)]),
            (0, vec![("a", 1)], vec![("a", 0)]),
            (100_000, vec![("a", 3), ("b", 1)], vec![("a", 75_000), ("b", 25_000)]),
        ] {
            assert_eq!(by_weight(replicas, &shares(&weights), ""), shares(&want), "{replicas} {weights:?}");
        }
    }

    #[test]
    fn a_template_decides_from_which_end_a_tie_goes() {
        let equal = shares(&[("a", 1), ("b", 1)]);
        let uids = ["u1", "u2", "u3", "u4"].map(|u| by_weight(1, &equal, u));
        assert!(
            uids.contains(&shares(&[("a", 1), ("b", 0)])) && uids.contains(&shares(&[("a", 0), ("b", 1)]))
        );
    }

    #[test]
    fn room_divides() {
        let room = shares(&[("a", 4), ("b", 8), ("c", 4)]);
        let divide =
            |how, n, before: &[(&str, i64)], fresh| by_room(how, n, &shares(before), &room, fresh, "");
        assert_eq!(divide(Dynamic::Aggregated, 6, &[], false), Ok(shares(&[("b", 6)])));
        assert_eq!(divide(Dynamic::Aggregated, 10, &[], false), Ok(shares(&[("b", 7), ("a", 3)])));
        assert_eq!(divide(Dynamic::Weighted, 4, &[], false), Ok(shares(&[("b", 2), ("a", 1), ("c", 1)])));
        // What is there stays, and more is added to it.
        assert_eq!(divide(Dynamic::Aggregated, 4, &[("c", 3)], false), Ok(shares(&[("c", 4)])));
        // Less is taken from all alike.
        assert_eq!(
            divide(Dynamic::Weighted, 3, &[("a", 4), ("b", 2)], false),
            Ok(shares(&[("a", 2), ("b", 1)]))
        );
        assert_eq!(divide(Dynamic::Weighted, 3, &[("a", 3)], false), Ok(shares(&[("a", 3)])));
        assert_eq!(divide(Dynamic::Weighted, 17, &[], false), Err(16));
        // A cluster that is no candidate any more gives its replicas to others.
        assert_eq!(divide(Dynamic::Aggregated, 5, &[("gone", 5)], false), Ok(shares(&[("b", 5)])));
    }
}
