//! NetworkPolicies.
//!
//! Models ValidateNetworkPolicySpec in `pkg/apis/networking/validation`.

use objects::{Value, names};

use super::{Errors, ip, labels};

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        e.at("podSelector", |e| labels::selector(&s["podSelector"], e));
        for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
            e.each(s, rules, |e, _, rule| {
                e.each(rule, "ports", |e, _, p| port(p, e));
                e.each(rule, peers, |e, _, p| peer(p, e));
            });
        }
        let types = s["policyTypes"].items();
        if types.len() > 2 {
            e.at("policyTypes", |e| {
                e.invalid(&s["policyTypes"], "may not specify more than two policyTypes")
            });
            return;
        }
        e.each(s, "policyTypes", |e, _, t| {
            if !matches!(t.text(), "Ingress" | "Egress") {
                e.not_supported(t, &["Ingress", "Egress"]);
            }
        });
    });
}

pub(super) fn validate_update(new: &Value, _: &Value, errs: &mut Errors) {
    validate(new, errs);
}

fn port(p: &Value, e: &mut Errors) {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    if !p["protocol"].is_null() && !PROTOCOLS.contains(&p["protocol"].text()) {
        e.at("protocol", |e| e.not_supported(&p["protocol"], &PROTOCOLS));
    }
    let end = &p["endPort"];
    match &p["port"] {
        Value::Null if !end.is_null() => {
            e.at("endPort", |e| e.invalid(end, "may not be specified when `port` is not specified"));
        }
        Value::Null => {}
        Value::Str(name) => {
            if !end.is_null() {
                e.at("endPort", |e| e.invalid(end, "may not be specified when `port` is non-numeric"));
            }
            e.at("port", |e| e.complaints(&p["port"], names::port_name(name)));
        }
        n => {
            e.at("port", |e| e.complaints(n, names::port_number(n.int())));
            if !end.is_null() {
                e.at("endPort", |e| {
                    if end.int() < n.int() {
                        e.invalid(n, "must be greater than or equal to `port`");
                    }
                    e.complaints(end, names::port_number(end.int()));
                });
            }
        }
    }
}

fn peer(p: &Value, e: &mut Errors) {
    let given = |field: &str| !p[field].is_null();
    let count = ["podSelector", "namespaceSelector", "ipBlock"].iter().filter(|f| given(f)).count();
    for field in ["podSelector", "namespaceSelector"] {
        if given(field) {
            e.at(field, |e| labels::selector(&p[field], e));
        }
    }
    if given("ipBlock") {
        e.at("ipBlock", |e| block(&p["ipBlock"], e));
    }
    if count == 0 {
        e.required("must specify a peer");
    } else if count > 1 && given("ipBlock") {
        e.forbidden("may not specify both ipBlock and another peer");
    }
}

fn block(b: &Value, e: &mut Errors) {
    if b["cidr"].text().is_empty() {
        e.at("cidr", |e| e.required(""));
        return;
    }
    e.at("cidr", |e| ip::legacy_range(&b["cidr"], e));
    let Some(whole) = Cidr::parse(b["cidr"].text()) else { return };
    e.each(b, "except", |e, _, x| {
        ip::legacy_range(x, e);
        if Cidr::parse(x.text()).is_some_and(|part| !whole.holds(&part)) {
            e.invalid(x, "must be a strict subset of `cidr`");
        }
    });
}

/// A block of addresses of either family, as bits.
struct Cidr {
    v4: bool,
    address: u128,
    bits: u32,
}

impl Cidr {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        if bits.is_empty() || !bits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let bits: u32 = bits.parse().ok()?;
        let (v4, number, width) = match address.parse::<core::net::IpAddr>().ok()? {
            core::net::IpAddr::V4(a) => (true, u128::from(u32::from(a)) << 96, 32),
            core::net::IpAddr::V6(a) => (false, u128::from(a), 128),
        };
        (bits <= width).then_some(Self { v4, address: number, bits })
    }

    fn holds(&self, other: &Self) -> bool {
        let mask = if self.bits == 0 { 0 } else { u128::MAX << (128 - self.bits) };
        self.v4 == other.v4 && other.bits > self.bits && (other.address ^ self.address) & mask == 0
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn errors(spec: Value) -> Vec<String> {
        let mut errs = Errors::new(false);
        validate(&value!({"spec": (spec)}), &mut errs);
        errs.into_causes().into_iter().map(|c| format!("{}: {}", c.field, c.message)).collect()
    }

    #[test]
    fn upstreams_words() {
        let table = [
            (
                value!({"ingress": [{"from": [{}]}]}),
                "spec.ingress[0].from[0]: Required value: must specify a peer",
            ),
            (
                value!({"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0"}}]}]}),
                "spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
            ),
            (
                value!({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/16", "except": ["10.1.0.0/24"]}}]}]}),
                "spec.egress[0].to[0].ipBlock.except[0]: Invalid value: \"10.1.0.0/24\": must be a strict subset of `cidr`",
            ),
            (
                value!({"egress": [{"ports": [{"port": 80, "endPort": 70}]}]}),
                "spec.egress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`",
            ),
            (
                value!({"egress": [{"ports": [{"endPort": 70}]}]}),
                "spec.egress[0].ports[0].endPort: Invalid value: 70: may not be specified when `port` is not specified",
            ),
            (
                value!({"policyTypes": ["Inbound"]}),
                "spec.policyTypes[0]: Unsupported value: \"Inbound\": supported values: \"Ingress\", \"Egress\"",
            ),
            (
                value!({"ingress": [{"ports": [{"port": 80, "protocol": "HTTP"}]}]}),
                "spec.ingress[0].ports[0].protocol: Unsupported value: \"HTTP\": supported values: \"TCP\", \"UDP\", \"SCTP\"",
            ),
            (
                value!({"ingress": [{"from": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]}]}),
                "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer",
            ),
        ];
        for (spec, want) in table {
            assert_eq!(errors(spec), [want]);
        }
        assert!(
            errors(value!({"ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}]}]}))
                .is_empty()
        );
    }
}
