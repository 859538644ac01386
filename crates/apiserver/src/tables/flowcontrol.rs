//! FlowSchemas and PriorityLevelConfigurations.
//!
//! Models printFlowSchema and printPriorityLevelConfiguration.

use objects::Value;

use super::{AGE, NAME, Printer, age, name, text, text_or};

pub(super) static SCHEMAS: Printer = Printer {
    columns: &[
        NAME,
        text("PriorityLevel"),
        text("MatchingPrecedence"),
        text("DistinguisherMethod"),
        AGE,
        text("MissingPL"),
    ],
    cells: |o, now| {
        vec![
            name(o),
            o["spec"]["priorityLevelConfiguration"]["name"].to_str().into(),
            o["spec"]["matchingPrecedence"].int().into(),
            text_or(&o["spec"]["distinguisherMethod"]["type"], "<none>"),
            age(o, now),
            text_or(&o.condition("Dangling")["status"], "?"),
        ]
    },
};

pub(super) static LEVELS: Printer = Printer {
    columns: &[
        NAME,
        text("Type"),
        text("NominalConcurrencyShares"),
        text("Queues"),
        text("HandSize"),
        text("QueueLengthLimit"),
        AGE,
    ],
    cells: |o, now| {
        let limited = &o["spec"]["limited"];
        let queuing = &limited["limitResponse"]["queuing"];
        let shown = |v: &Value| if v.is_null() { "<none>".into() } else { v.clone() };
        vec![
            name(o),
            o["spec"]["type"].to_str().into(),
            shown(&limited["nominalConcurrencyShares"]),
            shown(&queuing["queues"]),
            shown(&queuing["handSize"]),
            shown(&queuing["queueLengthLimit"]),
            age(o, now),
        ]
    },
};
