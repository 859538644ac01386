//! The New Relic infrastructure agent: without a licence key it ends.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/newrelic/infrastructure",
    tags: &["latest", "1.*", "0.*"],
    size_bytes: 120 << 20,
    cmd: &["/usr/bin/newrelic-infra"],
    files: &[(
        "/usr/bin/newrelic-infra",
        "#!/bin/sh\n[ -n \"$NRIA_LICENSE_KEY\" ] || { echo \"level=error msg=\\\"can't load configuration\\\" error=\\\"no license key, please add it to agent's config file or NRIA_LICENSE_KEY environment variable\\\"\" >&2; exit 1; }\necho \"level=info msg=\\\"New Relic infrastructure agent is running.\\\"\"\nexec sleep infinity\n",
    )],
    memory_bytes: 25 << 20,
    ..PLAIN
};
