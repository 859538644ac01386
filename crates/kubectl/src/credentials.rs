//! Who kubectl is: what its kubeconfig's user and its flags say, as what a request brings.
//!
//! Owns: which of them counts, what is wrong with them, the questions when nothing says who. Does not own: the files
//! ([`crate::kubeconfig`]), whether the server believes it (apiserver).
//! Models `k8s.io/client-go/tools/clientcmd` (client_config, validation, auth_loaders) and `crypto/tls` X509KeyPair.
//! Not modelled: running plugins (`exec`, `auth-provider`), which is refused; the password's echo.

use std::sync::Arc;

use client::{Credentials, Identity, Impersonation};
use objects::{Str, Value, base64};

use crate::error::{Error, Result, fail};
use crate::flags::Args;
use crate::io::{FsError, Io};
use crate::kubeconfig::Config;

/// Flags, and the fields of a user's entry that they stand for.
const FLAGS: [(&str, &str); 5] = [
    ("client-certificate", "client-certificate"),
    ("client-key", "client-key"),
    ("token", "token"),
    ("username", "username"),
    ("password", "password"),
];

/// A user's entry with the flags over it.
pub struct User {
    name: String,
    entry: Value,
    impersonation: Impersonation,
}

impl User {
    /// `name`: that of `--user`, empty for the context's.
    #[must_use]
    pub fn of(config: &Config, name: &str, args: &Args) -> Self {
        let (name, entry) = config.user(name);
        let mut entry = if entry.is_null() { Value::map() } else { entry.clone() };
        for (flag, field) in FLAGS {
            let given = args.text(flag);
            if given.is_empty() {
                continue;
            }
            entry.set(field, given);
            entry.remove(&format!("{field}-data"));
            if field == "token" {
                entry.remove("tokenFile");
            }
        }
        let texts = |v: &Value| v.items().iter().map(Value::to_str).collect::<Vec<Str>>();
        let or = |flag: &str, field: &str| match args.text(flag) {
            "" => entry[field].to_str(),
            given => Str::from(given),
        };
        let groups = args.list("as-group");
        let mut extra: Vec<(Str, Vec<Str>)> = Vec::new();
        for (key, value) in args.list("as-user-extra").iter().filter_map(|e| e.split_once('=')) {
            match extra.iter_mut().find(|(k, _)| k == key) {
                Some((_, values)) => values.push(value.into()),
                None => extra.push((key.into(), vec![value.into()])),
            }
        }
        if extra.is_empty() {
            extra =
                entry["as-user-extra"].entries().iter().map(|(k, v)| (k.as_str().into(), texts(v))).collect();
        }
        let impersonation = Impersonation {
            user: or("as", "as"),
            groups: match groups.is_empty() {
                true => texts(&entry["as-groups"]),
                false => groups.into_iter().map(Str::from).collect(),
            },
            identity: Identity { uid: or("as-uid", "as-uid"), extra },
        };
        Self { name: name.to_owned(), entry, impersonation }
    }

    fn text(&self, field: &str) -> &str {
        self.entry[field].text()
    }

    /// What is wrong with the entry, whatever the server would say.
    ///
    /// # Errors
    /// Each of them; several stand below `Error in configuration:`.
    pub fn check(&self, io: &dyn Io) -> Result<()> {
        let mut wrong: Vec<String> = Vec::new();
        let name = &self.name;
        let has = |field: &str| !self.text(field).is_empty();
        if has("client-certificate") || has("client-certificate-data") {
            if has("client-certificate") && has("client-certificate-data") {
                wrong.push(format!(
                    "client-cert-data and client-cert are both specified for {name}. client-cert-data will override."
                ));
            }
            if has("client-key") && has("client-key-data") {
                wrong.push(format!(
                    "client-key-data and client-key are both specified for {name}; client-key-data will override"
                ));
            }
            if !has("client-key") && !has("client-key-data") {
                wrong.push(format!(
                    "client-key-data or client-key must be specified for {name} to use the clientCert authentication method."
                ));
            }
            for (field, what) in [("client-certificate", "client-cert"), ("client-key", "client-key")] {
                let path = self.text(field);
                if let Some(e) = (!path.is_empty()).then(|| io.read(path).err()).flatten() {
                    wrong.push(format!(
                        "unable to read {what} {path} for {name} due to open {path}: {}",
                        e.text()
                    ));
                }
            }
        }
        let exec = &self.entry["exec"];
        if !exec.is_null() {
            for field in ["command", "apiVersion"] {
                if exec[field].text().is_empty() {
                    wrong.push(format!(
                        "{field} must be specified for {name} to use exec authentication plugin"
                    ));
                }
            }
            match exec["interactiveMode"].text() {
                "" if exec["apiVersion"].text().ends_with("/v1") => {
                    wrong.push(format!(
                        "interactiveMode must be specified for {name} to use exec authentication plugin"
                    ));
                }
                "" | "Never" | "IfAvailable" | "Always" => {}
                other => wrong.push(format!("invalid interactiveMode for {name}: \"{other}\"")),
            }
        }
        let basic = has("username") || has("password");
        if has("token") && basic {
            wrong.push(format!(
                "more than one authentication method found for {name}; found [token basicAuth], only one is allowed"
            ));
        }
        let as_whom = &self.impersonation;
        let more = !as_whom.groups.is_empty() || as_whom.identity != Identity::default();
        if more && as_whom.user.is_empty() {
            wrong.push(format!(
                "requesting uid, groups or user-extra for {name} without impersonating a user"
            ));
        }
        match wrong.as_slice() {
            [] => Ok(()),
            [one] => fail(one.as_str()),
            many => {
                let lines: Vec<String> = many.iter().map(|w| format!("* {w}")).collect();
                Err(Error::Plain(format!("Error in configuration: \n{}", lines.join("\n"))))
            }
        }
    }

    #[must_use]
    pub fn impersonation(&self) -> Option<Arc<Impersonation>> {
        (!self.impersonation.user.is_empty()).then(|| Arc::new(self.impersonation.clone()))
    }

    /// What requests bring. Asks for a name and a password when nothing else says who this is; the server knows no
    /// passwords, so whoever gives one is nobody in particular.
    ///
    /// # Errors
    /// A certificate or a key that is none, or not of the other; a plugin; no answer.
    pub async fn credentials(&self, io: &dyn Io) -> Result<Credentials> {
        let mut found = Credentials::default();
        if !self.entry["exec"].is_null() {
            return Err(plugin(self.entry["exec"]["command"].text(), io));
        }
        let provider = self.entry["auth-provider"]["name"].text();
        if !provider.is_empty() {
            return fail(format!("no Auth Provider found for name \"{provider}\""));
        }
        found.token = self.text("token").into();
        let file = self.text("tokenFile");
        if found.token.is_empty() && !file.is_empty() {
            let read = io.read(file).map_err(|e| Error::text(format!("open {file}: {}", e.text())))?;
            found.token = String::from_utf8_lossy(&read).trim().into();
        }
        let pem = |field| content(&self.entry, field, &|path| io.read(path));
        let certificate = pem("client-certificate")?;
        if !certificate.is_empty() {
            let key = pem("client-key")?;
            belong(&certificate, &key).map_err(|why| Error::text(format!("tls: {why}")))?;
            found.certificate = certificate.into();
        }
        let basic = !self.text("username").is_empty();
        if found == Credentials::default() && !basic {
            ask(io).await?;
        }
        Ok(found)
    }
}

type Read<'a> = &'a dyn Fn(&str) -> std::result::Result<Vec<u8>, FsError>;

/// The text of a field's data, else of the file that it names.
fn content(entry: &Value, field: &str, read: Read<'_>) -> Result<String> {
    let data = entry[format!("{field}-data").as_str()].text();
    let bytes = match (data, entry[field].text()) {
        ("", "") => return Ok(String::new()),
        ("", path) => read(path).map_err(|e| Error::text(format!("open {path}: {}", e.text())))?,
        (data, _) => base64::decode_at(data)
            .map_err(|at| Error::text(format!("illegal base64 data at input byte {at}")))?,
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the user of the context in use brings, without a word about what is wrong: for what is offered while one types.
#[must_use]
pub fn quietly(config: &Config, read: Read<'_>) -> Credentials {
    let (_, entry) = config.user("");
    let file = read(entry["tokenFile"].text()).unwrap_or_default();
    let token = match entry["token"].text() {
        "" => String::from_utf8_lossy(&file).trim().into(),
        token => token.into(),
    };
    Credentials { certificate: content(entry, "client-certificate", read).unwrap_or_default().into(), token }
}

/// Whether a certificate and a key, both in PEM, are a pair.
fn belong(certificate: &str, key: &str) -> std::result::Result<(), String> {
    let kind = |text: &str| x509::der::from_pem(text).map(|(kind, _)| kind.to_owned());
    match kind(certificate).as_deref() {
        Some("CERTIFICATE") => {}
        None => return Err("failed to find any PEM data in certificate input".into()),
        Some(k) if k.ends_with("PRIVATE KEY") => {
            return Err("failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched".into());
        }
        Some(k) => {
            return Err(format!(
                "failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [{k}]"
            ));
        }
    }
    match kind(key).as_deref() {
        Some(k) if k.ends_with("PRIVATE KEY") => {}
        None => return Err("failed to find any PEM data in key input".into()),
        Some("CERTIFICATE") => {
            return Err("found a certificate rather than a key in the PEM for the private key".into());
        }
        Some(k) => {
            return Err(format!(
                "failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [{k}]"
            ));
        }
    }
    match x509::Certificate::read(certificate) {
        Some(read) if !x509::client::belongs(key, &read.key) => {
            Err("private key does not match public key".into())
        }
        // What openssl here writes by itself is no certificate to the server, which says so.
        _ => Ok(()),
    }
}

/// A command that would give credentials.
fn plugin(command: &str, io: &dyn Io) -> Error {
    let found = match command.contains('/') {
        true => io.exists(command),
        false => io
            .env("PATH")
            .unwrap_or_default()
            .split(':')
            .any(|folder| io.exists(&format!("{folder}/{command}"))),
    };
    if found {
        return Error::text(format!("simulated: the credential plugin {command} is not run"));
    }
    Error::Plain(format!(
        "Unable to connect to the server: getting credentials: exec: executable {command} not found\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\nTo learn more about this feature, consult the documentation available at:\n      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins"
    ))
}

/// Asks for a name and a password.
async fn ask(io: &dyn Io) -> Result<()> {
    io.out(b"Please enter Username: ");
    let mut typed = Vec::new();
    loop {
        match io.stdin_chunk().await {
            None if typed.iter().all(u8::is_ascii_whitespace) => return fail("EOF"),
            None => break,
            Some(more) => typed.extend(more),
        }
        let word = typed.iter().position(|b| !b.is_ascii_whitespace());
        if word.is_some_and(|from| typed[from..].iter().any(u8::is_ascii_whitespace)) {
            break;
        }
    }
    io.out(b"Please enter Password: ");
    if !io.stdin_is_tty() {
        return fail("error reading input for Password");
    }
    // One line; who types it sees it.
    while let Some(line) = io.stdin_chunk().await {
        if line.contains(&b'\n') {
            break;
        }
    }
    Ok(())
}
