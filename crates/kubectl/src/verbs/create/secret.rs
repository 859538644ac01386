//! `kubectl create secret generic|docker-registry|tls`

use objects::resources::SECRETS;
use objects::{base64, json, value};

use super::configmap::{SOURCES, encoded, key_values, valid_key};
use super::{GENERATOR, generate, named};
use crate::command::{Command, one_name};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::session::Kubectl;

static TYPE: &[Flag] = &[flag("type", Kind::Text, "", "type of the secret")];

static DOCKER: &[Flag] = &[
    flag("docker-username", Kind::Text, "", "user of the registry"),
    flag("docker-password", Kind::Text, "", "password of the registry"),
    flag("docker-email", Kind::Text, "", "mail address"),
    flag("docker-server", Kind::Text, "https://index.docker.io/v1/", "address of the registry"),
    flag("from-file", Kind::Words, "", "a docker config file"),
    flag("append-hash", Kind::Bool, "false", "put a hash of the content behind the name"),
];

static TLS: &[Flag] = &[
    flag("cert", Kind::Text, "", "file of the PEM certificate"),
    flag("key", Kind::Text, "", "file of the private key"),
    flag("append-hash", Kind::Bool, "false", "put a hash of the content behind the name"),
];

pub static COMMAND: Command = Command {
    name: "secret",
    short: "A secret of one of the kinds below",
    commands: &[
        &Command {
            name: "docker-registry",
            usage: "NAME --docker-username=user --docker-password=password --docker-email=email",
            short: "A secret with which images are pulled",
            flags: &[DOCKER, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
            run: Some(|k, a| Box::pin(docker(k, a))),
            ..Command::NONE
        },
        &Command {
            name: "generic",
            usage: "NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1]",
            short: "A secret from files or key=value pairs",
            flags: &[TYPE, SOURCES, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
            run: Some(|k, a| Box::pin(generic(k, a))),
            ..Command::NONE
        },
        &Command {
            name: "tls",
            usage: "NAME --cert=path/to/cert/file --key=path/to/key/file",
            short: "A secret with a certificate and its key",
            flags: &[TLS, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
            run: Some(|k, a| Box::pin(tls(k, a))),
            ..Command::NONE
        },
    ],
    ..Command::NONE
};

async fn create(
    k: &Kubectl,
    args: &Args,
    name: &str,
    kind: &str,
    pairs: Vec<(String, Vec<u8>)>,
) -> Result<()> {
    let mut seen: Vec<&str> = Vec::new();
    for (key, _) in &pairs {
        if let Some(why) = valid_key(key) {
            return fail(format!("\"{key}\" is not valid key name for a Secret {why}"));
        }
        if seen.contains(&key.as_str()) {
            return fail(format!("cannot add key {key}, another key by that name already exists"));
        }
        seen.push(key);
    }
    let mut s = named(SECRETS, name);
    if !pairs.is_empty() {
        s.set("data", encoded(pairs));
    }
    if !kind.is_empty() {
        s.set("type", kind);
    }
    if args.is("append-hash") {
        let body = value!({"kind": "Secret", "type": (kind), "name": (name), "data": (s["data"].clone())});
        s.set_at(&["metadata", "name"], format!("{name}-{}", super::super::name_hash(&body)));
    }
    generate(k, args, SECRETS, s, "secret").await
}

async fn generic(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    let pairs = key_values(k, args, "secret")?;
    create(k, args, &name, args.text("type"), pairs).await
}

async fn docker(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    let files = args.list("from-file");
    let (user, password, server) =
        (args.text("docker-username"), args.text("docker-password"), args.text("docker-server"));
    if files.is_empty() && (user.is_empty() || password.is_empty() || server.is_empty()) {
        return fail(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
        );
    }
    let pairs = if files.is_empty() {
        let auth = base64::encode(format!("{user}:{password}").as_bytes());
        let mut fields = vec![("username", user), ("password", password)];
        if !args.text("docker-email").is_empty() {
            fields.push(("email", args.text("docker-email")));
        }
        fields.push(("auth", &auth));
        // The order of docker's own struct, which the secret's bytes keep.
        let entry: Vec<String> =
            fields.iter().map(|(key, v)| format!("\"{key}\":{}", json::quote(v))).collect();
        let text = format!("{{\"auths\":{{{}:{{{}}}}}}}", json::quote(server), entry.join(","));
        vec![(".dockerconfigjson".to_owned(), text.into_bytes())]
    } else {
        let mut pairs = key_values(k, args, "secret")?;
        for p in &mut pairs {
            if files.len() == 1 && !files[0].contains('=') {
                p.0 = ".dockerconfigjson".into();
            }
        }
        pairs
    };
    create(k, args, &name, "kubernetes.io/dockerconfigjson", pairs).await
}

async fn tls(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    let (cert, key) = (args.text("cert"), args.text("key"));
    if cert.is_empty() || key.is_empty() {
        return fail("key and cert must be specified");
    }
    let read = |path: &str| match k.io.read(path) {
        Ok(b) => Ok(b),
        Err(e) => fail(format!("Cannot read file {path}, open {path}: {}", e.text())),
    };
    let (cert, key) = (read(cert)?, read(key)?);
    let pem = |b: &[u8], what: &str| String::from_utf8_lossy(b).contains(what);
    if !pem(&cert, "-----BEGIN CERTIFICATE-----") {
        return fail("tls: failed to find any PEM data in certificate input");
    }
    if !pem(&key, "PRIVATE KEY-----") {
        return fail("tls: failed to find any PEM data in key input");
    }
    create(k, args, &name, "kubernetes.io/tls", vec![("tls.crt".into(), cert), ("tls.key".into(), key)]).await
}
