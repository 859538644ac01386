//! The last touch on dist/index.html: the start-up script moves into a file of its own, so that a strict content
//! security policy can stand in the page, and nothing but the site's own files can ever load.

use std::path::Path;

use crate::{Outcome, project};

/// Styles may be inline because the diagram places its parts by `style`; scripts may not.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; \
     base-uri 'none'; form-action 'none'";

/// Rewrites the page that trunk left in `dist`.
pub(crate) fn finish(dist: &Path) -> Outcome {
    let index = dist.join("index.html");
    let html = project::read_text(&index)?;
    let (html, script) = strict(&html)?;
    project::write(&dist.join(script_name(&script)), script.as_bytes())?;
    project::write(&index, html.as_bytes())
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
            out.push_str(&format!("<script type=\"module\" src=\"./{}\">", script_name(body)));
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
        assert!(
            page.contains(&format!("<script type=\"module\" src=\"./{}\"></script>", script_name(&script))),
            "{page}"
        );
        assert!(page.contains("<script src=\"./a.js\"></script></head>"), "{page}");
        assert!(page.contains("Content-Security-Policy") && !page.contains("start()"), "{page}");
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
