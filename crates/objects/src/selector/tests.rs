use super::*;
use crate::value;
use proptest::prelude::*;

#[test]
fn label_texts_match_and_print() {
    let labels = value!({"app": "web", "tier": "a", "n": "5"});
    for (text, matches, printed) in [
        ("", true, ""),
        ("app=web", true, "app=web"),
        ("app==web", true, "app==web"),
        ("app = web, tier in (b, a)", true, "app=web,tier in (a,b)"),
        ("tier notin (a)", false, "tier notin (a)"),
        ("x notin (a)", true, "x notin (a)"),
        ("app!=web", false, "app!=web"),
        ("x!=1", true, "x!=1"),
        ("app", true, "app"),
        ("!app", false, "!app"),
        ("!x,app", true, "app,!x"),
        ("n>4", true, "n>4"),
        ("n<4", false, "n<4"),
        ("app=", false, "app="),
        ("in in (in)", false, "in in (in)"),
        ("app in (web,)", true, "app in (,web)"),
        ("app in ()", false, "app in ()"),
    ] {
        let s = LabelSelector::parse(text);
        assert_eq!(s.as_ref().map(|s| s.matches(&labels)), Ok(matches), "{text}");
        assert_eq!(s.map(|s| s.to_string()), Ok(printed.to_owned()), "{text}");
    }
}

#[test]
fn bad_label_texts_are_refused_in_upstream_s_words() {
    for (text, error) in [
        ("app=web,", "found '', expected: identifier after ','"),
        (",app", "found ',', expected: !, identifier, or 'end of string'"),
        ("app=web tier=a", "found 'tier', expected: ',' or 'end of string'"),
        ("app in web", "unable to parse requirement: found 'web' expected: '('"),
        ("app in (web", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("app web", "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"),
        ("app=!x", "unable to parse requirement: found '!', expected: identifier"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        (
            "n>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
        (
            "a_/b=c",
            "unable to parse requirement: <nil>: Invalid value: \"a_/b\": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ),
        (
            "app=-x",
            "unable to parse requirement: values[0][app]: Invalid value: \"-x\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ),
    ] {
        assert_eq!(LabelSelector::parse(text), Err(error.to_owned()), "{text}");
    }
}

#[test]
fn selector_objects() {
    let s = value!({"matchLabels": {"app": "web"}, "matchExpressions": [
        {"key": "tier", "operator": "In", "values": ["b", "a"]}, {"key": "x", "operator": "DoesNotExist"}]});
    assert_eq!(format_label_selector(&s), "app=web,tier in (a,b),!x");
    let s = LabelSelector::from_value(&s).expect("valid");
    assert!(s.matches(&value!({"app": "web", "tier": "a"})));
    assert!(!s.matches(&value!({"app": "web", "tier": "a", "x": "1"})));
    assert_eq!(s.exact("app"), Some("web"));
    assert!(LabelSelector::from_value(&value!({})).expect("valid").is_everything());
    assert!(!LabelSelector::from_value(&Value::Null).expect("valid").matches(&Value::Null));
    assert_eq!(
        LabelSelector::from_value(&value!({"matchExpressions": [{"key": "a", "operator": "Is"}]})),
        Err("\"Is\" is not a valid label selector operator".to_owned())
    );
    assert!(LabelSelector::from_labels(&value!({"a": "b"})).matches(&value!({"a": "b", "c": "d"})));
}

#[test]
fn field_selectors() {
    let fields = |name: &str| Str::from(if name == "status.phase" { "Running" } else { "" });
    for (text, expected) in [
        ("status.phase=Running", Ok(true)),
        ("status.phase==Running,metadata.name!=a", Ok(true)),
        ("status.phase!=Running", Ok(false)),
        ("a", Err("invalid selector: 'a'; can't understand 'a'".to_owned())),
        ("a=b=c", Err("invalid field selector: unescaped character in value: 61".to_owned())),
        ("a=b\\x", Err("invalid field selector: invalid escape sequence: \\x".to_owned())),
    ] {
        assert_eq!(FieldSelector::parse(text).map(|s| s.matches(fields)), expected, "{text}");
    }
    let s = FieldSelector::parse("b=x\\,y,a!=1").expect("valid");
    assert_eq!((s.to_string().as_str(), s.exact("b")), ("a!=1,b=x\\,y", Some("x,y")));
}

proptest! {
    #[test]
    fn no_text_panics_and_what_prints_reads_back(text in "[a-c=!<>(),in \\\\]{0,16}", any in "\\PC{0,16}") {
        for text in [&text, &any] {
            let _ = FieldSelector::parse(text);
            if let Ok(s) = LabelSelector::parse(text) {
                prop_assert_eq!(LabelSelector::parse(&s.to_string()), Ok(s));
            }
        }
    }
}
