//! YAML against kubectl: what it refuses and in which words, what scalars become, how values print.
//!
//! The expected texts are kubectl's own answers (`annotate --local -f -`).

use objects::{Value, json, value, yaml};
use proptest::prelude::*;

/// Stands for `@` at the start of a broken document.
const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

const BROKEN: &[(&str, &str)] = &[
    (
        "a: b\n c: d\n",
        "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
    ),
    ("@data:\n  a: b\n c: d\n", "error converting YAML to JSON: yaml: line 6: did not find expected key"),
    (
        "@data:\n\ta: b\n",
        "error converting YAML to JSON: yaml: line 6: found character that cannot start any token",
    ),
    ("@data:\n  a: [1, 2\n", "error converting YAML to JSON: yaml: line 6: did not find expected ',' or ']'"),
    ("@data:\n  a: {b: c\n", "error converting YAML to JSON: yaml: line 6: did not find expected ',' or '}'"),
    ("@data:\n  a: \"abc\n", "error converting YAML to JSON: yaml: line 7: found unexpected end of stream"),
    ("@data:\n  a: 'abc\n", "error converting YAML to JSON: yaml: line 7: found unexpected end of stream"),
    (
        "@data:\n  a: b: c\n",
        "error converting YAML to JSON: yaml: line 6: mapping values are not allowed in this context",
    ),
    (
        "@data:\n  - a\n  b: c\n",
        "error converting YAML to JSON: yaml: line 6: did not find expected '-' indicator",
    ),
    (
        "@data:\n- a\n b: c\n",
        "error converting YAML to JSON: yaml: line 7: mapping values are not allowed in this context",
    ),
    (
        "@data:\n  a: @x\n",
        "error converting YAML to JSON: yaml: line 6: found character that cannot start any token",
    ),
    (
        "@data:\n  a: `x`\n",
        "error converting YAML to JSON: yaml: line 6: found character that cannot start any token",
    ),
    (
        "@data:\n  a: %x\n",
        "error converting YAML to JSON: yaml: line 6: found character that cannot start any token",
    ),
    ("@data:\n  a: *nope\n", "error converting YAML to JSON: yaml: unknown anchor 'nope' referenced"),
    ("@data:\n  a: \"\\q\"\n", "error converting YAML to JSON: yaml: line 6: found unknown escape character"),
    (
        "@data:\n  a: {{ x }}\n",
        "error converting YAML to JSON: yaml: invalid map key: map[interface {}]interface {}{\"x\":interface {}(nil)}",
    ),
    (
        "@data:\n  a: {{ .Values.x }}\n",
        "error converting YAML to JSON: yaml: invalid map key: map[interface {}]interface {}{\".Values.x\":interface {}(nil)}",
    ),
    (
        "@data:\n  ? \n",
        "error converting YAML to JSON: unsupported map key of type: %!s(<nil>), key: <nil>, value: <nil>",
    ),
    ("@data:\n  a: |\n  x\n", "error converting YAML to JSON: yaml: line 8: could not find expected ':'"),
    (
        "@data:\n  a: |\n\tx\n",
        "error converting YAML to JSON: yaml: line 7: found a tab character where an indentation space is expected",
    ),
    (
        "@data:\n  a: |0\n   x\n",
        "error converting YAML to JSON: yaml: line 6: found an indentation indicator equal to 0",
    ),
    (
        "@data:\n  a: | x\n   x\n",
        "error converting YAML to JSON: yaml: line 6: did not find expected comment or line break",
    ),
    ("@data:\n  a: ]\n", "error converting YAML to JSON: yaml: line 5: did not find expected node content"),
    ("@data:\n  a: }\n", "error converting YAML to JSON: yaml: line 5: did not find expected node content"),
    ("@data:\n  a: ,\n", "error converting YAML to JSON: yaml: line 5: did not find expected node content"),
    (
        "@data:\n  a: &\n",
        "error converting YAML to JSON: yaml: line 6: did not find expected alphabetic or numeric character",
    ),
    (
        "@data:\n  a: *\n",
        "error converting YAML to JSON: yaml: line 6: did not find expected alphabetic or numeric character",
    ),
    ("@data:\n  a: !!int x\n", "error converting YAML to JSON: yaml: cannot decode !!str `x` as a !!int"),
    ("@data:\n  a: !x!y z\n", "error converting YAML to JSON: yaml: line 5: found undefined tag handle"),
    (
        "%YAML 1.2\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
        "error converting YAML to JSON: yaml: found incompatible YAML document",
    ),
    (
        "%FOO\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
        "error converting YAML to JSON: yaml: found unknown directive name",
    ),
    ("---foo\n", "invalid Yaml document separator: foo"),
    ("--- foo\n", "invalid Yaml document separator: foo"),
    ("@--- {}\n", "invalid Yaml document separator: {}"),
    (
        "@data:\n  ~: x\n",
        "error converting YAML to JSON: unsupported map key of type: %!s(<nil>), key: <nil>, value: \"x\"",
    ),
    ("@data:\n  [a]: x\n", "error converting YAML to JSON: yaml: invalid map key: []interface {}{\"a\"}"),
    ("@data:\n  a: .nan\n", "error converting YAML to JSON: json: unsupported value: NaN"),
    ("@data:\n  a: .inf\n", "error converting YAML to JSON: json: unsupported value: +Inf"),
    (
        "@data:\n  <<: x\n",
        "error converting YAML to JSON: yaml: map merge requires map or sequence of maps as the value",
    ),
    ("@data:\n  a: \"x\" y\n", "error converting YAML to JSON: yaml: line 5: did not find expected key"),
    ("@data:\n  a: 'x' y: z\n", "error converting YAML to JSON: yaml: line 5: did not find expected key"),
    (
        "@spec:\n  containers:\n  - name: x\n    image: y\n   ports:\n",
        "error converting YAML to JSON: yaml: line 8: did not find expected key",
    ),
    (
        "@spec:\n  containers:\n  - name: x\n   image: y\n",
        "error converting YAML to JSON: yaml: line 7: did not find expected key",
    ),
    (
        "@spec:\n  containers:\n    - name: x\n  - name: y\n",
        "error converting YAML to JSON: yaml: line 7: did not find expected key",
    ),
    ("@spec:\n   a: b\n  c: d\n", "error converting YAML to JSON: yaml: line 6: did not find expected key"),
    (
        "apiVersion v1\nkind: Pod\n",
        "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
    ),
    (
        "apiVersion: v1\nkind Pod\nmetadata:\n",
        "error converting YAML to JSON: yaml: line 3: could not find expected ':'",
    ),
    (
        "apiVersion: v1\nkind: Pod\nmetadata\n  name: x\n",
        "error converting YAML to JSON: yaml: line 4: could not find expected ':'",
    ),
    ("{\"a\": 1", "unexpected EOF"),
    ("{a: 1", "json: offset 2: invalid character 'a' looking for beginning of object key string"),
    ("{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n{\"x\":", "unexpected EOF"),
    (
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"}}\n{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"}}\n{\"x\" 1",
        "invalid character '1' after object key",
    ),
    ("{\"a\"\n: b}", "json: offset 8: invalid character 'b' looking for beginning of value"),
    ("\u{1}", "error converting YAML to JSON: yaml: control characters are not allowed"),
    ("@data:\n  a: \u{7}\n", "error converting YAML to JSON: yaml: control characters are not allowed"),
    (
        "a\nb: c\n",
        "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
    ),
    ("a: 'b\n---\nc: d\n", "error converting YAML to JSON: yaml: line 2: found unexpected end of stream"),
    (
        "@data: \n  a: - b\n",
        "error converting YAML to JSON: yaml: line 6: block sequence entries are not allowed in this context",
    ),
    (
        "@data:\n  a: ? b\n",
        "error converting YAML to JSON: yaml: line 6: mapping keys are not allowed in this context",
    ),
    (
        "@data:\n  key: value\n  other key without colon\n  c: d\n",
        "error converting YAML to JSON: yaml: line 8: could not find expected ':'",
    ),
    ("@data:\n  a: \"b\"c: d\n", "error converting YAML to JSON: yaml: line 5: did not find expected key"),
    (
        "@data:\n  a: [b, {c: d]}\n",
        "error converting YAML to JSON: yaml: line 5: did not find expected ',' or '}'",
    ),
    ("@data:\n  \"a\" b: c\n", "error converting YAML to JSON: yaml: line 5: did not find expected key"),
    (
        "@data:\n  a:\n  - b\n  c\n",
        "error converting YAML to JSON: yaml: line 9: could not find expected ':'",
    ),
    ("@data:\n  a: 'it's'\n", "error converting YAML to JSON: yaml: line 5: did not find expected key"),
    (
        "@data:\n  a: \"\\u12\"\n",
        "error converting YAML to JSON: yaml: line 6: did not find expected hexdecimal number",
    ),
    (
        "@data:\n  a: \"\\ud800\"\n",
        "error converting YAML to JSON: yaml: line 6: found invalid Unicode character escape code",
    ),
    (
        "@data:\n  !!binary a: x\n",
        "error converting YAML to JSON: yaml: !!binary value contains invalid base64 data",
    ),
    (
        "@data:\n  a: !!binary \"@@\"\n",
        "error converting YAML to JSON: yaml: !!binary value contains invalid base64 data",
    ),
    (
        "@---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: [\n",
        "error converting YAML to JSON: yaml: line 6: did not find expected node content",
    ),
    ("a: &a [*a]\n", "error converting YAML to JSON: yaml: anchor 'a' value contains itself"),
    ("a: &a {b: *a}\n", "error converting YAML to JSON: yaml: anchor 'a' value contains itself"),
    (
        "@data:\n  a: &x\n  <<: *x\n",
        "error converting YAML to JSON: yaml: map merge requires map or sequence of maps as the value",
    ),
    (
        "@data:\n a: b\n  c: d\n  e: f\n",
        "error converting YAML to JSON: yaml: line 7: mapping values are not allowed in this context",
    ),
    (
        "@data:\n  x: |\n    ok\n   bad\n",
        "error converting YAML to JSON: yaml: line 7: did not find expected key",
    ),
    (
        "@data:\n  x: >\n    ok\n   bad: y\n",
        "error converting YAML to JSON: yaml: line 7: did not find expected key",
    ),
    (
        "@data:\n  cmd: echo \"a: b\"\n",
        "error converting YAML to JSON: yaml: line 6: mapping values are not allowed in this context",
    ),
    (
        "@data:\n  cmd: echo a: b\n",
        "error converting YAML to JSON: yaml: line 6: mapping values are not allowed in this context",
    ),
    (
        "@data:\n  cmd: \"echo\" a\n  b: c\n",
        "error converting YAML to JSON: yaml: line 5: did not find expected key",
    ),
    ("\"a: b\n\n", "error converting YAML to JSON: yaml: line 3: found unexpected end of stream"),
    (
        "@data:\n  a: b\n\t\n  c: d\n",
        "error converting YAML to JSON: yaml: line 7: found a tab character that violates indentation",
    ),
    (
        "@\tdata: x\n",
        "error converting YAML to JSON: yaml: line 5: found a tab character that violates indentation",
    ),
    (
        "@data: {a: b,, c: d}\n",
        "error converting YAML to JSON: yaml: line 4: did not find expected node content",
    ),
    ("@data: [a,, c]\n", "error converting YAML to JSON: yaml: line 4: did not find expected node content"),
    ("@data: [a, b]]\n", "error converting YAML to JSON: yaml: line 4: did not find expected key"),
    ("@data: {a: b}}\n", "error converting YAML to JSON: yaml: line 4: did not find expected key"),
    ("kind: {", "error converting YAML to JSON: yaml: line 1: did not find expected node content"),
    (
        "@data: {? a: b, ?: c}\n",
        "error converting YAML to JSON: unsupported map key of type: %!s(<nil>), key: <nil>, value: \"c\"",
    ),
    (
        "@data: [? a, : b, a: ]\n",
        "error converting YAML to JSON: yaml: line 4: did not find expected node content",
    ),
    ("@data: [a: b: c]\n", "error converting YAML to JSON: yaml: line 4: did not find expected ',' or ']'"),
    (
        "@  x: y\n    z: w\n",
        "error converting YAML to JSON: yaml: line 6: mapping values are not allowed in this context",
    ),
    ("x:\n  - y\n - z\n", "error converting YAML to JSON: yaml: line 2: did not find expected key"),
    ("x: y\nz\n", "error converting YAML to JSON: yaml: line 3: could not find expected ':'"),
    ("x: |2-\n  a\n b\n", "error converting YAML to JSON: yaml: line 2: did not find expected key"),
    (
        "x: \"a\n  b\n\n  c\\\n  d\"\ny: [\n",
        "error converting YAML to JSON: yaml: line 6: did not find expected node content",
    ),
];

#[test]
fn broken_documents_are_refused_in_kubectl_s_words() {
    for (text, message) in BROKEN {
        let text = match text.strip_prefix('@') {
            Some(rest) => format!("{HEAD}{rest}"),
            None => (*text).to_owned(),
        };
        let found = yaml::load_stream(&text).error.map(|e| e.message);
        assert_eq!(found.as_deref(), Some(*message), "{text}");
    }
}

#[test]
fn errors_also_know_the_true_place() {
    let text = "a: 1\n---\nb:\n  c: [1, 2\n  d: 3\n";
    let stream = yaml::load_stream(text);
    assert_eq!(stream.documents.len(), 1, "the first document is still given");
    let error = stream.error.expect("the second is broken");
    assert_eq!((error.line, error.column), (5, 4));
    assert_eq!(
        error.message,
        "error converting YAML to JSON: yaml: line 2: did not find expected ',' or ']'"
    );
}

#[test]
fn scalars_mean_what_goyaml_says() {
    for (text, expected) in [
        ("yes", "true"),
        ("on", "true"),
        ("Off", "false"),
        ("n", "false"),
        ("~", "null"),
        ("", "null"),
        ("0644", "420"),
        ("0o17", "15"),
        ("0x1F", "31"),
        ("0b11", "3"),
        ("-0b11", "-3"),
        ("1_000", "1000"),
        ("1.0", "1"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("089", "89"),
        ("1.2.3", "\"1.2.3\""),
        ("12:30", "\"12:30\""),
        ("2001-01-01", "\"2001-01-01\""),
        ("9223372036854775807", "9223372036854775807"),
        ("18446744073709551615", "18446744073709552000"),
        ("1e21", "1e+21"),
        ("'yes'", "\"yes\""),
        ("!!str 12", "\"12\""),
        ("!!float 1", "1"),
        ("!!binary aGk=", "\"hi\""),
        ("!mine x", "\"x\""),
        ("<<", r#""\u003c\u003c""#),
        ("a b  # c", "\"a b\""),
        ("\"a\\tb\\u00e9\"", "\"a\\tbé\""),
        ("{a: 1, b}", "{\"a\":1,\"b\":null}"),
        ("[a: 1, b]", "[{\"a\":1},\"b\"]"),
        ("|\n  x\n   y\n", "\"x\\n y\\n\""),
        (">-\n  x\n  y\n\n  z\n", "\"x y\\nz\""),
        ("|+\n  x\n", "\"x\\n\\n\""),
    ] {
        let loaded = yaml::load(&format!("k: {text}\n")).map(|d| json::to_string(d.value.get("k")));
        assert_eq!(loaded.as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn keys_become_strings_and_merges_apply_in_order() {
    let text = "n: 1\n1: x\n2.5: why\nbase: &b {p: 1, q: 2}\nafter:\n  <<: *b\n  q: 3\nbefore:\n  q: 3\n  <<: *b\nboth:\n  <<: [{p: 8}, *b]\n";
    let value = yaml::load(text).expect("valid").value;
    assert_eq!(
        value,
        value!({"false": 1, "1": "x", "2.5": "why", "base": {"p": 1, "q": 2}, "after": {"p": 1, "q": 3},
            "before": {"p": 1, "q": 2}, "both": {"p": 8, "q": 2}})
    );
}

#[test]
fn of_a_duplicate_key_the_last_counts_and_a_note_tells() {
    let stream = yaml::load_stream("a: 1\n---\nx: 1\nw:\n  z: 2\n  z: 3\n");
    let document = &stream.documents[1];
    assert_eq!(document.value["w"]["z"].int(), 3);
    let note = &document.notes[0];
    assert_eq!((note.message.as_str(), note.line, note.column), ("key \"z\" already set in map", 6, 3));
}

#[test]
fn a_stream_is_split_as_kubectl_splits_it() {
    for (text, expected) in [
        ("---\na: 1\n---\n# only a remark\n---\n\n--- # next\nb: 2\n", "{\"a\":1}{\"b\":2}"),
        ("a: 1\r\n---\r\nb: 2\r\n", "{\"a\":1}{\"b\":2}"),
        ("\u{feff}a: 1\n", "{\"a\":1}"),
        ("a: |\n  x\n  --- y\nb: 2\n", "{\"a\":\"x\\n--- y\\n\",\"b\":2}"),
        ("{\"a\": 1}\n{\"b\": 2}", "{\"a\":1}{\"b\":2}"),
        ("{\"a\": 1}\n---\nb: 2\n", "{\"a\":1}{\"b\":2}"),
        ("{a: 1}\n", "{\"a\":1}"),
        ("null\n---\n~\n", ""),
    ] {
        let stream = yaml::load_stream(text);
        let found: String = stream.documents.iter().map(|d| json::to_string(&d.value)).collect();
        assert_eq!((found.as_str(), stream.error), (expected, None), "{text}");
    }
}

#[test]
fn alias_bombs_and_deep_nesting_are_refused() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, before) in ('b'..'j').zip('a'..) {
        bomb.push_str(&format!("{name}: &{name} [{}*{before}]\n", format!("*{before},").repeat(8)));
    }
    let error = yaml::load(&bomb).map_err(|e| e.message);
    assert_eq!(error, Err("yaml: document contains excessive aliasing".to_owned()));
    for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000), "? ".repeat(100_000)] {
        let error = yaml::load(&deep).expect_err("too deep");
        assert!(error.message.contains("exceeded max depth"), "{}", error.message);
    }
    let mut chain = "a0: &a0 {x: 1}\n".to_owned();
    for i in 1..2000 {
        chain.push_str(&format!("a{i}: &a{i}\n  <<: *a{}\n", i - 1));
    }
    assert!(yaml::load(&chain).is_err());
}

#[test]
fn positions_name_paths() {
    let found = yaml::positions("kind: Pod\nspec:\n  containers:\n  - name: a\n    image: b\n");
    let at = |path: &str| found.iter().find(|p| p.0 == path).map(|p| (p.1, p.2));
    assert_eq!(at("spec"), Some((2, 1)));
    assert_eq!(at("spec.containers[0]"), Some((4, 5)));
    assert_eq!(at("spec.containers[0].image"), Some((5, 5)));
}

#[test]
fn values_print_as_kubectl_prints_them() {
    let long = "be it's \\ alpha gamma: \"x\" #e ".repeat(6);
    let object = value!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"annotations": {"zz": "1"}, "labels": {}, "name": "a"},
        "list": [1, [2, [3]], {"b": [{"c": 1, "a": 2}], "a": {}}, []],
        "strings": ["yes", "", "1", "0x1f", "1.2.3", "2001-01-01", "12:30", "a: b", "a:b", "- a", "-a", "#a", "a #b",
            "it's", "'", "@x", "x ", " x", "é한글", "😀", "a\tb", "null", "{a}", "*", "---", "---a", "?", "? a", "\\",
            "<<", "=", "\u{a0}", "a,b", "[", "%", "`"],
        "blocks": ["x\ny", "x\n", "x\n\n", "\nx", "  x\ny", "x \ny", "x\ty\n", "x\n y\n\n\nz\n"],
        "long": (long.as_str()),
        "plain": ("word ".repeat(30).trim()),
        "tabs": ("a\tb ".repeat(30)),
        "numbers": [1.5, 1e21, 123_456_789.25, 0.000_001, (Value::Float(3.0))],
        "a10": 1, "a2": 2, "aB": 3, "a-b": 4, "yes": 5, "12": 6, "a b": 7, "a: b": 8
    });
    let expected = include_str!("yaml_emit.txt");
    assert_eq!(yaml::emit(&object), expected);
}

#[test]
fn a_scalar_alone_is_a_line() {
    assert_eq!(yaml::emit(&Value::Null), "null\n");
    assert_eq!(yaml::emit(&Value::map()), "{}\n");
    assert_eq!(yaml::emit(&value!(["a"])), "- a\n");
    let key = "k".repeat(129);
    let mut long = Value::map();
    long.set(key.as_str(), value!({"a": 1}));
    assert_eq!(yaml::emit(&long), format!("? {key}\n: a: 1\n"));
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~]{0,12}",
        "[a-z :#'\"\\-\n\t]{0,40}",
        "\\PC{0,12}",
        "(word |it's |a: |\\\\ ){20,40}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-1e15..1e15).prop_map(Value::Float),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[ -~]{0,10}", inner), 0..5)
                .prop_map(|entries| Value::Map(entries.into_iter().collect())),
        ]
    })
}

/// kubectl prints a string `<<` unquoted, and as a key that reads back as a merge.
fn has_merge_key(value: &Value) -> bool {
    value.entries().iter().any(|(k, v)| k == "<<" || has_merge_key(v))
        || value.items().iter().any(has_merge_key)
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(value in any_value()) {
        prop_assume!(!has_merge_key(&value));
        let text = yaml::emit(&value);
        let back = yaml::load(&text).map(|d| d.value);
        prop_assert_eq!(back.as_ref(), Ok(&value), "{}", text);
        prop_assert_eq!(json::parse(&json::to_string(&value)), Ok(value.clone()));
        prop_assert_eq!(json::parse(&json::to_pretty(&value, "    ")), Ok(value));
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in "[-a-z0-9:?#&*!|>'\"%@`{}\\[\\],\\\\ \t\n.<~]{0,80}", any in "\\PC{0,40}") {
        for text in [&text, &any] {
            let _ = yaml::load_stream(text);
            let _ = yaml::positions(text);
            let _ = json::parse(text);
        }
    }
}
