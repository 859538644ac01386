//! Which of the fitting nodes is best: that of the highest sum of scores, and of equal ones one by lot, as upstream.

use clock::Rng;

/// So many sums are compared at once: a count of them fits a byte.
const PORTION: usize = 128;

/// How many of a portion are the best.
fn ties(portion: &[i16], best: i16) -> usize {
    portion.iter().map(|sum| u8::from(*sum == best)).sum::<u8>().into()
}

/// The place of the best sum.
pub(crate) fn best(sums: &[i16], rng: &mut Rng) -> usize {
    let best = sums.iter().fold(i16::MIN, |best, sum| best.max(*sum));
    let all: usize = sums.chunks(PORTION).map(|portion| ties(portion, best)).sum();
    let mut lot = rng.below(all as u64) as usize;
    for (i, portion) in sums.chunks(PORTION).enumerate() {
        let here = ties(portion, best);
        if lot < here {
            let mut tied = portion.iter().enumerate().filter(|(_, sum)| **sum == best);
            return i * PORTION + tied.nth(lot).map_or(0, |(place, _)| place);
        }
        lot -= here;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lot_falls_on_one_of_the_highest() {
        for seed in 0..200 {
            let mut rng = Rng::new(seed);
            let sums: Vec<i16> = (0..1 + rng.below(500)).map(|_| rng.below(4) as i16).collect();
            let (mut one, mut other) = (rng.clone(), rng);
            let highest = sums.iter().max();
            let tied: Vec<usize> = (0..sums.len()).filter(|i| sums.get(*i) == highest).collect();
            let lot = other.below(tied.len() as u64) as usize;
            assert_eq!(best(&sums, &mut one), tied[lot], "seed {seed}");
        }
    }
}
