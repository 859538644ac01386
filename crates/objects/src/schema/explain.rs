//! What `explain` says of a type or field: its description and the name of its type.
//!
//! The descriptions are an asset (`assets/explain/en.json`, 112 kB compressed), not part of the program: whoever has a
//! terminal fetches or reads it, parses it once and hands it on.

use super::{Field, Shape, TypeId};
use crate::{Value, json};

/// The descriptions of the built-in types.
#[derive(Clone, Debug, Default)]
pub struct Descriptions(Value);

impl Descriptions {
    /// From the text of the asset.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn parse(text: &str) -> Result<Self, json::Error> {
        json::parse(text).map(Self)
    }

    /// The description of a type; `""` when there is none.
    #[must_use]
    pub fn of_type(&self, t: TypeId) -> &str {
        self.0[t.full_name().as_str()][""].text()
    }

    /// The description of a field of `t`; `""` when there is none.
    #[must_use]
    pub fn of_field(&self, t: TypeId, field: Field) -> &str {
        // The fields that every kind has are described once.
        let own = &self.0[t.full_name().as_str()];
        own.find(field.name()).unwrap_or(&self.0[""][field.name()]).text()
    }
}

impl Field {
    /// The type as `explain` prints it between angle brackets: `[]Container`, `map[string]Quantity`, `integer`.
    #[must_use]
    pub fn explain_type(self) -> String {
        self.shape().explain_type(&self.go_type())
    }
}

impl Shape {
    /// `go_type` tells apart the types that hold any JSON.
    fn explain_type(self, go_type: &str) -> String {
        let name = match self {
            Self::Bool => "boolean",
            Self::Int32 | Self::Int64 => "integer",
            Self::Float => "number",
            Self::Str | Self::Bytes | Self::Time | Self::MicroTime => "string",
            Self::List(_) | Self::Map(_) => {
                let element = self.element().unwrap_or(Self::Any);
                let inner = go_type.rsplit(']').next().unwrap_or(go_type);
                let prefix = if matches!(self, Self::List(_)) { "[]" } else { "map[string]" };
                return format!("{prefix}{}", element.explain_type(inner));
            }
            Self::Struct(_) => return self.struct_type().map_or_else(String::new, |t| t.name().to_owned()),
            Self::Quantity => "Quantity",
            Self::IntOrString => "IntOrString",
            Self::Any | Self::SchemaOrBool | Self::SchemaOrArray | Self::SchemaOrStrings => {
                go_type.rsplit('.').next().unwrap_or(go_type)
            }
        };
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::type_for;
    use super::*;

    #[test]
    fn types_are_named_as_explain_does() {
        let pod = type_for("", "v1", "Pod");
        for (path, want) in [
            (&["spec", "containers"][..], "[]Container"),
            (&["spec", "containers", "resources", "limits"], "map[string]Quantity"),
            (&["spec", "containers", "livenessProbe", "httpGet", "port"], "IntOrString"),
            (&["spec", "containers", "command"], "[]string"),
            (&["spec", "nodeSelector"], "map[string]string"),
            (&["spec", "hostNetwork"], "boolean"),
            (&["spec", "terminationGracePeriodSeconds"], "integer"),
            (&["metadata"], "ObjectMeta"),
            (&["metadata", "creationTimestamp"], "string"),
            (&["metadata", "managedFields", "fieldsV1"], "FieldsV1"),
        ] {
            let field = pod.and_then(|p| p.field_at(path));
            assert_eq!(field.map(Field::explain_type).as_deref(), Some(want), "{path:?}");
        }
    }

    #[test]
    fn descriptions_are_found_by_type_and_field() {
        let text = r#"{"": {"kind": "K"}, "io.k8s.api.core.v1.Pod": {"": "Pod is", "spec": "S"}}"#;
        let all = Descriptions::parse(text).unwrap_or_default();
        let pod = type_for("", "v1", "Pod").expect("a type");
        assert_eq!(all.of_type(pod), "Pod is");
        let of = |name: &str| pod.field(name).map(|f| all.of_field(pod, f));
        assert_eq!((of("spec"), of("kind"), of("status")), (Some("S"), Some("K"), Some("")));
    }
}
