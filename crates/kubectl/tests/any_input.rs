//! Whatever is typed: no panic, and an end.

use std::rc::Rc;

use client::{Request, Response};
use kubectl::printers::go_template::Template;
use kubectl::testing::{MemoryIo, run};
use objects::{Reason, Status, value};
use proptest::prelude::*;

fn words() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{"),
        Just("}}"),
        Just("{{-"),
        Just("-}}"),
        Just(" "),
        Just("."),
        Just("$"),
        Just("$x"),
        Just(":="),
        Just("|"),
        Just("("),
        Just(")"),
        Just("range"),
        Just("if"),
        Just("else"),
        Just("end"),
        Just("with"),
        Just("define"),
        Just("\"a\""),
        Just("'"),
        Just("`"),
        Just("index"),
        Just("printf"),
        Just("%"),
        Just("한"),
        Just(".items"),
        Just("1"),
        Just("/*"),
        Just("*/"),
        Just("\\"),
        Just("\n"),
        Just("template"),
        Just("break"),
        Just("print"),
        Just("slice"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|v| v.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn templates_end(text in words()) {
        if let Ok(t) = Template::parse(&text) {
            let _ = t.render(&value!({"items": [1, "x", {"a": null}], "s": "한글"}));
        }
    }

    #[test]
    fn templates_of_any_text_end(text in ".{0,60}") {
        if let Ok(t) = Template::parse(&format!("{{{{{text}}}}}")) {
            let _ = t.render(&value!({"a": 1}));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn command_lines_end(
        verb in prop::sample::select(vec![
            "get", "describe", "create", "apply", "delete", "label", "set image", "rollout undo", "run", "expose", "taint",
            "patch", "wait", "scale", "auth can-i", "config set", "logs", "drain", "explain", "cp", "create ingress",
        ]),
        rest in prop::collection::vec("[-=a-z/:,.*{}@%한 ]{0,12}", 0..6),
    ) {
        let io = Rc::new(MemoryIo::default());
        let line = format!("{verb} {}", rest.join(" "));
        let mut refuse = |_: &Request| -> Result<Response, Status> { Err(Status::new(Reason::Forbidden, "no")) };
        let (code, _) = run(&io, &line, &mut refuse);
        prop_assert!(code != -1, "waits for ever: {line}");
    }
}

#[test]
fn templates_that_would_not_end_are_stopped() {
    for text in [
        "{{range 100000}}{{range 100000}}{{end}}{{end}}",
        "{{$x := \"aaaaaaaa\"}}{{range 100}}{{$x = print $x $x}}{{end}}",
        "{{range 100000}}{{range 100}}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{{end}}{{end}}",
    ] {
        let t = Template::parse(text).expect("a template");
        assert!(t.render(&value!({})).is_err(), "{text}");
    }
}
