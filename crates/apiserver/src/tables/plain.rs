//! Kinds whose cells are plain fields.
//!
//! Models printNamespace, printConfigMap, printSecret, printServiceAccount, printLease, printPriorityClass,
//! printRuntimeClass, printNetworkPolicy and their like, and the default convertor (name and creation time).

use objects::selector::format_label_selector;

use super::{AGE, Column, NAME, Printer, age, flag, joined, name, number, text, text_or};

/// The printer of a resource without one of its own: name and age, or what its few fields are.
pub(super) fn of(id: &str) -> &'static Printer {
    match id {
        "namespaces" => &NAMESPACES,
        "componentstatuses" => &COMPONENTS,
        "resourceslices.resource.k8s.io" => &SLICES,
        "configmaps" => &CONFIG_MAPS,
        "secrets" => &SECRETS,
        "leases.coordination.k8s.io" => &LEASES,
        "priorityclasses.scheduling.k8s.io" => &PRIORITY_CLASSES,
        "runtimeclasses.node.k8s.io" => &RUNTIME_CLASSES,
        "networkpolicies.networking.k8s.io" => &NETWORK_POLICIES,
        "servicecidrs.networking.k8s.io" => &SERVICE_CIDRS,
        "ipaddresses.networking.k8s.io" => &IP_ADDRESSES,
        "csinodes.storage.k8s.io" => &CSI_NODES,
        "volumeattributesclasses.storage.k8s.io" => &ATTRIBUTES_CLASSES,
        "apiservices.apiregistration.k8s.io" => &API_SERVICES,
        "resourceclaims.resource.k8s.io" => &CLAIMS,
        "limitranges"
        | "roles.rbac.authorization.k8s.io"
        | "clusterroles.rbac.authorization.k8s.io"
        | "csistoragecapacities.storage.k8s.io"
        | "customresourcedefinitions.apiextensions.k8s.io" => &CREATED,
        _ => &BY_NAME,
    }
}

static BY_NAME: Printer = Printer { columns: &[NAME, AGE], cells: |o, now| vec![name(o), age(o, now)] };

static CREATED: Printer = Printer {
    columns: &[NAME, Column("Created At", "date", "", 0)],
    cells: |o, _| vec![name(o), o.meta()["creationTimestamp"].clone()],
};

static NAMESPACES: Printer = Printer {
    columns: &[NAME, text("Status"), AGE],
    cells: |o, now| vec![name(o), o["status"]["phase"].to_str().into(), age(o, now)],
};

static COMPONENTS: Printer = Printer {
    columns: &[NAME, text("Status"), text("Message"), text("Error")],
    cells: |o, _| {
        let healthy =
            o["conditions"].items().iter().find(|c| c["type"] == "Healthy").cloned().unwrap_or_default();
        let status = match healthy["status"].text() {
            "True" => "Healthy",
            "False" => "Unhealthy",
            _ => "Unknown",
        };
        vec![name(o), status.into(), healthy["message"].to_str().into(), healthy["error"].to_str().into()]
    },
};

static SLICES: Printer = Printer {
    columns: &[NAME, text("Node"), text("Driver"), text("Pool"), AGE],
    cells: |o, now| {
        let s = &o["spec"];
        let node = if s["allNodes"].is_true() { "<all>".into() } else { text_or(&s["nodeName"], "<unset>") };
        vec![name(o), node, s["driver"].to_str().into(), s["pool"]["name"].to_str().into(), age(o, now)]
    },
};

static CONFIG_MAPS: Printer = Printer {
    columns: &[NAME, text("Data"), AGE],
    cells: |o, now| {
        let count = o["data"].entries().len() + o["binaryData"].entries().len();
        vec![name(o), count.into(), age(o, now)]
    },
};

static SECRETS: Printer = Printer {
    columns: &[NAME, text("Type"), text("Data"), AGE],
    cells: |o, now| vec![name(o), o["type"].to_str().into(), o["data"].entries().len().into(), age(o, now)],
};

static LEASES: Printer = Printer {
    columns: &[NAME, text("Holder"), AGE],
    cells: |o, now| vec![name(o), o["spec"]["holderIdentity"].to_str().into(), age(o, now)],
};

static PRIORITY_CLASSES: Printer = Printer {
    columns: &[NAME, number("Value"), flag("Global-Default"), AGE, text("PreemptionPolicy")],
    cells: |o, now| {
        vec![
            name(o),
            o["value"].int().into(),
            o["globalDefault"].is_true().into(),
            age(o, now),
            o["preemptionPolicy"].to_str().into(),
        ]
    },
};

static RUNTIME_CLASSES: Printer = Printer {
    columns: &[NAME, text("Handler"), AGE],
    cells: |o, now| vec![name(o), o["handler"].to_str().into(), age(o, now)],
};

static NETWORK_POLICIES: Printer = Printer {
    columns: &[NAME, text("Pod-Selector"), AGE],
    cells: |o, now| vec![name(o), format_label_selector(&o["spec"]["podSelector"]).into(), age(o, now)],
};

static SERVICE_CIDRS: Printer = Printer {
    columns: &[NAME, text("CIDRs"), AGE],
    cells: |o, now| vec![name(o), joined(&o["spec"]["cidrs"], ",").into(), age(o, now)],
};

static IP_ADDRESSES: Printer = Printer {
    columns: &[NAME, text("ParentRef")],
    cells: |o, _| {
        let p = &o["spec"]["parentRef"];
        if p.is_null() {
            return vec![name(o), "<none>".into()];
        }
        let mut parent = p["resource"].text().to_lowercase();
        for (separator, key) in [(".", "group"), ("/", "namespace"), ("/", "name")] {
            if !p[key].text().is_empty() {
                parent.push_str(separator);
                parent.push_str(p[key].text());
            }
        }
        vec![name(o), parent.into()]
    },
};

static CSI_NODES: Printer = Printer {
    columns: &[NAME, number("Drivers"), AGE],
    cells: |o, now| vec![name(o), o["spec"]["drivers"].items().len().into(), age(o, now)],
};

static ATTRIBUTES_CLASSES: Printer = Printer {
    columns: &[NAME, text("DriverName"), AGE],
    cells: |o, now| vec![name(o), o["driverName"].to_str().into(), age(o, now)],
};

static API_SERVICES: Printer = Printer {
    columns: &[NAME, text("Service"), text("Available"), AGE],
    cells: |o, now| {
        let s = &o["spec"]["service"];
        let service = if s.is_null() {
            "Local".into()
        } else {
            format!("{}/{}", s["namespace"].text(), s["name"].text())
        };
        let condition = o.condition("Available");
        let available = match (condition["status"].text(), condition["reason"].text()) {
            ("True", _) => "True".into(),
            ("", _) => "Unknown".into(),
            (status, reason) => format!("{status} ({reason})"),
        };
        vec![name(o), service.into(), available.into(), age(o, now)]
    },
};

static CLAIMS: Printer = Printer {
    columns: &[NAME, text("State"), AGE],
    cells: |o, now| {
        let state = text_or(&o["status"]["allocation"], "pending");
        let state = if o["status"]["allocation"].is_null() { state } else { "allocated".into() };
        vec![name(o), state, age(o, now)]
    },
};
