use super::*;
use crate::{Attempt, Block, Lang, Lesson, Span, index};

/// A whole lesson, small: what `wheelhouse new lesson` makes.
fn good() -> Files {
    new_lesson(&Files::new(), "hello").unwrap_or_default()
}

fn edited(file: &str, from: &str, to: &str) -> Files {
    let mut files = good();
    let text = files.get(file).cloned().unwrap_or_default();
    assert!(text.contains(from), "{file} has no {from:?}");
    files.insert(file.to_owned(), text.replacen(from, to, 1));
    files
}

/// The same with the translation sealed anew: what is wrong then is not staleness.
fn edited_both(from: &str, to: &str) -> Files {
    let mut files = edited("hello/en.md", from, to);
    let korean = files["hello/ko.md"].replacen(from, to, 1);
    files.insert("hello/ko.md".into(), korean);
    if let Ok(sealed) = accept(&files, "hello") {
        files.insert("hello/ko.md".into(), sealed);
    }
    files
}

fn problems(files: &Files) -> Vec<String> {
    check(files, "hello").iter().map(ToString::to_string).collect()
}

#[test]
fn a_new_lesson_passes() {
    assert_eq!(problems(&good()), Vec::<String>::new());
    for bad in ["", "Hello", "a b", "-a", "a/b"] {
        assert!(new_lesson(&Files::new(), bad).is_err(), "{bad}");
    }
    assert!(new_lesson(&good(), "hello").is_err());
}

const YAML: &str = "hello/lesson.yaml";
/// The one goal of the lesson that [`good`] makes.
const WANT: &str = "{count: {of: pods, selector: app=hello, ready: true, at_least: 2}}";

#[test]
fn lesson_yaml_broken_in_each_way_names_the_place() {
    let table = [
        ("minutes: 5", "minutes: [5", "hello/lesson.yaml:"),
        ("level: beginner", "level: beginner\nlevel: beginner", "hello/lesson.yaml:4:1"),
        ("minutes: 5", "minuets: 5", "hello/lesson.yaml:8:1: minuets: unknown field"),
        ("minutes: 5", "minutes: five", "lesson.yaml:8:1: minutes: a whole number is wanted, not a text"),
        ("slug: hello", "slug: hullo", "lesson.yaml:1:1: slug: the slug is the folder's name"),
        ("level: beginner", "level: easy", "lesson.yaml:3:1: level: level is beginner"),
        ("count: {of: pods", "cuont: {of: pods", "lesson.yaml:19:16: steps[0].goals[0].want.cuont: no check"),
        ("part: start", "part: nowhere", "lesson.yaml:4:1: part: a part is one of start"),
        ("  en: You can run", "  e: You can run", "learned: what one can do after the lesson is wanted"),
        (WANT, "{log: {selector: app=hello}}", "want.log: contains or equals is wanted"),
        (WANT, "{log: {name: a, contains: b, equals: c}}", "want.log.equals: one of contains and equals"),
        (WANT, "{file: {name: a, contains: b}}", "want.file: path is missing"),
        (WANT, "{answer: {url: web}}", "want.answer.url: an address such as"),
        (WANT, "{right: {user: a, verb: b}}", "want.right: resource is missing"),
        (WANT, "{output: {run: ls, contain: x}}", "want.output.contain: unknown field"),
        (
            WANT,
            "{lab: {fact: nonsense, at_least: 1}}",
            "want.lab.fact: the host lab has no fact \"nonsense\"; there are open",
        ),
        (WANT, "{lab: {fact: guest., at_least: 1}}", "want.lab.fact: the host lab has no fact"),
        (WANT, "{lab: {fact: guests}}", "want.lab: exactly one of equals"),
        (WANT, "{lab: {fact: guests, at_least: many}}", "want.lab.at_least: a whole number"),
        ("of: pods", "of: pots", "lesson.yaml:19:24: steps[0].goals[0].want.count.of: no resource"),
        ("selector: app=hello", "selector: app=(", "steps[0].goals[0].want.count"),
        ("selector: app=hello", "selecter: app=hello", "want.count.selecter: unknown field"),
        ("at_least: 2", "", "steps[0].goals[0].want.count: exactly one of at_least"),
        ("path: spec.replicas", "path: spec..replicas", "is no path such as"),
        ("seed: 1", "seed: one", "cluster.seed: a whole number"),
        ("workers: 3", "workers: 1000", "cluster.workers: 1000 is not between"),
        ("prerequisites: []", "prerequisites: [nowhere]", "prerequisites[0]: no lesson is called nowhere"),
        ("en: Two Pods with", "eng: Two Pods with", "steps[0].goals[0].text"),
        ("id: create", "id: make", "lesson.yaml:13:5: steps[0].id: en.md has no section {#make}"),
        ("id: create", "id: make", "ko.md:10:1: no step of lesson.yaml is called \"create\""),
        ("step: create", "step: make", "wrong[0].step: no step is called so"),
        ("feedback: one-replica", "feedback: two", "this step has no feedback that is called so"),
        ("feedback: one-replica", "feedback: two", "steps[0].feedback[0]: no wrong attempt proves this"),
        ("run: [", "tun: [", "unknown field \"tun\""),
    ];
    for (from, to, wanted) in table {
        let found = problems(&edited(YAML, from, to));
        assert!(found.iter().any(|p| p.contains(wanted)), "{to}: {found:#?}");
    }
}

#[test]
fn a_lesson_that_does_not_hold_what_it_promises_is_found_out() {
    let solution = "--image=nginx:1.28 --replicas=2";
    let table = [
        ("ready: true, at_least: 2", "at_most: 2", "met before the learner has done anything"),
        (
            solution,
            "--image=nginx:1.28 --replicas=1",
            "does not meet the goals in 300 s (running: 1 of 2 pods",
        ),
        (
            "steps:",
            "start: [kubectl get nothing]\nsteps:",
            "start[0]: this command of the start ends with exit code 1",
        ),
        (solution, "--image=nginx:1.28 --relpicas=2", "this command of the solution ends with exit code 1"),
        ("run: [kubectl create", "run: [kubectl get nodes, kubectl create", ""),
        (
            "run: [kubectl create deployment hello --image=nginx:1.28]",
            "run: [kubectl get nodes]",
            "never gets the feedback",
        ),
        ("nginx:1.28]", "nginx:1.28 --replicas=3]", "this wrong attempt solves the step"),
        (
            "path: spec.replicas, equals: 1",
            "path: spec.replicas, equals: 7",
            "wrong[0]: this wrong attempt never gets",
        ),
    ];
    for (from, to, wanted) in table {
        let found = problems(&edited(YAML, from, to));
        let as_wanted =
            if wanted.is_empty() { found.is_empty() } else { found.iter().any(|p| p.contains(wanted)) };
        assert!(as_wanted, "{to}: {found:#?}");
    }
}

#[test]
fn prose_broken_in_each_way_names_the_place() {
    let table = [
        (
            "kubectl get nodes",
            "kubectl get nudes",
            "en.md:10:1: the command shown here ends with exit code 1",
        ),
        ("kubectl get nodes", "kubectl get pods -w", "en.md:9:1: the command shown here does not end"),
        (" {#create}", "", "en.md:5:1: a step's heading ends in its id"),
        ("# ", "", "the lesson's title is missing"),
        ("```sh run", "```sh nur", "\"nur\" is not known here"),
        ("```sh run", "![a](b.png)\n\n```sh run", "a lesson can't show this: an image"),
        ("```sh run", "<b>no</b>\n\n```sh run", "a lesson can't show this: HTML"),
        ("```sh run", "- a\n  - b\n\n```sh run", "a list inside a list"),
        ("```sh run", "**\"a\"**은\n\n```sh run", "a * that marks nothing"),
        ("```sh run", "[a](javascript:b)\n\n```sh run", "a link begins with https"),
        ("```sh run", "```yaml file=web.yaml\n```\n\n```sh run", "the lesson has no file web.yaml"),
    ];
    for (from, to, wanted) in table {
        let found = problems(&edited_both(from, to));
        let wanted = wanted.split(": ").last().unwrap_or_default();
        assert!(found.iter().any(|p| p.contains(wanted)), "{to}: {found:#?}");
    }
    assert!(
        problems(&edited_both("kubectl get nodes", "kubectl get nudes"))[0].starts_with("hello/en.md:9:1: ")
    );
}

#[test]
fn languages_that_are_not_level_are_found_out() {
    let table = [
        ("hello/ko.md", "kubectl get nodes", "kubectl get pods", "the commands to run of section \"create\""),
        ("hello/ko.md", "### 힌트 {.hint}", "### 힌트", "the hints of section \"create\""),
        ("hello/en.md", "What to do", "What to see", "ko.md:10:1: the translation of \"create\" is stale"),
        ("hello/en.md", "What the lesson", "What this lesson", "the translation of \"intro\" is stale"),
        ("hello/ko.md", "source:", "surce:", "is stale"),
        (
            "hello/ko.md",
            "\n## ",
            "\n## 하나 더 {#more}\n\n글.\n\n## ",
            "no step of lesson.yaml is called \"more\"",
        ),
    ];
    for (file, from, to, wanted) in table {
        let found = problems(&edited(file, from, to));
        assert!(found.iter().any(|p| p.contains(wanted)), "{to}: {found:#?}");
    }
    for file in ["hello/ko.md", "hello/en.md", "hello/lesson.yaml"] {
        let mut files = good();
        files.remove(file);
        assert!(problems(&files).contains(&format!("{file}:1:1: this file is missing")));
    }
}

#[test]
fn a_question_has_one_right_answer() {
    let question = "    question:\n      text: {en: \"Why?\", ko: \"왜?\"}\n      options:\n        \
         - {id: a, right: true, text: {en: A, ko: 가}, explain: {en: A, ko: 가}}\n        \
         - {id: b, text: {en: B, ko: 나}, explain: {en: B, ko: 나}}\n    goals:";
    let with = |question: &str, answer: &str| {
        let mut files = edited(YAML, "    goals:", question);
        let text =
            files[YAML].replacen("    solution:", &format!("    solution:\n      - answer: {answer}"), 1);
        files.insert(YAML.into(), text);
        problems(&files)
    };
    assert_eq!(with(question, "a"), Vec::<String>::new());
    assert!(with(question, "c")[0].contains("this step's question has no option \"c\""));
    assert!(with(&question.replace("right: true, ", ""), "a")[0].contains("of which one is right"));
    assert!(with(&question.replace("id: b", "id: b, right: true"), "a")[0].contains("of which one is right"));
    assert!(
        with(&question.replace("ko: 나}, explain", "k: 나}, explain"), "a")[0].contains("both languages")
    );
    // The step is not done while the question is open.
    let unanswered = problems(&edited(YAML, "    goals:", question));
    assert!(unanswered[0].contains("the question is not answered"), "{unanswered:?}");
}

#[test]
fn a_broken_lesson_leaves_the_others_standing() {
    let mut files = good();
    let copy = new_lesson(&files, "other").unwrap_or_default();
    files.extend(copy);
    files.insert("other/lesson.yaml".into(), "slug: [".into());
    let packed = pack(&files);
    let names: Vec<&str> = packed.files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "hello.en.json",
            "hello.ko.json",
            "learned.en.json",
            "glossary.en.json",
            "learned.ko.json",
            "glossary.ko.json",
            "index.json"
        ]
    );
    assert!(packed.problems.iter().all(|p| p.file == "other/lesson.yaml"));
    let list = objects::json::parse(&packed.files[6].1).unwrap_or_default();
    let entries = index::from_json(&list).unwrap_or_default();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].title(Lang::En).as_str(), entries[0].title(Lang::Ko).as_str()),
        ("A new lesson", "새 과제")
    );
}

#[test]
fn a_packed_lesson_is_in_one_language_and_complete() {
    let packed = pack(&good());
    for (lang, title) in [(Lang::En, "Two Pods"), (Lang::Ko, "파드 두 개")] {
        let name = format!("hello.{}.json", lang.code());
        let (_, text) = packed.files.iter().find(|(n, _)| *n == name).unwrap_or(&packed.files[0]);
        assert!(!text.contains("wrong") && !text.contains("\"number\""), "{text}");
        let lesson = Lesson::from_json(&objects::json::parse(text).unwrap_or_default())
            .unwrap_or_else(|e| panic!("{e}"));
        let step = &lesson.steps[0];
        assert_eq!((lesson.lang, step.title.as_str()), (lang, title));
        assert_eq!(
            (step.goals.len(), step.hints.len(), step.feedback.len(), step.solution.len()),
            (1, 1, 1, 1)
        );
        assert!(
            matches!(&step.blocks[1], Block::Code(code) if code.runs && code.text == "kubectl get nodes\n")
        );
    }
}

const GLOSSARY: &str = "- id: pod
  term: {en: Pod, ko: 파드}
  also: {en: [Pods]}
  text: {en: Containers with one address., ko: 주소가 같은 컨테이너 묶음입니다.}
  lesson: hello
- id: node
  term: {en: node, ko: 노드}
  also: {en: [nodes]}
  text: {en: A machine of the cluster., ko: 클러스터의 머신입니다.}
- id: node-port
  term: {en: node port, ko: 노드포트}
  text: {en: A port on all nodes., ko: 모든 노드의 포트입니다.}
";

#[test]
fn the_first_mention_of_a_word_leads_to_the_glossary() {
    let sentence = "Podman is no Pod; Pods and a node port, on a `node`, on nodes, of a Pod.";
    let korean = "파드맨은 *파드*가 아닙니다. 노드포트는 노드마다 있고, 파드도 노드에 있습니다.";
    let mut files = edited("hello/en.md", "### Hint", &format!("{sentence}\n\n### Hint"));
    let ko = files["hello/ko.md"].replacen("### 힌트", &format!("{korean}\n\n### 힌트"), 1);
    files.insert("hello/ko.md".into(), ko);
    files.insert("glossary.yaml".into(), GLOSSARY.into());
    let packed = pack(&files);
    assert_eq!(packed.problems, []);
    let linked = |name: &str| {
        let (_, text) = packed.files.iter().find(|(n, _)| n == name).unwrap_or(&packed.files[0]);
        let lesson = Lesson::from_json(&objects::json::parse(text).unwrap_or_default());
        let lesson = lesson.unwrap_or_else(|e| panic!("{e}"));
        let blocks = lesson.summary.iter().chain(&lesson.steps[0].blocks);
        let spans = blocks.flat_map(|b| if let Block::Paragraph(s) = b { s.clone() } else { vec![] });
        let links = spans.filter_map(|s| {
            if let Span::Link { text, to } = s { Some(format!("{text}>{to}")) } else { None }
        });
        links.collect::<Vec<_>>()
    };
    let ids = |links: Vec<String>| {
        let mut ids: Vec<String> =
            links.iter().filter_map(|l| Some(l.split_once('=')?.1.to_owned())).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(linked("hello.en.json")), ["node", "node-port", "pod"]);
    assert_eq!(ids(linked("hello.ko.json")), ["node", "node-port", "pod"]);
    let (_, text) = packed.files.iter().find(|(n, _)| n == "glossary.ko.json").unwrap_or(&packed.files[0]);
    let terms = crate::glossary::from_json(&objects::json::parse(text).unwrap_or_default());
    let terms = terms.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(terms.len(), 3);
    let pod = crate::glossary::linked(&terms, "#glossary=pod").cloned();
    assert_eq!(pod.map(|t| (t.other, t.lesson)), Some(("Pod".into(), "hello".into())));
}

#[test]
fn a_glossary_broken_in_each_way_names_the_place() {
    let table = [
        ("id: node\n", "id: pod\n", "glossary.yaml:6:", "two words are called \"pod\""),
        ("ko: 노드}", "ko: ''}", "glossary.yaml:7:", "a text in both languages is wanted"),
        ("lesson: hello", "lesson: nothing", "glossary.yaml:5:", "no lesson is called nothing"),
        ("also: {en: [nodes]}", "alos: {en: [nodes]}", "glossary.yaml:8:", "unknown field"),
        ("- id: pod", "- id: [pod", "glossary.yaml:", "did not find expected"),
    ];
    for (from, to, place, wanted) in table {
        assert!(GLOSSARY.contains(from), "{from}");
        let mut files = good();
        files.insert("glossary.yaml".into(), GLOSSARY.replacen(from, to, 1));
        let found: Vec<String> = super::check_course(&files).iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|p| p.starts_with(place) && p.contains(wanted)), "{to}: {found:?}");
        assert!(!pack(&files).problems.is_empty());
    }
}

#[test]
fn lessons_that_do_not_fit_together_are_found_out() {
    let mut files = good();
    files.extend(new_lesson(&files, "other").unwrap_or_default());
    let found: Vec<String> = super::check_course(&files).iter().map(ToString::to_string).collect();
    assert!(found.iter().any(|p| p.contains("hello has the number 9000 too")), "{found:?}");
    let later = files["other/lesson.yaml"].replace("number: 9000", "number: 9001");
    files.insert("other/lesson.yaml".into(), later);
    assert_eq!(super::check_course(&files), []);
    let circle = files["hello/lesson.yaml"].replace("prerequisites: []", "prerequisites: [other]");
    files.insert("hello/lesson.yaml".into(), circle);
    let found: Vec<String> = super::check_course(&files).iter().map(ToString::to_string).collect();
    assert!(found.iter().any(|p| p.contains("other comes later in the course")), "{found:?}");
}

fn packed_lesson(lang: Lang) -> std::rc::Rc<Lesson> {
    let name = format!("hello.{}.json", lang.code());
    let packed = pack(&good());
    let text = packed.files.iter().find(|(n, _)| *n == name).map(|(_, t)| t.clone()).unwrap_or_default();
    let value = objects::json::parse(&text).unwrap_or_default();
    std::rc::Rc::new(Lesson::from_json(&value).unwrap_or_else(|e| panic!("{e}")))
}

#[test]
fn an_attempt_says_what_is_missing_as_it_goes() {
    for (lang, none, one) in [
        (Lang::En, "There is no pod with app=hello yet", "1 of 2 pods with app=hello is Ready"),
        (Lang::Ko, "app=hello 파드가 아직 없습니다", "app=hello 파드 2개 중 1개가 준비됐습니다"),
    ] {
        let mut player = Player::at(packed_lesson(lang), 0);
        assert_eq!(player.attempt.report()[0].missing.as_deref(), Some(none));
        player.run("kubectl create deployment hello --image=nginx:1.28");
        assert!(player.wait(|a| a.report()[0].progress == Some((1, 2))));
        assert_eq!(player.attempt.report()[0].missing.as_deref(), Some(one));
        assert_eq!(player.attempt.feedback().count(), 1);
        assert!(!player.attempt.step_done());
        player.run("kubectl scale deployment hello --replicas=2");
        assert!(player.wait(Attempt::lesson_done));
        assert_eq!(player.attempt.report()[0].missing, None);
        assert_eq!(player.attempt.feedback().count(), 0);
    }
}

#[test]
fn progress_outlives_a_reload_and_a_change_of_language() {
    let mut player = Player::at(packed_lesson(Lang::En), 0);
    assert!(player.attempt.hint() && !player.attempt.hint());
    assert!(player.attempt.translate(packed_lesson(Lang::Ko)));
    assert_eq!(player.attempt.current().title, "파드 두 개");
    player.run("kubectl create deployment hello --image=nginx:1.28 --replicas=2");
    assert!(player.wait(Attempt::step_done));
    let saved = objects::json::to_string(&player.attempt.save());
    let saved = objects::json::parse(&saved).unwrap_or_default();
    let fresh = Player::at(packed_lesson(Lang::En), 0);
    let restored = Attempt::restored(packed_lesson(Lang::En), &saved, &fresh.cluster);
    assert_eq!((restored.lesson_done(), restored.hints_shown()), (true, 1));
    for broken in ["null", "{}", r#"{"slug": "hello", "at": 7, "steps": [1]}"#] {
        let value = objects::json::parse(broken).unwrap_or_default();
        assert!(!Attempt::restored(packed_lesson(Lang::En), &value, &fresh.cluster).lesson_done());
    }
}

/// What an attempt at one goal says after some commands and some time, in English and Korean.
fn said(want: &str, commands: &[&str], seconds: i64) -> [String; 2] {
    Lang::ALL.map(|lang| {
        let packed = pack(&edited(YAML, WANT, want));
        assert!(packed.problems.is_empty(), "{:?}", packed.problems);
        let (_, text) = &packed.files[usize::from(lang == Lang::Ko)];
        let value = objects::json::parse(text).unwrap_or_default();
        let lesson = Lesson::from_json(&value).unwrap_or_else(|e| panic!("{e}"));
        let mut player = Player::at(std::rc::Rc::new(lesson), 0);
        for command in commands {
            player.run(command);
        }
        player.cluster.advance(seconds * 1000);
        player.observe();
        let report = player.attempt.report().swap_remove(0);
        let lost = if report.lost { "LOST " } else { "" };
        if report.met { "met".to_owned() } else { format!("{lost}{}", report.missing.unwrap_or_default()) }
    })
}

const CREATE: &str = "kubectl create deployment web --image=nginx:1.28 --replicas=3";

#[test]
fn each_kind_of_goal_says_what_is_missing_and_is_met() {
    const DELETE: &str = "kubectl delete --wait=false \"$(kubectl get pods -o name | head -n 1)\"";
    let table: &[(&str, &[&str], i64, &str, &str)] = &[
        (
            "{exists: {of: deployments, name: web}}",
            &[],
            0,
            "Deployment web does not exist yet",
            "디플로이먼트 web이 아직 없습니다",
        ),
        ("{exists: {of: deployments, name: web}}", &[CREATE], 0, "met", "met"),
        (
            "{absent: {of: deploy, name: web}}",
            &[CREATE],
            0,
            "Deployment web still exists",
            "디플로이먼트 web이 아직 있습니다",
        ),
        ("{absent: {of: pods}}", &[CREATE], 30, "3 pods still exist", "파드 3개가 아직 있습니다"),
        ("{count: {of: po, at_least: 5}}", &[CREATE], 30, "3 of 5 pods exist", "파드 5개 중 3개가 있습니다"),
        (
            "{count: {of: po, ready: true, exactly: 2}}",
            &[CREATE],
            30,
            "There are 3 Ready pods; exactly 2 may be there",
            "준비된 파드가 3개입니다. 2개여야 합니다",
        ),
        ("{count: {of: nodes, ready: true, at_least: 4}}", &[], 0, "met", "met"),
        (
            "{count: {of: po, namespace: shop, at_least: 1}}",
            &[CREATE],
            30,
            "There is no pod in namespace shop yet",
            "shop 네임스페이스의 파드가 아직 없습니다",
        ),
        (
            "{field: {of: deploy, name: web, path: spec.replicas, equals: 5}}",
            &[CREATE],
            0,
            "spec.replicas of Deployment web is 3; 5 is wanted",
            "디플로이먼트 web의 spec.replicas가 3입니다. 5여야 합니다",
        ),
        ("{field: {of: deploy, name: web, path: spec.replicas, at_least: 3}}", &[CREATE], 0, "met", "met"),
        (
            "{field: {of: deploy, name: web, path: spec.paused, equals: true}}",
            &[CREATE],
            0,
            "spec.paused of Deployment web is not set; true is wanted",
            "디플로이먼트 web의 spec.paused가 비어 있습니다. true여야 합니다",
        ),
        (
            "{condition: {of: deploy, name: web, type: Available}}",
            &[CREATE],
            0,
            "Deployment web is not Available yet",
            "디플로이먼트 web이 아직 Available 상태가 아닙니다",
        ),
        ("{condition: {of: deploy, name: web, type: Available}}", &[CREATE], 30, "met", "met"),
        (
            "{rollout: {of: deploy, name: web, image: 'nginx:1.29'}}",
            &[CREATE],
            30,
            "The template of Deployment web says image nginx:1.28; nginx:1.29 is wanted",
            "디플로이먼트 web 템플릿의 이미지가 nginx:1.28입니다. nginx:1.29여야 합니다",
        ),
        (
            "{rollout: {of: deploy, name: web}}",
            &[CREATE],
            0,
            "0 of 3 replicas of Deployment web are updated and available",
            "디플로이먼트 web의 레플리카 3개 중 0개가 새 리비전으로 준비됐습니다",
        ),
        ("{rollout: {of: deploy, name: web}}", &[CREATE], 30, "met", "met"),
        (
            "{event: {reason: ScalingReplicaSet}}",
            &[],
            0,
            "No ScalingReplicaSet event has come yet",
            "ScalingReplicaSet 이벤트가 아직 없습니다",
        ),
        ("{event: {reason: ScalingReplicaSet, kind: Deployment, name: web}}", &[CREATE], 1, "met", "met"),
        (
            "{command: kubectl get nodes}",
            &[],
            0,
            "`kubectl get nodes` has not been run yet",
            "`kubectl get nodes` 명령을 아직 실행하지 않았습니다",
        ),
        (
            "{command: kubectl get pod nothing}",
            &["kubectl get pod nothing"],
            0,
            "`kubectl get pod nothing` has run, but ended with exit code 1",
            "`kubectl get pod nothing` 명령이 실행됐지만 종료 코드 1로 끝났습니다",
        ),
        (
            "{command: {words: kubectl get pod nothing, exit: 1}}",
            &["kubectl get pod nothing"],
            0,
            "met",
            "met",
        ),
        (
            "{deleted: {of: pods, selector: app=web}}",
            &[CREATE],
            30,
            "No pod with app=web has been deleted yet",
            "app=web 파드를 아직 지우지 않았습니다",
        ),
        ("{deleted: {of: pods, selector: app=web}}", &[CREATE, "sleep 30", DELETE], 0, "met", "met"),
        (
            "{deleted: {of: pods, by: kube-scheduler}}",
            &[CREATE, "sleep 30", DELETE],
            30,
            "No pod has been deleted yet",
            "파드를 아직 지우지 않았습니다",
        ),
        ("{replaced: {of: pods, selector: app=web}}", &[CREATE, "sleep 30", DELETE], 30, "met", "met"),
        (
            "{all: [{exists: {of: deploy}}, {exists: {of: sts}}]}",
            &[CREATE],
            0,
            "There is no StatefulSet yet",
            "스테이트풀셋이 아직 없습니다",
        ),
        ("{any: [{exists: {of: deploy}}, {exists: {of: sts}}]}", &[CREATE], 0, "met", "met"),
        (
            "{not: {exists: {of: deploy, name: web}}}",
            &[CREATE],
            0,
            "Deployment web still exists",
            "디플로이먼트 web이 아직 있습니다",
        ),
        ("{within: {time: 60s, want: {exists: {of: deploy}}}}", &[CREATE], 90, "met", "met"),
        (
            "{within: {time: 60s, want: {exists: {of: sts}}}}",
            &[],
            90,
            "LOST It took longer than 60 s. Start this step again for another try",
            "LOST 60초를 넘겼습니다. 이 단계를 다시 시작하면 새로 잴 수 있습니다",
        ),
        (
            "{within: {time: 30s, want: {count: {of: po, ready: true, exactly: 2}}, after: {command: kubectl scale}}}",
            &[CREATE, "sleep 90"],
            0,
            "`kubectl scale` has not been run yet",
            "`kubectl scale` 명령을 아직 실행하지 않았습니다",
        ),
        (
            "{within: {time: 30s, want: {count: {of: po, ready: true, exactly: 2}}, after: {command: kubectl scale}}}",
            &[CREATE, "sleep 90", "kubectl scale deploy web --replicas=2"],
            20,
            "met",
            "met",
        ),
        (
            "{within: {time: 30s, want: {count: {of: po, ready: true, exactly: 5}}, after: {deleted: {of: pods}}}}",
            &[CREATE, "sleep 90", DELETE],
            40,
            "LOST It took longer than 30 s. Start this step again for another try",
            "LOST 30초를 넘겼습니다. 이 단계를 다시 시작하면 새로 잴 수 있습니다",
        ),
        (
            "{exists: {of: po, selector: app=web, where: [{path: 'status.containerStatuses[0].restartCount', at_least: 1}]}}",
            &[CREATE],
            30,
            "There is no pod with app=web where status.containerStatuses[0].restartCount is 1 or more yet",
            "status.containerStatuses[0].restartCount가 1 이상인 app=web 파드가 아직 없습니다",
        ),
        (
            "{exists: {of: deploy, name: web, where: [{path: spec.paused, equals: true}]}}",
            &[CREATE],
            5,
            "spec.paused of Deployment web is not true yet",
            "디플로이먼트 web의 spec.paused가 아직 true가 아닙니다",
        ),
        (
            "{count: {of: po, selector: app=web, owner: none, exactly: 2}}",
            &[CREATE],
            30,
            "There is no pod with app=web without an owner yet",
            "주인 없는 app=web 파드가 아직 없습니다",
        ),
        (
            "{condition: {of: nodes, name: worker-1, type: Ready, status: Unknown}}",
            &[],
            0,
            "The condition Ready of node worker-1 is True; Unknown is wanted",
            "노드 worker-1의 Ready 조건이 True입니다. Unknown이어야 합니다",
        ),
        ("{once: {count: {of: po, ready: true, at_most: 0}}}", &[CREATE], 30, "met", "met"),
        ("{never: {want: {exists: {of: sts}}}}", &[CREATE], 30, "met", "met"),
        (
            "{always: {want: {count: {of: po, ready: true, at_least: 2}}, after: {count: {of: po, ready: true, at_least: 3}}}}",
            &[],
            0,
            "There is no pod yet",
            "파드가 아직 없습니다",
        ),
    ];
    for (want, commands, seconds, english, korean) in table {
        assert_eq!(said(want, commands, *seconds), [*english, *korean], "{want} {commands:?}");
    }
}

#[test]
fn goals_that_take_a_look_say_what_they_saw() {
    const WRITER: &str =
        "kubectl run w --image=busybox:1.36 -- sh -c 'echo ready > /tmp/state; echo hello; sleep 999'";
    const SERVER: &str = "kubectl run s --image=nginx:1.28 --port=80 --expose";
    let table: &[(&str, &[&str], i64, &str, &str)] = &[
        ("{log: {name: w, contains: hello}}", &[], 0, "Pod w does not exist yet", "파드 w가 아직 없습니다"),
        (
            "{log: {name: w, contains: bye}}",
            &[WRITER],
            20,
            "The log of pod w does not contain “bye”",
            "파드 w의 로그에 “bye”가 없습니다",
        ),
        ("{log: {name: w, contains: hello}}", &[WRITER], 20, "met", "met"),
        (
            "{never: {want: {log: {name: w, contains: hello}}, after: {count: {of: po, ready: true, at_least: 1}}}}",
            &[WRITER],
            20,
            "LOST The log of pod w contains “hello”, 20 s into this step. Start the step again for another try",
            "LOST 단계를 시작하고 20초 뒤: 파드 w의 로그에 “hello”가 나왔습니다. 이 단계를 다시 시작하면 새로 해 볼 수 있습니다",
        ),
        (
            "{file: {name: w, path: /tmp/state, equals: done}}",
            &[WRITER],
            20,
            "/tmp/state in pod w says “ready”; “done” is wanted",
            "파드 w의 /tmp/state 파일에 “ready”가 있습니다. “done”이어야 합니다",
        ),
        ("{file: {name: w, path: /tmp/state, equals: ready}}", &[WRITER], 20, "met", "met"),
        (
            "{file: {name: w, path: /tmp/nothing}}",
            &[WRITER],
            20,
            "Pod w has no file /tmp/nothing that can be read",
            "파드 w에서 /tmp/nothing 파일을 읽을 수 없습니다",
        ),
        (
            "{answer: {url: 'http://s/'}}",
            &[],
            0,
            "http://s/ does not answer: DNS knows no such name",
            "http://s/에서 답이 없습니다: DNS에 그런 이름이 없습니다",
        ),
        ("{answer: {url: 'http://s/', contains: Welcome}}", &[SERVER], 20, "met", "met"),
        (
            "{answer: {url: 'http://s/nothing'}}",
            &[SERVER],
            20,
            "http://s/nothing answers 404; 200 is wanted",
            "http://s/nothing의 응답이 404입니다. 200이어야 합니다",
        ),
        (
            "{right: {user: jane, verb: list, resource: pods}}",
            &[],
            0,
            "jane may not list pods in namespace default",
            "jane에게 default 네임스페이스의 pods에 대한 list 권한이 없습니다",
        ),
        (
            "{right: {user: jane, verb: list, resource: pods}}",
            &["kubectl create rolebinding v --clusterrole=view --user=jane"],
            5,
            "met",
            "met",
        ),
        (
            "{output: {run: 'kubectl get deploy -o name', contains: web}}",
            &[],
            0,
            "`kubectl get deploy -o name` does not print “web”",
            "`kubectl get deploy -o name` 명령의 출력에 “web”이 없습니다",
        ),
        ("{output: {run: 'kubectl get deploy -o name', contains: web}}", &[CREATE], 1, "met", "met"),
    ];
    for (want, commands, seconds, english, korean) in table {
        assert_eq!(said(want, commands, *seconds), [*english, *korean], "{want} {commands:?}");
    }
}

#[test]
fn goals_over_the_host_lab_are_met_and_say_what_is_missing() {
    let lab = |rest: &str| format!("{{lab: {{{rest}}}}}");
    let table: [(&str, &[&str], i64, [&str; 2]); 4] = [
        (
            "fact: guests.ready, at_least: 1",
            &["lab open machines", "lab run guest app"],
            10,
            ["Guests that are ready: 0; wanted: 1 or more", "준비된 게스트: 0. 필요한 값: 1 이상"],
        ),
        ("fact: guests.ready, at_least: 1", &["lab open machines", "lab run guest app"], 30, ["met", "met"]),
        (
            "fact: hand.lost, at_most: 0",
            &["lab open day"],
            0,
            [
                "Requests lost by hand: none yet; wanted: 0 or fewer",
                "손으로 돌볼 때 잃은 요청이 아직 없습니다. 필요한 값: 0 이하",
            ],
        ),
        (
            "fact: hand.lost, at_most: 0",
            &["lab open day", "lab place all 3", "lab play-day"],
            0,
            ["met", "met"],
        ),
    ];
    for (want, commands, seconds, wanted) in table {
        assert_eq!(said(&lab(want), commands, seconds), wanted, "{want}");
    }
}

#[test]
fn a_look_leaves_no_trace() {
    let want = "{answer: {url: 'http://s/nothing'}}";
    let packed = pack(&edited(YAML, WANT, want));
    let value = objects::json::parse(&packed.files[0].1).unwrap_or_default();
    let lesson = std::rc::Rc::new(Lesson::from_json(&value).unwrap_or_else(|e| panic!("{e}")));
    let log = |looks: usize| {
        let mut player = Player::at(lesson.clone(), 0);
        player.run("kubectl run s --image=nginx:1.28 --port=80 --expose");
        for _ in 0..looks {
            player.cluster.advance(30_000 / i64::try_from(looks).unwrap_or(1));
            player.attempt.observe(&player.cluster);
        }
        (player.cluster.log_hash(), player.run("kubectl logs s").output)
    };
    assert_eq!(log(1), log(20));
}

#[test]
fn what_must_always_hold_is_lost_for_good_until_the_step_starts_again() {
    let want = "{always: {want: {count: {of: po, ready: true, at_least: 2}}, after: {count: {of: po, ready: true, at_least: 3}}}}";
    let [english, korean] = said(want, &[CREATE, "sleep 30", "kubectl delete --wait=false pods --all"], 60);
    assert!(english.starts_with("LOST 1 of 2 pods is Ready, 30 s into this step."), "{english}");
    assert!(korean.starts_with("LOST 단계를 시작하고 30초 뒤: 파드 2개 중 1개가 준비됐습니다"), "{korean}");
}

#[test]
fn what_must_always_hold_counts_from_when_it_first_holds() {
    let want = "{always: {want: {count: {of: po, ready: true, at_least: 3}}}}";
    assert_eq!(said(want, &[CREATE], 0)[0], "There is no pod yet");
    assert_eq!(said(want, &[CREATE], 30)[0], "met");
    let lost = said(want, &[CREATE, "sleep 30", "kubectl scale deploy web --replicas=2"], 30);
    assert!(
        lost[1].starts_with("LOST 단계를 시작하고 30초 뒤: 파드 3개 중 2개가 준비됐습니다"),
        "{}",
        lost[1]
    );
}

#[test]
fn what_would_give_the_answer_away_comes_after() {
    let files = edited("hello/en.md", "### Hint", "### Afterwards {.after}\n\nSo it was.\n\n### Hint");
    let (_, text) = &pack(&files).files[0];
    let lesson = Lesson::from_json(&objects::json::parse(text).unwrap_or_default());
    let step = lesson.map(|l| l.steps[0].clone()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((step.blocks.len(), step.after.len(), step.hints.len()), (2, 1, 1));
    assert!(problems(&files).iter().any(|p| p.contains("the blocks that come after of section")));
}
