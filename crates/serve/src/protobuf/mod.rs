//! Bodies of requests: JSON, YAML, and the protobuf that typed clients send.
//!
//! Owns: the decoder, driven by a table of message fields (`fields.tsv`: numbers and types as upstream's `generated.proto`
//! files declare them). Models `k8s.io/apimachinery/pkg/runtime/serializer/protobuf`.
//! Not modelled: CustomResourceDefinitions as protobuf, whose schemas have fields of other names in JSON; CBOR.

pub mod table;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::Request;
use objects::schema::{TypeId, type_named};
use objects::{List, Reason, Status, Str, Value, json, yaml};

use table::{Kind, Message, Table};

const MAGIC: &[u8] = b"k8s\0";
/// How deep messages may stand in each other.
const DEPTH: usize = 64;

/// The body of a request as a tree.
///
/// # Errors
/// An unknown encoding, a body that is not in it.
pub fn body(content_type: &str, bytes: &[u8], request: &Request) -> Result<Value, Status> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let text = || {
        std::str::from_utf8(bytes).map_err(|_| Status::bad_request("the body of the request is not UTF-8"))
    };
    let malformed = |e: String| unreadable(&e, bytes, request);
    match kind {
        "application/vnd.kubernetes.protobuf" => object(bytes).map_err(|e| malformed(e.to_string())),
        "application/apply-patch+yaml" => yaml::load(text()?)
            .map(|d| d.value)
            .map_err(|e| Status::bad_request(format!("error decoding YAML: {e}"))),
        "application/yaml" => yaml::load(text()?).map(|d| d.value).map_err(|e| malformed(e.to_string())),
        "" | "application/json" => json::parse(text()?)
            .map_err(|e| malformed(format!("couldn't get version/kind; json parse error: {}", e.message))),
        "application/json-patch+json" | "application/merge-patch+json" => json::parse(text()?)
            .map_err(|e| Status::bad_request(format!("error decoding patch: {}", e.message))),
        "application/strategic-merge-patch+json" => {
            json::parse(text()?).map_err(|e| Status::bad_request(e.message))
        }
        _ => Err(Status::new(
            Reason::UnsupportedMediaType,
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )),
    }
}

/// A body that is no object: why, and how it begins.
fn unreadable(why: &str, bytes: &[u8], request: &Request) -> Status {
    const SHOWN: usize = 30;
    let begins = &bytes[..bytes.len().min(SHOWN)];
    let shown = match bytes.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => String::from_utf8_lossy(begins).into_owned(),
        Some(_) => begins.iter().map(|b| format!("{b:02x}")).collect(),
    };
    let more = if bytes.len() > SHOWN { " ..." } else { "" };
    let known = objects::resources::by_plural(&request.group, &request.version, &request.resource);
    let kind = known.map_or(request.resource.as_str(), |r| r.kind.as_str());
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): {why} ({shown}{more})"
    ))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("provided data does not appear to be a protobuf message")]
    NoMagic,
    #[error("unexpected EOF")]
    Short,
    #[error("proto: wrong wireType")]
    WireType,
    #[error("proto: messages nested too deep")]
    Deep,
    #[error("no protobuf message of this kind is known")]
    Unknown,
    #[error("invalid UTF-8 in a string")]
    Text,
}

/// One field as it stands on the wire.
enum Wire<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Result<u64, Error> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Error::Short)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Error::Short)
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], Error> {
        let n = usize::try_from(n).map_err(|_| Error::Short)?;
        let (taken, rest) = self.0.split_at_checked(n).ok_or(Error::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn next(&mut self) -> Result<Option<(u64, Wire<'a>)>, Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let little = |b: &[u8]| b.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let wire = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed(little(self.take(8)?)),
            2 => {
                let n = self.varint()?;
                Wire::Bytes(self.take(n)?)
            }
            5 => Wire::Fixed(little(self.take(4)?)),
            _ => return Err(Error::WireType),
        };
        Ok(Some((key >> 3, wire)))
    }
}

/// An enveloped object.
///
/// # Errors
/// Bytes that are none.
pub fn object(bytes: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader(bytes.strip_prefix(MAGIC).ok_or(Error::NoMagic)?);
    let (mut api_version, mut kind, mut raw): (String, String, &[u8]) = Default::default();
    while let Some((number, wire)) = reader.next()? {
        match (number, wire) {
            (1, Wire::Bytes(meta)) => {
                let mut meta = Reader(meta);
                while let Some((number, Wire::Bytes(b))) = meta.next()? {
                    let text = std::str::from_utf8(b).map_err(|_| Error::Text)?.to_owned();
                    if number == 1 { api_version = text } else { kind = text }
                }
            }
            (2, Wire::Bytes(b)) => raw = b,
            _ => {}
        }
    }
    let table = Table::get();
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let ty = objects::schema::type_for(group, version, &kind).ok_or(Error::Unknown)?;
    let message = table.message(&ty.full_name()).ok_or(Error::Unknown)?;
    let mut object = message_value(table, message, Some(ty), raw, 0)?;
    object.set("apiVersion", api_version);
    object.set("kind", kind);
    Ok(object)
}

fn message_value(
    table: &Table,
    message: &Message,
    ty: Option<TypeId>,
    bytes: &[u8],
    depth: usize,
) -> Result<Value, Error> {
    if depth > DEPTH {
        return Err(Error::Deep);
    }
    if let Some(special) = special(table, message, bytes)? {
        return Ok(special);
    }
    let mut out = Value::map();
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.next()? {
        let Some(field) = message.field(number) else { continue };
        let below = |kind: &Kind, wire: Wire<'_>| field_value(table, kind, wire, depth);
        if field.is_map {
            let Wire::Bytes(entry) = wire else { return Err(Error::WireType) };
            let (mut key, mut value) = (String::new(), Value::Null);
            let mut entry = Reader(entry);
            while let Some((number, wire)) = entry.next()? {
                match (number, wire) {
                    (1, Wire::Bytes(b)) => {
                        std::str::from_utf8(b).map_err(|_| Error::Text)?.clone_into(&mut key);
                    }
                    (2, wire) => value = below(&field.kind, wire)?,
                    _ => {}
                }
            }
            if value.is_null() && field.kind == Kind::Text {
                value = "".into();
            }
            out.map_mut().entry(field.name).map_mut().insert(key, value);
            continue;
        }
        // A field that JSON does not have is one whose own fields stand here.
        let inlined =
            ty.is_some_and(|t| t.field(field.name).is_none()) && matches!(field.kind, Kind::Message(_));
        if inlined {
            let (Kind::Message(name), Wire::Bytes(b)) = (&field.kind, wire) else { continue };
            let inner = table.message(name).ok_or(Error::Unknown)?;
            for (k, v) in message_value(table, inner, type_of(name), b, depth + 1)?.entries() {
                out.set(k.clone(), v);
            }
        } else if field.repeated {
            let value = below(&field.kind, wire)?;
            out.map_mut().entry(field.name).list_mut().push(value);
        } else {
            let value = below(&field.kind, wire)?;
            out.set(Str::new_static(field.name), value);
        }
    }
    Ok(out)
}

fn type_of(name: &str) -> Option<TypeId> {
    type_named(&name.replace("_", "-"))
}

fn field_value(table: &Table, kind: &Kind, wire: Wire<'_>, depth: usize) -> Result<Value, Error> {
    Ok(match (kind, wire) {
        (Kind::Text, Wire::Bytes(b)) => Value::from(std::str::from_utf8(b).map_err(|_| Error::Text)?),
        (Kind::Bytes, Wire::Bytes(b)) => Value::from(STANDARD.encode(b)),
        (Kind::Int, Wire::Varint(n)) => Value::Int(n as i64),
        (Kind::Bool, Wire::Varint(n)) => Value::Bool(n != 0),
        (Kind::Double, Wire::Fixed(n)) => Value::Float(f64::from_bits(n)),
        (Kind::Float, Wire::Fixed(n)) => Value::Float(f64::from(f32::from_bits(n as u32))),
        (Kind::Message(name), Wire::Bytes(b)) => {
            let message = table.message(name).ok_or(Error::Unknown)?;
            message_value(table, message, type_of(name), b, depth + 1)?
        }
        _ => return Err(Error::WireType),
    })
}

/// Types that JSON writes in a form of their own.
fn special(table: &Table, message: &Message, bytes: &[u8]) -> Result<Option<Value>, Error> {
    let short = message.name.rsplit('.').next().unwrap_or_default();
    let (mut numbers, mut first) = ([0u64; 4], None);
    let known = matches!(
        short,
        "Time" | "MicroTime" | "Duration" | "Quantity" | "IntOrString" | "RawExtension" | "FieldsV1" | "JSON"
    );
    let list = matches!(message.fields.as_slice(), [only] if only.name == "items" && only.repeated && only.kind == Kind::Text);
    if !known && !list {
        return Ok(None);
    }
    let (mut reader, mut items) = (Reader(bytes), Vec::new());
    while let Some((number, wire)) = reader.next()? {
        match wire {
            Wire::Varint(n) => {
                if let Some(place) = numbers.get_mut(number as usize) {
                    *place = n;
                }
            }
            Wire::Bytes(b) => {
                first = Some(b);
                items.push(field_value(table, &Kind::Text, Wire::Bytes(b), 0)?);
            }
            Wire::Fixed(_) => {}
        }
    }
    let text = || first.map_or(Ok(""), |b| std::str::from_utf8(b).map_err(|_| Error::Text));
    Ok(Some(match short {
        _ if list => Value::List(List::from(items)),
        "Time" | "MicroTime" if bytes.is_empty() => Value::Null,
        "Time" => Value::from(clock::Time((numbers[1] as i64).saturating_mul(1000)).rfc3339()),
        "MicroTime" => {
            let seconds = clock::Time((numbers[1] as i64).saturating_mul(1000)).rfc3339();
            let micros = (numbers[2] / 1000) % 1_000_000;
            Value::from(seconds.replace('Z', &format!(".{micros:06}Z")))
        }
        "Duration" => Value::from(objects::duration::format(numbers[1] as i64)),
        "Quantity" => Value::from(text()?),
        "IntOrString" if numbers[1] == 1 => Value::from(text()?),
        "IntOrString" => Value::Int(i64::from(numbers[2] as i32)),
        _ => json::parse(text()?).unwrap_or(Value::Null),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use objects::value;

    fn tagged(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
    }

    fn enveloped(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [tagged(1, api_version.as_bytes()), tagged(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), tagged(1, &meta), tagged(2, raw)].concat()
    }

    #[test]
    fn a_config_map() {
        let entry = [tagged(1, b"a"), tagged(2, b"1")].concat();
        let raw = [tagged(1, &tagged(1, b"settings")), tagged(2, &entry)].concat();
        let object = object(&enveloped("v1", "ConfigMap", &raw));
        let want = value!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}
        });
        assert_eq!(object, Ok(want));
    }

    #[test]
    fn inlined_messages_and_special_types() {
        // Pod.spec(2).volumes(1): name(1), volumeSource(2).emptyDir(2).sizeLimit(2).string(1)
        let limit = tagged(2, &tagged(1, b"1Gi"));
        let volume = [tagged(1, b"v"), tagged(2, &tagged(2, &limit))].concat();
        let pod = object(&enveloped("v1", "Pod", &tagged(2, &tagged(1, &volume)))).unwrap_or_default();
        assert_eq!(pod["spec"]["volumes"], value!([{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}]));
        // Service.spec(2).ports(1): port(3), targetPort(4) of type 1 (text) with strVal(3)
        let target = [vec![1 << 3, 1], tagged(3, b"http")].concat();
        let port = [vec![3 << 3, 80], tagged(4, &target)].concat();
        let service = object(&enveloped("v1", "Service", &tagged(2, &tagged(1, &port)))).unwrap_or_default();
        assert_eq!(service["spec"]["ports"], value!([{"port": 80, "targetPort": "http"}]));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let deep = (0..200).fold(Vec::new(), |inner, _| tagged(1, &inner[..inner.len().min(100)]));
        let cases: [(&[u8], Error); 4] = [
            (b"{}", Error::NoMagic),
            (b"k8s\0\x0a\xff", Error::Short),
            (&enveloped("v1", "Nothing", b""), Error::Unknown),
            (&enveloped("v1", "Pod", b"\x0a\x7f"), Error::Short),
        ];
        for (bytes, why) in cases {
            assert_eq!(object(bytes), Err(why));
        }
        // Whatever the bytes, there is an answer.
        let _ = object(&enveloped("v1", "Pod", &deep));
    }

    #[test]
    fn what_cannot_be_read_is_told_by_what_was_to_be_done_with_it() {
        let request = Request {
            group: "apps".into(),
            version: "v1".into(),
            resource: "deployments".into(),
            ..Request::raw("")
        };
        let end = "unexpected end of JSON input";
        let object = "the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse error: ";
        let table = [
            ("application/json", format!("{object}{end} ({{\"a\":)")),
            ("application/merge-patch+json", format!("error decoding patch: {end}")),
            ("application/strategic-merge-patch+json", end.to_owned()),
        ];
        for (kind, want) in table {
            assert_eq!(body(kind, b"{\"a\":", &request).map_err(|s| s.message), Err(want), "{kind}");
        }
    }

    #[test]
    fn every_message_named_exists() {
        let table = Table::get();
        for m in table.messages() {
            for f in &m.fields {
                if let Kind::Message(name) = &f.kind {
                    assert!(table.message(name).is_some(), "{}.{}: {name}", m.name, f.name);
                }
            }
        }
        let missing: Vec<&str> = objects::resources::all()
            .iter()
            .filter(|r| r.group != "apiextensions.k8s.io" && r.group != "apiregistration.k8s.io")
            .filter(|r| {
                objects::schema::type_for(&r.group, &r.version, &r.kind)
                    .is_none_or(|t| table.message(&t.full_name()).is_none())
            })
            .map(|r| r.kind.as_str())
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}
