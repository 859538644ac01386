//! vLLM: it finds no GPU on these nodes.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/vllm/vllm-openai",
    tags: &["latest", "v0.[0-9].*", "v0.1[0-9].*"],
    size_bytes: 9 << 30,
    base: Base::Ubuntu,
    workdir: "/vllm-workspace",
    entrypoint: &["python3", "-m", "vllm.entrypoints.openai.api_server"],
    programs: &[("/usr/bin/python3", "vllm"), ("/usr/local/bin/vllm", "vllm")],
    memory_bytes: 900 << 20,
    ..PLAIN
};
