//! The older guestbook's redis slave.

use super::super::Image;
use super::redis_follower::FOLLOWER;

pub(super) static IMAGE: Image = Image {
    name: "gcr.io/google-samples/gb-redisslave",
    aliases: &[
        "gcr.io/google_samples/gb-redisslave",
        "registry.k8s.io/redis-slave",
        "k8s.gcr.io/redis-slave",
    ],
    env: &[("GB_LEADER", "redis-master")],
    ..FOLLOWER
};
