//! Signals by name and number.

/// The signals containers meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    Hup,
    Int,
    Quit,
    Kill,
    Usr1,
    Usr2,
    Pipe,
    Alrm,
    Term,
    Chld,
    Winch,
}

/// What a program did with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing of its own: the kernel's default follows.
    Default,
    /// It goes on.
    Handled,
    /// It ends with this code.
    Exit(i32),
}

const TABLE: [(Signal, &str, i32); 11] = [
    (Signal::Hup, "HUP", 1),
    (Signal::Int, "INT", 2),
    (Signal::Quit, "QUIT", 3),
    (Signal::Kill, "KILL", 9),
    (Signal::Usr1, "USR1", 10),
    (Signal::Usr2, "USR2", 12),
    (Signal::Pipe, "PIPE", 13),
    (Signal::Alrm, "ALRM", 14),
    (Signal::Term, "TERM", 15),
    (Signal::Chld, "CHLD", 17),
    (Signal::Winch, "WINCH", 28),
];

impl Signal {
    #[must_use]
    pub fn number(self) -> i32 {
        TABLE.iter().find(|(s, ..)| *s == self).map_or(15, |(.., n)| *n)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|(s, ..)| *s == self).map_or("TERM", |(_, n, _)| *n)
    }

    /// From `TERM`, `SIGTERM` or `15`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        TABLE.iter().find(|(_, n, num)| *n == name || num.to_string() == name).map(|(s, ..)| *s)
    }

    /// Whether it ends a process that does not catch it.
    #[must_use]
    pub fn ends(self) -> bool {
        !matches!(self, Self::Chld | Self::Winch)
    }
}
