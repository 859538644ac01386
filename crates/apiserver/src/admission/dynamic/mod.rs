//! Admission that objects in the cluster decide: policies written in CEL, and webhooks.
//!
//! Owns: what is registered, kept ready from the stored objects ([`Registered`]), and when each kind of it is asked.
//! Does not own: the expressions themselves (cel), the way to a webhook's pod (whoever gives a [`crate::Webhooks`]).
//!
//! Models `k8s.io/apiserver/pkg/admission/plugin/policy` and `plugin/webhook`.
//! Not modelled: the delay until a new policy is known, audit annotations (there is no audit log); `pods/binding` and connections (exec, attach, port-forward) are not asked about.

pub(crate) mod attributes;
mod expressions;
mod matching;
mod mutating_policy;
mod registered;
pub(crate) mod type_checking;
mod validating_policy;
mod webhook;

pub(crate) use registered::Registered;
pub(crate) use webhook::webhook_call;
pub use webhook::{WebhookCall, Webhooks};

use objects::{Status, Value};

use attributes::{Attributes, Operation};

use crate::server::{ApiServer, Cx};

/// Resources that decide on admission are not themselves decided on.
const EXEMPT: &str = ".admissionregistration.k8s.io";

impl ApiServer {
    /// Whether anything is registered that could have a say in `cx`.
    fn has_dynamic(&self, cx: &Cx<'_>) -> bool {
        !self.registered.is_empty()
            && !cx.resource.storage.ends_with(EXEMPT)
            && !cx.resource.storage.is_empty()
    }

    /// Lets policies and webhooks change `object` before it is validated. `old` is null for a new one.
    pub(crate) fn admit_mutating(
        &mut self,
        cx: &mut Cx<'_>,
        object: &mut Value,
        old: &Value,
    ) -> Result<(), Status> {
        if !self.has_dynamic(cx) || !self.registered.mutates() {
            return Ok(());
        }
        let operation = if old.is_null() { Operation::Create } else { Operation::Update };
        let mut attributes = Attributes::of(self, cx, operation, object, old);
        let before = attributes.object.clone();
        mutating_policy::admit(self, cx, &mut attributes)?;
        webhook::mutate(self, cx, &mut attributes)?;
        if attributes.object == before || cx.request.subresource == "scale" {
            return Ok(());
        }
        *object = self.completed(cx, attributes.object, old)?;
        Ok(())
    }

    /// Lets mutating webhooks hear of a deletion.
    pub(crate) fn admit_mutating_delete(&mut self, cx: &mut Cx<'_>, old: &Value) -> Result<(), Status> {
        if !self.has_dynamic(cx) || !self.registered.mutates() || cx.evicting {
            return Ok(());
        }
        let mut attributes = Attributes::of(self, cx, Operation::Delete, &Value::Null, old);
        webhook::mutate(self, cx, &mut attributes)
    }

    /// Whether a write may have to be asked about over the network.
    #[must_use]
    pub fn has_webhooks(&self) -> bool {
        self.registered.has_hooks()
    }

    /// Asks policies and webhooks about a complete and valid write.
    pub(crate) fn admit_validating(
        &mut self,
        cx: &mut Cx<'_>,
        object: &Value,
        old: &Value,
    ) -> Result<(), Status> {
        if !self.has_dynamic(cx) || !self.registered.validates() {
            return Ok(());
        }
        let operation = match (object.is_null(), old.is_null()) {
            _ if cx.evicting => Operation::Create,
            (true, _) => Operation::Delete,
            (_, true) => Operation::Create,
            _ => Operation::Update,
        };
        let attributes = Attributes::of(self, cx, operation, object, old);
        validating_policy::admit(self, cx, &attributes)?;
        webhook::validate(self, cx, &attributes)
    }

    /// A changed object as it would have come in: decoded and with defaults.
    fn completed(&mut self, cx: &mut Cx<'_>, mut object: Value, old: &Value) -> Result<Value, Status> {
        object.set("apiVersion", cx.resource.api_version());
        object.set("kind", &cx.resource.kind);
        let mut object = self.decoded(cx, object, old)?;
        self.default_object(cx, &mut object, old);
        Ok(object)
    }
}
