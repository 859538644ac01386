//! `kubectl explain`: the fields of a kind, from the server's OpenAPI v3 documents.
//!
//! Models `k8s.io/kubectl/pkg/explain/v2` plaintext; the older layout is `openapi_v2`'s. Descriptions are the server's; where a document carries none,
//! the line says so.

mod openapi_v2;

use client::Request;
use objects::resources::{self, Resource};
use objects::schema::{Descriptions, openapi};
use objects::{Value, json, value};

use crate::command::Command;
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    flag("api-version", Kind::Text, "", "group/version to explain"),
    flag("recursive", Kind::Bool, "false", "the fields of fields too, without descriptions"),
    short('o', "output", Kind::Text, "plaintext", "plaintext or plaintext-openapiv2"),
];

pub static COMMAND: Command = Command {
    name: "explain",
    usage: "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]",
    short: "Explain the fields of a kind",
    flags: &[FLAGS],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let word = match args.args.as_slice() {
        [] => {
            return fail(
                "You must specify the type of resource to explain. Use \"kubectl api-resources\" for a complete list of supported resources.",
            );
        }
        [one] => one,
        _ => return fail("We accept only this format: explain RESOURCE"),
    };
    if !["plaintext", "plaintext-openapiv2"].contains(&args.text("output")) {
        return fail(format!("unrecognized format: {}", args.text("output")));
    }
    let (head, fields) = split(k, word).await?;
    // The mapper's own words, with nothing before them.
    let mut r = k.resource(&head).await.map_err(|e| match e {
        Error::Text(text) => Error::Code(1, text),
        other => other,
    })?;
    let version = args.text("api-version");
    if !version.is_empty() {
        r = match k.resource_of_kind(version, &r.kind).await {
            Ok(r) => r,
            Err(_) => {
                let (group, v) = objects::resources::split_api_version(version);
                return fail(format!("couldn't find resource for \"{group}/{v}, Resource={}\"", r.plural));
            }
        };
    }
    let document = document(k, &r).await?;
    let schemas = &document["components"]["schemas"];
    let same = |s: &Value| {
        s["x-kubernetes-group-version-kind"].items().iter().any(|g| {
            g["group"].text() == r.group && g["version"].text() == r.version && g["kind"].text() == r.kind
        })
    };
    let Some((_, schema)) = schemas.entries().iter().find(|(_, s)| same(s)) else {
        return fail(format!(
            "GVR ({}/{}, Resource={}) not found in OpenAPI schema",
            r.group, r.version, r.plural
        ));
    };
    let e = Explain { schemas, recursive: args.is("recursive") };
    if args.text("output") == "plaintext-openapiv2" {
        let Some(text) = e.older(&r, schema, &fields) else {
            return fail(format!("field \"{}\" does not exist", fields.last().map_or("", String::as_str)));
        };
        k.out(&text);
        return Ok(());
    }
    let mut out = String::new();
    if !r.group.is_empty() {
        out.push_str(&format!("GROUP:      {}\n", r.group));
    }
    out.push_str(&format!("KIND:       {}\nVERSION:    {}\n\n", r.kind, r.version));
    let Some(text) = e.output(schema, &fields, 0) else {
        k.out(&out);
        return fail(format!("field \"{}\" does not exist", fields.last().map_or("", String::as_str)));
    };
    out.push_str(&text);
    out.push('\n');
    k.out(&out);
    Ok(())
}

/// The OpenAPI document that describes a resource. Those of built-in kinds are known here; what they say of each field
/// is an asset of the machine. Custom kinds carry their own.
async fn document(k: &Kubectl, r: &Resource) -> Result<Value> {
    let texts = match k.io.explain_texts().await {
        Some(t) => Descriptions::parse(&t).unwrap_or_default(),
        None => Descriptions::default(),
    };
    if resources::by_kind(&r.group, &r.version, &r.kind).is_some()
        && let Some(d) = openapi::document(&r.group, &r.version, &texts)
    {
        return Ok(d);
    }
    match k.call(Request::raw(format!("/openapi/v3/apis/{}/{}", r.group, r.version))).await {
        Ok(answer) => {
            return match answer.object {
                Value::Str(text) => json::parse(&text).map_err(|e| Error::text(e.to_string())),
                other => Ok(other),
            };
        }
        Err(e) if e.is_not_found() => {}
        Err(e) => return Err(e),
    }
    let crd = k.get(resources::CUSTOMRESOURCEDEFINITIONS, "", &r.id).await?;
    let version = crd["spec"]["versions"].items().iter().find(|v| v["name"] == r.version.as_str());
    let mut schema = version.map_or(Value::Null, |v| v["schema"]["openAPIV3Schema"].clone());
    // The three fields of every object, as the core kinds have them.
    let mut document = openapi::document("", "v1", &texts).unwrap_or_default();
    let pod =
        document["components"]["schemas"].entries().iter().find(|(name, _)| name.ends_with(".core.v1.Pod"));
    let common = pod.map_or(Value::Null, |(_, s)| s["properties"].clone());
    for field in ["apiVersion", "kind", "metadata"] {
        if let Some(shape) = common.find(field) {
            schema.set_at(&["properties", field], shape.clone());
        }
    }
    let it = value!([{"group": (r.group.clone()), "kind": (r.kind.clone()), "version": (r.version.clone())}]);
    schema.set("x-kubernetes-group-version-kind", it);
    document.set_at(&["components", "schemas", "it"], schema);
    Ok(document)
}

/// `pods.spec.containers`, `deployments.apps.spec`: the type may itself have dots.
async fn split(k: &Kubectl, word: &str) -> Result<(String, Vec<String>)> {
    let parts: Vec<&str> = word.split('.').collect();
    let all = k.resources().await?;
    for n in (2..=parts.len()).rev() {
        let head = parts[..n].join(".");
        if all.iter().any(|r| !r.group.is_empty() && head == format!("{}.{}", r.plural, r.group)) {
            return Ok((head, parts[n..].iter().map(|s| (*s).to_owned()).collect()));
        }
    }
    Ok((parts[0].to_owned(), parts[1..].iter().map(|s| (*s).to_owned()).collect()))
}

struct Explain<'a> {
    schemas: &'a Value,
    recursive: bool,
}

impl<'a> Explain<'a> {
    fn resolve(&self, s: &'a Value) -> &'a Value {
        match s["$ref"].text().rsplit('/').next() {
            Some(name) if !name.is_empty() => &self.schemas[name],
            _ => s,
        }
    }

    /// Follows the path; `None` when it leads nowhere.
    fn output(&self, schema: &'a Value, path: &[String], depth: usize) -> Option<String> {
        if depth > 60 {
            return None;
        }
        let s = self.resolve(schema);
        let Some((first, rest)) = path.split_first() else {
            let mut out = String::from("DESCRIPTION:\n");
            let description = self.description(s, 0);
            out.push_str(&wrapped(if description.is_empty() { "<empty>" } else { &description }, 76, 4));
            // A description ends its own line, which leaves an empty one behind the indent.
            out.push_str(if description.is_empty() { "\n" } else { "\n    \n" });
            let mut list = String::new();
            self.fields(schema, 1, &mut Vec::new(), &mut list);
            if !list.is_empty() {
                out.push_str("FIELDS:\n");
                out.push_str(&list);
            }
            return Some(out);
        };
        if let Some(sub) = s["properties"].find(first) {
            let mut out = String::new();
            if rest.is_empty() {
                out.push_str(&format!("FIELD: {first} <{}>\n", self.kind(sub, 0)));
                for (i, e) in sub["enum"].items().iter().enumerate() {
                    out.push_str(if i == 0 { "ENUM:\n    " } else { "\n    " });
                    out.push_str(if e.text().is_empty() { "\"\"" } else { e.text() });
                }
                out.push_str("\n\n");
            }
            out.push_str(&self.output(sub, rest, depth + 1)?);
            return Some(out);
        }
        if !s["items"].is_null() {
            return self.output(&s["items"], path, depth + 1);
        }
        if s["additionalProperties"].as_map().is_some() {
            return self.output(&s["additionalProperties"], path, depth + 1);
        }
        s["allOf"].items().iter().find_map(|a| self.output(a, path, depth + 1))
    }

    fn description(&self, schema: &'a Value, depth: usize) -> String {
        if depth > 8 {
            return String::new();
        }
        let s = self.resolve(schema);
        let mut parts: Vec<String> = Vec::new();
        if !s["description"].text().is_empty() {
            parts.push(s["description"].text().to_owned());
        }
        for a in s["allOf"].items() {
            parts.push(self.description(a, depth + 1));
        }
        for inner in ["items", "additionalProperties"] {
            if s[inner].as_map().is_some() {
                parts.push(self.description(&s[inner], depth + 1));
            }
        }
        parts.retain(|p| !p.is_empty());
        parts.join("\n")
    }

    fn fields(&self, schema: &'a Value, level: usize, seen: &mut Vec<&'a str>, out: &mut String) {
        let reference = schema["$ref"].text();
        if !reference.is_empty() && seen.contains(&reference) {
            return;
        }
        if !reference.is_empty() {
            seen.push(reference);
        }
        let s = self.resolve(schema);
        for (name, sub) in s["properties"].entries() {
            self.field(s, name, sub, level, out);
            if self.recursive {
                self.fields(sub, level + 1, seen, out);
            }
        }
        for a in s["allOf"].items() {
            self.fields(a, level, seen, out);
        }
        for inner in ["items", "additionalProperties"] {
            if s[inner].as_map().is_some() {
                self.fields(&s[inner], level, seen, out);
            }
        }
        if !reference.is_empty() {
            seen.pop();
        }
    }

    fn field(&self, parent: &'a Value, name: &str, sub: &'a Value, level: usize, out: &mut String) {
        let indent = level * 2;
        out.push_str(&" ".repeat(indent));
        out.push_str(&format!("{name}\t<{}>", self.kind(sub, 0)));
        if parent["required"].items().iter().any(|r| r == name) {
            out.push_str(" -required-");
        }
        let options = sub["enum"].items();
        if !options.is_empty() {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            let shown: Vec<&str> =
                options.iter().take(4).map(|e| if e.text().is_empty() { "\"\"" } else { e.text() }).collect();
            out.push_str(&format!(
                "enum: {}{}",
                shown.join(", "),
                if options.len() > 4 { ", ...." } else { "" }
            ));
        }
        out.push('\n');
        if !self.recursive {
            let text = match sub["description"].text() {
                "" => "<no description>",
                t => t,
            };
            out.push_str(&wrapped(text, 78 - indent, indent + 2));
            out.push_str("\n\n");
        }
    }

    /// `string`, `[]Container`, `map[string]string`, `Object`
    fn kind(&self, s: &'a Value, depth: usize) -> String {
        if depth > 8 {
            return "Object".into();
        }
        if !s["items"].is_null() {
            return format!("[]{}", self.kind(&s["items"], depth + 1));
        }
        if s["additionalProperties"].as_map().is_some() {
            return format!("map[string]{}", self.kind(&s["additionalProperties"], depth + 1));
        }
        if let ([only], true) = (s["allOf"].items(), s["properties"].is_null()) {
            return self.kind(only, depth + 1);
        }
        let reference = s["$ref"].text();
        if !reference.is_empty() {
            let target = self.resolve(s);
            return match target["type"].text() {
                "" | "object" => reference.rsplit(['/', '.']).next().unwrap_or("Object").to_owned(),
                t => t.to_owned(),
            };
        }
        match s["type"].text() {
            "" | "object" => "Object".into(),
            t => t.into(),
        }
    }
}

/// Lines of at most `width` characters, every one behind `indent` spaces; spaces that open a line stay.
fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.trim_end_matches('\n').split('\n') {
        let body = paragraph.trim_start_matches(' ');
        let mut line = " ".repeat(paragraph.len() - body.len());
        let mut begun = false;
        for word in body.split(' ') {
            if begun && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
                begun = false;
            }
            if begun {
                line.push(' ');
            }
            line.push_str(word);
            begun = true;
        }
        lines.push(line);
    }
    let shown: Vec<String> = lines.into_iter().map(|l| format!("{pad}{l}")).collect();
    shown.join("\n")
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_wrap_and_keep_their_indent() {
        assert_eq!(wrapped("aa bb cc\n\n - x yy\n", 5, 2), "  aa bb\n  cc\n  \n   - x\n  yy");
        assert_eq!(wrapped("toolongaword b", 4, 0), "toolongaword\nb");
    }
}
