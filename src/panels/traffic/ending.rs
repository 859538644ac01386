//! How requests end, as a reader tells the ends apart: by status, by what refused or never answered.

use cluster::network::path::{Fault, Outcome, Path, Stage};
use smol_str::{SmolStr, format_smolstr};

use crate::i18n::Texts;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Without a status: a connection, a name.
    Reached,
    Http(u16),
    Refused,
    /// A policy let it pass nowhere.
    Policy,
    TimedOut,
    Slow,
    Reset,
    Unreachable,
    NoName,
    NoServer,
}

impl Ending {
    #[must_use]
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Http(status) => Self::Http(status),
            Outcome::Reached | Outcome::Resolved => Self::Reached,
            Outcome::Failed(Fault::Refused) => Self::Refused,
            Outcome::Failed(Fault::TimedOut) => Self::TimedOut,
            Outcome::Failed(Fault::Slow) => Self::Slow,
            Outcome::Failed(Fault::Reset) => Self::Reset,
            Outcome::Failed(Fault::Unreachable) => Self::Unreachable,
            Outcome::Failed(Fault::NoName) => Self::NoName,
            Outcome::Failed(Fault::NoServer) => Self::NoServer,
        }
    }

    /// What a client sees as silence may have been a policy.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        let denied = path.failing().is_some_and(|hop| hop.stage == Stage::Policy);
        match path.outcome {
            Outcome::Failed(_) if denied => Self::Policy,
            outcome => Self::of(outcome),
        }
    }

    /// True when there is no answer, or one that says it failed.
    #[must_use]
    pub fn failed(self) -> bool {
        match self {
            Self::Reached => false,
            Self::Http(status) => status >= 500,
            _ => true,
        }
    }

    #[must_use]
    pub fn says(self, texts: &Texts) -> SmolStr {
        let words = texts.traffic();
        SmolStr::new_static(match self {
            Self::Http(status) => return format_smolstr!("HTTP {status}"),
            Self::Reached => words.served,
            Self::Refused => words.refused,
            Self::Policy => words.denied,
            Self::TimedOut => words.timed_out,
            Self::Slow => words.slow,
            Self::Reset => words.reset,
            Self::Unreachable => words.unreachable,
            Self::NoName => words.no_name,
            Self::NoServer => words.no_server,
        })
    }
}
