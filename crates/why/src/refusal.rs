//! A node's refusals in the learner's language.
//!
//! Owns: what each of the scheduler's reasons says in Korean; in English they stay upstream's own words.
//! Does not own: which reasons there are (scheduler).

use crate::Say;

/// Upstream's reasons and what they say.
const REASONS: [(&str, &str); 17] = [
    ("Too many pods", "파드 수가 한도에 이르렀음"),
    ("node(s) didn't find available persistent volumes to bind", "묶을 수 있는 퍼시스턴트볼륨이 없음"),
    (
        "node(s) didn't have free ports for the requested pod ports",
        "파드가 달라는 호스트 포트가 이미 쓰이고 있음",
    ),
    ("node(s) didn't match PersistentVolume's node affinity", "볼륨이 이 노드에서는 쓸 수 없는 것임"),
    ("node(s) didn't match Pod's node affinity/selector", "파드의 노드 셀렉터나 노드 어피니티와 맞지 않음"),
    ("node(s) didn't match pod affinity rules", "함께 있어야 할 파드가 여기에 없음(파드 어피니티)"),
    (
        "node(s) didn't match pod anti-affinity rules",
        "떨어져 있어야 할 파드가 여기에 있음(파드 안티어피니티)",
    ),
    ("node(s) didn't match pod topology spread constraints", "여기에 두면 토폴로지 분배 제약을 어김"),
    ("node(s) didn't match the requested node name", "spec.nodeName에 적힌 노드가 아님"),
    ("node(s) didn't satisfy existing pods anti-affinity rules", "여기 있는 파드의 안티어피니티가 막음"),
    ("node(s) exceed max volume count", "붙일 수 있는 볼륨 수를 넘음"),
    ("node(s) had no available disk", "디스크를 다른 파드가 쓰고 있음"),
    ("node(s) had no available volume zone", "볼륨이 있는 존의 노드가 아님"),
    ("node(s) had untolerated taint(s)", "파드에 이 노드의 테인트에 대한 톨러레이션이 없음"),
    ("node(s) were unschedulable", "새 파드를 받지 않는 노드임(cordon)"),
    (
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
        "ReadWriteOncePod 클레임을 다른 파드가 쓰고 있음",
    ),
    (
        "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
        "클레임이 묶인 퍼시스턴트볼륨이 없음",
    ),
];

/// Why a node refused.
pub(crate) fn say<'a>(reasons: impl IntoIterator<Item = &'a str> + Clone) -> Say {
    let join = |all: Vec<String>| all.join("; ");
    Say::new(
        join(reasons.clone().into_iter().map(str::to_owned).collect()),
        join(reasons.into_iter().map(korean).collect()),
    )
}

fn korean(reason: &str) -> String {
    // `node(s) had untolerated taint(s) {key: value}`: what follows is names.
    let known = REASONS.iter().find(|(en, _)| reason.starts_with(en));
    match (known, reason.strip_prefix("Insufficient ")) {
        (Some((en, ko)), _) => format!("{ko}{}", &reason[en.len()..]),
        (None, Some(resource)) => format!("남은 {resource} 부족"),
        (None, None) => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_in_both_languages() {
        let said = say(["Insufficient cpu", "node(s) had untolerated taint(s) {a: b}", "something new"]);
        assert_eq!(said.en, "Insufficient cpu; node(s) had untolerated taint(s) {a: b}; something new");
        assert_eq!(
            said.ko,
            "남은 cpu 부족; 파드에 이 노드의 테인트에 대한 톨러레이션이 없음 {a: b}; something new"
        );
    }
}
