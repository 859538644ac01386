//! What the model of hosts reckons with: each number, and where it comes from.
//!
//! Owns: the numbers, as constants for the model and as a table for whoever asks (`lab numbers`, docs/host-lab.md).
//! A number is measured or documented by its source, or an estimate that says so; none is drawn to make a point.

/// A guest's firmware, kernel and services until its program can start.
pub const GUEST_BOOT_MS: i64 = 25_000;
/// Namespaces, control group, root file system and exec of a container whose image is on the host.
pub const CONTAINER_START_MS: i64 = 300;
/// A physical server's self-test, firmware and boot.
pub const SERVER_BOOT_MS: i64 = 240_000;
/// What a kernel and the services of a small guest hold before any program of ours runs, MiB.
pub const GUEST_SYSTEM_MIB: i64 = 200;
/// What the hypervisor itself holds, MiB.
pub const HYPERVISOR_MIB: i64 = 2_048;
/// What the one system of a container host holds, MiB.
pub const HOST_SYSTEM_MIB: i64 = 600;
/// What an engine keeps per container (its shim), MiB.
pub const SHIM_MIB: i64 = 10;
/// A small guest's disk with its system installed, MiB.
pub const GUEST_DISK_MIB: i64 = 2_048;
/// The layers of a Java runtime image, shared by all that run on it, MiB.
pub const JAVA_IMAGE_MIB: i64 = 270;
/// What one module of ours holds when it runs, MiB, and takes in a second, requests.
pub const MODULE_MIB: i64 = 512;
pub const MODULE_RPS: i64 = 100;
/// Random reads and writes of a guest's disk, in percent of those without a hypervisor.
pub const GUEST_IOPS_PERCENT: i64 = 50;

/// Until Kubernetes takes a silent node for lost, and until it gives up the pods on it, seconds.
pub const NODE_GRACE_S: i64 = 50;
pub const EVICTION_S: i64 = 300;
/// Until a balancer set up by hand has noticed three failed checks, seconds.
pub const BALANCER_S: i64 = 30;
/// A crashed container is up again, seconds.
pub const RESTART_S: i64 = 10;
/// Until whoever is on call sits at the keyboard, by day and at night, seconds.
pub const RESPONSE_DAY_S: i64 = 300;
pub const RESPONSE_NIGHT_S: i64 = 1_800;
/// To start a crashed program, and to set up a spare server, by hand, seconds.
pub const RESTART_BY_HAND_S: i64 = 300;
pub const SPARE_BY_HAND_S: i64 = 1_200;
/// To repair a dead server in working hours, seconds.
pub const REPAIR_S: i64 = 10_800;
/// How full the autoscaler lets a replica become, percent, and how long it waits before it takes one away, seconds.
pub const TARGET_PERCENT: i64 = 75;
pub const DOWNSCALE_S: i64 = 300;

/// What a hypervisor holds for a guest on top of the guest's own memory, MiB: a straight line through the documented
/// samples for two virtual CPUs (29.91 at 1,024 MiB, 52.72 at 4,096, 143.98 at 16,384).
#[must_use]
pub fn guest_overhead_mib(memory: i64) -> i64 {
    22 + memory * 743 / 100_000
}

/// A row of the table: what it is in English and Korean, how much, and who says so.
pub struct Number {
    pub what: [&'static str; 2],
    pub amount: &'static str,
    pub source: &'static str,
}

const ESTIMATE: &str = "estimate";

macro_rules! number {
    ($en:literal, $ko:literal, $amount:literal, $source:expr) => {
        Number { what: [$en, $ko], amount: $amount, source: $source }
    };
}

pub const TABLE: [Number; 22] = [
    number!(
        "boot of a guest",
        "게스트 부팅",
        "25 s",
        "estimate; Mao, Humphrey: VM startup time in the cloud, IEEE CLOUD 2012, measured 45 s and more"
    ),
    number!(
        "start of a container, image present",
        "컨테이너 시작(이미지가 있을 때)",
        "0.3 s",
        "Manco et al.: My VM is lighter (and safer) than your container, SOSP 2017"
    ),
    number!("boot of a server", "서버 부팅", "240 s", ESTIMATE),
    number!(
        "memory a hypervisor holds per guest",
        "하이퍼바이저가 게스트마다 더 쓰는 메모리",
        "22 MiB + 0.74 %",
        "VMware vSphere 6.7 Resource Management, table 6-1"
    ),
    number!("memory of a guest's system", "게스트 운영체제의 메모리", "200 MiB", ESTIMATE),
    number!("memory of the hypervisor", "하이퍼바이저의 메모리", "2048 MiB", ESTIMATE),
    number!("memory of a container host's system", "컨테이너 호스트 운영체제의 메모리", "600 MiB", ESTIMATE),
    number!("memory of an engine per container", "엔진이 컨테이너마다 쓰는 메모리", "10 MiB", ESTIMATE),
    number!(
        "disk of a small guest",
        "작은 게스트의 디스크",
        "2048 MiB",
        "Debian cloud images: 2 GiB virtual size"
    ),
    number!(
        "image with a Java runtime",
        "자바 런타임 이미지",
        "270 MiB",
        "estimate, by eclipse-temurin on Docker Hub"
    ),
    number!("memory of a module", "모듈의 메모리", "512 MiB", "this model"),
    number!("requests a module takes", "모듈이 받는 요청", "100 /s", "this model"),
    number!(
        "random disk operations in a guest",
        "게스트의 임의 디스크 입출력",
        "about half",
        "Felter et al.: Updated performance comparison, IBM RC25482, 2014; newer drivers lose less"
    ),
    number!(
        "until a silent node counts as lost",
        "응답 없는 노드를 잃은 것으로 볼 때까지",
        "50 s",
        "kubernetes.io: kube-controller-manager, node-monitor-grace-period"
    ),
    number!(
        "until its pods are replaced",
        "그 노드의 파드를 대신할 때까지",
        "300 s more",
        "kubernetes.io: taint-based evictions, default tolerationSeconds"
    ),
    number!("until a restarted container answers", "다시 시작한 컨테이너가 답할 때까지", "10 s", ESTIMATE),
    number!(
        "until the one on call is there, day / night",
        "당직이 자리에 앉을 때까지, 낮 / 밤",
        "5 / 30 min",
        "Site Reliability Engineering, O'Reilly 2016, chapter 11"
    ),
    number!("to restart a program by hand", "프로그램을 손으로 다시 시작", "5 min", ESTIMATE),
    number!("to set up a spare by hand", "예비 서버를 손으로 준비", "20 min", ESTIMATE),
    number!("to repair a server", "서버 수리", "3 h", ESTIMATE),
    number!("how full a replica becomes", "레플리카를 채우는 정도", "75 %", "this model's autoscaler target"),
    number!(
        "until the autoscaler takes one away",
        "오토스케일러가 하나를 줄일 때까지",
        "300 s",
        "kubernetes.io: horizontal pod autoscaling, downscale stabilization"
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_goes_through_the_documented_samples() {
        for (memory, documented) in [(1_024, 30), (4_096, 53), (16_384, 144)] {
            assert!((guest_overhead_mib(memory) - documented).abs() <= 1, "{memory}");
        }
    }

    #[test]
    fn every_number_is_in_both_languages_and_has_a_source() {
        for number in &TABLE {
            assert!(number.what.iter().all(|w| !w.is_empty()) && !number.source.is_empty());
        }
    }
}
