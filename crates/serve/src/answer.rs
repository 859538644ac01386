//! A response as HTTP carries it: status code, warnings, JSON.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use objects::{Status, Value, value};

use crate::order;

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
    let mut response = Response::new(Body::from(format!("{}\n", order::to_string(object))));
    *response.status_mut() = code;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

pub fn refusal(status: &Status) -> Response {
    let code = StatusCode::from_u16(status.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(code, &status.to_value());
    if let Some(seconds) = status.retry_after_seconds {
        response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
    }
    response
}

pub fn of(answered: client::Response, shape: Shape) -> Result<Response, Status> {
    if let Value::Str(text) = &answered.object {
        let mut response = Response::new(Body::from(text.to_string()));
        response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain; charset=utf-8"));
        return Ok(response);
    }
    let code = if answered.created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = json(code, &shape.shown(answered.object));
    for w in &answered.warnings {
        let quoted: String = w.chars().filter(|c| !c.is_control()).collect();
        let text = format!("299 - \"{}\"", quoted.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(v) = HeaderValue::from_bytes(text.as_bytes()) {
            response.headers_mut().append("warning", v);
        }
    }
    Ok(response)
}
