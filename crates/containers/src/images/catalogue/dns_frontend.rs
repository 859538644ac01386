//! The frontend of the DNS example: it asks its backend once.

use super::super::{Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "registry.k8s.io/example-dns-frontend",
    tags: &["latest", "v1"],
    size_bytes: 250 << 20,
    cmd: &["python", "client.py"],
    programs: &[("/usr/bin/curl", "curl")],
    files: &[
        (
            "/usr/local/bin/python",
            "#!/bin/sh\n# client.py: the address of the service, then its answer.\nhost=${2#*//}\nset -- $(getent hosts ${host%%[:/]*}) \"$2\"\necho \"$1\"\neval url=\\$$#\necho \"Send request to: $url\"\necho \"<Response [$(curl -s -o /tmp/body -w '%{http_code}' $url)]>\"\ncat /tmp/body\n",
        ),
        ("/client.py", "import requests\n"),
    ],
    ..PLAIN
};
