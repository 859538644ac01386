//! A day of three services in three time zones: servers kept by hand against a pool that heals and scales itself.
//!
//! Owns: the demand over the day, what fails and when, who notices, what is lost. Steps of ten seconds; a pure function
//! of the plan. Does not own: the cluster of the playground, which has a scheduler and an autoscaler of its own: here
//! only their rules of thumb are reckoned with (`numbers`), so that a day takes no time.
//! Not modelled: caches, retries, queues, cost of moving state. A request that finds no capacity is lost.

use super::numbers::{
    BALANCER_S, DOWNSCALE_S, EVICTION_S, NODE_GRACE_S, REPAIR_S, RESPONSE_DAY_S, RESPONSE_NIGHT_S,
    RESTART_BY_HAND_S, RESTART_S, SPARE_BY_HAND_S, TARGET_PERCENT,
};

pub const SERVICES: [(&str, &str, i64); 3] =
    [("shop", "Seoul", 9), ("bank", "Berlin", 1), ("news", "Los Angeles", -8)];
/// Requests a second of each hour, on the clock of the people who send them.
const DEMAND: [i64; 24] =
    [4, 4, 4, 4, 4, 5, 9, 19, 47, 104, 171, 209, 218, 218, 209, 190, 142, 85, 41, 28, 22, 17, 11, 7];
/// Requests a second that one server takes, and how many replicas share it in the pool.
pub const SERVER_RPS: i64 = 100;
pub const SLOTS: usize = 10;
const REPLICA_RPS: i64 = SERVER_RPS / SLOTS as i64;
/// Replicas a service keeps even when nobody asks.
const LEAST: usize = 2;
/// Most servers of a service, and in a pool.
pub const MOST_SERVERS: usize = 12;
/// Most failures in a plan.
pub const MOST_FAILURES: usize = 40;

const STEP_S: i64 = 10;
pub const DAY_S: i64 = 86_400;
/// One sample of the result stands for this many seconds.
pub const SAMPLE_S: i64 = 600;
/// Somebody is called when this share of the requests has been lost for this long.
const CALL_FROM_PERCENT: i64 = 2;
const CALL_AFTER_S: i64 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Server,
    Program,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Seconds after midnight UTC.
    pub at: i64,
    pub what: What,
    /// Whose server or program; in the pool, the node of this number.
    pub service: usize,
}

/// What the day is played with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Servers of each service, and its spares, when kept by hand.
    pub servers: [usize; 3],
    pub spares: [usize; 3],
    /// Servers of the pool, when there is one.
    pub pool: Option<usize>,
    pub failures: Vec<Failure>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { servers: [1, 1, 1], spares: [0, 0, 0], pool: None, failures: Vec::new() }
    }
}

/// What fails on an ordinary bad day.
pub const BAD_DAY: [Failure; 5] = [
    Failure { at: 9_600, what: What::Server, service: 0 },
    Failure { at: 14_700, what: What::Program, service: 2 },
    Failure { at: 37_200, what: What::Program, service: 1 },
    Failure { at: 63_000, what: What::Server, service: 2 },
    Failure { at: 79_800, what: What::Program, service: 2 },
];

/// How things stood in one stretch of [`SAMPLE_S`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    pub demand: [i64; 3],
    /// Requests a second that could be taken, at the worst instant of the stretch.
    pub capacity: [i64; 3],
    pub lost: i64,
    /// In the pool: replicas of each service on each server; `None` for a server that is down.
    pub placed: Vec<Option<[usize; 3]>>,
    /// By hand: servers of each service that are up, and spares left.
    pub up: [usize; 3],
    pub spares: [usize; 3],
}

/// Somebody was called, or a ticket written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub at: i64,
    pub night: bool,
    /// It can wait until the morning.
    pub ticket: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    pub pooled: bool,
    pub servers: usize,
    pub spares: usize,
    pub served: [i64; 3],
    pub lost: [i64; 3],
    /// Seconds in which each service lost something.
    pub short: [i64; 3],
    pub calls: Vec<Call>,
    pub failures: Vec<Failure>,
    pub samples: Vec<Sample>,
}

impl Played {
    #[must_use]
    pub fn all_lost(&self) -> i64 {
        self.lost.iter().sum()
    }

    #[must_use]
    pub fn pages(&self) -> usize {
        self.calls.iter().filter(|c| !c.ticket).count()
    }

    #[must_use]
    pub fn night_pages(&self) -> usize {
        self.calls.iter().filter(|c| c.night && !c.ticket).count()
    }

    #[must_use]
    pub fn tickets(&self) -> usize {
        self.calls.iter().filter(|c| c.ticket).count()
    }
}

/// Requests a second of a service, at a second of the day (UTC).
#[must_use]
pub fn demand(service: usize, at: i64) -> i64 {
    let local = (at + SERVICES[service].2 * 3_600).rem_euclid(DAY_S);
    let hour = usize::try_from(local / 3_600).unwrap_or(0) % 24;
    let (a, b) = (DEMAND[hour], DEMAND[(hour + 1) % 24]);
    a + (b - a) * (local % 3_600) / 3_600
}

/// The operators sit in Berlin: between 22 and 7 o'clock there they sleep.
#[must_use]
pub fn is_night(at: i64) -> bool {
    let local = (at + SERVICES[1].2 * 3_600).rem_euclid(DAY_S) / 3_600;
    !(7..22).contains(&local)
}

fn response(at: i64) -> i64 {
    if is_night(at) { RESPONSE_NIGHT_S } else { RESPONSE_DAY_S }
}

/// When a repair that waits for the morning is done.
fn repaired(at: i64) -> i64 {
    let mut begins = at;
    while is_night(begins) {
        begins += 600;
    }
    begins + REPAIR_S
}

#[must_use]
pub fn play(plan: &Plan) -> Played {
    match plan.pool {
        Some(nodes) => in_pool(plan, nodes),
        None => by_hand(plan),
    }
}

/// Takes one step's requests of a service into the result. `share` of a thousand requests go to what does not answer.
fn take(played: &mut Played, service: usize, at: i64, capacity: i64, dead_share: i64) {
    let wanted = demand(service, at);
    let into_the_void = wanted * dead_share / 1_000;
    let served = (wanted - into_the_void).min(capacity);
    let lost = wanted - served;
    played.served[service] += served * STEP_S;
    played.lost[service] += lost * STEP_S;
    played.short[service] += if lost > 0 { STEP_S } else { 0 };
    let place = usize::try_from(at / SAMPLE_S).unwrap_or(0);
    if played.samples.len() <= place {
        played.samples.resize_with(place + 1, || Sample { capacity: [i64::MAX; 3], ..Sample::default() });
    }
    let sample = &mut played.samples[place];
    sample.demand[service] = sample.demand[service].max(wanted);
    sample.capacity[service] = sample.capacity[service].min(capacity - capacity * dead_share / 1_000);
    sample.lost += lost * STEP_S;
}

fn share(dead: usize, of: usize) -> i64 {
    (dead * 1_000).checked_div(of).map_or(0, int)
}

fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(0)
}

fn by_hand(plan: &Plan) -> Played {
    let mut played = Played {
        servers: plan.servers.iter().sum(),
        spares: plan.spares.iter().sum(),
        failures: plan.failures.clone(),
        ..Played::default()
    };
    let (mut up, mut spares) = (plan.servers, plan.spares);
    // What comes back when: (second, service, true when it comes as a spare).
    let mut due: Vec<(i64, usize, bool)> = Vec::new();
    // Until when the balancer still sends to something that is dead.
    let mut blind = [(0_i64, 0_usize); 3];
    for at in (0..DAY_S).step_by(usize::try_from(STEP_S).unwrap_or(10)) {
        for failure in plan.failures.iter().filter(|f| f.at / STEP_S == at / STEP_S) {
            let s = failure.service;
            if up[s] == 0 {
                continue;
            }
            blind[s] = (at + BALANCER_S, up[s]);
            up[s] -= 1;
            played.calls.push(Call { at, night: is_night(at), ticket: false });
            match failure.what {
                What::Program => due.push((at + response(at) + RESTART_BY_HAND_S, s, false)),
                What::Server if spares[s] > 0 => {
                    spares[s] -= 1;
                    due.push((at + response(at) + SPARE_BY_HAND_S, s, false));
                    due.push((repaired(at), s, true));
                }
                What::Server => due.push((repaired(at), s, false)),
            }
        }
        for (_, s, as_spare) in due.iter().filter(|d| d.0 / STEP_S == at / STEP_S) {
            if *as_spare { spares[*s] += 1 } else { up[*s] += 1 }
        }
        for s in 0..3 {
            let dead = if at < blind[s].0 { share(1, blind[s].1) } else { 0 };
            take(&mut played, s, at, int(up[s]) * SERVER_RPS, dead);
        }
        if let Some(sample) = played.samples.last_mut() {
            (sample.up, sample.spares) = (up, spares);
        }
    }
    played
}

/// A server of the pool: its replicas of each service; when it died and when it is back.
#[derive(Clone, Debug, Default)]
struct Node {
    replicas: [usize; 3],
    died: Option<i64>,
    back: i64,
}

impl Node {
    fn total(&self) -> usize {
        self.replicas.iter().sum()
    }
}

fn in_pool(plan: &Plan, size: usize) -> Played {
    let mut played =
        Played { pooled: true, servers: size, failures: plan.failures.clone(), ..Played::default() };
    let mut nodes = vec![Node::default(); size];
    // A crashed replica of a service is back at this second.
    let mut crashed = [0_i64; 3];
    // What the autoscaler has wanted lately.
    let mut wishes: [Vec<(i64, usize)>; 3] = Default::default();
    let (mut losing_since, mut called) = (None, false);
    for at in (0..DAY_S).step_by(usize::try_from(STEP_S).unwrap_or(10)) {
        for failure in plan.failures.iter().filter(|f| f.at / STEP_S == at / STEP_S) {
            match failure.what {
                What::Program => crashed[failure.service] = at + RESTART_S,
                What::Server => {
                    let n = (failure.service + 1) % size.max(1);
                    if let Some(node) = nodes.get_mut(n).filter(|n| n.died.is_none()) {
                        (node.died, node.back) = (Some(at), repaired(at));
                        played.calls.push(Call { at, night: is_night(at), ticket: true });
                    }
                }
            }
        }
        for node in &mut nodes {
            if node.died.is_some_and(|died| at >= died + NODE_GRACE_S + EVICTION_S) {
                node.replicas = [0; 3];
            }
            if node.died.is_some() && at >= node.back {
                *node = Node::default();
            }
        }
        for (s, wished) in wishes.iter_mut().enumerate() {
            let wish = usize::try_from(ceil(demand(s, at) * 100, REPLICA_RPS * TARGET_PERCENT)).unwrap_or(0);
            wished.retain(|w| at - w.0 < DOWNSCALE_S);
            wished.push((at, wish.max(LEAST)));
            let wanted = wished.iter().map(|w| w.1).max().unwrap_or(LEAST);
            scale(&mut nodes, s, wanted);
        }
        let before = played.all_lost();
        for (s, until) in crashed.iter().enumerate() {
            let seen = |n: &&Node| n.died.is_none_or(|died| at < died + NODE_GRACE_S);
            let listed: usize = nodes.iter().filter(seen).map(|n| n.replicas[s]).sum();
            let alive: usize = nodes.iter().filter(|n| n.died.is_none()).map(|n| n.replicas[s]).sum();
            let down = usize::from(at < *until).min(alive);
            take(&mut played, s, at, int(alive - down) * REPLICA_RPS, share(listed - alive + down, listed));
        }
        let asked: i64 = (0..3).map(|s| demand(s, at) * STEP_S).sum();
        if (played.all_lost() - before) * 100 < asked * CALL_FROM_PERCENT {
            (losing_since, called) = (None, false);
        } else {
            let since = *losing_since.get_or_insert(at);
            if at - since >= CALL_AFTER_S && !called {
                called = true;
                played.calls.push(Call { at, night: is_night(at), ticket: false });
            }
        }
        if let Some(sample) = played.samples.last_mut() {
            sample.placed = nodes.iter().map(|n| n.died.is_none().then_some(n.replicas)).collect();
        }
    }
    played
}

/// Brings a service to so many replicas, as far as there is room: where it has fewest, then where there is most room.
/// Replicas on a dead server count until they are given up, as their objects are still there.
fn scale(nodes: &mut [Node], service: usize, wanted: usize) {
    let mut have: usize = nodes.iter().map(|n| n.replicas[service]).sum();
    while have < wanted {
        let room = nodes.iter_mut().filter(|n| n.died.is_none() && n.total() < SLOTS);
        let Some(node) = room.min_by_key(|n| (n.replicas[service], n.total())) else { return };
        node.replicas[service] += 1;
        have += 1;
    }
    while have > wanted {
        let full = nodes.iter_mut().filter(|n| n.died.is_none() && n.replicas[service] > 0);
        let Some(node) = full.max_by_key(|n| (n.replicas[service], n.total())) else { return };
        node.replicas[service] -= 1;
        have -= 1;
    }
}

fn ceil(n: i64, by: i64) -> i64 {
    (n + by - 1) / by
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hand(servers: usize, spares: usize, failures: &[Failure]) -> Played {
        play(&Plan { servers: [servers; 3], spares: [spares; 3], pool: None, failures: failures.to_vec() })
    }

    fn pool(size: usize, failures: &[Failure]) -> Played {
        play(&Plan { pool: Some(size), failures: failures.to_vec(), ..Plan::default() })
    }

    #[test]
    fn peaks_are_eight_hours_apart_and_three_servers_hold_them_together() {
        let most = (0..DAY_S).step_by(60).map(|at| (0..3).map(|s| demand(s, at)).sum::<i64>()).max();
        assert_eq!(most.map(|m| (200..300).contains(&m)), Some(true), "{most:?}");
        assert!((0..3).all(|s| (0..24).any(|h| demand(s, h * 3_600) == 218)));
    }

    #[test]
    fn a_quiet_day_needs_three_servers_each_by_hand_and_a_pool_of_four() {
        assert!(hand(2, 0, &[]).all_lost() > 0);
        assert_eq!(hand(3, 0, &[]).all_lost(), 0);
        assert_eq!(pool(4, &[]).all_lost(), 0);
        assert!(pool(2, &[]).all_lost() > 0);
    }

    #[test]
    fn on_a_bad_day_the_pool_loses_less_with_a_third_of_the_servers() {
        let (bare, spared, pooled) = (hand(3, 0, &BAD_DAY), hand(3, 1, &BAD_DAY), pool(4, &BAD_DAY));
        assert_eq!((spared.servers, spared.spares, pooled.servers), (9, 3, 4));
        let lost = [&bare, &spared, &pooled].map(Played::all_lost);
        assert!(lost[0] > 2 * lost[1] && lost[1] > 5 * lost[2] && lost[2] > 0, "{lost:?}");
        assert_eq!((spared.pages(), spared.night_pages()), (5, 3));
        assert_eq!((pooled.pages(), pooled.tickets()), (0, 2));
    }

    #[test]
    fn a_pool_without_a_spare_has_no_room_for_a_failure() {
        let three = pool(3, &BAD_DAY);
        assert!(three.all_lost() > 10 * pool(4, &BAD_DAY).all_lost(), "{:?}", three.lost);
        assert!(three.night_pages() > 0);
    }

    #[test]
    fn what_is_asked_is_served_or_lost_and_two_plays_are_the_same() {
        for played in [hand(3, 1, &BAD_DAY), pool(4, &BAD_DAY), hand(0, 0, &BAD_DAY), pool(0, &BAD_DAY)] {
            for s in 0..3 {
                let asked: i64 = (0..DAY_S).step_by(10).map(|at| demand(s, at) * STEP_S).sum();
                assert_eq!(played.served[s] + played.lost[s], asked);
            }
            assert_eq!(played.samples.len(), 144);
        }
        assert_eq!(pool(4, &BAD_DAY), pool(4, &BAD_DAY));
    }
}
