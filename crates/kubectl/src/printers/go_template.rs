//! `-o go-template`: Go's text templates over an object.
//!
//! Models `text/template` as kubectl uses it: fields, variables, pipelines, `if`, `range`, `with`, `define` and
//! `template`, the built-in functions, and kubectl's `exists` and `base64decode`.
//! Not modelled: methods, `html` and `js` escaping.

mod eval;
mod funcs;
mod parse;

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

/// Templates that may use each other's definitions.
#[derive(Default)]
pub struct Set {
    files: Vec<(String, Vec<parse::Node>)>,
    defined: Vec<(String, Vec<parse::Node>)>,
}

impl Set {
    /// Adds a file's text; a later definition of a name stands in for an earlier one.
    ///
    /// # Errors
    /// Go's text, with the file's name.
    pub fn add(&mut self, name: &str, text: &str, more: &dyn Functions) -> Result<(), String> {
        let (nodes, defined) = parse::parse(text, Some(more)).map_err(|why| named(name, &why))?;
        self.defined.retain(|(n, _)| !defined.iter().any(|(d, _)| d == n));
        self.defined.extend(defined);
        self.files.push((name.to_owned(), nodes));
        Ok(())
    }

    /// The output of one file.
    ///
    /// # Errors
    /// Go's text, with the file's name.
    pub fn render(&self, name: &str, data: &Value, more: &dyn Functions) -> Result<String, String> {
        let Some((_, nodes)) = self.files.iter().find(|(n, _)| n == name) else { return Ok(String::new()) };
        eval::render(nodes, &self.defined, data, Some(more)).map_err(|why| named(name, &why))
    }
}

fn named(name: &str, why: &str) -> String {
    match why.strip_prefix("template: output: ") {
        Some(rest) if rest.starts_with('<') => format!("template: {name}: executing \"{name}\" at {rest}"),
        Some(rest) => format!("template: {name}: executing \"{name}\": {rest}"),
        None => why.replacen("template: output:", &format!("template: {name}:"), 1),
    }
}

pub struct Template {
    nodes: Vec<parse::Node>,
    defined: Vec<(String, Vec<parse::Node>)>,
    text: String,
}

impl Template {
    /// # Errors
    /// Go's text, such as `template: output:1: unexpected "}" in operand`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (nodes, defined) = parse::parse(text, None)?;
        Ok(Self { nodes, defined, text: text.to_owned() })
    }

    /// # Errors
    /// What does not fit.
    pub fn render(&self, object: &Value) -> Result<String, String> {
        eval::render(&self.nodes, &self.defined, object, None)
    }

    /// The sentence around a failure.
    #[must_use]
    pub fn failure(&self, why: &str, object: &Value) -> String {
        let (text, json) = (&self.text, objects::json::to_string(object));
        let object = go_text::syntax(object);
        format!(
            "error executing template \"{text}\": {why}\nError executing template: {why}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{text}\n\traw data was:\n\t\t{json}\n\tobject given to template engine was:\n\t\t{object}\n\n"
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
