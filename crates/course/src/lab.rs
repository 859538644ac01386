//! Goals over the host lab: a fact of it (hostlab's `lab::FACTS`) and what is wanted of it.
//!
//! Owns: reading such a goal, and the sentence that says what is missing. Does not own: the facts (hostlab), when one
//! looks (`look`, `attempt`).

use objects::{Str, Value};

use crate::field::{EXPECT_FIELDS, Expect, show};
use crate::josa;
use crate::lang::Lang;
use crate::read::{Error, Node};
use Lang::{En, Ko};

#[derive(Clone, Debug, PartialEq)]
pub struct LabCheck {
    pub fact: Str,
    pub expect: Expect,
}

/// What a fact is called in a sentence, English and Korean.
const NAMES: &[(&str, &str, &str)] = &[
    ("open", "What is open in the lab", "랩에 열린 것"),
    ("plays", "Days played", "돌려 본 날"),
    ("mode", "How the servers are kept", "서버를 돌보는 방식"),
    ("hand.servers", "Servers kept by hand on the day played last", "마지막에 돌려 본 날 손으로 돌본 서버"),
    ("hand.spares", "Spares on that day", "그날의 예비 서버"),
    ("hand.lost", "Requests lost by hand", "손으로 돌볼 때 잃은 요청"),
    ("hand.pages", "Calls by hand", "손으로 돌볼 때 호출된 횟수"),
    ("hand.pages.night", "Calls at night by hand", "손으로 돌볼 때 밤에 호출된 횟수"),
    ("hand.failures", "Failures on the day played by hand", "손으로 돌본 날의 고장"),
    ("pool.servers", "Servers in the pool on the day played last", "마지막에 돌려 본 날 함께 쓴 서버"),
    ("pool.lost", "Requests lost in the pool", "함께 쓸 때 잃은 요청"),
    ("pool.pages", "Calls with the pool", "함께 쓸 때 호출된 횟수"),
    ("pool.pages.night", "Calls at night with the pool", "함께 쓸 때 밤에 호출된 횟수"),
    ("pool.failures", "Failures on the day played with the pool", "함께 쓴 날의 고장"),
    ("guests", "Guests", "게스트"),
    ("guests.ready", "Guests that are ready", "준비된 게스트"),
    ("containers", "Containers", "컨테이너"),
    ("containers.ready", "Containers that are ready", "준비된 컨테이너"),
    ("kernels", "Kernels that run", "돌고 있는 커널"),
    ("module.a", "Modules a that run", "돌고 있는 모듈 a"),
    ("module.b", "Modules b that run", "돌고 있는 모듈 b"),
    ("module.c", "Modules c that run", "돌고 있는 모듈 c"),
    ("capacity.c", "Requests a second that module c can take", "모듈 c가 초당 받을 수 있는 요청"),
    ("load.c", "Requests a second for module c", "모듈 c에 오는 초당 요청"),
    ("java.errors", "Modules that do not start", "시작하지 못한 모듈"),
    ("memory.metal-1", "MiB in use on metal-1", "metal-1에서 쓰는 메모리(MiB)"),
    ("memory.metal-2", "MiB in use on metal-2", "metal-2에서 쓰는 메모리(MiB)"),
    ("reached", "What the last break-in reaches", "마지막 침입이 닿은 곳"),
    ("fallen", "What the last failure took down", "마지막 고장으로 꺼진 것"),
];

impl LabCheck {
    pub(crate) fn read(node: &Node<'_>) -> Result<Self, Error> {
        let known: Vec<&str> = std::iter::once("fact").chain(EXPECT_FIELDS).collect();
        node.only(&known)?;
        let field = node.field("fact")?;
        let fact = field.text()?;
        let of_one = fact.strip_prefix("guest.").or_else(|| fact.strip_prefix("container."));
        if of_one.is_none_or(str::is_empty) && !terminal::lab::FACTS.contains(&fact.as_str()) {
            return field.error(format!(
                "the host lab has no fact {fact:?}; there are {}, guest.NAME and container.NAME",
                terminal::lab::FACTS.join(", ")
            ));
        }
        Ok(Self { fact, expect: Expect::read(node)? })
    }

    pub(crate) fn fits(&self, facts: &Value) -> bool {
        let value = facts.get(&self.fact);
        if value.is_null() { self.expect.fits(&[]) } else { self.expect.fits(&[value]) }
    }

    /// How far it is: (have, wanted).
    pub(crate) fn progress(&self, seen: &str) -> Option<(i64, i64)> {
        match self.expect {
            Expect::AtLeast(n) if n > 1 => Some((seen.parse::<i64>().unwrap_or(0).min(n), n)),
            _ => None,
        }
    }

    /// What is missing, `seen` being the fact's value as text.
    pub(crate) fn missing(&self, seen: &str, lang: Lang) -> String {
        let known = NAMES.iter().find(|n| n.0 == self.fact.as_str());
        let machine = self.fact.split_once('.').map_or(self.fact.as_str(), |(_, name)| name);
        let name = known.map_or(machine, |n| if lang == En { n.1 } else { n.2 });
        let (have, none) = (seen, seen.is_empty());
        let wanted = match (&self.expect, lang) {
            (Expect::Is(v), _) => show(v),
            (Expect::OneOf(all), _) => all.iter().map(show).collect::<Vec<_>>().join(", "),
            (Expect::Contains(part), _) => part.to_string(),
            (Expect::AtLeast(n), En) => format!("{n} or more"),
            (Expect::AtLeast(n), Ko) => format!("{n} 이상"),
            (Expect::AtMost(n), En) => format!("{n} or fewer"),
            (Expect::AtMost(n), Ko) => format!("{n} 이하"),
            (Expect::Present, En) => "something".into(),
            (Expect::Present, Ko) => "무언가".into(),
            (Expect::Absent, En) => "nothing".into(),
            (Expect::Absent, Ko) => "아무것도 없음".into(),
        };
        match (lang, none) {
            (En, true) => format!("{name}: none yet; wanted: {wanted}"),
            (En, false) => format!("{name}: {have}; wanted: {wanted}"),
            (Ko, true) => format!("{} 아직 없습니다. 필요한 값: {wanted}", josa::with(name, "이", "가")),
            (Ko, false) => format!("{name}: {have}. 필요한 값: {wanted}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_has_a_name_in_both_languages() {
        for fact in terminal::lab::FACTS {
            assert!(NAMES.iter().any(|n| n.0 == fact), "{fact}");
        }
        assert_eq!(NAMES.len(), terminal::lab::FACTS.len());
    }

    #[test]
    fn what_is_missing_is_said() {
        let check = LabCheck { fact: "guests.ready".into(), expect: Expect::AtLeast(2) };
        assert_eq!(check.missing("1", En), "Guests that are ready: 1; wanted: 2 or more");
        assert_eq!(check.missing("1", Ko), "준비된 게스트: 1. 필요한 값: 2 이상");
        assert_eq!(check.progress("1"), Some((1, 2)));
        let none = LabCheck { fact: "hand.lost".into(), expect: Expect::AtMost(0) };
        assert_eq!(none.missing("", Ko), "손으로 돌볼 때 잃은 요청이 아직 없습니다. 필요한 값: 0 이하");
        assert!(!none.fits(&objects::value!({})) && none.fits(&objects::value!({"hand.lost": 0})));
    }
}
