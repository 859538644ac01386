//! The thread that owns the cluster: it lets virtual time follow real time and does what the connections ask.
//!
//! Invariant: nobody else touches the cluster; a question runs between two events, never within one.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use cluster::{Cluster, ClusterConfig};
use tokio::sync::{oneshot, watch};

/// How long the thread waits for a question before it lets time pass.
const TICK: Duration = Duration::from_millis(5);
/// How long it may work on events before it looks for questions again.
const SLICE: Duration = Duration::from_millis(20);

type Question = Box<dyn FnOnce(&mut Cluster) + Send>;

/// A hand on the cluster. Clones reach the same one.
#[derive(Clone)]
pub struct Driver {
    questions: Sender<Question>,
    /// Counts the slices in which something may have happened.
    ticks: watch::Receiver<u64>,
}

impl Driver {
    /// Starts the thread with a new cluster.
    #[must_use]
    pub fn start(config: ClusterConfig, speed: f64) -> Self {
        let (questions, inbox) = channel();
        let (tick, ticks) = watch::channel(0);
        std::thread::spawn(move || drive(config, speed, &inbox, &tick));
        Self { questions, ticks }
    }

    /// Runs `f` on the cluster; `None` when the thread is gone.
    pub async fn ask<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Cluster) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |cluster| {
            // Whoever asked may have hung up meanwhile.
            let _ = reply.send(f(cluster));
        });
        self.questions.send(question).ok()?;
        answer.await.ok()
    }

    /// Waits until something may have happened in the cluster; false when the thread is gone.
    pub async fn tick(&mut self) -> bool {
        self.ticks.changed().await.is_ok()
    }
}

fn drive(config: ClusterConfig, speed: f64, inbox: &Receiver<Question>, tick: &watch::Sender<u64>) {
    let mut cluster = Cluster::new(config);
    let (real, virtual_start) = (Instant::now(), cluster.now());
    loop {
        match inbox.recv_timeout(TICK) {
            Ok(question) => {
                question(&mut cluster);
                while let Ok(next) = inbox.try_recv() {
                    next(&mut cluster);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let passed = real.elapsed().as_secs_f64() * speed * 1000.0;
        let until = virtual_start + passed as i64;
        let slice = Instant::now();
        cluster.run_until(until, &mut || slice.elapsed() < SLICE);
        tick.send_modify(|n| *n += 1);
    }
}
