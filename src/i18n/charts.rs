//! Charts over time.

use smol_str::{SmolStr, format_smolstr};

use super::Two;

texts! { Charts
    charts = "Charts", "차트";
    subject = "What the charts show", "차트에 나타낼 것";
    all_nodes = "All nodes", "모든 노드";
    no_charts =
        "Charts begin with the first second of the cluster. Let time run.",
        "차트는 클러스터의 첫 1초가 지나면 그려집니다. 시간이 흘러야 합니다.";
    cpu = "CPU", "CPU";
    memory = "Memory", "메모리";
    ready_word = "ready", "준비됨";
    request_rate = "Requests", "요청";
    offered = "sent", "보냄";
    failed = "failed", "실패";
    latency = "Latency", "지연 시간";
    queue = "Waiting", "대기";
    median = "median", "중앙값";
    ready_pods = "Pods", "파드";
    all_pods = "all", "전체";
    errors = "Failed, by kind", "종류별 실패";
    read_in_part: Two =
        |read, all| format_smolstr!("A cluster of this size is read in part: the usage of {read} of {all} nodes."),
        |read, all| format_smolstr!("이만한 클러스터는 일부만 읽습니다. 노드 {all}개 가운데 {read}개의 사용량입니다.");
    mean = "mean", "평균";
    lowest = "lowest", "최소";
    highest = "highest", "최대";
    now_word = "now", "지금";
    as_table = "As a table", "표로 보기";
    chart_says: fn(title: &str, values: &str) -> SmolStr =
        |title, values| format_smolstr!("{title}: {values}"),
        |title, values| format_smolstr!("{title}: {values}");
}
