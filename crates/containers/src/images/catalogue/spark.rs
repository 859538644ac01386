//! Spark, from the Kubernetes examples.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/spark",
    aliases: &["k8s.gcr.io/spark", "gcr.io/google_containers/spark"],
    tags: &["latest", "1.5.[0-9]_v[0-9]"],
    size_bytes: 980 << 20,
    cmd: &["bash"],
    programs: &[
        ("/opt/spark/bin/spark-master", "spark-master"),
        ("/opt/spark/bin/spark-worker", "spark-worker"),
    ],
    files: &[
        (
            "/start-common.sh",
            "#!/bin/bash\nif ! getent hosts spark-master > /dev/null; then\n  echo \"=== Cannot resolve the DNS entry for spark-master. Has the service been created yet, and is SkyDNS functional?\"\n  echo \"=== Sleeping 10s before pod exit.\"\n  sleep 10\n  exit 0\nfi\n",
        ),
        (
            "/start-master",
            "#!/bin/bash\n. /start-common.sh\necho \"$(hostname -i) spark-master\" >> /etc/hosts\nexec /opt/spark/bin/spark-master --ip spark-master --port 7077 --webui-port 8080\n",
        ),
        (
            "/start-worker",
            "#!/bin/bash\n. /start-common.sh\nexec /opt/spark/bin/spark-worker spark://spark-master:7077 --webui-port 8081\n",
        ),
    ],
    memory_bytes: 250 << 20,
    ..PLAIN
};
