//! One container of a pod as its kubelet knows it: state, back-offs, and the machine behind it.
//!
//! Owns: what is kept from start to start. Does not own: when it is started or stopped (sync.rs, ending.rs).

use std::fmt;
use std::sync::Arc;

use client::Subject;
use clock::{Time, TimerId};
use containers::container::{Container as Inside, ExecId};
use objects::{Str, Value};

use crate::back_off::BackOff;
use crate::definition;
use crate::environment::Variables;
use crate::image_manager::ImageFacts;
use crate::probes::Probes;
use crate::rare::{Plain, Rare};
use crate::usage::Meter;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    Main,
    Ephemeral,
}

/// A postStart hook that has not ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PostStart {
    Command(ExecId),
    Sleep,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) started: Time,
    pub(crate) finished: Time,
    pub(crate) id: Str,
}

/// As the runtime sees it.
#[derive(Clone, Debug)]
pub(crate) enum State {
    Absent,
    Running { since: Time },
    Ended(Box<Ended>),
}

/// A machine behind a container; clones share it until one of them runs it.
#[derive(Clone)]
pub(crate) struct Live(Arc<Inside>);

impl Live {
    pub(crate) fn new(inside: Inside) -> Self {
        Self(Arc::new(inside))
    }

    pub(crate) fn get(&self) -> &Inside {
        &self.0
    }

    pub(crate) fn get_mut(&mut self) -> &mut Inside {
        Arc::make_mut(&mut self.0)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Machine {
    Absent,
    /// A server that waits for requests: made when the first one comes, with the variables of its start.
    Lazy(Arc<Variables>),
    Live(Live),
}

/// A container on its way down.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) deadline: Time,
    /// A sidecar that goes with its pod: it gets SIGTERM when those before it have ended.
    pub(crate) in_turn: bool,
    /// Its hook is over.
    pub(crate) hooked: bool,
    /// SIGTERM has been sent: nothing holds it up any more.
    pub(crate) termed: bool,
    /// The preStop command that still runs.
    pub(crate) hook: Option<ExecId>,
}

/// What went wrong with a container, and how long it is waited for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    /// Why the last attempt to start it failed: what `waiting` shows.
    pub(crate) reason: Option<(&'static str, String)>,
    pub(crate) crashes: BackOff,
    pub(crate) pulls: BackOff,
    pub(crate) pull_error: String,
}

impl Plain for Trouble {
    const PLAIN: &'static Self =
        &Self { reason: None, crashes: BackOff::NONE, pulls: BackOff::NONE, pull_error: String::new() };
}

/// What of its definition is asked for at every step, and never changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    startup_probe: bool,
    readiness_probe: bool,
    pub(crate) probes: bool,
    pub(crate) restart_rules: bool,
    /// It is to be in the process namespace of another.
    pub(crate) joins: bool,
}

impl Traits {
    fn of(spec: &Value) -> Self {
        let has = |field: &str| !spec[field].is_null();
        let (startup_probe, readiness_probe) = (has("startupProbe"), has("readinessProbe"));
        Self {
            startup_probe,
            readiness_probe,
            probes: startup_probe || readiness_probe || has("livenessProbe"),
            restart_rules: has("restartPolicyRules"),
            joins: has("targetContainerName"),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Container {
    pub(crate) spec: Value,
    pub(crate) kind: Kind,
    pub(crate) traits: Traits,
    pub(crate) state: State,
    /// How the start before this one ended.
    pub(crate) last: Option<Box<Ended>>,
    /// How often it was started; `restartCount` is one less.
    pub(crate) starts: u32,
    /// How many of them were in a sandbox that is gone.
    pub(crate) past: u32,
    /// Its processes stand still.
    pub(crate) hung: bool,
    pub(crate) id: Str,
    pub(crate) image: Option<Arc<ImageFacts>>,
    pub(crate) machine: Machine,
    /// The machine of the start before, for `logs --previous`.
    pub(crate) old: Option<Live>,
    /// Pulling, being created or started: nothing else is done in the pod meanwhile.
    pub(crate) busy: bool,
    /// The next attempt comes no earlier.
    pub(crate) retry_at: Time,
    pub(crate) failures: u32,
    pub(crate) attempt_at: Time,
    pub(crate) trouble: Rare<Trouble>,
    pub(crate) probes: Option<Box<Probes>>,
    pub(crate) stop: Option<Box<Stop>>,
    /// Its kubelet ends it to start it anew, in one go: a back-off counts from the end before this one.
    pub(crate) renewed: bool,
    /// The postStart command that still runs.
    pub(crate) post_start: Option<PostStart>,
    pub(crate) run_timer: Option<TimerId>,
    /// What it is to be started from, between its creation and its start.
    pub(crate) prepared: Option<Arc<containers::container::Spec>>,
    /// What it uses.
    pub(crate) meter: Rare<Meter>,
    /// What its events are about, while it is being started.
    subject: Option<Box<Subject>>,
}

impl Container {
    pub(crate) fn new(spec: &Value, kind: Kind) -> Self {
        let kind = if kind == Kind::Init && spec["restartPolicy"] == "Always" { Kind::Sidecar } else { kind };
        Self {
            spec: spec.clone(),
            kind,
            state: State::Absent,
            last: None,
            starts: 0,
            past: 0,
            hung: false,
            id: Str::default(),
            image: None,
            machine: Machine::Absent,
            old: None,
            busy: false,
            retry_at: Time(0),
            failures: 0,
            attempt_at: Time(0),
            trouble: Rare::default(),
            probes: None,
            stop: None,
            renewed: false,
            post_start: None,
            run_timer: None,
            prepared: None,
            meter: Rare::default(),
            subject: None,
            traits: Traits::of(spec),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.spec["name"].text()
    }

    pub(crate) fn list(&self) -> &'static str {
        match self.kind {
            Kind::Init | Kind::Sidecar => "initContainers",
            Kind::Main => "containers",
            Kind::Ephemeral => "ephemeralContainers",
        }
    }

    /// Nothing is in its way any more.
    pub(crate) fn forget_reason(&mut self) {
        if let Some(trouble) = self.trouble.if_any() {
            trouble.reason = None;
        }
    }

    pub(crate) fn field_path(&self) -> Str {
        definition::field_path(self.list(), self.name())
    }

    /// What its events are about: this part of the pod as that is now.
    pub(crate) fn subject(&mut self, pod: &Value, field_path: &str) -> &Subject {
        let current = self.subject.take().filter(|s| s.is_of(pod));
        self.subject.insert(current.unwrap_or_else(|| Box::new(Subject::new(pod, field_path))))
    }

    /// Few events follow on a start.
    pub(crate) fn forget_subject(&mut self) {
        self.subject = None;
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    pub(crate) fn succeeded(&self) -> bool {
        matches!(&self.state, State::Ended(e) if e.code == 0)
    }

    pub(crate) fn ended(&self) -> Option<&Ended> {
        if let State::Ended(e) = &self.state { Some(e) } else { None }
    }

    /// Past its startup probe and its postStart hook.
    pub(crate) fn is_started(&self) -> bool {
        self.is_running()
            && self.post_start.is_none()
            && (!self.traits.startup_probe || self.probes.as_ref().is_some_and(|p| p.has_started()))
    }

    pub(crate) fn is_ready(&self) -> bool {
        match self.kind {
            Kind::Init => self.succeeded(),
            Kind::Ephemeral => false,
            Kind::Main | Kind::Sidecar => {
                self.is_started()
                    && (!self.traits.readiness_probe || self.probes.as_ref().is_some_and(|p| p.is_ready()))
            }
        }
    }

    pub(crate) fn live(&self) -> Option<&Inside> {
        if let Machine::Live(l) = &self.machine { Some(l.get()) } else { None }
    }

    pub(crate) fn live_mut(&mut self) -> Option<&mut Inside> {
        if let Machine::Live(l) = &mut self.machine { Some(l.get_mut()) } else { None }
    }
}
