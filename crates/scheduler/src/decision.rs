//! The record of one decision: what each plugin said of each node.
//!
//! Tables are kept compactly: a code of two bytes for each node, and for each node that was scored and each plugin five
//! bytes. Which decisions keep their tables is the scheduler's to say (`lib.rs`).

use std::sync::Arc;

use clock::Time;
use objects::Str;

use crate::framework::Refusal;

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
    /// Gone once the decision is old.
    pub(crate) table: Option<Arc<Table>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    /// The names of all nodes in the order of the search; shared between decisions while the nodes stay the same.
    pub(crate) names: Arc<Vec<Str>>,
    codes: Vec<u16>,
    /// What refused nodes were told, each once.
    refusals: Vec<(&'static str, Refusal)>,
    /// The score plugins that had an opinion, with their weights.
    pub(crate) plugins: Vec<(&'static str, i64)>,
    /// A column for each of `plugins`, one after the other, with a row for each fitting node in order.
    pub(crate) raw: Vec<i32>,
    pub(crate) normalized: Vec<i8>,
}

impl Table {
    pub(crate) fn new(names: Arc<Vec<Str>>) -> Self {
        Self { codes: vec![NOT_VISITED; names.len()], names, ..Self::default() }
    }

    pub(crate) fn fits(&mut self, node: usize) {
        self.codes[node] = FITS;
    }

    pub(crate) fn refuse(&mut self, node: usize, plugin: &'static str, refusal: Refusal) {
        let same = |(p, r): &(&'static str, Refusal)| *p == plugin && *r == refusal;
        let i = self.refusals.iter().position(same).unwrap_or_else(|| {
            self.refusals.push((plugin, refusal));
            self.refusals.len() - 1
        });
        self.codes[node] = REFUSED.saturating_add(u16::try_from(i).unwrap_or(u16::MAX));
    }

    pub(crate) fn refuse_all(&mut self, plugin: &'static str, refusal: Refusal) {
        self.refusals.push((plugin, refusal));
        self.codes.fill(REFUSED);
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
        128 + self.codes.len() * 2 + self.raw.len() * 5 + self.refusals.len() * 96
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
    pub fn plugins(&self) -> &[(&'static str, i64)] {
        self.table.as_ref().map_or(&[], |t| t.plugins.as_slice())
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
        let rows = self.raw.len() / self.plugins.len().max(1);
        let of = |c: usize| Some((*self.raw.get(c * rows + row)?, *self.normalized.get(c * rows + row)?));
        let scores: Vec<PluginScore> = self
            .plugins
            .iter()
            .enumerate()
            .filter_map(|(c, (plugin, weight))| {
                let (raw, normalized) = of(c)?;
                let (normalized, weight) = (i64::from(normalized), *weight);
                let weighted = normalized * weight;
                Some(PluginScore { plugin, weight, raw: raw.into(), normalized, weighted })
            })
            .collect();
        Verdict::Fits { total: scores.iter().map(|s| s.weighted).sum(), scores }
    }
}
