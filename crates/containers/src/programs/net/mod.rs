//! Programs that ask the network, one a file, and what they share: URLs, and a request under way.

mod curl;
mod nc;
mod nslookup;
mod ping;
pub(crate) mod url;
mod wget;

use clock::{Millis, Time};

use crate::machine::{Sys, Turn, Wait};
use crate::net::{NetAnswer, NetOptions, NetRequest};

pub(super) use curl::start as curl;
pub(super) use nc::start as nc;
pub(super) use nslookup::start as nslookup;
pub(super) use ping::start as ping;
pub(super) use wget::start as wget;

/// A request under way.
#[derive(Clone, Debug, Default)]
struct Call {
    id: Option<u32>,
    began: Time,
}

/// An answer, and how long it took.
struct Answered {
    answer: NetAnswer,
    took_ms: Millis,
}

impl Call {
    fn is_open(&self) -> bool {
        self.id.is_some()
    }

    fn send(&mut self, sys: &mut Sys<'_>, request: NetRequest, options: NetOptions) -> Turn {
        let request = if options == NetOptions::default() {
            request
        } else {
            NetRequest::With { options: Box::new(options), request: Box::new(request) }
        };
        let id = sys.net(request);
        (self.id, self.began) = (Some(id), sys.now());
        Turn::Wait(Wait::Net(id))
    }

    /// The answer once it has come; the lines of a traced way go to standard error at once.
    fn take(&mut self, sys: &mut Sys<'_>) -> Result<Answered, Turn> {
        let Some(id) = self.id else { return Err(Turn::Exit(1)) };
        let mut answer = sys.net_answer(id).map_err(Turn::Wait)?;
        self.id = None;
        while let NetAnswer::Traced { lines, answer: inner } = answer {
            sys.err(&(lines.join("\n") + "\n"));
            answer = *inner;
        }
        Ok(Answered { answer, took_ms: sys.now().since(self.began) })
    }
}

/// The language that a traced way is told in: the locale of the environment.
fn locale(sys: &Sys<'_>) -> String {
    let set = |name: &str| sys.var(name).filter(|v| !v.is_empty());
    set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default()
}

/// A span as people write it: `5`, `0.5`, at most some years. In milliseconds.
fn seconds(text: &str) -> Option<Millis> {
    let n: f64 = text.parse().ok()?;
    (n.is_finite() && n >= 0.0).then(|| (n * 1000.0).min(1e12) as Millis)
}
