//! A response as HTTP carries it: status code, warnings, JSON.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use cluster::wire::HttpResponse;
use objects::{Status, Value, struct_order, value};

/// What the client wants of each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Whole,
    /// `PartialObjectMetadata`
    Metadata,
}

impl Shape {
    pub fn of(accept: &str) -> Self {
        let first = accept.split(',').next().unwrap_or_default();
        if first.contains("as=PartialObjectMetadata") { Self::Metadata } else { Self::Whole }
    }

    pub fn shown(self, object: Value) -> Value {
        if self == Self::Whole || matches!(object.kind(), "Status" | "Table") {
            return object;
        }
        let one = |o: &Value| value!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": (&o["metadata"])});
        if object.find("items").is_none() {
            return one(&object);
        }
        value!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": (&object["metadata"]), "items": (object["items"].items().iter().map(one).collect::<Value>())
        })
    }
}

/// JSON with this code.
pub fn json(code: StatusCode, object: &Value) -> Response {
    let mut response = Response::new(Body::from(format!("{}\n", struct_order::to_string(object))));
    *response.status_mut() = code;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

/// A text as it is.
pub fn text(code: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

pub fn refusal(status: &Status) -> Response {
    let code = StatusCode::from_u16(status.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(body) = status.plain() {
        return text(code, body.to_owned());
    }
    let mut response = json(code, &status.to_value());
    if let Some(seconds) = status.retry_after_seconds {
        response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
    }
    response
}

/// What a server behind a proxy path said, as it said it.
pub fn passed(answered: HttpResponse) -> Response {
    let mut response = Response::new(Body::from(answered.body));
    *response.status_mut() = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in &answered.headers {
        let framing = ["content-length", "transfer-encoding", "connection"];
        if framing.iter().any(|f| name.eq_ignore_ascii_case(f)) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The answer to a request for `target`.
pub fn of(target: &str, answered: client::Response, shape: Shape) -> Result<Response, Status> {
    if let Value::Str(body) = &answered.object {
        return Ok(text(StatusCode::OK, body.to_string()));
    }
    if let Some(body) = client::http::fixed_form(target, &answered.object) {
        let mut response = Response::new(Body::from(body));
        response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        return Ok(response);
    }
    let code = if answered.created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = json(code, &shape.shown(answered.object));
    for w in &answered.warnings {
        let quoted: String = w.chars().filter(|c| !c.is_control()).collect();
        let warning = format!("299 - \"{}\"", quoted.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(v) = HeaderValue::from_bytes(warning.as_bytes()) {
            response.headers_mut().append("warning", v);
        }
    }
    Ok(response)
}
