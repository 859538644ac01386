//! The last touch on dist/: the start-up script moves into a file of its own, so that a strict content security
//! policy can stand in the page, and nothing but the site's own files can ever load; it learns where the rest of the
//! program is (assets/start.js).

use std::path::{Path, PathBuf};

use crate::{Outcome, project};

/// Styles may be inline because the diagram places its parts by `style`; scripts may not.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; \
     base-uri 'none'; form-action 'none'";

/// The page that other pages embed, and where it differs from this one.
const EMBED: &str = "embed.html";
const ROOT: &str = "<html ";

/// Comes before trunk's script.
const START: &str = "assets/start.js";
/// How the name of the program's first part ends.
const FIRST_PART: &str = "_bg.wasm";
/// How the name of the rest begins.
pub(crate) const REST_PREFIX: &str = "rest-";
/// How the name of the part that is seldom used begins.
pub(crate) const SELDOM_PREFIX: &str = "seldom-";
/// Stands in the page for the script's name until that is known.
const START_PLACE: &str = "start-NAME.js";

/// Rewrites the page that trunk left in `dist` and puts the other parts of the program beside it. `later` is the line of
/// the start script that says where the parts for later are.
pub(crate) fn finish(dist: &Path, rest: &[u8], seldom: &[u8], later: &str) -> Outcome {
    let index = dist.join("index.html");
    let first = first_part(dist)?;
    // Trunk names the file by what it was before the cut; parts that do not belong together must never meet.
    let key = project::key(&[&project::read(&first)?, rest, seldom]);
    let old_name = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let new_name = format!("first-{key}{FIRST_PART}");
    let html = project::read_text(&index)?.replace(&old_name, &new_name);
    std::fs::rename(&first, dist.join(&new_name)).map_err(|e| format!("cannot rename {old_name}: {e}"))?;
    let name = |prefix: &str| format!("{prefix}{key}.wasm");
    project::write(&dist.join(name(REST_PREFIX)), rest)?;
    project::write(&dist.join(name(SELDOM_PREFIX)), seldom)?;

    let (html, trunks) = strict(&html)?;
    for file in project::files_below(dist)?.iter().filter(|file| is_glue(file)) {
        project::write(file, introduced(&project::read_text(file)?)?.as_bytes())?;
    }
    let loader = without_comments(&project::read_text(&project::root().join(START))?);
    let place = |constant: &str, prefix: &str| {
        format!("const {constant} = new URL('./{}', import.meta.url).href;\n", name(prefix))
    };
    let places = place("REST", REST_PREFIX) + &place("SELDOM", SELDOM_PREFIX);
    let script = format!("{places}{later}{loader}{trunks}\n");
    let name = script_name(&script);
    project::write(&dist.join(&name), script.as_bytes())?;
    let html = html.replace(START_PLACE, &name);
    project::write(&dist.join(EMBED), embedded(&html)?.as_bytes())?;
    project::write(&index, html.as_bytes())
}

/// The page for other pages to show in a frame: the same program, which knows by the mark where it is.
fn embedded(html: &str) -> Outcome<String> {
    match html.matches(ROOT).count() {
        1 => Ok(html.replace(ROOT, "<html data-embed ")),
        found => Err(format!("index.html has {ROOT:?} {found} times instead of once")),
    }
}

/// The program's first part in a built site.
pub(crate) fn first_part(dist: &Path) -> Outcome<PathBuf> {
    let mut found = project::files_below(dist)?;
    found.retain(|file| file.to_string_lossy().ends_with(FIRST_PART));
    let [first] = <[PathBuf; 1]>::try_from(found)
        .map_err(|all| format!("dist/ has {} files *{FIRST_PART} instead of one", all.len()))?;
    Ok(first)
}

/// wasm-bindgen's script.
fn is_glue(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("wheelhouse-web-") && name.ends_with(".js")
}

/// wasm-bindgen's script, which shows the program's first part to the start script before that part runs.
fn introduced(glue: &str) -> Outcome<String> {
    let line = "wasm = instance.exports;";
    match glue.matches(line).count() {
        1 => Ok(glue.replace(line, &format!("{line}\n    globalThis.wheelhouseStarted?.(wasm);"))),
        found => Err(format!("wasm-bindgen's script has {line:?} {found} times instead of once")),
    }
}

/// A script without the lines that only we read.
fn without_comments(script: &str) -> String {
    let code = |line: &&str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with("//") && !line.starts_with("/**")
    };
    script.lines().filter(code).flat_map(|line| [line, "\n"]).collect()
}

fn script_name(script: &str) -> String {
    format!("start-{}.js", project::key(&[script.as_bytes()]))
}

/// The page without its one inline script and with the policy, and the script.
fn strict(html: &str) -> Outcome<(String, String)> {
    let mut rest = html;
    let mut out = String::with_capacity(html.len() + POLICY.len() + 200);
    let mut scripts = Vec::new();
    while let Some(at) = rest.find("<script") {
        let open_end = rest[at..].find('>').ok_or("index.html: a script tag does not end")? + at + 1;
        let close = rest[open_end..].find("</script>").ok_or("index.html: a script does not end")? + open_end;
        let (tag, body) = (&rest[at..open_end], rest[open_end..close].trim());
        if body.is_empty() {
            out.push_str(&rest[..close]);
        } else {
            if !tag.contains("type=\"module\"") && !tag.contains("type=module") {
                return Err(format!("index.html: only module scripts can move into a file: {tag}"));
            }
            out.push_str(&rest[..at]);
            out.push_str(&format!("<script type=\"module\" src=\"./{START_PLACE}\">"));
            scripts.push(body.to_owned());
        }
        rest = &rest[close..];
    }
    out.push_str(rest);
    let [script] = <[String; 1]>::try_from(scripts)
        .map_err(|all| format!("index.html: expected one inline script, trunk's, and found {}", all.len()))?;
    let charset = "<meta charset=\"utf-8\">";
    if !out.contains(charset) {
        return Err(format!("index.html: no {charset} to put the policy after"));
    }
    let policy = format!("{charset}\n  <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">");
    Ok((out.replacen(charset, &policy, 1), script))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<html><head><meta charset=\"utf-8\">";

    #[test]
    fn the_inline_script_moves_out_and_the_policy_moves_in() {
        let html = format!(
            "{HEAD}<script type=\"module\">\nstart()\n</script><script src=\"./a.js\"></script></head>"
        );
        let (page, script) = strict(&html).unwrap();
        assert_eq!(script, "start()");
        assert!(page.contains("<script type=\"module\" src=\"./start-NAME.js\"></script>"), "{page}");
        assert!(page.contains("<script src=\"./a.js\"></script></head>"), "{page}");
        assert!(page.contains("Content-Security-Policy") && !page.contains("start()"), "{page}");
    }

    #[test]
    fn the_page_to_embed_is_marked() {
        assert_eq!(embedded("<html lang=\"en\"><body>").unwrap(), "<html data-embed lang=\"en\"><body>");
        assert!(embedded("<body>").is_err());
    }

    #[test]
    fn comments_stay_at_home() {
        assert_eq!(
            without_comments("// a\n  /** b */\n\nlet a = 'http://x';\n  // c\n"),
            "let a = 'http://x';\n"
        );
    }

    #[test]
    fn the_program_is_introduced_before_it_runs() {
        let glue = introduced("a();\nwasm = instance.exports;\nwasm.__wbindgen_start();").unwrap();
        assert!(glue.contains("globalThis.wheelhouseStarted?.(wasm);\nwasm.__wbindgen_start"), "{glue}");
        assert!(introduced("wasm = other").is_err());
    }

    #[test]
    fn what_it_does_not_know_it_refuses() {
        for tail in [
            "",
            "<script>a()</script>",
            "<script type=\"module\">a()",
            "<script type=\"module\">a()</script><script type=\"module\">b()</script>",
        ] {
            assert!(strict(&format!("{HEAD}{tail}")).is_err(), "{tail}");
        }
        assert!(strict("<script type=\"module\">a()</script>").is_err(), "no charset");
    }
}
