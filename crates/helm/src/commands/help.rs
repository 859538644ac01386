//! Help pages, in our own words and both languages.

use kubectl::flags::{Flag, Kind};

use super::{COMMANDS, Command, GLOBAL};

/// What flags do, in Korean, by name.
#[rustfmt::skip]
const KOREAN: &[(&str, &str)] = &[
    ("all", "모두"), ("all-namespaces", "모든 네임스페이스"), ("api-versions", "차트가 더 찾을 API 버전"),
    ("atomic", "실패하면 모두 되돌린다. 준비될 때까지 기다린다"), ("cascade", "background, foreground, orphan"),
    ("cleanup-on-fail", "실패하면 새로 만든 것을 지운다"), ("client", "예전처럼 받아들인다"),
    ("create-namespace", "네임스페이스가 없으면 만든다"), ("date", "오래된 것부터"), ("debug", "더 자세히"),
    ("dependency-update", "없는 의존 차트를 먼저 가져온다"), ("deployed", "설치된 것"), ("description", "이력에 적을 말"),
    ("dry-run", "만들 것만 보여 준다"), ("failed", "실패한 것"), ("filter", "이름이 맞는 것만"),
    ("generate-name", "이름을 지어 준다"), ("hide-notes", "안내문을 뺀다"), ("history-max", "남길 리비전 수. 0이면 모두"),
    ("ignore-not-found", "릴리스가 없어도 괜찮다"), ("include-crds", "차트의 CRD도 출력"), ("install", "없으면 설치한다"),
    ("is-upgrade", "업그레이드로 보고 렌더링"), ("keep-history", "리비전을 남긴다"), ("kube-apiserver", "컨텍스트의 서버 대신 물을 서버"),
    ("kube-as-group", "이 그룹으로 행동한다. 여러 번 쓸 수 있다"), ("kube-as-user", "이 사용자로 행동한다"),
    ("kube-context", "쓸 kubeconfig 컨텍스트"), ("kube-token", "베어러 토큰"),
    ("kube-version", "차트가 볼 쿠버네티스 버전"), ("kubeconfig", "kubeconfig의 경로"), ("labels", "릴리스의 레이블: a=b"),
    ("logs", "테스트의 로그를 보여 준다"), ("max", "최대 개수"), ("name-template", "이름의 템플릿"), ("namespace", "요청의 네임스페이스"),
    ("no-headers", "머리줄 없이"), ("no-hooks", "훅을 돌리지 않는다"), ("offset", "앞에서 건너뛸 개수"), ("output", "table, json, yaml"),
    ("output-dir", "파일을 쓸 디렉터리"), ("pending", "진행 중인 것"), ("quiet", "경고와 오류만"),
    ("render-subchart-notes", "하위 차트의 안내문도"), ("replace", "실패했거나 지운 이름을 다시 쓴다"), ("reset-then-reuse-values", "차트의 값 위에 릴리스에 준 값"),
    ("reset-values", "차트의 값에서 시작"), ("reuse-values", "릴리스의 값에서 시작"), ("reverse", "거꾸로"),
    ("revision", "리비전. 0이면 최신"), ("rollback-on-failure", "실패하면 모두 되돌린다. 준비될 때까지 기다린다"), ("selector", "이 레이블이 있는 것만"),
    ("set", "값: a.b=1,c[0]=x"), ("set-file", "파일에서 읽은 값: a=경로"), ("set-json", "JSON으로 준 값"),
    ("set-literal", "글자 그대로의 값"), ("set-string", "글자로 남는 값"), ("short", "짧게"), ("show-desc", "이력의 말도"),
    ("show-only", "이 템플릿이 만드는 것만"), ("show-resources", "오브젝트도"), ("skip-crds", "차트의 CRD를 뺀다"), ("skip-tests", "테스트를 뺀다"),
    ("strict", "경고도 실패로 본다"), ("superseded", "대체된 것"), ("take-ownership", "있는 오브젝트를 넘겨받는다"), ("template", "출력 템플릿"),
    ("timeout", "하나를 기다리는 시간"), ("uninstalled", "이력만 남은 것"), ("uninstalling", "지우는 중인 것"),
    ("validate", "install처럼 클러스터에 묻는다"), ("values", "값 파일"), ("version", "차트의 버전"), ("versions", "모든 버전"),
    ("wait", "준비될 때까지 기다린다"), ("wait-for-jobs", "--wait와 함께: 잡도 기다린다"), ("with-subcharts", "하위 차트도 점검"),
];

fn said(f: &Flag, korean: bool) -> &'static str {
    match KOREAN.iter().find(|(name, _)| korean && *name == f.name) {
        Some((_, text)) => text,
        None => f.help,
    }
}

/// The commands, or those of a group.
pub(super) fn all(group: &str, korean: bool) -> String {
    let mut out = match (group.is_empty(), korean) {
        (true, true) => {
            "helm: 차트를 클러스터에 설치하고 관리합니다\n\n사용법: helm 명령 [플래그]\n\n".to_owned()
        }
        (true, false) => {
            "helm: installs charts into the cluster and looks after them\n\nUsage: helm COMMAND [flags]\n\n"
                .to_owned()
        }
        (false, true) => format!("사용법: helm {group} 명령 [플래그]\n\n"),
        (false, false) => format!("Usage: helm {group} COMMAND [flags]\n\n"),
    };
    for c in COMMANDS.iter().filter(|c| group.is_empty() || c.name.split(' ').next() == Some(group)) {
        let line = format!("{} {}", c.name, c.usage);
        out.push_str(&format!("  {line:<42} {}\n", c.does[usize::from(korean)]));
    }
    out
}

/// One command: what it does, how it is called, its flags.
pub(super) fn page(c: &Command, korean: bool) -> String {
    let (usage, flags) = if korean { ("사용법", "플래그") } else { ("Usage", "Flags") };
    let mut out =
        format!("{}\n\n{usage}:\n  helm {} {} [flags]\n", c.does[usize::from(korean)], c.name, c.usage);
    if !c.aliases.is_empty() {
        out.push_str(&format!("\n{}: {}\n", if korean { "별칭" } else { "Aliases" }, c.aliases.join(", ")));
    }
    out.push_str(&format!("\n{flags}:\n"));
    for f in c.flags.iter().copied().chain([GLOBAL]).flatten() {
        let letter = if f.short == '\0' { "    ".to_owned() } else { format!("-{}, ", f.short) };
        let value = match f.kind {
            Kind::Bool => "",
            Kind::Int => " int",
            Kind::Duration => " duration",
            _ => " string",
        };
        let name = format!("{letter}--{}{value}", f.name);
        out.push_str(&format!("  {name:<36} {}\n", said(f, korean)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_explained_in_both_languages() {
        for f in COMMANDS.iter().flat_map(|c| c.flags.iter().copied().chain([GLOBAL])).flatten() {
            assert!(!f.help.is_empty(), "{}", f.name);
            let plain = f.help == super::super::NOT_SIMULATED;
            assert!(plain || KOREAN.iter().any(|(name, _)| *name == f.name), "no Korean for --{}", f.name);
        }
    }
}
