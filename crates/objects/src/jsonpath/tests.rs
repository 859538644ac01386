use proptest::prelude::*;

use super::*;
use crate::value;

fn data() -> Value {
    value!({"kind": "List", "n": 3, "f": 1.5, "none": null, "deep": {"a": {"name": "x"}, "b": [{"name": "y"}]},
        "items": [
            {"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "one"}}, "ready": true, "n": 1},
            {"metadata": {"name": "b"}, "ready": false, "n": 2},
            {"metadata": {"name": "c"}, "ready": true, "n": 3}]})
}

fn run(template: &str) -> String {
    match JsonPath::parse(template).map(|p| p.print(&data(), true)) {
        Ok(Ok(text)) => text,
        Ok(Err(e)) => format!("run: {e}"),
        Err(e) => format!("parse: {e}"),
    }
}

#[test]
fn templates_print_as_kubectl_prints_them() {
    for (template, expected) in [
        ("{.kind}", "List"),
        ("kind {.kind}!", "kind List!"),
        ("{$.kind}{@.n}", "List3"),
        ("{.items[*].metadata.name}", "a b c"),
        ("{.items[0].metadata.name}", "a"),
        ("{.items[-1].metadata.name}", "c"),
        ("{.items[0:2].metadata.name}", "a b"),
        ("{.items[:2].metadata.name}", "a b"),
        ("{.items[1:].metadata.name}", "b c"),
        ("{.items[::2].metadata.name}", "a c"),
        ("{.items[0,2].metadata.name}", "a c"),
        ("{.items[0]['metadata','n']}", r#"{"labels":{"app.kubernetes.io/name":"one"},"name":"a"} 1"#),
        (r"{.items[0].metadata.labels.app\.kubernetes\.io/name}", "one"),
        (r"{.items[0].metadata.labels['app\.kubernetes\.io/name']}", "one"),
        (r#"{.items[?(@.metadata.name=="b")].n}"#, "2"),
        ("{.items[?(@.n>1)].metadata.name}", "b c"),
        ("{.items[?(@.n >= 2)].metadata.name}", "b c"),
        ("{.items[?(@.ready==true)].metadata.name}", "a c"),
        ("{.items[?(@.metadata.labels)].n}", "1"),
        (r#"{.items[?(@.metadata.name!="b")].n}"#, "1 3"),
        (r#"{range .items[*]}{.metadata.name}{"\t"}{.n}{"\n"}{end}"#, "a\t1\nb\t2\nc\t3\n"),
        (r#"{range .items[*]}{.metadata.name}{' '}{end}done"#, "a b c done"),
        ("{range .nothing[*]}{.x}{end}after", "after"),
        ("{..name}", "x y a b c"),
        ("{.deep}", r#"{"a":{"name":"x"},"b":[{"name":"y"}]}"#),
        ("{.deep.*}", r#"{"name":"x"} [{"name":"y"}]"#),
        ("{.f} {.none} {.missing}", "1.5 null "),
        ("{1}{-2}{1.5}{true}", "1-21.5true"),
        ("", ""),
        ("{.items[0].metadata.name", "parse: unclosed action"),
        ("{.items[", "parse: unterminated array"),
        ("{.items[x]}", "parse: invalid array index x"),
        ("{.items[?(@.a]}", "parse: unterminated filter"),
        ("{.items[?(@.a)x}", "parse: unclosed array expect ]"),
        (r#"{"abc}"#, "parse: unterminated quoted string"),
        (r#"{"\q"}"#, r#"parse: unquote string "\q" error invalid syntax"#),
        ("{!}", "parse: unrecognized character in action: U+0021 '!'"),
        ("{....x}", "parse: invalid multiple recursive descent"),
        ("{1.2.3}", "parse: cannot parse number 1.2.3"),
        ("{.items[9]}", "run: array index out of bounds: index 9, length 3"),
        ("{.items[2:1]}", "run: starting index 2 is greater than ending index 1"),
        ("{.items[0:2:0]}", "run: step must be > 0"),
        ("{.kind[0]}", "run: string is not array or slice"),
        ("{.kind[?(@.a)]}", "run: List is not array or slice and cannot be filtered"),
        (r#"{.items[?(@.n=="1")].n}"#, "run: incompatible types for comparison"),
        ("{.items[?(@.metadata==1)].n}", "run: invalid type for comparison"),
        ("{.items[?(@.n=~1)].n}", "parse: unrecognized character in action: U+007E '~'"),
        ("{.items[?(@.n=1)].n}", "run: unrecognized filter operator ="),
        ("{end}", "run: not in range, nothing to end"),
        ("{foo}", "run: unrecognized identifier foo"),
    ] {
        assert_eq!(run(template), expected, "{template}");
    }
}

#[test]
fn missing_keys_can_be_errors_and_results_can_be_json() {
    let p = JsonPath::parse("{.nope}").expect("valid");
    assert_eq!(p.print(&data(), false), Err("nope is not found".into()));
    let p = JsonPath::parse("{.items[*].n}").expect("valid");
    assert_eq!(p.print_json(&data(), true), Ok("[\n    1,\n    2,\n    3\n]\n".into()));
    assert!(
        execution_error("{.a[0]}", "why", &value!({"a": []}))
            .contains("\t\tmap[string]interface {}{\"a\":[]interface {}{}}\n")
    );
}

#[test]
fn relaxed_paths() {
    for path in ["x.y", ".x.y", "{x.y}", "{.x.y}"] {
        assert_eq!(relaxed(path).as_deref(), Ok("{.x.y}"));
    }
    assert!(relaxed("{x}{y}").is_err());
    assert_eq!(relaxed("").as_deref(), Ok(""));
}

proptest! {
    #[test]
    fn no_template_panics(text in "[{}.\\[\\]@$*?()'\"\\\\:,0-9a=<>! -]{0,40}", any in "\\PC{0,20}") {
        for text in [&text, &format!("{{{text}}}"), &any] {
            if let Ok(p) = JsonPath::parse(text) {
                let _ = p.print(&data(), true);
            }
            let _ = relaxed(text);
        }
    }
}
