//! JSON of what kubectl makes itself, in the order of Go's structs; whatever it read from elsewhere is in the alphabet's.
//!
//! Owns: the order of the fields that its generators write and the server adds to them.
//! Models `encoding/json` over `k8s.io/api`. Not modelled: other fields, which come after these in the alphabet's order.

use objects::{Value, json};

/// Fields by what holds them; `""` is the whole object. What is not listed is a map, whose keys are sorted.
const ORDERS: [(&str, &str); 36] = [
    (
        "",
        "kind apiVersion metadata clusters users contexts immutable data stringData binaryData type rules aggregationRule subjects roleRef \
         value globalDefault description preemptionPolicy secrets imagePullSecrets spec status",
    ),
    (
        "metadata",
        "name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp labels \
         annotations ownerReferences finalizers",
    ),
    (
        "spec",
        "audiences expirationSeconds boundObjectRef volumes initContainers containers restartPolicy \
         terminationGracePeriodSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount nodeName securityContext \
         schedulerName tolerations priority enableServiceLinks minAvailable replicas parallelism completions backoffLimit \
         ports selector maxUnavailable manualSelector template strategy revisionHistoryLimit progressDeadlineSeconds \
         completionMode clusterIP clusterIPs type sessionAffinity externalName externalTrafficPolicy ipFamilies \
         ipFamilyPolicy internalTrafficPolicy schedule timeZone startingDeadlineSeconds concurrencyPolicy suspend \
         jobTemplate successfulJobsHistoryLimit failedJobsHistoryLimit podReplacementPolicy ingressClassName defaultBackend \
         tls rules hard scopeSelector scopes scaleTargetRef minReplicas maxReplicas metrics behavior",
    ),
    (
        "status",
        "token expirationTimestamp observedGeneration lastScaleTime disruptionsAllowed currentHealthy desiredHealthy \
         expectedPods currentReplicas desiredReplicas currentMetrics phase loadBalancer",
    ),
    ("template", "metadata spec"),
    ("jobTemplate", "metadata spec"),
    (
        "containers",
        "name image command args workingDir ports envFrom env resources volumeMounts livenessProbe readinessProbe \
         terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty",
    ),
    ("ports", "name hostPort containerPort protocol appProtocol port targetPort nodePort"),
    ("env", "name value valueFrom"),
    ("volumes", "name projected"),
    ("projected", "sources defaultMode"),
    ("serviceAccountToken", "expirationSeconds path"),
    ("configMap", "name items"),
    ("fieldRef", "apiVersion fieldPath"),
    ("items", "key path fieldRef"),
    ("volumeMounts", "name readOnly mountPath"),
    ("tolerations", "key operator value effect tolerationSeconds"),
    ("strategy", "type rollingUpdate"),
    ("rollingUpdate", "maxUnavailable maxSurge"),
    ("rules", "verbs apiGroups resources resourceNames nonResourceURLs host http"),
    ("subjects", "kind apiGroup name namespace"),
    ("roleRef", "apiGroup kind name"),
    ("scaleTargetRef", "kind name apiVersion"),
    ("metrics", "type resource"),
    ("resource", "name target"),
    ("target", "type value averageValue averageUtilization"),
    ("paths", "path pathType backend"),
    ("service", "name port"),
    ("port", "name number"),
    ("tls", "hosts secretName"),
    ("boundObjectRef", "kind apiVersion name uid"),
    ("userInfo", "username uid groups extra"),
    ("clientVersion", VERSION),
    ("serverVersion", VERSION),
    ("clusters", "name cluster"),
    ("contexts", "name context"),
];
const VERSION: &str = "major minor emulationMajor emulationMinor minCompatibilityMajor minCompatibilityMinor gitVersion \
                       gitCommit gitTreeState buildDate goVersion compiler platform";

/// The object on several lines, as `encoding/json` indents it.
#[must_use]
pub fn pretty(object: &Value, indent: &str) -> String {
    let mut out = String::new();
    write(&mut out, object, "", indent, 0);
    out
}

fn write(out: &mut String, value: &Value, within: &str, indent: &str, depth: usize) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&indent.repeat(depth));
    };
    match value {
        Value::Map(_) if !value.entries().is_empty() => {
            let order = ORDERS.iter().find(|(of, _)| *of == within).map_or("", |(_, fields)| *fields);
            let first = order.split_whitespace().filter(|f| value.find(f).is_some());
            let rest = value.entries().iter().map(|(k, _)| k.as_str());
            let rest = rest.filter(|k| !order.split_whitespace().any(|f| f == *k));
            out.push('{');
            for (i, key) in first.chain(rest).enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                out.push_str(&json::to_string(&Value::from(key)));
                out.push_str(": ");
                write(out, &value[key], key, indent, depth + 1);
            }
            line(out, depth);
            out.push('}');
        }
        Value::List(items) if !items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                write(out, item, within, indent, depth + 1);
            }
            line(out, depth);
            out.push(']');
        }
        other => out.push_str(&json::to_string(other)),
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_structs_and_keys_in_the_alphabets() {
        let binding = value!({
            "apiVersion": "v1", "kind": "B", "metadata": {"labels": {"name": "x", "app": "y"}, "name": "b"},
            "roleRef": {"apiGroup": "g", "kind": "Role", "name": "r"}, "other": {"b": [], "a": {}},
            "subjects": [{"apiGroup": "g", "kind": "User", "name": "u"}]
        });
        let text = pretty(&binding, " ");
        assert_eq!(json::parse(&text).as_ref(), Ok(&binding), "nothing is lost");
        let keys: Vec<&str> =
            text.lines().filter_map(|l| l.trim().strip_prefix('"')?.split('"').next()).collect();
        let expected = "kind apiVersion metadata name labels app name subjects kind apiGroup name roleRef apiGroup kind name other a b";
        assert_eq!(keys.join(" "), expected);
        assert_eq!(pretty(&value!({}), " "), "{}");
        assert_eq!(pretty(&value!({"a": [1, "x"]}), " "), "{\n \"a\": [\n  1,\n  \"x\"\n ]\n}");
    }
}
