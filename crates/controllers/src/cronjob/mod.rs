//! The CronJob controller: a Job at each scheduled time.
//!
//! Owns: creating Jobs, the list of active ones, keeping as many finished ones as the history limits say.
//! Models `pkg/controller/cronjob`.

use ordered::Sort as _;
pub mod schedule;
pub mod zones;

use client::{Change, Ctx, Propagation};
use clock::{Millis, Time};
use objects::resources::{CRONJOBS, JOBS, Resource};
use objects::{Reason, Status, Value, value};

use self::schedule::Schedule;
use self::zones::Zone;
use crate::caches::Caches;
use crate::controller::{
    Base, Controller, controller_ref, has_base, internal, is_namespace_terminating, owner_of_kind,
    set_or_remove,
};
use crate::delays::CRON_DELTA_MS;
use crate::job::finished_condition;

const SCHEDULED_AT: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

#[derive(Clone, Debug)]
pub struct CronJobController {
    pub base: Base,
}

/// One CronJob in a sync.
struct Run<'a, 'b> {
    base: &'a mut Base,
    ctx: &'a mut Ctx<'b>,
    /// Its status is changed as the sync goes.
    cron: Value,
    changed: bool,
}

/// How many scheduled times went by unused.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Missed {
    None,
    Few,
    Many,
}

impl Default for CronJobController {
    fn default() -> Self {
        Self::new()
    }
}

impl CronJobController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::new("cronjob-controller") }
    }
}

fn schedule_of(cron: &Value) -> Result<Schedule, String> {
    let zone = Zone::find(cron["spec"]["timeZone"].text()).unwrap_or(Zone::UTC);
    Schedule::parse(cron["spec"]["schedule"].text(), zone)
}

/// Since when times count, the last one not after now if there is one, and how many were missed.
fn most_recent(
    cron: &Value,
    now: Time,
    schedule: &Schedule,
    with_deadline: bool,
) -> Result<(Time, Option<Time>, Missed), String> {
    let mut earliest = cron["status"]["lastScheduleTime"].time().or_else(|| cron.created()).unwrap_or(now);
    if let (true, Some(seconds)) = (with_deadline, cron["spec"]["startingDeadlineSeconds"].as_int()) {
        earliest = earliest.max(now - seconds * 1000);
    }
    let never = "time difference between two schedules is less than 1 second";
    let first = schedule.next(earliest).ok_or(never)?;
    if now < first {
        return Ok((earliest, None, Missed::None));
    }
    let second = schedule.next(first).ok_or(never)?;
    if now < second {
        return Ok((earliest, Some(first), Missed::None));
    }
    let between = second.since(first) / 1000;
    if between < 1 {
        return Err(never.into());
    }
    // Uneven schedules are found by going back one step too far and stepping forward again.
    let missed = now.since(first) / 1000 / between + 1;
    let mut last = None;
    let mut t = schedule.next(first + (missed - 2) * between * 1000);
    while let Some(at) = t
        && at <= now
    {
        last = Some(at);
        t = schedule.next(at);
    }
    Ok((earliest, last, if missed > 100 { Missed::Many } else { Missed::Few }))
}

/// How long until the CronJob is looked at again.
fn until_next(cron: &Value, now: Time, schedule: &Schedule) -> Millis {
    let from = match most_recent(cron, now, schedule, false) {
        Err(_) => now,
        Ok((_, Some(last), _)) => last,
        Ok((earliest, None, Missed::None)) => earliest,
        Ok(_) => now,
    };
    schedule.next(from).map_or(CRON_DELTA_MS, |t| t.since(now) + CRON_DELTA_MS)
}

impl Run<'_, '_> {
    fn normal(&mut self, reason: &str, text: &str) {
        let cron = self.cron.clone();
        self.base.normal(self.ctx, &cron, reason, text);
    }

    fn warning(&mut self, reason: &str, text: &str) {
        let cron = self.cron.clone();
        self.base.warning(self.ctx, &cron, reason, text);
    }

    fn active(&self) -> Vec<Value> {
        self.cron["status"]["active"].items().to_vec()
    }

    fn is_active(&self, uid: &str) -> bool {
        self.cron["status"]["active"].items().iter().any(|r| r["uid"] == uid)
    }

    fn set_active(&mut self, list: Vec<Value>) {
        let mut status = self.cron["status"].clone();
        set_or_remove(&mut status, "active", list.into());
        self.cron.set("status", status);
        self.changed = true;
    }

    fn drop_active(&mut self, uid: &str) {
        let left = self.active().into_iter().filter(|r| r["uid"] != uid).collect();
        self.set_active(left);
    }

    /// Deletes finished Jobs beyond the history limits, oldest first.
    fn clean_up(&mut self, jobs: &[Value]) {
        for (kind, limit) in
            [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")]
        {
            let Some(limit) = self.cron["spec"][limit].as_int() else { continue };
            let ended = |j: &&Value| finished_condition(j).is_some_and(|c| c["type"] == kind);
            let mut all: Vec<&Value> = jobs.iter().filter(ended).collect();
            let surplus = all.len().saturating_sub(limit.max(0) as usize);
            all.arrange_by_key(|j| {
                let start = j["status"]["startTime"].time();
                (start.is_none(), start, j.name().to_owned())
            });
            for job in all.into_iter().take(surplus) {
                self.delete(job);
            }
        }
    }

    fn delete(&mut self, job: &Value) -> bool {
        let background = Some(Propagation::Background);
        match self.ctx.delete(JOBS, job.namespace(), job.name(), None, None, background) {
            Ok(_) => {
                self.drop_active(job.uid());
                self.normal("SuccessfulDelete", &format!("Deleted job {}", job.name()));
                true
            }
            Err(e) => {
                self.warning("FailedDelete", &format!("Deleted job: {e}"));
                false
            }
        }
    }

    /// Compares the list of active Jobs with those there are.
    fn review(&mut self, jobs: &[Value]) -> Result<(), Status> {
        for job in jobs {
            self.base.visited += 1;
            let listed = self.is_active(job.uid());
            let Some(end) = finished_condition(job) else {
                if listed {
                    continue;
                }
                let fresh = self.ctx.get(CRONJOBS, self.cron.namespace(), self.cron.name())?;
                if fresh["status"]["active"].items().iter().any(|r| r["uid"] == job.uid()) {
                    self.cron = fresh;
                    continue;
                }
                let text = format!("Saw a job that the controller did not create or forgot: {}", job.name());
                self.warning("UnexpectedJob", &text);
                continue;
            };
            if listed {
                self.drop_active(job.uid());
                let text = format!("Saw completed job: {}, condition: {}", job.name(), end["type"].text());
                self.normal("SawCompletedJob", &text);
            }
            if end["type"] == "Complete" {
                let (known, done) =
                    (&self.cron["status"]["lastSuccessfulTime"], &job["status"]["completionTime"]);
                if !done.is_null() && (known.is_null() || done.time() > known.time()) {
                    let done = done.clone();
                    self.cron.set_at(&["status", "lastSuccessfulTime"], done);
                    self.changed = true;
                }
            }
        }
        for r in self.active() {
            if jobs.iter().any(|j| r["uid"] == j.uid()) {
                continue;
            }
            match self.ctx.get(JOBS, r["namespace"].text(), r["name"].text()) {
                Err(e) if e.reason == Reason::NotFound => {
                    self.normal("MissingJob", &format!("Active job went missing: {}", r["name"].text()));
                    self.drop_active(r["uid"].text());
                }
                other => {
                    other?;
                }
            }
        }
        Ok(())
    }

    /// Starts what is due. Returns when to look again; `None` when a change of the spec is needed first.
    fn start(&mut self) -> Result<Option<Millis>, Status> {
        let now = self.ctx.now;
        if self.cron.is_terminating() {
            return Ok(None);
        }
        let zone = self.cron["spec"]["timeZone"].to_str();
        if Zone::find(&zone).is_none() {
            let text = format!("invalid timeZone: \"{zone}\": unknown time zone {zone}");
            self.warning("UnknownTimeZone", &text);
            return Ok(None);
        }
        if self.cron["spec"]["suspend"].is_true() {
            return Ok(None);
        }
        let text = self.cron["spec"]["schedule"].to_str();
        let schedule = match schedule_of(&self.cron) {
            Ok(s) => s,
            Err(e) => {
                self.warning("UnparseableSchedule", &format!("unparseable schedule: \"{text}\" : {e}"));
                return Ok(None);
            }
        };
        let due = match most_recent(&self.cron, now, &schedule, true) {
            Ok((_, due, missed)) => {
                if missed == Missed::Many && due.is_some() {
                    let text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
                    self.warning("TooManyMissedTimes", text);
                }
                due
            }
            Err(e) => {
                self.warning("InvalidSchedule", &format!("invalid schedule: {text} : {e}"));
                return Ok(None);
            }
        };
        let later = |run: &Self| Ok(Some(until_next(&run.cron, now, &schedule)));
        let Some(due) = due else { return later(self) };
        let deadline = self.cron["spec"]["startingDeadlineSeconds"].as_int();
        if deadline.is_some_and(|s| due + s * 1000 < now) {
            let text = format!("Missed scheduled time to start a job: {}", due.rfc1123z());
            self.warning("MissSchedule", &text);
            return later(self);
        }
        let name = format!("{}-{}", self.cron.name(), due.0 / 60_000);
        let started = self.active().iter().any(|r| r["name"] == name.as_str());
        if started || self.cron["status"]["lastScheduleTime"].time() == Some(due) {
            return later(self);
        }
        match self.cron["spec"]["concurrencyPolicy"].text() {
            "Forbid" if !self.active().is_empty() => {
                let text =
                    "Not starting job because prior execution is running and concurrency policy is Forbid";
                self.normal("JobAlreadyActive", text);
                return later(self);
            }
            "Replace" => {
                for r in self.active() {
                    let job = match self.ctx.get(JOBS, r["namespace"].text(), r["name"].text()) {
                        Ok(job) => job,
                        Err(e) => {
                            self.warning("FailedGet", &format!("Get job: {e}"));
                            return Err(e);
                        }
                    };
                    if !self.delete(&job) {
                        return Err(internal(format!(
                            "could not replace job {}/{}",
                            job.namespace(),
                            job.name()
                        )));
                    }
                }
            }
            _ => {}
        }
        let Some(job) = self.create(&name, due)? else { return Ok(None) };
        let mut active = self.active();
        active.push(value!({
            "kind": "Job", "apiVersion": "batch/v1", "name": (job.name()), "namespace": (job.namespace()),
            "uid": (job.uid()), "resourceVersion": (job.meta().get("resourceVersion")),
        }));
        self.set_active(active);
        self.cron.set_at(&["status", "lastScheduleTime"], due.rfc3339());
        later(self)
    }

    /// The Job of a scheduled time; `None` when it is there already and needs nothing.
    fn create(&mut self, name: &str, due: Time) -> Result<Option<Value>, Status> {
        let template = &self.cron["spec"]["jobTemplate"];
        let zone = Zone::find(self.cron["spec"]["timeZone"].text()).unwrap_or(Zone::UTC);
        let mut annotations = template.annotations().clone();
        annotations.set(SCHEDULED_AT, rfc3339_in(due, zone));
        let mut job = value!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": (name), "namespace": (self.cron.namespace()), "annotations": (annotations),
                "ownerReferences": [(controller_ref(&self.cron, CRONJOBS))]},
            "spec": (template.get("spec")),
        });
        if !template.labels().is_zero() {
            job.set_at(&["metadata", "labels"], template.labels());
        }
        match self.ctx.create(JOBS, job) {
            Ok(job) => {
                self.normal("SuccessfulCreate", &format!("Created job {}", job.name()));
                Ok(Some(job))
            }
            Err(e) if is_namespace_terminating(&e) => Err(e),
            Err(e) if e.reason == Reason::AlreadyExists => {
                let job = self.ctx.get(JOBS, self.cron.namespace(), name)?;
                let ours = job.controller_ref()["uid"] == self.cron.uid();
                Ok((ours && !self.is_active(job.uid())).then_some(job))
            }
            Err(e) => {
                self.warning("FailedCreate", &format!("Error creating job: {e}"));
                Err(e)
            }
        }
    }
}

/// RFC 3339 with the zone's offset.
fn rfc3339_in(t: Time, zone: Zone) -> String {
    let offset = zone.offset(t);
    if offset == 0 {
        return t.rfc3339();
    }
    let minutes = offset / 60_000;
    let (sign, m) = if minutes < 0 { ('-', -minutes) } else { ('+', minutes) };
    let local = (t + offset).rfc3339();
    format!("{}{sign}{:02}:{:02}", local.trim_end_matches('Z'), m / 60, m % 60)
}

impl Controller for CronJobController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![CRONJOBS, JOBS]
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        if change.resource == JOBS.id {
            for job in [&change.object, &change.previous] {
                if let Some((name, uid)) = owner_of_kind(job, "CronJob")
                    && let Some(cron) = caches.of_resource(CRONJOBS).resolve(&change.namespace, name, uid)
                {
                    self.base.queue.add(cron.key(), change.revision, now);
                }
            }
            return;
        }
        let (old, new) = (&change.previous["spec"], &change.object["spec"]);
        let rescheduled = !change.previous.is_null()
            && (old["schedule"] != new["schedule"] || old["timeZone"] != new["timeZone"]);
        match schedule_of(&change.object) {
            Ok(schedule) if rescheduled && !change.is_deleted() => {
                let wait = until_next(&change.object, now, &schedule);
                self.base.queue.add_after(change.key(), change.revision, now, wait);
            }
            _ => self.base.queue.add(change.key(), change.revision, now),
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(cron) = caches.of_resource(CRONJOBS).get(key) else { return Ok(()) };
        let jobs: Vec<Value> = caches.of_resource(JOBS).controlled_by(cron.uid()).cloned().collect();
        let mut run = Run { base: &mut self.base, ctx, cron: cron.clone(), changed: false };
        run.clean_up(&jobs);
        let result = run.review(&jobs).and_then(|()| run.start());
        if run.changed {
            let cron = run.cron.clone();
            ctx.update_status(CRONJOBS, cron)?;
        }
        if let Some(wait) = result? {
            let now = ctx.now;
            self.base.queue.add_after(key, 0, now, wait);
        }
        Ok(())
    }
}
