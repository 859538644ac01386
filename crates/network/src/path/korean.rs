//! The sentences of a path in Korean. Names come before nouns of ours, so that no particle hangs on a name.

use super::text::Words;
use super::{Code, Fault};

pub(super) static WORDS: Words = Words {
    you: "내 컴퓨터",
    internet: "인터넷",
    look: "확인할 곳: {place}",
    out_of: "후보: {all}",
    http: "HTTP {status}",
    reached: "연결됨",
    resolved: "이름을 찾음",
    faults: fault,
};

fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::NoName => "이름을 찾지 못함",
        Fault::NoServer => "DNS 서버가 응답하지 않음",
        Fault::Refused => "연결이 거부됨",
        Fault::TimedOut => "시간 초과: 패킷이 응답 없이 버려짐",
        Fault::Unreachable => "목적지까지 가는 경로가 없음",
        Fault::Reset => "연결이 끊김",
        Fault::Slow => "연결은 되었지만 제때 응답이 오지 않음",
    }
}

#[allow(clippy::too_many_lines, reason = "a table: one line a code")]
pub(super) fn template(code: Code) -> &'static str {
    match code {
        Code::AddressGiven => "{host}: 이미 주소이므로 이름을 찾을 필요가 없음",
        Code::HostsFile => "{machine}의 /etc/hosts에 따르면 {name}의 주소는 {ip}",
        Code::GivenByOption => "명령줄에 따르면 {name}의 주소는 {ip}",
        Code::Localhost => "{name}: {machine} 자신",
        Code::DnsAsked => "{machine}의 /etc/resolv.conf: {server}에 질의함, 시도하는 순서: {tried}",
        Code::DnsAnswer => "{server}의 답: {name}의 주소는 {answer}",
        Code::DnsAlias => {
            "{server}의 답: {name}의 별칭 대상은 {answer} (Service {service}의 종류가 ExternalName)"
        }
        Code::DnsOutside => "{name}: 클러스터 밖의 이름, 잘 알려진 이름의 작은 표에 따르면 {answer}",
        Code::DnsNoName => "{server}에 그런 이름이 없음; 시도한 이름: {tried}",
        Code::DnsOtherNamespace => {
            "{server}에 그런 이름이 없음; 네임스페이스 {other}에는 그런 Service가 있으니 {name}.{other} 이름을 쓸 것"
        }
        Code::DnsNoSuchService => {
            "{server}에 그런 이름이 없음: 네임스페이스 {namespace}에 없는 Service {name}"
        }
        Code::DnsNoEndpoints => {
            "Service {service}: 헤드리스인데 준비된 엔드포인트가 없어서 이름에 주소가 없음"
        }
        Code::DnsNoRecord => "{name}: 이름은 있지만 {kind} 레코드가 없음",
        Code::DnsNoServer => "DNS 서버 {server}에서 응답이 없음: 질의가 그 앞에서 막힘",
        Code::DnsRefused => "DNS 서버 {server}에서 질의를 거부함: 뒤에서 받아 줄 파드가 없음",
        Code::DnsNoService => "{server}에서 응답하는 곳이 없음: Service kube-system/kube-dns 자체가 없음",
        Code::DnsPodSilent => "{pod}: 포트 53번을 수신 대기하는 프로세스가 없어서 질의를 받지 못함",
        Code::DnsNoNameserver => "{machine}의 /etc/resolv.conf에 질의할 서버가 없음",
        Code::LoadBalancer => "Service {service}의 로드 밸런서 {ip}에서 노드 {node}의 포트 {port}번으로 보냄",
        Code::LoadBalancerSource => {
            "Service {service}의 로드 밸런서는 {ranges}에서 온 것만 받음, {ip}에서 온 것은 버림"
        }
        Code::LoadBalancerNoNodes => "Service {service}의 로드 밸런서 {ip}: 보낼 수 있는 정상 노드가 없음",
        Code::ServiceRule => {
            "노드 {node}의 kube-proxy 규칙: {ip}:{port}에 해당하는 것은 Service {service}의 포트 {name}"
        }
        Code::NodePortRule => {
            "노드 {node}의 kube-proxy 규칙: 노드 포트 {port}번에 해당하는 것은 Service {service}의 포트 {name}"
        }
        Code::HostPort => "노드 {node}의 hostPort {port}번: {pod}의 포트 {to}번으로 이어짐",
        Code::ExternalIpRule => {
            "노드 {node}의 kube-proxy 규칙: {ip}:{port}에 해당하는 것은 Service {service}의 externalIPs에 적힌 주소"
        }
        Code::NoSuchServicePort => {
            "{ip}에 해당하는 Service {service}에는 포트 {port}번이 없고 {ports}만 있음"
        }
        Code::WrongProtocol => "Service {service}의 포트 {port}번은 {has} 전용, 이 요청은 {wants}",
        Code::NoPodMatches => "Service {service}에 엔드포인트가 없음: 레이블 {selector}에 맞는 파드가 없음",
        Code::NoReplicas => "Service {service}에 엔드포인트가 없음: {workload}의 레플리카가 0개",
        Code::PodsNotReady => "Service {service}에 준비된 엔드포인트가 없음: {pods}",
        Code::NoPodHasPortName => {
            "Service {service}의 targetPort는 이름 {target}인데, {pods}의 컨테이너에 그런 이름의 포트가 없음"
        }
        Code::NoEndpointsWritten => "Service {service}에 셀렉터가 없고, 직접 만든 엔드포인트도 없음",
        Code::NoLocalEndpoints => {
            "Service {service}의 {policy} 값이 Local인데 노드 {node}에 준비된 엔드포인트가 없음"
        }
        Code::StaleRules => "노드 {node}: 네트워크가 끊겨 있어 규칙이 {when} 시점에 머물러 있음",
        Code::ProxyDown => "노드 {node}에서 kube-proxy가 실행되고 있지 않아, {when}의 규칙이 그대로 쓰임",
        Code::NotInRules => {
            "노드 {node}의 kube-proxy 규칙({when} 기준)에 Service {service}의 주소 {ip}이(가) 없음: 이 주소를 가진 곳도 없음"
        }
        Code::Chosen => "{ip}:{port}의 {pod} 차례",
        Code::ChosenOnly => "{ip}:{port}의 {pod}: 하나뿐인 엔드포인트",
        Code::ChosenSticky => {
            "{ip}:{port}의 {pod}: 이 클라이언트는 계속 여기로 감 (sessionAffinity ClientIP)"
        }
        Code::ChosenTerminating => "{ip}:{port}의 {pod}: 종료 중이지만 남은 것이 이것뿐",
        Code::ConnectionKept => "{ip}:{port} 연결이 이미 열려 있음: 이름을 묻지도 새로 고르지도 않음",
        Code::GatewayMirrors => {
            "HTTPRoute {route} 규칙: 복사본을 Service {service} 쪽으로도 보내고 그 응답은 버림"
        }
        Code::NoPolicyOut => "{pod}에서 나가는 트래픽을 제한하는 NetworkPolicy가 없음",
        Code::NoPolicyIn => "{pod}에 들어오는 트래픽을 제한하는 NetworkPolicy가 없음",
        Code::PolicyAllowsOut => "NetworkPolicy {policy}: {pod}에서 나가는 트래픽을 허용",
        Code::PolicyAllowsIn => "NetworkPolicy {policy}: {pod}에 들어오는 트래픽을 허용",
        Code::PolicyDeniesOut => {
            "NetworkPolicy {policy}: {pod}에 적용되는데, {peer}의 포트 {port}/{protocol} 쪽으로 나가도록 허용하는 egress 규칙이 없음"
        }
        Code::PolicyDeniesIn => {
            "NetworkPolicy {policy}: {pod}에 적용되는데, {peer}에서 포트 {port}/{protocol} 쪽으로 들어오도록 허용하는 ingress 규칙이 없음"
        }
        Code::PolicyDeniesDns => {
            "NetworkPolicy {policy}: {pod}에 적용되는데 DNS를 허용하지 않음, {peer}의 포트 {port}/{protocol} 쪽으로 나가는 egress 규칙이 필요함"
        }
        Code::SamePod => "같은 파드 {pod} 안에서 전달됨",
        Code::SameNode => "같은 노드 {node} 안에서 전달됨",
        Code::OtherNode => "노드 {from}에서 노드 {node}(으)로 전달됨",
        Code::NodeCutOff => "노드 {node}: 네트워크 연결이 끊겨 있음",
        Code::NobodyThere => "{ip}: 이 주소를 쓰는 곳이 없음",
        Code::NoRoute => {
            "{machine}에서 {ip}까지 가는 경로가 없음: 파드와 Service의 주소는 클러스터 안에만 있음"
        }
        Code::NodeIsPrivate => {
            "{machine}에서 {ip}까지 가는 경로가 없음: 노드 {node}에는 사설 주소만 있음, 로드 밸런서의 주소로는 누구나 들어올 수 있음"
        }
        Code::LeavesCluster => "클러스터 밖의 {ip}(으)로 나감",
        Code::OutsideUnknown => "{ip}의 동작은 시뮬레이션하지 않음",
        Code::PortOpen => "컨테이너 {container}에서 포트 {port}번을 수신 대기 중",
        Code::PortClosed => "{at}의 포트 {port}번을 수신 대기하는 프로세스가 없음; 열려 있는 포트: {open}",
        Code::TargetPortClosed => {
            "Service {service}의 포트 {port}번은 targetPort {target}번으로 보내는데, 파드 {pod}에는 {target}번을 수신 대기하는 프로세스가 없음; 컨테이너가 열어 둔 포트: {open}"
        }
        Code::PortOtherProtocol => "{at}의 포트 {port}번은 {has}용, 이 요청은 {wants}",
        Code::NothingRuns => "{pod}에서 실행 중인 컨테이너가 없음: {why}",
        Code::HealthCheckPort => {
            "노드 {node}에서 Service {service}의 상태 검사에 응답함: 로컬 엔드포인트 {count}개"
        }
        Code::ProxyAsks => "{program}에서 {upstream}(으)로 요청 전달",
        Code::Answered => "{program}의 응답: {status} {reason} ({bytes}바이트)",
        Code::AnsweredBytes => "{program}의 응답: {bytes}바이트",
        Code::Echoed => "{at}에서 에코 요청에 응답함",
        Code::NotHttp => "포트 {port}번의 {program}: HTTP 서버가 아니어서 연결을 닫음",
        Code::Hung => "포트 {port}번의 {program}: 연결만 받고 응답하지 않음",
        Code::TlsToPlain => "포트 {port}번의 {program}: 평문 HTTP를 쓰는데 클라이언트가 TLS로 연결함",
        Code::PlainToTls => "포트 {port}번의 {program}: TLS를 쓰는데 클라이언트가 평문 HTTP로 요청함",
        Code::Slow => "{program}의 응답에 {took} ms가 걸리는데 클라이언트는 {limit} ms만 기다림",
        Code::Forwarded => "kubectl port-forward를 통해 localhost:{local}에서 {pod}의 포트 {port}번으로 전달",
        Code::Published => "{machine}의 포트 {port}번은 {node}의 API 서버로 이어짐",
        Code::NoForward => "{machine}의 포트 {port}번을 수신 대기하는 프로세스가 없음",
        Code::IngressTakes => "클래스 {class}의 컨트롤러 {pod}에서 호스트 {host}, 경로 {path} 요청을 받음",
        Code::IngressRule => {
            "Ingress {ingress}의 호스트 {host}, 경로 {path} ({kind}) 규칙: Service {service}의 포트 {port}(으)로 보냄"
        }
        Code::IngressDefaultBackend => {
            "맞는 규칙이 없음; Ingress {ingress}의 기본 백엔드는 Service {service}, 포트 {port}"
        }
        Code::IngressNoHost => {
            "클래스 {class}의 Ingress 가운데 호스트가 {host}인 것이 없음; 알려진 호스트: {hosts}"
        }
        Code::IngressNoPath => {
            "Ingress {ingress}: 호스트 {host}에 경로 {path}에 맞는 규칙이 없음; 알려진 경로: {paths}"
        }
        Code::IngressWithoutClass => {
            "Ingress {ingress}: 호스트 {host}의 규칙이 있지만 클래스가 없어서 어떤 컨트롤러도 맡지 않음"
        }
        Code::IngressOtherClass => {
            "Ingress {ingress}: 호스트 {host}의 규칙이 있지만 클래스가 {other}임; 이 컨트롤러가 맡는 클래스는 {class}"
        }
        Code::IngressNoService => "Ingress {ingress}에 적힌 Service {service}: 존재하지 않음",
        Code::IngressNoServicePort => {
            "Ingress {ingress}에 적힌 Service {service}의 포트 {port}: 그런 포트가 없음"
        }
        Code::IngressNoEndpoints => "Ingress {ingress} 뒤의 Service {service}에 준비된 엔드포인트가 없음",
        Code::IngressTlsSecretMissing => {
            "Ingress {ingress}에 적힌 인증서 Secret {secret}: {why}; 컨트롤러의 가짜 인증서를 보여 줌"
        }
        Code::IngressTls => "TLS 종료 지점: 인증서는 Secret {secret}",
        Code::IngressRedirects => {
            "Ingress {ingress}에 TLS가 설정되어 있음: 평문 HTTP 요청을 {location}(으)로 리디렉션"
        }
        Code::IngressSendsAway => "Ingress {ingress}: 클라이언트를 {location}(으)로 리디렉션 ({why})",
        Code::IngressPreflight => {
            "Ingress {ingress}에 enable-cors가 켜져 있음: 브라우저의 사전 요청(OPTIONS)에는 컨트롤러가 직접 응답함"
        }
        Code::IngressRateExceeded => {
            "Ingress {ingress}의 {name} 한도는 {limit}, 한꺼번에 더 받는 수는 {burst}: {ip}에서 그보다 많이 보냄"
        }
        Code::IngressDenies => "Ingress {ingress}: {ranges}에서 온 것은 거절하는데 {ip}도 여기에 속함",
        Code::IngressNoAuthSecret => {
            "Ingress {ingress}에 필요한 비밀번호 Secret {secret}: 쓸 수 없음 ({why}), 준비될 때까지 아무도 들이지 않음"
        }
        Code::IngressNoCredentials => {
            "Ingress {ingress}: 사용자 이름과 비밀번호가 필요한데(Secret {secret}) 요청에 없음"
        }
        Code::IngressNoSuchUser => "Ingress {ingress}의 Secret {secret}에 없는 사용자: {user}",
        Code::IngressWrongPassword => {
            "Ingress {ingress}의 Secret {secret}에 적힌 사용자 {user}의 비밀번호와 다름"
        }
        Code::IngressUnknownHash => {
            "Ingress {ingress}의 Secret {secret}: {user}의 비밀번호가 시뮬레이션하지 않는 방식으로 저장되어 있음, `htpasswd`에서 -B를 빼고 만들 것"
        }
        Code::IngressIgnores => {
            "Ingress {ingress}의 어노테이션 가운데 받아들이지만 시뮬레이션하지 않는 것: {names}"
        }
        Code::IngressOtherService => {
            "Ingress {ingress} 뒤의 Service {service}에 준비된 엔드포인트가 없음; default-backend 어노테이션에 적힌 Service {other}(으)로 보냄"
        }
        Code::IngressHash => "upstream-hash-by {by}: 값이 {value}인 요청은 늘 {pod}(으)로 감",
        Code::IngressTriesAgain => "컨트롤러에서 다시 시도함: 모두 {tries}번 가운데 {n}번째",
        Code::IngressForbids => "Ingress {ingress}: {ranges}에서 온 것만 받음, {ip}에서 온 것은 거절",
        Code::IngressBadRange => {
            "Ingress {ingress}에 적힌 허용 대역 {range}은(는) 주소도 대역도 아니어서, 컨트롤러가 아무도 들이지 않음"
        }
        Code::IngressBodyTooLarge => "본문 {bytes}바이트; Ingress {ingress}의 한도는 {limit}",
        Code::IngressCanary => "카나리 {ingress}에서 이 요청을 맡음 ({why})",
        Code::IngressAffinity => "쿠키 {cookie} 때문에 이 클라이언트는 계속 {pod}(으)로 감",
        Code::IngressRewrites => "경로 {path}: {new}(으)로 바뀜",
        Code::IngressUpstreamRefused => "컨트롤러에서 {upstream}에 연결하지 못함: 연결 거부",
        Code::IngressUpstreamTimedOut => "컨트롤러에서 {limit}초 동안 {upstream}의 응답을 받지 못함",
        Code::IngressSlow => "{program}의 응답에 {took} ms가 걸리는데 컨트롤러는 {limit} ms만 기다림",
        Code::IngressUpstreamBroke => "{upstream}에서 올바른 응답 없이 연결을 끊음",
        Code::IngressClientGone => "클라이언트가 {limit} ms 뒤에 연결을 닫음: 컨트롤러 로그에는 499",
        Code::NoController => {
            "Ingress {ingress}: 호스트 {host}의 규칙이 있지만 클래스 {class}의 컨트롤러가 실행되고 있지 않음, Ingress만으로는 아무 일도 일어나지 않음"
        }
        Code::GatewayTakes => {
            "Gateway {gateway}의 리스너 {listener}에서 호스트 {host}, 경로 {path} 요청을 받음"
        }
        Code::GatewayNoRoute => {
            "Gateway {gateway}의 HTTPRoute 가운데 호스트 {host}, 경로 {path}에 맞는 것이 없음"
        }
        Code::GatewayRoute => {
            "HTTPRoute {route}의 규칙 {rule}번: Service {service}의 포트 {port}(으)로 보냄 (가중치 {total} 중 {weight})"
        }
        Code::GatewayRedirects => "HTTPRoute {route}의 규칙 {rule}번: 클라이언트를 {location}(으)로 리디렉션",
        Code::GatewayRouteNotAccepted => {
            "HTTPRoute {route}: 조건은 맞지만 Gateway {gateway}에서 받아 주지 않음, {why}"
        }
        Code::GatewayNoEndpoints => {
            "HTTPRoute {route}의 규칙 {rule}번 뒤의 Service {service}에 준비된 엔드포인트가 없음"
        }
        Code::GatewayNoBackend => "HTTPRoute {route}의 규칙 {rule}번: 존재하는 백엔드가 없음, {why}",
    }
}
