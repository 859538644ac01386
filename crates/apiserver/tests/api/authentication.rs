//! Who makes a request, by what it brings.

use std::sync::Arc;

use client::{Caller, Credentials, Impersonation, Request, Response, Verb};
use clock::Time;
use objects::resources::{PODS, SECRETS, SELFSUBJECTREVIEWS, SERVICEACCOUNTS};
use objects::{Reason, Status, Value, value};
use x509::{Authority, COMMON_NAME, Certificate, Name, ORGANIZATION, Others};

use crate::{Desk, to};

fn send(d: &mut Desk, given: &Credentials, mut request: Request) -> Result<Response, Status> {
    request.options.credentials = Some(Arc::new(given.clone()));
    let caller = Caller { actor: "you".into(), ..Caller::default() };
    d.server.handle(&caller, request, d.now)
}

fn refused(answer: Result<Response, Status>) -> String {
    answer.map(|r| r.object).expect_err("no right").message
}

fn who(d: &mut Desk, given: &Credentials) -> Result<Value, Reason> {
    let review = value!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = send(d, given, to(Verb::Create, SELFSUBJECTREVIEWS).object(review));
    answer.map(|r| r.object["status"]["userInfo"].clone()).map_err(|s| s.reason)
}

fn of_token(token: &str) -> Credentials {
    Credentials { token: token.into(), ..Credentials::default() }
}

fn of_certificate(pem: &str) -> Credentials {
    Credentials { certificate: pem.into(), ..Credentials::default() }
}

/// Jane's certificate for the first 1,000 s, signed by an authority.
fn jane(authority: &Authority) -> String {
    authority.sign(Certificate {
        subject: Name(vec![(ORGANIZATION, "dev".into()), (COMMON_NAME, "jane".into())]),
        issuer: Name::default(),
        others: Others::default(),
        not_before: Time::EPOCH,
        not_after: Time::EPOCH + 1_000_000,
        serial: vec![5],
        key: x509::public_key(&[9; 32]),
        usages: vec!["client auth".into()],
        is_authority: false,
        key_id: Vec::new(),
    })
}

fn account_token(d: &mut Desk, namespace: &str, name: &str, spec: Value) -> String {
    let request = to(Verb::Create, SERVICEACCOUNTS).in_namespace(namespace).named(name).subresource("token");
    let body = value!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": (spec)});
    d.call(request.object(body)).expect("a token").object["status"]["token"].text().to_owned()
}

fn with_accounts() -> Desk {
    let mut d = Desk::new();
    for namespace in ["default", "kube-system"] {
        let account = value!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": (namespace)}
        });
        d.create(account).expect("an account");
    }
    d
}

#[test]
fn one_proof_that_holds_is_enough_and_none_is_anonymous() {
    let mut d = with_accounts();
    let robot = account_token(&mut d, "default", "robot", value!({}));
    let vault = account_token(&mut d, "default", "robot", value!({"audiences": ["vault"]}));
    let (own, other) = (Authority::simulated(), Authority { secret: [3; 32], ..Authority::simulated() });
    let both = |pem: &str, token: &str| Credentials { certificate: pem.into(), token: token.into() };
    let robots = Ok("system:serviceaccount:default:robot");
    let no = Err(Reason::Unauthorized);
    let table = [
        (Credentials::default(), Ok("system:anonymous")),
        (of_certificate(x509::ADMINISTRATOR_CERTIFICATE), Ok("kubernetes-admin")),
        (of_certificate(&jane(&own)), Ok("jane")),
        (of_certificate(&jane(&other)), no),
        (of_certificate("nonsense"), no),
        (of_certificate(x509::ADMINISTRATOR_KEY), no),
        (of_token(&robot), robots),
        (of_token(&vault), no),
        (of_token("nonsense"), no),
        (of_token("a.b.c"), no),
        (both(&jane(&own), "nonsense"), Ok("jane")),
        (both(&jane(&own), &robot), Ok("jane")),
        (both(&jane(&other), &robot), robots),
    ];
    for (given, expected) in table {
        let found = d.server.authenticate(&given, d.now).map(|c| c.user);
        assert_eq!(found.as_deref().map_err(|s| s.reason), expected, "{given:?}");
    }
}

#[test]
fn proofs_end_with_their_time() {
    let mut d = with_accounts();
    let robot = of_token(&account_token(&mut d, "default", "robot", value!({"expirationSeconds": 600})));
    let jane = of_certificate(&jane(&Authority::simulated()));
    for (seconds, token, certificate) in
        [(1, true, true), (599, true, true), (700, false, true), (1001, false, false)]
    {
        d.now = Time::EPOCH + seconds * 1000;
        assert_eq!(who(&mut d, &robot).is_ok(), token, "token after {seconds} s");
        assert_eq!(who(&mut d, &jane).is_ok(), certificate, "certificate after {seconds} s");
    }
}

#[test]
fn what_is_told_of_a_user() {
    let mut d = with_accounts();
    let info = who(&mut d, &of_certificate(&jane(&Authority::simulated()))).expect("known");
    assert_eq!(info["groups"], value!(["dev", "system:authenticated"]));
    let id = info["extra"]["authentication.kubernetes.io/credential-id"][0].text().to_owned();
    assert!(id.starts_with("X509SHA256=") && id.len() == 75, "{id}");
    let token = account_token(&mut d, "default", "robot", value!({}));
    let info = who(&mut d, &of_token(&token)).expect("known");
    let account = d.server.get("serviceaccounts", "default", "robot").expect("there").uid().to_owned();
    assert_eq!(info["uid"], account.as_str());
    assert_eq!(
        info["groups"],
        value!(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"])
    );
    let nobody = d.server.authenticate(&Credentials::default(), d.now).expect("anonymous");
    assert_eq!(
        (nobody.user.as_str(), &nobody.groups[..]),
        ("system:anonymous", &["system:unauthenticated".into()][..])
    );
}

#[test]
fn who_proved_it_has_the_rights_given_and_no_others() {
    let mut d = with_accounts();
    let jane = of_certificate(&jane(&Authority::simulated()));
    let system = of_token(&account_token(&mut d, "kube-system", "robot", value!({})));
    let pods = || to(Verb::List, PODS).in_namespace("default");
    let cannot = |user: &str, verb: &str, what: &str| {
        format!(
            "{what} is forbidden: User \"{user}\" cannot {verb} resource \"{what}\" in API group \"\" in the namespace \"default\""
        )
    };
    assert_eq!(refused(send(&mut d, &jane, pods())), cannot("jane", "list", "pods"));
    let account = "system:serviceaccount:kube-system:robot";
    let secrets = to(Verb::List, SECRETS).in_namespace("default");
    assert_eq!(refused(send(&mut d, &system, secrets)), cannot(account, "list", "secrets"));
    let anonymous = refused(send(&mut d, &Credentials::default(), Request::raw("/apis")));
    assert_eq!(anonymous, "forbidden: User \"system:anonymous\" cannot get path \"/apis\"");
    send(&mut d, &Credentials::default(), Request::raw("/version")).expect("for everybody");
    let mut watch = to(Verb::Watch, PODS).in_namespace("default");
    watch.options.credentials = Some(Arc::new(jane.clone()));
    let opened = d.server.open_watch(&Caller::default(), watch, d.now);
    assert_eq!(
        opened.map(|_| ()).expect_err("no right").message,
        cannot("jane", "list", "pods").replace("cannot list", "cannot watch")
    );
    let mut log = to(Verb::Get, PODS).in_namespace("default").named("web").subresource("log");
    log.options.credentials = Some(Arc::new(jane));
    let refused = d.server.check_stream(&Caller::default(), &log, d.now).expect_err("no right");
    assert_eq!(
        refused.message,
        "pods \"web\" is forbidden: User \"jane\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"default\""
    );
}

#[test]
fn a_uid_and_more_are_impersonated_by_right() {
    let mut d = Desk::new();
    let admin = of_certificate(x509::ADMINISTRATOR_CERTIFICATE);
    let as_bob = |more: bool| {
        let mut r = to(Verb::Create, SELFSUBJECTREVIEWS)
            .object(value!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}));
        let mut whom = Impersonation { user: "bob".into(), ..Impersonation::default() };
        if more {
            whom.identity.uid = "7".into();
            whom.identity.extra = vec![("scopes".into(), vec!["view".into()])];
        }
        r.options.impersonate = Some(Arc::new(whom));
        r
    };
    let told = send(&mut d, &admin, as_bob(true)).expect("may").object["status"]["userInfo"].clone();
    assert_eq!(
        told,
        value!({"username": "bob", "uid": "7", "groups": ["system:authenticated"], "extra": {"scopes": ["view"]}})
    );
    let role = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "as-users"},
        "rules": [{"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}]
    });
    let binding = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "as-users"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "as-users"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}]
    });
    d.create(role).expect("a role");
    d.create(binding).expect("a binding");
    let jane = of_certificate(&jane(&Authority::simulated()));
    send(&mut d, &jane, as_bob(false)).expect("may");
    assert_eq!(
        refused(send(&mut d, &jane, as_bob(true))),
        "userextras/scopes.authentication.k8s.io \"view\" is forbidden: User \"jane\" cannot impersonate resource \"userextras/scopes\" in API group \"authentication.k8s.io\" at the cluster scope"
    );
}
