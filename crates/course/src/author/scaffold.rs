//! A new lesson that passes `check` from its first minute, and the seal on a translation.

use super::form::Folder;
use super::{Files, Problem};

const LESSON: &str = r#"slug: SLUG
number: 9000
level: beginner
part: start
learned:
  en: You can run two replicas of a program.
  ko: 프로그램을 레플리카 두 개로 실행할 수 있습니다.
minutes: 5
prerequisites: []
cluster: {workers: 3, control_plane: true, seed: 1}

steps:
  - id: create
    goals:
      - id: running
        text:
          en: Two Pods with the label `app=hello` are Ready
          ko: "`app=hello` 레이블이 붙은 파드 두 개가 준비됩니다"
        want: {count: {of: pods, selector: app=hello, ready: true, at_least: 2}}
    feedback:
      - id: one-replica
        when: {field: {of: deployments, name: hello, path: spec.replicas, equals: 1}}
        text:
          en: "The Deployment asks for one replica: its field `spec.replicas` says so."
          ko: "디플로이먼트가 레플리카 하나만 요청하고 있습니다. `spec.replicas` 필드를 보면 알 수 있습니다."
    solution:
      - kubectl create deployment hello --image=nginx:1.28 --replicas=2

wrong:
  - step: create
    run: [kubectl create deployment hello --image=nginx:1.28]
    feedback: one-replica
"#;

const EN: &str = "# A new lesson

What the lesson is about, in two or three sentences.

## Two Pods {#create}

What to do, and why. A command that a click runs:

```sh run
kubectl get nodes
```

### Hint {.hint}

Look at `kubectl create deployment --help`.
";

const KO: &str = "# 새 과제

무엇을 배우는 과제인지 두세 문장으로 적습니다.

## 파드 두 개 {#create}

무엇을 왜 하는지 적습니다. 누르면 실행되는 명령은 이렇게 씁니다.

```sh run
kubectl get nodes
```

### 힌트 {.hint}

`kubectl create deployment --help`를 살펴봅니다.
";

/// The files of a new lesson.
///
/// # Errors
/// When the slug is none, or is taken.
pub fn new_lesson(files: &Files, slug: &str) -> Result<Files, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || !slug.chars().all(plain) || slug.starts_with('-') || slug.ends_with('-') {
        return Err(format!("{slug:?} is no slug: small letters, digits and single hyphens between them"));
    }
    if super::slugs(files).iter().any(|s| s == slug) {
        return Err(format!("the lesson {slug} exists already"));
    }
    let path = |name: &str| format!("{slug}/{name}");
    let mut new = Files::new();
    new.insert(path("lesson.yaml"), LESSON.replace("SLUG", slug));
    new.insert(path("en.md"), EN.to_owned());
    new.insert(path("ko.md"), KO.to_owned());
    if let Ok(sealed) = accept(&new, slug) {
        new.insert(path("ko.md"), sealed);
    }
    Ok(new)
}

/// ko.md, with the hashes that say it is a translation of en.md as it is now.
///
/// # Errors
/// What keeps the lesson from being read.
pub fn accept(files: &Files, slug: &str) -> Result<String, Vec<Problem>> {
    Folder::read(files, slug).map(|folder| folder.accepted())
}
