//! What was probably meant: names and labels that almost match.

/// Edits (insert, drop, change, swap of neighbours) from `a` to `b`; texts over 64 letters count as far apart.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

/// How far apart two names may be to pass for a slip: one letter in three, three at most.
fn slack(name: &str) -> usize {
    (name.chars().count() / 3).clamp(1, 3)
}

/// The candidate nearest to `want`, if one is near and none is equal.
#[must_use]
pub fn nearest<'a>(want: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let best = candidates.into_iter().map(|c| (distance(want, c), c)).min()?;
    (best.0 > 0 && best.0 <= slack(want)).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_names_are_not() {
        for (want, have, near) in [
            ("web", "wbe", true),
            ("web", "webb", true),
            ("web", "web", false),
            ("web", "api", false),
            ("ngnix", "nginx", true),
            ("frontend", "front-end", true),
            ("frontend", "backend", false),
            ("a", "b", true),
            ("설정", "설정2", true),
        ] {
            assert_eq!(nearest(want, [have]).is_some(), near, "{want} {have}");
        }
        assert_eq!(nearest("web", ["api", "wen", "wob"]), Some("wen"));
    }
}
