//! What curl sends: `-d` and its like, `-F`, `-T`.

use objects::text::percent_encoded;

use super::super::Refusal;
use super::options::Options;
use crate::machine::Sys;

/// Bytes of standard input or a file that become a body.
pub(super) const BODY_MAX: usize = 4 << 20;

/// Bytes of a file; those of standard input are there already.
fn file(
    name: &str,
    sys: &mut Sys<'_>,
    input: &[u8],
    refusal: impl FnOnce(String) -> Refusal,
) -> Result<Vec<u8>, Refusal> {
    if name == "-" {
        return Ok(input.to_vec());
    }
    let path = sys.path(name);
    sys.fs().read(&path).map_err(|e| refusal(e.to_string()))
}

/// Whether something of it comes over standard input.
pub(super) fn asks_input(o: &Options) -> bool {
    o.data().any(|(name, value)| value == "@-" && *name != "data-raw")
        || o.values("form").any(|v| v.ends_with("=@-") || v.ends_with("=<-") || v.contains("=@-;"))
        || o.value("upload-file") == Some("-")
}

/// The body that `-d` and its like make.
pub(super) fn data(o: &Options, sys: &mut Sys<'_>, input: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut body: Vec<u8> = Vec::new();
    for (name, value) in o.data() {
        let from = value.strip_prefix('@').filter(|_| *name != "data-raw" && *name != "data-urlencode");
        let mut part = match from {
            Some(from) => file(from, sys, input, |e| {
                let text = format!(
                    "curl: option -d: error encountered when reading a file\ncurl: Failed to open {from}: {e}\n"
                );
                (text, 26)
            })?,
            None if *name == "data-urlencode" => encode(value).into_bytes(),
            None => value.clone().into_bytes(),
        };
        // Only -d drops line ends, and only those of files.
        if *name == "data" {
            part.retain(|b| !matches!(b, b'\n' | b'\r'));
        }
        if !body.is_empty() && *name != "json" {
            body.push(b'&');
        }
        body.extend(part);
    }
    Ok(body)
}

/// The body that `-F` makes, and its content type.
pub(super) fn form(o: &Options, sys: &mut Sys<'_>, input: &[u8]) -> Result<(Vec<u8>, String), Refusal> {
    let boundary =
        format!("------------------------{}", sys.rng().letters(b"0123456789abcdefABCDEFxyzXYZ", 22));
    let mut body: Vec<u8> = Vec::new();
    for given in o.values("form") {
        let Some((name, value)) = given.split_once('=') else {
            let text = "Warning: Illegally formatted input field\ncurl: option -F: is badly used here\ncurl: try 'curl --help' or 'curl --manual' for more information\n";
            return Err((text.to_owned(), 2));
        };
        let mut pieces = value.split(';');
        let content = pieces.next().unwrap_or("");
        let (mut kind, mut shown) = (None, None);
        for piece in pieces {
            match piece.trim().split_once('=') {
                Some(("type", k)) => kind = Some(k.to_owned()),
                Some(("filename", n)) => shown = Some(n.trim_matches('"').to_owned()),
                _ => {}
            }
        }
        let lost = |e: String| {
            (format!("curl: (26) Failed to open/read local data from file/application: {e}\n"), 26)
        };
        let bytes = match (content.strip_prefix('@'), content.strip_prefix('<')) {
            (Some(path), _) => {
                shown.get_or_insert_with(|| path.rsplit('/').next().unwrap_or("").to_owned());
                kind.get_or_insert_with(|| type_of(path).to_owned());
                file(path, sys, input, lost)?
            }
            (None, Some(path)) => file(path, sys, input, lost)?,
            (None, None) => content.as_bytes().to_vec(),
        };
        body.extend(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"").bytes());
        if let Some(shown) = shown {
            body.extend(format!("; filename=\"{shown}\"").bytes());
        }
        if let Some(kind) = kind {
            body.extend(format!("\r\nContent-Type: {kind}").bytes());
        }
        body.extend(b"\r\n\r\n");
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    Ok((body, format!("multipart/form-data; boundary={boundary}")))
}

/// What `-T` sends.
pub(super) fn upload(name: &str, sys: &mut Sys<'_>, input: &[u8]) -> Result<Vec<u8>, Refusal> {
    file(name, sys, input, |_| {
        (
            format!(
                "curl: cannot open '{name}'\ncurl: try 'curl --help' or 'curl --manual' for more information\n"
            ),
            26,
        )
    })
}

fn type_of(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or("") {
        "gif" => "image/gif",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "htm" | "html" => "text/html",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

/// `name=text with spaces` with its value coded for a form.
fn encode(text: &str) -> String {
    match text.split_once('=') {
        Some(("", value)) => percent_encoded(value),
        Some((name, value)) => format!("{name}={}", percent_encoded(value)),
        None => percent_encoded(text),
    }
}
