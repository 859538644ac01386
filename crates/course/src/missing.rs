//! What is still missing, said in the learner's language.
//!
//! Owns: the sentences, and how far a goal is. Sentences name what is there and what is wanted, never the learner.

use cluster::wire::NetError;

use crate::check::{Bound, Check, That};
use crate::field::{self, Expect};
use crate::josa;
use crate::lang::{Lang, in_korean, kind, subject};
use crate::look::{Look, Seen, Wanted, What};
use crate::scope::{Owner, Scope};
use crate::track::{Tally, Track};

use Lang::{En, Ko};

/// How far a goal is: (have, wanted), where it can be counted.
pub(crate) fn progress(check: &Check, track: &Track) -> Option<(i64, i64)> {
    match (check, track) {
        (Check::Objects { bound, .. }, Track::Objects(tally)) => match bound {
            Bound::AtLeast(n) if *n > 1 => Some((tally.good.min(*n), *n)),
            Bound::Exactly(n) if *n > 1 && tally.good <= *n => Some((tally.good, *n)),
            Bound::Every if tally.len() > 1 => Some((tally.good, tally.len())),
            _ => None,
        },
        (Check::All(checks), Track::Several(tracks)) => {
            let met = checks.iter().zip(tracks).filter(|(c, t)| t.met(c)).count();
            Some((i64::try_from(met).ok()?, i64::try_from(checks.len()).ok()?))
        }
        (Check::Replaced { .. }, Track::Replaced(r)) => {
            Some((i64::from(r.gone.is_some()) + i64::from(r.met), 2))
        }
        (Check::Within { check, .. }, Track::Within { inner, .. }) => progress(check, inner),
        (Check::Look(look), Track::Look { seen: Seen::Text(_, seen), .. }) => match &look.what {
            What::Lab(check) => check.progress(seen),
            _ => None,
        },
        _ => None,
    }
}

/// What is missing of a check that is not met. `None` where there are no words but the goal's own.
pub(crate) fn missing(check: &Check, track: &Track, lang: Lang) -> Option<String> {
    match (check, track) {
        (Check::Objects { scope, that, bound }, Track::Objects(tally)) => {
            Some(objects(scope, that, *bound, tally, lang))
        }
        (Check::Event { reason, .. }, _) => Some(match lang {
            En => format!("No {reason} event has come yet"),
            Ko => format!("{reason} 이벤트가 아직 없습니다"),
        }),
        (Check::Command { pattern, .. }, Track::Latch { near, .. }) => Some(match (near, lang) {
            (None, En) => format!("`{}` has not been run yet", pattern.shown),
            (None, Ko) => format!("`{}` 명령을 아직 실행하지 않았습니다", pattern.shown),
            (Some(exit), En) => format!("`{}` has run, but ended with exit code {exit}", pattern.shown),
            (Some(exit), Ko) => format!(
                "`{}` 명령이 실행됐지만 종료 코드 {} 끝났습니다",
                pattern.shown,
                josa::with(&exit.to_string(), "으로", "로")
            ),
        }),
        (Check::Look(look), Track::Look { seen, .. }) => look_missing(look, seen, lang),
        (Check::Deleted { scope, .. }, _) => Some(nothing_deleted(scope, lang)),
        (Check::Replaced { scope, .. }, Track::Replaced(r)) => Some(match (&r.gone, lang) {
            (None, _) => nothing_deleted(scope, lang),
            (Some(gone), En) if r.since.is_empty() => {
                format!("{gone} is going; nothing has taken its place yet")
            }
            (Some(gone), Ko) if r.since.is_empty() => {
                format!("{} 지워지고 있습니다. 아직 그 자리를 채운 것이 없습니다", subject(gone))
            }
            (Some(gone), En) => format!("{gone} has a replacement, which is not Ready yet"),
            (Some(gone), Ko) => {
                format!("{} 대신할 것이 생겼지만 아직 준비되지 않았습니다", josa::with(gone, "을", "를"))
            }
        }),
        (Check::All(checks), Track::Several(tracks)) => {
            let open = checks.iter().zip(tracks).find(|(c, t)| !t.met(c));
            open.and_then(|(c, t)| missing(c, t, lang))
        }
        (Check::Any(checks), Track::Several(tracks)) => {
            checks.iter().zip(tracks).find_map(|(c, t)| missing(c, t, lang))
        }
        (Check::Within { span, .. }, Track::Within { ended: Some(false), .. }) => Some(match lang {
            En => format!("It took longer than {}. Start this step again for another try", seconds(*span)),
            Ko => format!(
                "{} 넘겼습니다. 이 단계를 다시 시작하면 새로 잴 수 있습니다",
                josa::with(&seconds_ko(*span), "을", "를")
            ),
        }),
        (Check::Within { after: Some(first), .. }, Track::Within { after: Some(track), since: None, .. }) => {
            missing(first, track, lang)
        }
        (Check::Within { check, .. }, Track::Within { inner, .. }) => missing(check, inner, lang),
        (Check::Steady { .. }, Track::Steady { broken: Some(b), .. }) => {
            let how = &b.how[usize::from(lang == Ko)];
            Some(match lang {
                En => format!(
                    "{how}, {} into this step. Start the step again for another try",
                    seconds(b.after)
                ),
                Ko => format!(
                    "단계를 시작하고 {} 뒤: {how}. 이 단계를 다시 시작하면 새로 해 볼 수 있습니다",
                    seconds_ko(b.after)
                ),
            })
        }
        (Check::Steady { check, holds: true, after: None }, Track::Steady { inner, armed: false, .. }) => {
            missing(check, inner, lang)
        }
        (
            Check::Steady { after: Some(first), .. },
            Track::Steady { after: Some(track), armed: false, .. },
        ) => missing(first, track, lang),
        _ => None,
    }
}

/// What a look has not found.
fn look_missing(look: &Look, seen: &Seen, lang: Lang) -> Option<String> {
    let pod = |name: &str| format!("{} {name}", kind("pods", lang, false));
    let text = match &look.wanted {
        Wanted::Contains(text) | Wanted::Equals(text) => text.as_str(),
        _ => "",
    };
    Some(match (&look.what, seen, lang) {
        (What::Log { scope, .. } | What::File { scope, .. }, Seen::NoPod, _) => none_exists(scope, lang),
        (What::Log { .. }, Seen::Missing(name), En) => format!("{} has no log yet", capital(&pod(name))),
        (What::Log { .. }, Seen::Missing(name), Ko) => format!("{}의 로그가 아직 없습니다", pod(name)),
        (What::Log { .. }, Seen::Text(name, _), En) => {
            format!("The log of {} does not contain “{text}”", pod(name))
        }
        (What::Log { .. }, Seen::Text(name, _), Ko) => {
            format!("{}의 로그에 “{text}”{} 없습니다", pod(name), josa::pick(text, "이", "가"))
        }
        (What::File { path, .. }, Seen::Missing(name), En) => {
            format!("{} has no file {path} that can be read", capital(&pod(name)))
        }
        (What::File { path, .. }, Seen::Missing(name), Ko) => {
            format!("{}에서 {path} 파일을 읽을 수 없습니다", pod(name))
        }
        (What::File { path, .. }, Seen::Text(name, has), En) if has.is_empty() => {
            format!("{path} in {} is empty; “{text}” is wanted", pod(name))
        }
        (What::File { path, .. }, Seen::Text(name, has), En) => {
            format!("{path} in {} says “{has}”; “{text}” is wanted", pod(name))
        }
        (What::File { path, .. }, Seen::Text(name, has), Ko) if has.is_empty() => {
            format!(
                "{}의 {path} 파일이 비어 있습니다. “{text}”{} 있어야 합니다",
                pod(name),
                josa::pick(text, "이", "가")
            )
        }
        (What::File { path, .. }, Seen::Text(name, has), Ko) => format!(
            "{}의 {path} 파일에 “{has}”{} 있습니다. “{text}”{} 합니다",
            pod(name),
            josa::pick(has, "이", "가"),
            josa::pick(text, "이어야", "여야")
        ),
        (What::Answer { from: Some(scope), .. }, Seen::NoPod, _) => none_exists(scope, lang),
        (What::Answer { url, .. }, Seen::Failed(error), En) => {
            format!("{url} does not answer: {}", failure(*error, En))
        }
        (What::Answer { url, .. }, Seen::Failed(error), Ko) => {
            format!("{url}에서 답이 없습니다: {}", failure(*error, Ko))
        }
        (What::Answer { url, status, .. }, Seen::Status(got), En) => {
            let wanted = if *status == 0 { 200 } else { *status };
            format!("{url} answers {got}; {wanted} is wanted")
        }
        (What::Answer { url, status, .. }, Seen::Status(got), Ko) => {
            let wanted = if *status == 0 { 200 } else { *status };
            let must = josa::pick(&wanted.to_string(), "이어야", "여야");
            format!("{url}의 응답이 {got}입니다. {wanted}{must} 합니다")
        }
        (What::Answer { url, .. }, Seen::Text(..), En) => format!("{url} answers without “{text}”"),
        (What::Answer { url, .. }, Seen::Text(..), Ko) => {
            format!("{url}의 응답에 “{text}”{} 없습니다", josa::pick(text, "이", "가"))
        }
        (What::Right { user, verb, resource, namespace }, Seen::Right(allowed), En) => {
            let may = if *allowed { "may still" } else { "may not" };
            format!("{user} {may} {verb} {resource} in namespace {namespace}")
        }
        (What::Right { user, verb, resource, namespace }, Seen::Right(allowed), Ko) => {
            let is = if *allowed { "아직 있습니다" } else { "없습니다" };
            format!("{user}에게 {namespace} 네임스페이스의 {resource}에 대한 {verb} 권한이 {is}")
        }
        (What::Lab(check), Seen::Text(_, seen), _) => check.missing(seen, lang),
        (What::Output { run }, _, En) => format!("`{run}` does not print “{text}”"),
        (What::Output { run }, _, Ko) => {
            format!("`{run}` 명령의 출력에 “{text}”{} 없습니다", josa::pick(text, "이", "가"))
        }
        _ => return None,
    })
}

fn failure(error: NetError, lang: Lang) -> &'static str {
    match (error, lang) {
        (NetError::NoName, En) => "DNS knows no such name",
        (NetError::NoName, Ko) => "DNS에 그런 이름이 없습니다",
        (NetError::NoServer, En) => "no DNS server answers",
        (NetError::NoServer, Ko) => "DNS 서버가 응답하지 않습니다",
        (NetError::Refused, En) => "connection refused",
        (NetError::Refused, Ko) => "연결이 거부됐습니다",
        (NetError::Reset, En) => "the connection was cut",
        (NetError::Reset, Ko) => "연결이 끊어졌습니다",
        (NetError::Tls, En) => "the server does not speak TLS",
        (NetError::Tls, Ko) => "서버가 TLS를 쓰지 않습니다",
        (NetError::Slow, En) => "it takes too long to answer",
        (NetError::Slow, Ko) => "응답이 너무 늦습니다",
        (NetError::TimedOut | NetError::Unreachable, En) => "nothing is at that address",
        (NetError::TimedOut | NetError::Unreachable, Ko) => "그 주소에서 아무도 받지 않습니다",
    }
}

/// A log that says what it must not.
fn said(check: &Check, track: &Track, lang: Lang) -> Option<String> {
    let (Check::Look(look), Track::Look { met: true, seen: Seen::Text(name, _) }) = (check, track) else {
        return None;
    };
    let (What::Log { .. }, Wanted::Contains(text)) = (&look.what, &look.wanted) else { return None };
    Some(match lang {
        En => format!("The log of pod {name} contains “{text}”"),
        Ko => format!("파드 {name}의 로그에 “{text}”{} 나왔습니다", josa::pick(text, "이", "가")),
    })
}

/// What was the matter when something steady broke.
pub(crate) fn steady(check: &Check, track: &Track, lang: Lang) -> String {
    said(check, track, lang).or_else(|| missing(check, track, lang)).unwrap_or_else(|| match lang {
        En => "What must hold did not hold".into(),
        Ko => "지켜야 할 것이 지켜지지 않았습니다".into(),
    })
}

fn seconds(ms: i64) -> String {
    format!("{} s", ms / 1000)
}

fn seconds_ko(ms: i64) -> String {
    format!("{}초", ms / 1000)
}

fn nothing_deleted(scope: &Scope, lang: Lang) -> String {
    match lang {
        En => format!("No {} has been deleted yet", noun(scope, false, En)),
        Ko => format!("{} 아직 지우지 않았습니다", josa::with(&noun(scope, false, Ko), "을", "를")),
    }
}

/// `pods with app=web`, `Deployment web`, `app=web 파드`, and whatever else narrows the scope down.
fn noun(scope: &Scope, plural: bool, lang: Lang) -> String {
    let word = kind(&scope.resource, lang, plural && scope.name.is_empty());
    let elsewhere = !matches!(scope.namespace.as_str(), "" | "default");
    let mut out = match (lang, scope.name.is_empty(), scope.selector_text.is_empty()) {
        (_, false, _) => format!("{word} {}", scope.name),
        (_, true, true) => word.to_owned(),
        (En, true, false) => format!("{word} with {}", scope.selector_text),
        (Ko, true, false) => format!("{} {word}", scope.selector_text),
    };
    if elsewhere {
        out = match lang {
            En => format!("{out} in namespace {}", scope.namespace),
            Ko => format!("{} 네임스페이스의 {out}", scope.namespace),
        };
    }
    out = match (&scope.owner, lang) {
        (Owner::Any, _) => out,
        (Owner::Nobody, En) => format!("{out} without an owner"),
        (Owner::Nobody, Ko) => format!("주인 없는 {out}"),
        (Owner::Kind(owner), En) => format!("{out} of a {owner}"),
        (Owner::Kind(owner), Ko) => format!("{}에 속한 {out}", in_korean(owner)),
    };
    let narrowed: Vec<String> =
        scope.conditions.iter().map(|(path, expect)| as_asked(path.text(), expect, lang)).collect();
    match (narrowed.is_empty(), lang) {
        (true, _) => out,
        (false, En) => format!("{out} where {}", narrowed.join(" and ")),
        (false, Ko) => format!("{} {out}", narrowed.join(", ")),
    }
}

/// `spec.nodeName is worker-1`; `spec.nodeName이 worker-1인`.
fn as_asked(path: &str, expect: &Expect, lang: Lang) -> String {
    match (expect, lang) {
        (Expect::Present, En) => format!("{path} is set"),
        (Expect::Absent, En) => format!("{path} is not set"),
        (Expect::Contains(part), En) => format!("{path} has {part}"),
        (_, En) => format!("{path} is {}", wish(expect, En)),
        (Expect::Present, Ko) => format!("{} 있는", subject(path)),
        (Expect::Absent, Ko) => format!("{} 없는", subject(path)),
        (Expect::Contains(part), Ko) => format!("{path}에 {} 들어 있는", subject(part)),
        (_, Ko) => format!("{} {}인", subject(path), wish(expect, Ko)),
    }
}

fn none_exists(scope: &Scope, lang: Lang) -> String {
    if let (false, [(path, expect)]) = (scope.name.is_empty(), &scope.conditions[..]) {
        // The object may well be there, and not as asked.
        let mut bare = scope.clone();
        bare.conditions.clear();
        let (noun, path) = (noun(&bare, false, lang), path.text());
        return match (expect, lang) {
            (Expect::Present, En) => format!("{path} of {noun} is not set yet"),
            (Expect::Absent, En) => format!("{path} of {noun} is still set"),
            (_, En) => format!("{path} of {noun} is not {} yet", wish(expect, En)),
            (Expect::Present, Ko) => format!("{noun}에 {} 아직 없습니다", subject(path)),
            (Expect::Absent, Ko) => format!("{noun}에 {} 아직 있습니다", subject(path)),
            (_, Ko) => format!("{noun}의 {} 아직 {} 아닙니다", subject(path), subject(&wish(expect, Ko))),
        };
    }
    match lang {
        En if scope.name.is_empty() => format!("There is no {} yet", noun(scope, false, En)),
        En => format!("{} does not exist yet", capital(&noun(scope, false, En))),
        Ko => format!("{} 아직 없습니다", subject(&noun(scope, false, Ko))),
    }
}

fn objects(scope: &Scope, that: &That, bound: Bound, tally: &Tally, lang: Lang) -> String {
    let wants_some = !matches!(bound, Bound::AtMost(_) | Bound::Exactly(0));
    if tally.objects.is_empty() && wants_some {
        return none_exists(scope, lang);
    }
    let total = tally.len();
    match bound {
        Bound::AtMost(n) => too_many(scope, that, tally.good, n, false, lang),
        Bound::Exactly(n) if tally.good > n => too_many(scope, that, tally.good, n, true, lang),
        Bound::AtLeast(n) | Bound::Exactly(n) if n > 1 => part(scope, that, tally.good, n, lang),
        _ if total > 1 => part(scope, that, tally.good, total, lang),
        _ => one(scope, that, tally, lang),
    }
}

/// `2 of 3 pods with app=web are Ready`
fn part(scope: &Scope, that: &That, have: i64, wanted: i64, lang: Lang) -> String {
    let noun = noun(scope, true, lang);
    match lang {
        En => {
            let are = if have == 1 { "is" } else { "are" };
            let what = match that {
                That::Exists => {
                    if have == 1 {
                        "exists".into()
                    } else {
                        "exist".to_owned()
                    }
                }
                That::Ready => format!("{are} Ready"),
                That::Condition { kind, .. } => format!("{are} {kind}"),
                That::Field { path, expect } => {
                    let has = if have == 1 { "has" } else { "have" };
                    format!("{has} {} {}", path.text(), wish(expect, En))
                }
                That::Rollout { .. } => format!("{are} rolled out"),
            };
            format!("{have} of {wanted} {noun} {what}")
        }
        Ko => match that {
            That::Exists => format!("{noun} {wanted}개 중 {have}개가 있습니다"),
            That::Ready => format!("{noun} {wanted}개 중 {have}개가 준비됐습니다"),
            That::Condition { kind, .. } => {
                format!("{noun} {wanted}개 중 {have}개가 {kind} 상태입니다")
            }
            That::Field { path, expect } => {
                format!(
                    "{noun} {wanted}개 중 {have}개만 {} 조건에 맞습니다: {}",
                    path.text(),
                    wish(expect, Ko)
                )
            }
            That::Rollout { .. } => format!("{noun} {wanted}개 중 {have}개의 롤아웃이 끝났습니다"),
        },
    }
}

fn too_many(scope: &Scope, that: &That, have: i64, wanted: i64, exact: bool, lang: Lang) -> String {
    if wanted == 0 && *that == That::Exists {
        return match lang {
            En if scope.name.is_empty() => {
                let s = if have == 1 { "s" } else { "" };
                format!("{have} {} still exist{s}", noun(scope, have != 1, En))
            }
            En => format!("{} still exists", capital(&noun(scope, false, En))),
            Ko if scope.name.is_empty() => format!("{} {have}개가 아직 있습니다", noun(scope, true, Ko)),
            Ko => format!("{} 아직 있습니다", subject(&noun(scope, false, Ko))),
        };
    }
    match lang {
        En => {
            let what = match that {
                That::Exists => String::new(),
                That::Ready => "Ready ".into(),
                That::Condition { kind, .. } => format!("{kind} "),
                That::Field { .. } | That::Rollout { .. } => "such ".into(),
            };
            let are = if have == 1 { "is" } else { "are" };
            let limit = if exact { "exactly" } else { "at most" };
            format!("There {are} {have} {what}{}; {limit} {wanted} may be there", noun(scope, have != 1, En))
        }
        Ko => {
            let what = match that {
                That::Ready => "준비된 ".to_owned(),
                That::Condition { kind, .. } => format!("{kind} 상태인 "),
                That::Exists | That::Field { .. } | That::Rollout { .. } => String::new(),
            };
            let limit = if exact { "여야" } else { "까지여야" };
            format!("{what}{} {have}개입니다. {wanted}개{limit} 합니다", subject(&noun(scope, true, Ko)))
        }
    }
}

/// What a single object lacks.
fn one(scope: &Scope, that: &That, tally: &Tally, lang: Lang) -> String {
    let name = noun(scope, false, lang);
    let Some((object, _)) = tally.objects.values().next() else { return none_exists(scope, lang) };
    match that {
        That::Exists => none_exists(scope, lang),
        That::Ready => match lang {
            En => format!("{} is not Ready yet", capital(&name)),
            Ko => format!("{} 아직 준비되지 않았습니다", subject(&name)),
        },
        That::Condition { kind, status } if status != "True" => {
            let have = object.condition(kind)["status"].text();
            let have = if have.is_empty() { "Unknown" } else { have };
            match lang {
                En => format!("The condition {kind} of {name} is {have}; {status} is wanted"),
                Ko => format!(
                    "{name}의 {kind} 조건이 {have}입니다. {status}{} 합니다",
                    josa::pick(status, "이어야", "여야")
                ),
            }
        }
        That::Condition { kind, .. } => match lang {
            En => format!("{} is not {kind} yet", capital(&name)),
            Ko => format!("{} 아직 {kind} 상태가 아닙니다", subject(&name)),
        },
        That::Field { path, expect } => {
            let have: Vec<String> = path.values(object).into_iter().map(field::show).collect();
            let have = have.join(", ");
            match (lang, have.is_empty()) {
                (En, true) => format!("{} of {name} is not set; {} is wanted", path.text(), wish(expect, En)),
                (En, false) => format!("{} of {name} is {have}; {} is wanted", path.text(), wish(expect, En)),
                (Ko, true) => {
                    format!("{name}의 {} 비어 있습니다. {}", subject(path.text()), must_be(expect))
                }
                (Ko, false) => format!("{name}의 {} {have}입니다. {}", subject(path.text()), must_be(expect)),
            }
        }
        That::Rollout { image } => rollout(object, image, &name, lang),
    }
}

fn rollout(object: &objects::Value, image: &str, name: &str, lang: Lang) -> String {
    let containers = object["spec"]["template"]["spec"]["containers"].items();
    if !image.is_empty() && containers.iter().all(|c| c["image"] != image) {
        let have = containers.first().map_or("", |c| c["image"].text());
        return match lang {
            En => format!("The template of {name} says image {have}; {image} is wanted"),
            Ko => format!(
                "{name} 템플릿의 이미지가 {have}입니다. {image}{} 합니다",
                josa::pick(image, "이어야", "여야")
            ),
        };
    }
    let status = &object["status"];
    let wanted = object["spec"]["replicas"].int_or(1);
    let new = status["updatedReplicas"].int().min(status["availableReplicas"].int()).min(wanted);
    let old = status["replicas"].int() - status["updatedReplicas"].int();
    match (lang, old > 0 && new == wanted) {
        (En, true) => format!("{old} old replicas of {name} are still there"),
        (Ko, true) => format!("{name}의 이전 레플리카 {old}개가 아직 남아 있습니다"),
        (En, false) => format!("{new} of {wanted} replicas of {name} are updated and available"),
        (Ko, false) => format!("{name}의 레플리카 {wanted}개 중 {new}개가 새 리비전으로 준비됐습니다"),
    }
}

/// What is wanted of a field, after its name.
fn wish(expect: &Expect, lang: Lang) -> String {
    match (expect, lang) {
        (Expect::Is(v), _) => field::show(v),
        (Expect::OneOf(all), _) => all.iter().map(field::show).collect::<Vec<_>>().join(" | "),
        (Expect::Contains(part), En) => format!("something with {part}"),
        (Expect::Contains(part), Ko) => format!("{} 포함한 값", josa::with(part, "을", "를")),
        (Expect::AtLeast(n), En) => format!("{n} or more"),
        (Expect::AtLeast(n), Ko) => format!("{n} 이상"),
        (Expect::AtMost(n), En) => format!("{n} or less"),
        (Expect::AtMost(n), Ko) => format!("{n} 이하"),
        (Expect::Present, En) => "some value".into(),
        (Expect::Present, Ko) => "아무 값".into(),
        (Expect::Absent, En) => "no value".into(),
        (Expect::Absent, Ko) => "값 없음".into(),
    }
}

fn must_be(expect: &Expect) -> String {
    match expect {
        Expect::Present => "값이 있어야 합니다".into(),
        Expect::Absent => "값이 없어야 합니다".into(),
        other => {
            let wanted = wish(other, Ko);
            format!("{wanted}{} 합니다", josa::pick(&wanted, "이어야", "여야"))
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
