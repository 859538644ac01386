use super::*;
use objects::value;

fn eval(text: &str) -> Result<Val, String> {
    let this = value!({
        "name": "web", "replicas": 3, "min": 1, "max": 5, "none": null,
        "tags": ["a", "b", "b"], "ports": [{"name": "http", "port": 80}, {"name": "tls", "port": 443}],
        "labels": {"app": "web", "tier": "front"}, "cpu": "500m", "since": "2026-01-01T00:00:10Z"
    });
    Program::parse(text)?.eval(&[("self", tree(&this)), ("oldSelf", tree(&value!({"replicas": 2})))])
}

#[test]
fn expressions_have_values() {
    let yes = [
        "1 + 2 * 3 == 7 && -4 / 2 == -2 && 7 % 4 == 3",
        "2.5 + 0.5 == 3.0 && 1 < 2.5 && 10u > 9u",
        "'a' + \"b\" == 'ab' && r'\\d' == '\\\\d' && '''x'y''' == \"x'y\"",
        "self.replicas >= self.min && self.replicas <= self.max",
        "self.replicas > oldSelf.replicas ? true : false",
        "has(self.name) && !has(self.nosuch) && !has(self.none)",
        "self.ports.all(p, p.port > 0 && p.port < 65536)",
        "self.ports.exists(p, p.name == 'tls') && self.ports.exists_one(p, p.port == 80)",
        "self.ports.filter(p, p.port > 100).map(p, p.name) == ['tls']",
        "self.labels.all(k, self.labels[k].size() < 64) && 'app' in self.labels",
        "size(self.tags) == 3 && 'b' in self.tags && self.tags.distinct() == ['a', 'b']",
        "self.name.startsWith('w') && self.name.matches('^[a-z]+$') && self.name.upperAscii() == 'WEB'",
        "'a,b,c'.split(',').join('-') == 'a-b-c' && 'abc'.substring(1, 2) == 'b'",
        "quantity(self.cpu).isLessThan(quantity('1')) && isQuantity('1Gi') && !isQuantity('x')",
        "timestamp(self.since) + duration('50s') == timestamp('2026-01-01T00:01:00Z')",
        "self.?nosuch.orValue(7) == 7 && self.?name.hasValue() && optional.none().orValue(1) == 1",
        "type(1) == int && string(12) == '12' && int('5') == 5 && double(2) == 2.0",
        "true || self.nosuch == 1",
        "{'a': 1}.a == 1 && {'a': 1} == {'a': 1} && [1, 2] + [3] == [1, 2, 3]",
        "cel.bind(x, self.replicas, x * x) == 9",
        "'%s has %d'.format(['web', 3]) == 'web has 3'",
        "[3, 1, 2].min() == 1 && [1, 2].sum() == 3 && [1, 2, 3].isSorted()",
        "sets.contains([1, 2], [2]) && math.greatest(1, 5, 3) == 5",
        "timestamp('2026-11-21T10:20:30Z').getMonth() == 10 && timestamp('2026-11-21T10:20:30Z').getDayOfWeek() == 6",
    ];
    for text in yes {
        assert_eq!(eval(text), Ok(Val::Bool(true)), "{text}");
    }
}

#[test]
fn what_has_no_value_says_why() {
    let cases = [
        ("self.nosuch == 1", "no such key: nosuch"),
        ("1 / 0", "division by zero"),
        ("1 + 'a'", "no such overload"),
        ("[1][3]", "index out of bounds: 3"),
        ("nosuch", "undeclared reference to 'nosuch' (in container '')"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("self.tags.all(t, t)", "no such overload"),
    ];
    for (text, why) in cases {
        assert_eq!(eval(text), Err(why.to_owned()), "{text}");
    }
    let long = "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, true))))))";
    assert_eq!(eval(long), Err("operation cancelled: actual cost limit exceeded".into()));
}

#[test]
fn what_is_no_expression_is_refused_with_its_place() {
    let e = Program::parse("self.x >").err().unwrap_or_default();
    assert!(e.starts_with("ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting"), "{e}");
    for bad in ["", "1 +", "a b", "'x", "has(1)", "[1", "x.map(1, 2)", "#", "\u{1F600}", "{a"] {
        assert!(Program::parse(bad).is_err(), "{bad}");
    }
    assert!(Program::parse(&"(".repeat(5000)).is_err());
    assert!(Program::parse(&"!".repeat(5000)).is_err());
}

#[test]
fn names_that_nothing_binds_are_found() {
    let p = Program::parse("self.items.all(i, i.x > limit)").map(|p| p.free_variables());
    assert_eq!(p, Ok(vec!["self".into(), "limit".into()]));
}

#[test]
fn messages_become_objects() {
    let p = Program::parse("Object{spec: Object.spec{replicas: 3}}");
    let v = p.and_then(|p| p.eval(&[])).map(|v| v.to_value());
    assert_eq!(v, Ok(value!({"spec": {"replicas": 3}})));
}

#[test]
fn what_a_policy_asks_of_an_expression() {
    let p = |text: &str| Program::parse(text).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(
        p("variables.a > 1 && [variables.b].exists(x, x == variables.a)").fields_of("variables"),
        ["a", "b"]
    );
    let good = p("Object{spec: Object.spec{containers: [Object.spec.containers{name: 'c'}]}}");
    assert_eq!((good.misnamed(), good.shown_type()), (None, Some("Object")));
    let bad = p("Object{spec: Object.spec{selector: Object.spec.wrong{}}}");
    assert_eq!(bad.misnamed(), Some(("Object.spec.wrong".into(), "Object.spec.selector".into())));
    assert_eq!(p("jsonpatch.escapeKey('a/b~c')").eval(&[]), Ok(Val::Text("a~1b~0c".into())));
    let failed = Val::Map(vec![(Val::Text("x".into()), Val::Failed("broken".into()))]);
    assert_eq!(p("variables.x == 1").eval(&[("variables", failed)]), Err("broken".into()));
}
