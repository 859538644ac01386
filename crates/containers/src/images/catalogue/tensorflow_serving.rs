//! TensorFlow Serving.

use super::super::{Base, Image, PLAIN};

pub(super) static IMAGE: Image = Image {
    name: "docker.io/tensorflow/serving",
    tags: &["latest", "nightly", "[12].*"],
    size_bytes: 480 << 20,
    base: Base::Ubuntu,
    entrypoint: &["/usr/bin/tf_serving_entrypoint.sh"],
    env: &[("MODEL_BASE_PATH", "/models"), ("MODEL_NAME", "model")],
    ports: &[8500, 8501],
    programs: &[("/usr/bin/tensorflow_model_server", "tensorflow_model_server")],
    files: &[(
        "/usr/bin/tf_serving_entrypoint.sh",
        "#!/bin/bash\n\nexec tensorflow_model_server --port=8500 --rest_api_port=8501 --model_name=${MODEL_NAME} --model_base_path=${MODEL_BASE_PATH}/${MODEL_NAME} \"$@\"\n",
    )],
    dirs: &["/models"],
    memory_bytes: 180 << 20,
    ..PLAIN
};
