//! Endpoints, as people write them by hand for a Service without a selector.
//!
//! Models ValidateEndpoints in `pkg/apis/core/validation`.

use objects::{Value, names};

use super::{Errors, ip};

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.each(object, "subsets", |e, _, s| {
        if s["addresses"].items().is_empty() && s["notReadyAddresses"].items().is_empty() {
            e.required("must specify `addresses` or `notReadyAddresses`");
        }
        for list in ["addresses", "notReadyAddresses"] {
            e.each(s, list, |e, _, a| address(a, e));
        }
        let several = s["ports"].items().len() > 1;
        e.each(s, "ports", |e, _, p| {
            if several && p["name"].text().is_empty() {
                e.at("name", |e| e.required(""));
            }
            e.rule(p, "name", names::dns1123_label);
            let number = p["port"].int();
            e.at("port", |e| e.complaints(&number.into(), names::port_number(number)));
            e.one_of(p, "protocol", &["SCTP", "TCP", "UDP"]);
            e.rule(p, "appProtocol", names::qualified_name);
        });
    });
}

fn address(a: &Value, e: &mut Errors) {
    let ip = &a["ip"];
    e.at("ip", |e| {
        ip::legacy(ip, e);
        match ip::lenient(ip.text()) {
            Some(address) => ip::reachable(ip, address, e),
            None => e.invalid_text(ip.text(), "must be a valid IP address"),
        }
    });
    e.rule(a, "hostname", names::dns1123_label);
    e.rule(a, "nodeName", names::dns1123_subdomain);
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn upstreams_words() {
        let object = value!({"subsets": [
            {"ports": [{"port": 0, "protocol": "TCP"}]},
            {"addresses": [{"ip": "127.0.0.1"}, {"ip": "10.0.0.5", "hostname": "a_b"}],
             "ports": [{"port": 80, "protocol": "TCP"}, {"port": 81, "protocol": "TCP", "name": "b"}]},
        ]});
        let mut e = Errors::new(false);
        validate(&object, &mut e);
        let got: Vec<String> =
            e.into_causes().into_iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        assert_eq!(got[0], "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`");
        assert_eq!(
            got[1],
            "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"
        );
        assert_eq!(
            got[2],
            "subsets[1].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"
        );
        assert!(got[3].starts_with("subsets[1].addresses[1].hostname: Invalid value: \"a_b\""), "{got:?}");
        assert_eq!(got[4], "subsets[1].ports[0].name: Required value");
        assert_eq!(got.len(), 5);
    }
}
