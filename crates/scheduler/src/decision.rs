//! The record of one decision: what each plugin said of each node.
//!
//! Tables are kept compactly: a code of two bytes for each node, and for each node that was scored and each plugin a byte,
//! or five where many different scores were brought to 0..=100; nothing where all nodes have the same. Which decisions keep
//! their tables is the scheduler's to say (`lib.rs`).

use std::ops::Range;
use std::sync::Arc;

use clock::Time;
use objects::Str;

use crate::framework::{RawScores, Refusal, Score};

/// What a decision came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Bound {
        node: Str,
    },
    /// The node is chosen; the pod is bound when its claims are.
    WaitsForVolumes {
        node: Str,
    },
    /// The message of the `FailedScheduling` event, and the node on which others were asked to make room.
    Unschedulable {
        message: String,
        nominated: Str,
    },
}

/// A plugin's score of one node: as given, brought to 0..=100, and times its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginScore {
    pub plugin: &'static str,
    pub weight: i64,
    pub raw: i64,
    pub normalized: i64,
    pub weighted: i64,
}

impl PluginScore {
    /// `0 > 100 = 300`; what was given in the range already stands once: `88 = 88`.
    #[must_use]
    pub fn words(&self) -> String {
        let given = if self.raw == self.normalized { String::new() } else { format!("{} > ", self.raw) };
        format!("{given}{} = {}", self.normalized, self.weighted)
    }
}

/// What was said of one node.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict<'a> {
    /// The first filter that refused, and why.
    Refused { plugin: &'static str, refusal: &'a Refusal },
    /// Fits; a score for each plugin that has an opinion. None when the node was the only one that fits.
    Fits { scores: Vec<PluginScore>, total: i64 },
    /// Not looked at: enough fitting nodes had been found.
    NotVisited,
}

const NOT_VISITED: u16 = 0;
const FITS: u16 = 1;
const REFUSED: u16 = 2;

#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub at: Time,
    /// How often the pod was tried, this time included.
    pub attempt: u32,
    pub outcome: Outcome,
    /// How many nodes there were, and how many fitted of those looked at.
    pub nodes: u32,
    pub fitting: u32,
    /// How many were made before it.
    pub(crate) number: u64,
    /// Gone once the decision is old.
    pub(crate) table: Option<Arc<Table>>,
}

/// What a score plugin said.
#[derive(Clone, Debug, PartialEq)]
struct Column {
    plugin: &'static str,
    weight: i64,
    scores: Scores,
}

/// A score as given, and brought to 0..=100.
type Pair = (i32, u8);

/// The scores of a plugin: where those of the fitting nodes, in order, begin in the lists of the table.
#[derive(Clone, Debug, PartialEq)]
enum Scores {
    Same(Pair),
    /// In `Table::bytes`, as given.
    Plain {
        at: u32,
    },
    /// The normalised ones in `Table::bytes`, and what was given in `Table::raw`.
    Each {
        at: u32,
        raw: u32,
    },
    /// In `Table::bytes` numbers, of which each stands for what is in its place of a run of either list.
    Coded {
        at: u32,
        normalized: u32,
        raw: u32,
    },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    /// The names of all nodes in the order of the search; shared between decisions while the nodes stay the same.
    pub(crate) names: Arc<Vec<Str>>,
    codes: Vec<u16>,
    /// What refused nodes were told, each once.
    refusals: Vec<(&'static str, Refusal)>,
    /// One for each score plugin that had an opinion.
    columns: Vec<Column>,
    raw: Vec<i32>,
    bytes: Vec<u8>,
}

fn pair(raw: i64, normalized: i64) -> Pair {
    (raw.clamp(i32::MIN.into(), i32::MAX.into()) as i32, normalized.clamp(0, 100) as u8)
}

impl Table {
    pub(crate) fn new(names: Arc<Vec<Str>>) -> Self {
        Self { codes: vec![NOT_VISITED; names.len()], names, ..Self::default() }
    }

    pub(crate) fn fit(&mut self, nodes: Range<usize>) {
        self.codes[nodes].fill(FITS);
    }

    pub(crate) fn refuse(&mut self, node: usize, refused: &(&'static str, Refusal)) {
        let i = self.refusals.iter().position(|known| known == refused).unwrap_or_else(|| {
            self.refusals.push(refused.clone());
            self.refusals.len() - 1
        });
        self.codes[node] = REFUSED.saturating_add(u16::try_from(i).unwrap_or(u16::MAX));
    }

    /// Refuses a node for what another was refused.
    pub(crate) fn refuse_as(&mut self, node: usize, other: usize) {
        self.codes[node] = self.codes[other];
    }

    pub(crate) fn refuse_all(&mut self, plugin: &'static str, refusal: Refusal) {
        self.refusals.push((plugin, refusal));
        self.codes.fill(REFUSED);
    }

    /// Writes down what a plugin gave the fitting nodes, brought to 0..=100, and adds it to the sums by weight. Scores that
    /// all nodes have in common are not added: they are nobody's advantage.
    pub(crate) fn score(&mut self, plugin: &dyn Score, weight: i64, given: &RawScores, sums: &mut [i16]) {
        let scores = match given {
            RawScores { codes, each, .. } if codes.is_empty() => self.each(plugin, weight, each, sums),
            RawScores { codes, palette, .. } if palette.is_empty() => self.plain(weight, codes, sums),
            _ => self.coded(plugin, weight, given, sums),
        };
        self.columns.push(Column { plugin: plugin.name(), weight, scores });
    }

    fn each(&mut self, plugin: &dyn Score, weight: i64, given: &[i64], sums: &mut [i16]) -> Scores {
        if given.iter().all(|score| *score == given[0]) {
            let mut scores = [given.first().copied().unwrap_or(0)];
            let [raw] = scores;
            plugin.normalize(&mut scores);
            return Scores::Same(pair(raw, scores[0]));
        }
        let mut scores = given.to_vec();
        plugin.normalize(&mut scores);
        let pairs = || given.iter().zip(&scores).map(|(raw, normalized)| pair(*raw, *normalized));
        let (at, raw) = (self.bytes.len() as u32, self.raw.len() as u32);
        self.bytes.extend(pairs().map(|(_, normalized)| normalized));
        for (sum, (_, score)) in sums.iter_mut().zip(pairs()) {
            *sum += i16::from(score) * weight as i16;
        }
        if pairs().all(|(raw, normalized)| raw == i32::from(normalized)) {
            return Scores::Plain { at };
        }
        self.raw.extend(pairs().map(|(raw, _)| raw));
        Scores::Each { at, raw }
    }

    fn plain(&mut self, weight: i64, scores: &[u8], sums: &mut [i16]) -> Scores {
        if scores.iter().all(|score| *score == scores[0]) {
            return Scores::Same((scores[0].into(), scores[0]));
        }
        for (sum, score) in sums.iter_mut().zip(scores) {
            *sum += i16::from(*score) * weight as i16;
        }
        self.bytes.extend_from_slice(scores);
        Scores::Plain { at: (self.bytes.len() - scores.len()) as u32 }
    }

    fn coded(&mut self, plugin: &dyn Score, weight: i64, given: &RawScores, sums: &mut [i16]) -> Scores {
        let RawScores { codes, palette, .. } = given;
        let mut scores: Vec<i64> = palette.iter().copied().flatten().collect();
        plugin.normalize(&mut scores);
        let unused = palette.len() - scores.len();
        let pairs = palette.iter().zip(std::iter::repeat_n(0, unused).chain(scores));
        let pairs = pairs.map(|(raw, normalized)| pair(raw.unwrap_or(0), normalized));
        let (at, raw) = (self.bytes.len() as u32, self.raw.len() as u32);
        if unused + 1 == palette.len() {
            return Scores::Same(pairs.last().unwrap_or_default());
        }
        self.bytes.extend_from_slice(codes);
        let normalized = self.bytes.len() as u32;
        let mut worth = [0; 256];
        for (worth, (raw, score)) in worth.iter_mut().zip(pairs) {
            self.raw.push(raw);
            self.bytes.push(score);
            *worth = i16::from(score) * weight as i16;
        }
        for (sum, code) in sums.iter_mut().zip(codes) {
            *sum += worth[usize::from(*code)];
        }
        Scores::Coded { at, normalized, raw }
    }

    /// Sets aside what scores of so many nodes mostly take.
    pub(crate) fn make_room(&mut self, nodes: usize) {
        self.columns.reserve_exact(4);
        self.bytes.reserve_exact(2 * nodes + 8);
    }

    /// Gives back what was set aside for scores in vain: thousands of tables are kept.
    pub(crate) fn shrink(&mut self) {
        // Less is not worth the copy.
        const SPARE: usize = 32;
        self.raw.shrink_to(self.raw.len() + SPARE);
        self.bytes.shrink_to(self.bytes.len() + SPARE);
    }

    /// The refusal of a node.
    pub(crate) fn refusal(&self, node: usize) -> Option<&(&'static str, Refusal)> {
        self.refusals.get(usize::from(self.codes.get(node)?.checked_sub(REFUSED)?))
    }

    /// All refusals, one for each refused node.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (usize, &(&'static str, Refusal))> {
        (0..self.codes.len()).filter_map(|i| Some((i, self.refusal(i)?)))
    }

    /// The plugins that refused a node, each once.
    pub(crate) fn refused_by(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.refusals.iter().map(|(plugin, _)| *plugin)
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let lists = self.columns.len() * std::mem::size_of::<Column>() + self.refusals.len() * 96;
        128 + self.codes.len() * 2 + self.raw.len() * 4 + self.bytes.len() + lists
    }
}

impl Decision {
    /// What was said of each node, in the order of the search; nothing when the decision is too old.
    pub fn verdicts(&self) -> impl Iterator<Item = (&str, Verdict<'_>)> + '_ {
        let mut rows = 0;
        self.table
            .iter()
            .flat_map(|t| t.names.iter().zip(&t.codes).enumerate().map(move |(i, n)| (t, i, n)))
            .map(move |(table, i, (name, code))| {
                let verdict = match *code {
                    NOT_VISITED => Verdict::NotVisited,
                    FITS => {
                        rows += 1;
                        table.row(rows - 1)
                    }
                    _ => match table.refusal(i) {
                        Some((plugin, refusal)) => Verdict::Refused { plugin, refusal },
                        None => Verdict::NotVisited,
                    },
                };
                (name.as_str(), verdict)
            })
    }

    /// Whether what was said of each node is still known.
    #[must_use]
    pub fn has_table(&self) -> bool {
        self.table.is_some()
    }

    /// The score plugins that had an opinion, with their weights.
    #[must_use]
    pub fn plugins(&self) -> Vec<(&'static str, i64)> {
        self.table.iter().flat_map(|t| &t.columns).map(|c| (c.plugin, c.weight)).collect()
    }

    /// The chosen or nominated node, `""` when there is none.
    #[must_use]
    pub fn node(&self) -> &str {
        match &self.outcome {
            Outcome::Bound { node } | Outcome::WaitsForVolumes { node } => node,
            Outcome::Unschedulable { nominated, .. } => nominated,
        }
    }
}

impl Table {
    fn row(&self, row: usize) -> Verdict<'_> {
        let scores: Vec<PluginScore> = self
            .columns
            .iter()
            .filter_map(|c| {
                let byte = |at: u32, i: usize| self.bytes.get(at as usize + i).copied();
                let raw_at = |at: u32, i: usize| self.raw.get(at as usize + i).copied();
                let (raw, normalized) = match c.scores {
                    Scores::Same(pair) => pair,
                    Scores::Plain { at } => (byte(at, row)?.into(), byte(at, row)?),
                    Scores::Each { at, raw } => (raw_at(raw, row)?, byte(at, row)?),
                    Scores::Coded { at, normalized, raw } => {
                        let code = byte(at, row)?.into();
                        (raw_at(raw, code)?, byte(normalized, code)?)
                    }
                };
                let (raw, normalized) = (i64::from(raw), i64::from(normalized));
                let (plugin, weight) = (c.plugin, c.weight);
                Some(PluginScore { plugin, weight, raw, normalized, weighted: normalized * weight })
            })
            .collect();
        Verdict::Fits { total: scores.iter().map(|s| s.weighted).sum(), scores }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins;

    /// The rows of a table with one column, as words, and the sums.
    fn kept(plugin: &dyn Score, given: &RawScores, nodes: usize) -> (Vec<String>, Vec<i16>) {
        let mut table = Table::new(Arc::new(vec![Str::default(); nodes]));
        let mut sums = vec![7; nodes];
        table.score(plugin, 2, given, &mut sums);
        let row = |row| match table.row(row) {
            Verdict::Fits { scores, .. } => scores[0].words(),
            other => panic!("{other:?}"),
        };
        ((0..nodes).map(row).collect(), sums)
    }

    #[test]
    fn both_forms_of_scores_come_to_the_same() {
        let lists: [&[i64]; 5] = [&[3], &[2, 2, 2], &[0, 4, 2, 4], &[0, 0, 9], &[100, 0, 50, 0]];
        for (plugin, _) in plugins::scores() {
            for list in lists {
                let each = RawScores { each: list.to_vec(), ..RawScores::default() };
                let want = kept(*plugin, &each, list.len());
                let codes: Vec<u8> = list.iter().map(|score| *score as u8).collect();
                let (lowest, highest) =
                    (*list.iter().min().expect("some"), *list.iter().max().expect("some"));
                let used = |code| (code >= lowest).then_some(code);
                let palette = if plugin.is_scaled() { Vec::new() } else { (0..=highest).map(used).collect() };
                let coded = RawScores { codes, palette, ..RawScores::default() };
                assert_eq!(kept(*plugin, &coded, list.len()), want, "{} {list:?}", plugin.name());
            }
        }
    }

    #[test]
    fn what_all_have_in_common_is_nobodys_advantage() {
        let fit =
            plugins::scores().iter().find(|(p, _)| p.is_scaled()).map(|(p, _)| *p).expect("there is one");
        let given = |each: &[i64]| RawScores { each: each.to_vec(), ..RawScores::default() };
        let table = [(&[5][..], [7, 7]), (&[5, 5], [7, 7]), (&[5, 6], [17, 19])];
        for (scores, want) in table {
            assert_eq!(kept(fit, &given(scores), 2).1, want, "{scores:?}");
        }
    }
}
