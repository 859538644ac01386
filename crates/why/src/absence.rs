//! What is not there yet of what is no workload: an address, figures, a run.
//!
//! Owns: HorizontalPodAutoscalers without figures, Ingresses without a controller or an address, CronJobs that start
//! nothing, Services without an address from outside. Does not own: names that lead nowhere (`references`).

use cluster::Cluster;
use objects::Value;

use crate::{Say, Why};

/// Which class serves an Ingress that names none.
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";
/// The way of naming a class before there were IngressClasses.
const OLD_CLASS: &str = "kubernetes.io/ingress.class";

fn addresses(object: &Value) -> Vec<&str> {
    let all = object["status"]["loadBalancer"]["ingress"].items().iter();
    all.map(|a| if a["ip"].text().is_empty() { a["hostname"].text() } else { a["ip"].text() })
        .filter(|a| !a.is_empty())
        .collect()
}

pub(crate) fn ingress(cluster: &Cluster, ingress: &Value) -> Why {
    let class = ingress["spec"]["ingressClassName"].text();
    let named = !class.is_empty() || !ingress["metadata"]["annotations"].get(OLD_CLASS).text().is_empty();
    let classes = || cluster.objects("ingressclasses.networking.k8s.io");
    let default = || classes().any(|c| c["metadata"]["annotations"].get(DEFAULT_CLASS).text() == "true");
    let mut answer = Why::default();
    if !named && !default() {
        answer.headline = Say::new(
            "No controller serves it: it names no class, and no IngressClass is the default",
            "맡은 컨트롤러가 없습니다: 클래스를 적지 않았고 기본 인그레스클래스도 없습니다",
        );
        let there: Vec<&str> = classes().map(Value::name).collect();
        if !there.is_empty() {
            let list = there.join(", ");
            answer.details.push(Say::new(
                format!("spec.ingressClassName may be one of: {list}"),
                format!("spec.ingressClassName에 적을 수 있는 것: {list}"),
            ));
        }
        return answer;
    }
    let at = addresses(ingress);
    if at.is_empty() {
        answer.headline = Say::new(
            "It has no address yet: no controller of its class has reported one",
            "아직 주소가 없습니다: 그 클래스의 컨트롤러가 주소를 적지 않았습니다",
        );
    } else {
        answer.fine = true;
        let at = at.join(", ");
        answer.headline =
            Say::new(format!("Requests reach it at {at}"), format!("요청이 들어오는 주소: {at}"));
    }
    answer
}

/// What a Service of type LoadBalancer still lacks.
pub(crate) fn load_balancer(service: &Value) -> Option<Say> {
    (service["spec"]["type"] == "LoadBalancer" && addresses(service).is_empty()).then(|| {
        Say::new(
            "No address from outside yet: the provider has not made its load balancer",
            "밖에서 오는 주소가 아직 없습니다: 공급자가 로드 밸런서를 만들지 않았습니다",
        )
    })
}

pub(crate) fn autoscaler(hpa: &Value) -> Why {
    let mut answer = Why { fine: true, ..Why::default() };
    let status = &hpa["status"];
    let (now, want) = (status["currentReplicas"].int(), status["desiredReplicas"].int());
    let refused =
        ["AbleToScale", "ScalingActive"].into_iter().find(|kind| hpa.condition(kind)["status"] == "False");
    match refused {
        Some("ScalingActive") => {
            answer.fine = false;
            answer.headline = Say::new("It has no figures to go by", "판단할 지표가 없습니다");
        }
        Some(_) => {
            answer.fine = false;
            answer.headline = Say::new("It can't scale its target", "대상의 레플리카 수를 바꿀 수 없습니다");
        }
        None if status["conditions"].items().is_empty() => {
            answer.headline = Say::new("It has not looked yet", "아직 살펴보지 않았습니다");
        }
        None => {
            answer.headline = Say::new(
                format!("{now} replicas run, and it wants {want}"),
                format!("지금 레플리카는 {now}개이고 {want}개를 바랍니다"),
            );
        }
    }
    if let Some(kind) = refused {
        answer.details.push(Say::same(hpa.condition(kind)["message"].text()));
    }
    answer
}

pub(crate) fn cron_job(cron: &Value) -> Why {
    let schedule = cron["spec"]["schedule"].text();
    if cron["spec"]["suspend"].is_true() {
        let headline = Say::new(
            "It starts nothing: spec.suspend is true",
            "아무것도 시작하지 않습니다: spec.suspend가 true입니다",
        );
        return Why { headline, ..Why::default() };
    }
    let headline = if cron["status"]["lastScheduleTime"].text().is_empty() {
        Say::new(
            format!("Its schedule ({schedule}) has not come due since it was made"),
            format!("만들어진 뒤로 일정({schedule})의 시각이 아직 오지 않았습니다"),
        )
    } else {
        Say::new(
            format!("It starts a Job whenever its schedule ({schedule}) comes due"),
            format!("일정({schedule})의 시각이 될 때마다 잡을 시작합니다"),
        )
    };
    Why { headline, fine: true, ..Why::default() }
}
