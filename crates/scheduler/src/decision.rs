//! The record of one decision: what each plugin said of each node.
//!
//! Tables are kept compactly: a code of two bytes for each node, and for each node that was scored and each plugin a byte,
//! or five where it brought the score to 0..=100 itself; nothing where all nodes have the same. Which decisions keep their tables is the scheduler's to say (`lib.rs`).

use std::sync::Arc;

use clock::Time;
use objects::Str;

use crate::framework::{Refusal, Score};

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

/// What a score plugin said. Its scores are a run in the table's: one for each fitting node in order, or a single one that
/// all have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    plugin: &'static str,
    weight: i64,
    /// In `Table::raw`; empty when all are as normalised.
    raw: (u32, u32),
    /// In `Table::normalized`.
    normalized: (u32, u32),
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
    normalized: Vec<i8>,
}

impl Table {
    pub(crate) fn new(names: Arc<Vec<Str>>) -> Self {
        Self { codes: vec![NOT_VISITED; names.len()], names, ..Self::default() }
    }

    pub(crate) fn fits(&mut self, node: usize) {
        self.codes[node] = FITS;
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

    /// Writes down the raw scores of a plugin, has it normalise them, and adds them to the sums by weight. Scores that all
    /// nodes have in common are not added: they are nobody's advantage.
    pub(crate) fn score(
        &mut self,
        plugin: &dyn Score,
        weight: i64,
        scores: &mut Vec<i64>,
        totals: &mut [i64],
    ) {
        if scores.first().is_some_and(|first| scores.iter().all(|s| s == first)) {
            scores.truncate(1);
        }
        let given = scores.clone();
        let mut differ = plugin.normalize(scores) && given != *scores;
        let from = self.normalized.len();
        self.normalized.reserve_exact(scores.len());
        // A normalised score is within 0..=100.
        let mut keep = |score: i64| {
            differ |= !(0..=100).contains(&score);
            score.clamp(0, 100) as i8
        };
        if let [all] = scores[..] {
            self.normalized.push(keep(all));
        } else {
            self.normalized.extend(scores.iter().zip(totals).map(|(score, total)| {
                *total += *score * weight;
                keep(*score)
            }));
        }
        let run = |from: usize, to: usize| (from as u32, (to - from) as u32);
        let normalized = run(from, self.normalized.len());
        let from = self.raw.len();
        if differ {
            self.raw.reserve_exact(given.len());
            self.raw.extend(given.iter().map(|s| (*s).clamp(i32::MIN.into(), i32::MAX.into()) as i32));
        }
        let raw = run(from, self.raw.len());
        self.columns.push(Column { plugin: plugin.name(), weight, raw, normalized });
    }

    /// Gives back what was set aside for scores: thousands of tables are kept.
    pub(crate) fn shrink(&mut self) {
        self.raw.shrink_to_fit();
        self.normalized.shrink_to_fit();
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
        128 + self.codes.len() * 2 + self.raw.len() * 4 + self.normalized.len() + lists
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
        let at = |(from, len): (u32, u32)| from as usize + if len == 1 { 0 } else { row };
        let scores: Vec<PluginScore> = self
            .columns
            .iter()
            .filter_map(|c| {
                let normalized = i64::from(*self.normalized.get(at(c.normalized))?);
                let raw = if c.raw.1 == 0 { normalized } else { (*self.raw.get(at(c.raw))?).into() };
                let Column { plugin, weight, .. } = *c;
                Some(PluginScore { plugin, weight, raw, normalized, weighted: normalized * weight })
            })
            .collect();
        Verdict::Fits { total: scores.iter().map(|s| s.weighted).sum(), scores }
    }
}
