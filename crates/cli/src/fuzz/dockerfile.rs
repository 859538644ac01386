//! Dockerfiles of likely pieces, built by an engine whose console holds nothing but them.

use clock::{Rng, Time};
use containers::fs::Node;
use containers::images::Registry;
use hostlab::docker::Input;
use hostlab::engine::HostFiles;
use hostlab::{Command, Console, Engine};

const LINES: [&str; 30] = [
    "FROM alpine:3.20",
    "FROM scratch",
    "FROM alpine AS b",
    "FROM ngnix",
    "FROM $V",
    "FROM",
    "from busybox",
    "RUN echo hi > /x",
    "RUN [\"/bin/echo\", \"a\"]",
    "RUN <<E\necho a\nE",
    "RUN <<E",
    "RUN exit 3",
    "RUN \\",
    "COPY . .",
    "COPY --from=b /x /y",
    "COPY --from=0 / /z/",
    "COPY a* /b/",
    "ADD f",
    "ENV A=1 B=\"2 3\"",
    "ENV A 1",
    "ENV A",
    "ARG V=alpine",
    "WORKDIR w/$A",
    "EXPOSE 80 x 99999",
    "CMD [\"sh\"",
    "ENTRYPOINT sh -c x",
    "USER nobody",
    "LABEL a",
    "# c",
    "HEALTHCHECK CMD true",
];

struct Files {
    now: Time,
    context: Node,
    registry: Registry,
}

impl HostFiles for Files {
    fn node(&mut self, path: &str) -> Option<Node> {
        match (path, &self.context) {
            ("/", node) => Some(node.clone()),
            (path, Node::Dir(d)) => d.entries.get(path.trim_start_matches('/')).cloned(),
            _ => None,
        }
    }
    fn put(&mut self, _path: &str, _node: Node) {}
}

impl Console for Files {
    fn now(&self) -> Time {
        self.now
    }
    fn out(&mut self, _bytes: &[u8]) {}
    fn err(&mut self, _bytes: &[u8]) {}
    fn read(&mut self) -> Input {
        Input::End
    }
    fn cwd(&self) -> String {
        "/".into()
    }
    fn is_tty(&self) -> bool {
        self.now.0 % 2 == 0
    }
    fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }
}

pub(super) fn try_one(rng: &mut Rng) {
    let mut text = String::new();
    for _ in 0..rng.below(9) {
        text.push_str(super::pick(rng, &LINES));
        if rng.below(6) == 0 {
            text.push_str(&super::noise(rng));
        }
        text.push('\n');
    }
    let mut tree = containers::fs::Tree::default();
    tree.put_file("/Dockerfile", text.as_bytes(), 0o644);
    tree.put_file("/a", b"a", 0o644);
    tree.put_file("/.dockerignore", super::noise(rng).as_bytes(), 0o644);
    let mut files =
        Files { now: Time::EPOCH + rng.below(2) as i64, context: tree.root, registry: Registry::default() };
    let mut engine = Engine::new(1);
    let mut command = Command::new(["build", "-t", "x", "."].map(String::from).to_vec());
    for _ in 0..200 {
        if command.poll(&mut engine, &mut files).is_some() {
            return;
        }
        files.now = command.wakes_at().map_or(files.now + 1000, |t| t.max(files.now + 1));
    }
    command.abandon(&mut engine);
}
