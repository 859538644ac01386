//! `-o go-template`: Go's text templates over an object.
//!
//! Models `text/template` as kubectl uses it: fields, variables, pipelines, `if`, `range`, `with`, `define` and
//! `template`, the built-in functions, and kubectl's `exists` and `base64decode`.
//! Not modelled: methods, `html` and `js` escaping.

mod eval;
mod funcs;
mod parse;

use std::rc::Rc;

use objects::{Value, go_text};

/// Functions beyond Go's own, with `include` and `tpl` besides.
pub trait Functions {
    fn knows(&self, name: &str) -> bool;
    /// # Errors
    /// What Go prints behind `error calling NAME: `.
    fn call(&self, name: &str, args: &[Option<Value>]) -> Result<Option<Value>, String>;
    /// A method with arguments; the first is its object.
    ///
    /// # Errors
    /// When there is no such method.
    fn method(&self, name: &str, args: &[Option<Value>]) -> Result<Option<Value>, String>;
    /// A method without arguments, which is written like a field.
    fn property(&self, of: &Value, name: &str) -> Option<Value>;
}

/// A text with a name, for what errors say of a place in it.
#[derive(Debug, Default)]
struct Source {
    name: String,
    text: String,
}

/// A template: a whole text, or what it defines.
#[derive(Clone, Debug)]
struct Body {
    name: String,
    nodes: Vec<parse::Node>,
    source: Rc<Source>,
}

/// A text's own template and those it defines.
fn bodies(name: &str, text: &str, more: Option<&dyn Functions>) -> Result<(Body, Vec<Body>), String> {
    let (nodes, defined) = parse::parse(text, more).map_err(|why| format!("template: {name}:{why}"))?;
    let source = Rc::new(Source { name: name.to_owned(), text: text.to_owned() });
    let body = |(name, nodes): (String, Vec<parse::Node>)| Body { name, nodes, source: source.clone() };
    let defined = defined.into_iter().map(body).collect();
    Ok((body((name.to_owned(), nodes)), defined))
}

/// Templates that may use each other's definitions.
#[derive(Default)]
pub struct Set {
    files: Vec<Body>,
    defined: Vec<Body>,
}

impl Set {
    /// Adds a file's text; a later definition of a name stands in for an earlier one.
    ///
    /// # Errors
    /// Go's text, with the file's name.
    pub fn add(&mut self, name: &str, text: &str, more: &dyn Functions) -> Result<(), String> {
        let (file, defined) = bodies(name, text, Some(more))?;
        self.defined.retain(|old| !defined.iter().any(|d| d.name == old.name));
        self.defined.extend(defined);
        self.files.push(file);
        Ok(())
    }

    /// The output of one file.
    ///
    /// # Errors
    /// Go's text, with the file's name and the place in it.
    pub fn render(&self, name: &str, data: &Value, more: &dyn Functions) -> Result<String, String> {
        let Some(file) = self.files.iter().find(|f| f.name == name) else { return Ok(String::new()) };
        eval::render(file, &self.defined, data, Some(more))
    }
}

pub struct Template {
    body: Body,
    defined: Vec<Body>,
}

impl Template {
    /// # Errors
    /// Go's text, such as `template: output:1: unexpected "}" in operand`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (body, defined) = bodies("output", text, None)?;
        Ok(Self { body, defined })
    }

    /// # Errors
    /// What does not fit.
    pub fn render(&self, object: &Value) -> Result<String, String> {
        eval::render(&self.body, &self.defined, object, None)
    }

    /// What is said around a failure.
    #[must_use]
    pub fn failure(&self, why: &str, object: &Value) -> String {
        let (text, json) = (&self.body.source.text, objects::json::to_string(object));
        let object = go_text::syntax(object);
        format!(
            "Error executing template: {why}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{text}\n\traw data was:\n\t\t{json}\n\tobject given to template engine was:\n\t\t{object}\n\nerror: error executing template \"{text}\": {why}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use objects::value;

    #[test]
    fn templates_print_as_go_does() {
        let o = value!({
            "items": [
                {"metadata": {"name": "one", "labels": {"b": "2", "a": "1"}}, "spec": {"containers": [{"name": "x"}]}},
                {"metadata": {"name": "two"}, "spec": {"containers": [{"name": "y"}, {"name": "z"}]}}
            ],
            "n": 3, "f": 1.5, "b": true, "secret": "aGk="
        });
        for (template, want) in [
            ("plain", "plain"),
            ("{{.n}} {{.f}} {{.b}} {{.nosuch}} {{.nosuch.field}}", "3 1.5 true <no value> <no value>"),
            (
                "{{range .items}}{{.metadata.name}} {{len .spec.containers}}{{\"\\n\"}}{{end}}",
                "one 1\ntwo 2\n",
            ),
            ("{{range $i, $x := .items}}{{if $i}}, {{end}}{{$x.metadata.name}}{{end}}", "one, two"),
            ("{{range $k, $v := (index .items 0).metadata.labels}}{{$k}}={{$v}};{{end}}", "a=1;b=2;"),
            ("{{range .nosuch}}x{{else}}none{{end}}", "none"),
            ("{{with .n}}{{.}}{{end}}{{with .nosuch}}x{{else}}-{{end}}", "3-"),
            ("{{if eq .n 3}}three{{else if .b}}b{{else}}c{{end}}", "three"),
            ("{{if and .b (gt .n 2) (not .nosuch)}}yes{{end}}", "yes"),
            ("{{printf \"%-5s|%03d|%q\" \"ab\" .n \"x\"}}", "ab   |003|\"x\""),
            ("{{.secret | base64decode}}", "hi"),
            ("{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}", "12"),
            ("a {{- \"b\" -}} c{{/* note */}}", "abc"),
            ("{{(index .items 1).metadata}}", "map[name:two]"),
            ("{{define \"t\"}}<{{.}}>{{end}}{{template \"t\" .n}}", "<3>"),
            (
                "{{range .items}}{{if eq .metadata.name \"two\"}}{{break}}{{end}}{{.metadata.name}}{{end}}",
                "one",
            ),
            ("{{print 1 2 \"a\" \"b\"}} {{println \"x\"}}", "1 2ab x\n"),
            ("{{index .items 0 \"metadata\" \"name\"}}", "one"),
            ("{{len \"abc\"}}{{slice \"abc\" 1 2}}", "3b"),
        ] {
            let t = Template::parse(template).unwrap_or_else(|e| panic!("{template}: {e}"));
            assert_eq!(t.render(&o).as_deref(), Ok(want), "{template}");
        }
    }

    #[test]
    fn what_does_not_fit_is_placed_as_go_does() {
        for (template, want) in [
            (
                "{{.items.y}}",
                "template: output:1:8: executing \"output\" at <.items.y>: can't evaluate field y in type interface {}",
            ),
            (
                "a\n  {{ range $x := .items }}{{ $x.b.c }}{{ end }}",
                "template: output:2:31: executing \"output\" at <$x.b.c>: can't evaluate field b in type interface {}",
            ),
            (
                "{{define \"t\"}}{{ len .n }}{{end}}{{template \"t\" .}}",
                "template: output:1:17: executing \"t\" at <len .n>: error calling len: len of type int64",
            ),
        ] {
            let t = Template::parse(template).unwrap_or_else(|e| panic!("{template}: {e}"));
            assert_eq!(t.render(&value!({"items": ["x"], "n": 1})), Err(want.to_owned()), "{template}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for bad in [
            "{{",
            "{{.a",
            "{{range .x}}",
            "{{end}}",
            "{{if}}{{end}}",
            "{{nosuch 1}}",
            "{{\"a}}",
            "{{$y}}",
            "{{.a | }}",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
        let deep = "(".repeat(5000);
        assert!(Template::parse(&format!("{{{{{deep}}}}}")).is_err());
        let loops = Template::parse("{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}").unwrap();
        assert!(loops.render(&value!({})).is_err());
    }
}
