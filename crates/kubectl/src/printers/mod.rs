//! Objects as text: one printer per format.
//!
//! Models `k8s.io/cli-runtime/pkg/genericclioptions` PrintFlags and `k8s.io/cli-runtime/pkg/printers`.

use std::cell::Cell;

use objects::tabwriter::TabWriter;
use objects::{Value, json, yaml};

use crate::error::{Error, Result, fail};
use crate::flags::Args;
use crate::session::Kubectl;

pub mod custom_columns;
pub mod go_template;
pub mod jsonpath;
pub mod kyaml;
pub mod sort;
pub mod table;

/// One output format, ready to print.
pub enum Format {
    /// Rows, or a verb's own sentence.
    Human,
    Wide,
    Name,
    Yaml,
    Kyaml,
    Json,
    JsonPath(jsonpath::Template),
    JsonPathAsJson(jsonpath::Template),
    GoTemplate(go_template::Template),
    Columns(custom_columns::Columns),
}

pub struct Printer {
    pub format: Format,
    show_managed: bool,
    printed: Cell<usize>,
}

const COMMON: &str = "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,yaml";
const GET: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml";

impl Printer {
    /// As `-o` and `--template` say, for a verb that changes something.
    ///
    /// # Errors
    /// An unknown format, a template that does not parse.
    pub fn of(k: &Kubectl, args: &Args) -> Result<Self> {
        Self::choose(k, args, false)
    }

    /// As `-o` and `--template` say, for `get`.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_get(k: &Kubectl, args: &Args) -> Result<Self> {
        Self::choose(k, args, true)
    }

    fn choose(k: &Kubectl, args: &Args, get: bool) -> Result<Self> {
        let output = args.text("output");
        let mut template = args.text("template").to_owned();
        let name = match output.split_once('=') {
            Some((n, t)) => {
                template = t.to_owned();
                n
            }
            None if output.is_empty() && !template.is_empty() => "go-template",
            None => output,
        };
        let file = |path: &str| match k.io.read(path) {
            Ok(b) => Ok(String::from_utf8_lossy(&b).into_owned()),
            Err(e) => fail(format!("error reading --template {path}, open {path}: {}\n", e.text())),
        };
        let needs = |template: &str| -> Result<()> {
            if template.is_empty() { fail("template format specified but no template given") } else { Ok(()) }
        };
        let missing_ok = args.is("allow-missing-template-keys");
        let format = match name {
            "" => Format::Human,
            "wide" if get => Format::Wide,
            "name" => Format::Name,
            "yaml" => Format::Yaml,
            "kyaml" => Format::Kyaml,
            "json" => Format::Json,
            "jsonpath" | "jsonpath-file" | "jsonpath-as-json" => {
                needs(&template)?;
                let text = if name == "jsonpath-file" { file(&template)? } else { template };
                let t = match jsonpath::Template::parse(&text, missing_ok) {
                    Ok(t) => t,
                    Err(e) => return fail(format!("error parsing jsonpath {text}, {e}")),
                };
                if name == "jsonpath-as-json" { Format::JsonPathAsJson(t) } else { Format::JsonPath(t) }
            }
            "go-template" | "template" | "go-template-file" | "templatefile" => {
                needs(&template)?;
                let text = if name.ends_with("file") { file(&template)? } else { template };
                match go_template::Template::parse(&text) {
                    Ok(t) => Format::GoTemplate(t),
                    Err(e) => return fail(format!("error parsing template {text}, {e}")),
                }
            }
            "custom-columns" | "custom-columns-file" if get => {
                let text = match k.io.read(&template) {
                    _ if !name.ends_with("file") => template,
                    Ok(b) => String::from_utf8_lossy(&b).into_owned(),
                    Err(e) => {
                        let why = e.text();
                        return fail(format!("error reading template {template}, open {template}: {why}"));
                    }
                };
                Format::Columns(custom_columns::Columns::parse(
                    &text,
                    name.ends_with("file"),
                    args.is("no-headers"),
                )?)
            }
            _ => {
                let allowed = if get { GET } else { COMMON };
                return fail(format!(
                    "unable to match a printer suitable for the output format \"{output}\", allowed formats are: {allowed}"
                ));
            }
        };
        Ok(Self { format, show_managed: args.is("show-managed-fields"), printed: Cell::new(0) })
    }

    #[must_use]
    pub fn is_human(&self) -> bool {
        matches!(self.format, Format::Human | Format::Wide)
    }

    /// An object that kubectl made itself, or has from a server that it asked for a struct.
    ///
    /// # Errors
    /// As [`Self::print`].
    pub fn print_made(&self, object: &Value, done: &str) -> Result<String> {
        if !matches!(self.format, Format::Json) {
            return self.print(object, done);
        }
        let object = if self.show_managed { object.clone() } else { without_managed(object) };
        Ok(format!("{}\n", objects::struct_order::to_pretty(&object, "    ")))
    }

    /// The object as text. Human formats print `kind/name done`.
    ///
    /// # Errors
    /// A template that does not fit the object.
    pub fn print(&self, object: &Value, done: &str) -> Result<String> {
        let nth = self.printed.get();
        self.printed.set(nth + 1);
        let whole = matches!(self.format, Format::Yaml | Format::Kyaml | Format::Json);
        let object = if self.show_managed || !whole { object.clone() } else { without_managed(object) };
        Ok(match &self.format {
            Format::Human | Format::Wide => name_lines(&object, done),
            Format::Name => name_lines(&object, ""),
            Format::Yaml => format!("{}{}", if nth > 0 { "---\n" } else { "" }, yaml::emit(&object)),
            Format::Kyaml => format!("---\n{}", kyaml::emit(&object)),
            Format::Json => format!("{}\n", json::to_pretty(&object, "    ")),
            Format::JsonPath(t) => match t.render(&object) {
                Ok(text) => text,
                Err(e) => return fail(t.failure(&e, &object)),
            },
            Format::JsonPathAsJson(t) => match t.render_json(&object) {
                Ok(text) => text,
                Err(e) => return fail(t.failure(&e, &object)),
            },
            Format::GoTemplate(t) => match t.render(&object) {
                Ok(text) => text,
                Err(e) => return Err(Error::Code(1, t.failure(&e, &object))),
            },
            Format::Columns(c) => c.print(&object, nth == 0)?,
        })
    }
}

/// Without `metadata.managedFields`, in the items of a list too.
#[must_use]
pub fn without_managed(object: &Value) -> Value {
    let mut o = object.clone();
    o.remove_at(&["metadata", "managedFields"]);
    if o["items"].items().iter().any(|i| !i.meta()["managedFields"].is_null()) {
        let items: Vec<Value> = o["items"].items().iter().map(without_managed).collect();
        o.set("items", Value::List(items.into()));
    }
    o
}

/// Cells separated by tabs as columns, as tables are printed.
#[must_use]
pub fn columns(text: &str) -> String {
    let mut w = TabWriter::for_tables();
    w.write(text);
    w.finish()
}

fn name_lines(object: &Value, done: &str) -> String {
    if let Some(items) = object.find("items").and_then(Value::as_list) {
        return items.iter().map(|i| name_lines(i, done)).collect();
    }
    let (group, _) = objects::resources::split_api_version(object.api_version());
    let mut line = object.kind().to_lowercase();
    if line.is_empty() {
        line.push_str("<unknown>");
    }
    if !group.is_empty() {
        line.push('.');
        line.push_str(group);
    }
    line.push('/');
    line.push_str(object.name());
    if !done.is_empty() {
        line.push(' ');
        line.push_str(done);
    }
    line.push('\n');
    line
}
