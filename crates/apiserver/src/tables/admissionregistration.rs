//! Admission policies, their bindings, and webhooks.
//!
//! Models printValidatingAdmissionPolicy, printMutatingAdmissionPolicy, their bindings, and the webhook printers.

use objects::Value;

use super::{AGE, NAME, Printer, age, name, number, text};

pub(super) static VALIDATING_POLICIES: Printer = Printer {
    columns: &[NAME, number("Validations"), text("ParamKind"), AGE],
    cells: |o, now| vec![name(o), o["spec"]["validations"].items().len().into(), param_kind(o), age(o, now)],
};

pub(super) static MUTATING_POLICIES: Printer = Printer {
    columns: &[NAME, number("Mutations"), text("ParamKind"), AGE],
    cells: |o, now| vec![name(o), o["spec"]["mutations"].items().len().into(), param_kind(o), age(o, now)],
};

fn param_kind(o: &Value) -> Value {
    let kind = &o["spec"]["paramKind"];
    if kind.is_null() {
        return "<unset>".into();
    }
    format!("{}/{}", kind["apiVersion"].text(), kind["kind"].text()).into()
}

pub(super) static POLICY_BINDINGS: Printer = Printer {
    columns: &[NAME, text("PolicyName"), text("ParamRef"), AGE],
    cells: |o, now| {
        let p = &o["spec"]["paramRef"];
        let shown = match (p["namespace"].text(), p["name"].text()) {
            (_, "") => "<unset>".into(),
            ("", n) => format!("*/{n}"),
            (ns, n) => format!("{ns}/{n}"),
        };
        vec![name(o), o["spec"]["policyName"].to_str().into(), shown.into(), age(o, now)]
    },
};

pub(super) static WEBHOOKS: Printer = Printer {
    columns: &[NAME, number("Webhooks"), AGE],
    cells: |o, now| vec![name(o), o["webhooks"].items().len().into(), age(o, now)],
};
