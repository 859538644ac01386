//! Servers that manifests found in the wild run: what they listen on, the lines they begin with, and a few paths.
//!
//! Not modelled: what they are for: models, ranges of a database, jobs of Spark.

use super::{Kind, Server, no_demand};
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};
use crate::programs::date_text;

/// Paths (one that ends in `*` stands for all below it), status, type and body.
type Answer = (&'static str, u16, &'static str, &'static str);

struct Wild {
    name: &'static str,
    before: &'static str,
    after: &'static str,
    answers: &'static [Answer],
}

const HTML: &str = "text/html";
const JSON: &str = "application/json";
const PLAIN: &str = "text/plain";

static ALL: [Wild; 10] = [
    Wild {
        name: "minio",
        before: "INFO: Formatting 1st pool, 1 set(s), 1 drives per set.\n",
        after: "MinIO Object Storage Server\nCopyright: 2015-2024 MinIO, Inc.\nLicense: GNU AGPLv3\n\nAPI: http://@HOST:9000  http://127.0.0.1:9000\nWebUI: http://@HOST:9001 http://127.0.0.1:9001\n",
        answers: &[
            ("/minio/health/*", 200, PLAIN, ""),
            (
                "*",
                403,
                "application/xml",
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>",
            ),
        ],
    },
    Wild {
        name: "tensorflow_model_server",
        before: "@TIME I tensorflow_serving/model_servers/server.cc:73] Building single TensorFlow model file config:  model_name: @model_name model_base_path: @model_base_path\n@TIME I tensorflow_serving/model_servers/server_core.cc:471] Adding/updating models.\n",
        after: "@TIME E tensorflow_serving/sources/storage_path/file_system_storage_path_source.cc:353] FileSystemStoragePathSource encountered a filesystem access error: Could not find base path @model_base_path for servable @model_name with error NOT_FOUND: @model_base_path not found\n",
        answers: &[
            (
                "/v1/models/*",
                404,
                JSON,
                "{\n    \"error\": \"Could not find any versions of model my_model\"\n}\n",
            ),
            ("*", 404, JSON, "{ \"error\": \"Malformed request\" }"),
        ],
    },
    Wild {
        name: "prometheus-adapter",
        before: "I0101 00:00:00.000000       1 adapter.go:114] successfully using in-cluster auth\n",
        after: "I0101 00:00:00.000000       1 secure_serving.go:213] Serving securely on [::]:6443\n",
        answers: &[
            ("/healthz", 200, PLAIN, "ok"),
            ("/readyz", 200, PLAIN, "ok"),
            ("/livez", 200, PLAIN, "ok"),
        ],
    },
    Wild { name: "vllm", before: "", after: "", answers: &[] },
    Wild {
        name: "cockroach",
        before: "",
        after: "CockroachDB node starting at @TIME\nbuild:      CCL v1.1.0\nadmin:      http://@HOST:8080\nsql:        postgresql://root@@HOST:26257?sslmode=disable\nstatus:     initialized new cluster\nnodeID:     1\n",
        answers: &[
            ("/health", 200, JSON, "{}"),
            ("/_status/*", 200, JSON, "{}"),
            ("/", 200, HTML, "<!DOCTYPE html>\n<title>Cockroach Console</title>\n"),
        ],
    },
    Wild {
        name: "explorer",
        before: "",
        after: "",
        answers: &[
            (
                "/",
                200,
                HTML,
                "<b>Kubernetes environment explorer</b><br/><br/><a href='/fs/'>file system</a><br/><a href='/vars/'>environment variables</a><br/><a href='/hostname/'>hostname</a><br/><a href='/dns?q=google.com'>explore DNS</a><br/>\n",
            ),
            ("/hostname/", 200, PLAIN, "@HOST\n"),
        ],
    },
    Wild {
        name: "openshift",
        before: "",
        after: "I master.go] Started Kubernetes API at 0.0.0.0:8443/api/v1\nI master.go] Started Origin API at 0.0.0.0:8443/oapi/v1\n",
        answers: &[
            ("/healthz", 200, PLAIN, "ok"),
            (
                "*",
                403,
                JSON,
                "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"Forbidden\",\"code\":403}\n",
            ),
        ],
    },
    Wild {
        name: "spark-master",
        before: "INFO Master: Registered signal handlers for [TERM, HUP, INT]\n",
        after: "INFO Utils: Successfully started service 'sparkMaster' on port 7077.\nINFO Master: Starting Spark master at spark://spark-master:7077\nINFO Master: Running Spark version 1.5.2\nINFO MasterWebUI: Started MasterWebUI at http://@HOST:8080\nINFO Master: I have been elected leader! New state: ALIVE\n",
        answers: &[(
            "/",
            200,
            HTML,
            "<!DOCTYPE html><html><head><title>Spark Master at spark://spark-master:7077</title></head><body><h3>Spark Master at spark://spark-master:7077</h3></body></html>\n",
        )],
    },
    Wild {
        name: "spark-worker",
        before: "INFO Worker: Registered signal handlers for [TERM, HUP, INT]\n",
        after: "INFO Worker: Starting Spark worker @HOST:8888 with 4 cores, 6.5 GB RAM\nINFO WorkerWebUI: Started WorkerWebUI at http://@HOST:8081\nINFO Worker: Connecting to master spark-master:7077...\nINFO Worker: Successfully registered with master spark://spark-master:7077\n",
        answers: &[(
            "/",
            200,
            HTML,
            "<!DOCTYPE html><html><head><title>Spark Worker</title></head><body><h3>Spark Worker</h3></body></html>\n",
        )],
    },
    Wild {
        name: "spark-ui-proxy",
        before: "Starting server on  http://0.0.0.0:80/\n",
        after: "",
        answers: &[("/", 302, HTML, ""), ("/proxy:*", 200, HTML, "<title>Spark Master</title>\n")],
    },
];

const fn wild(name: &'static str, ports: &'static [u16], start_ms: i64) -> Kind {
    Kind { name, ports, start_ms, demand: no_demand, log, http: Some(answer), tcp: None, term: Some(143) }
}

pub(super) const KINDS: [Kind; 10] = [
    wild("minio", &[9000, 9001], 600),
    wild("tensorflow_model_server", &[8500, 8501], 1500),
    wild("prometheus-adapter", &[6443], 1000),
    Kind { demand: no_device, ..wild("vllm", &[8000], 8000) },
    Kind { tcp: None, ..wild("cockroach", &[26257, 8080], 1500) },
    Kind { term: None, ..wild("explorer", &[8080], 20) },
    Kind { demand: master_config, ..wild("openshift", &[8443], 3000) },
    wild("spark-master", &[7077, 8080], 3000),
    wild("spark-worker", &[8888, 8081], 3000),
    Kind { term: None, ..wild("spark-ui-proxy", &[80], 100) },
];

/// Nodes here have no GPU.
fn no_device(_: &Server, _: &mut Sys<'_>) -> Result<(), (String, i32)> {
    Err(("INFO [__init__.py:220] No platform detected, vLLM is running on UnspecifiedPlatform\nTraceback (most recent call last):\n  File \"<frozen runpy>\", line 198, in _run_module_as_main\nRuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG` to turn on verbose logging to help debug the issue.\n".into(), 1))
}

fn master_config(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    let Some(path) = server.option(&["config"]) else { return Ok(()) };
    match sys.fs().read(&path) {
        Ok(_) => Ok(()),
        Err(e) => Err((format!("error: open {path}: {}\n", e.to_string().to_lowercase()), 255)),
    }
}

fn of(server: &Server) -> Option<&'static Wild> {
    ALL.iter().find(|w| w.name == server.kind.name)
}

/// `@HOST`, `@TIME`, and the options a server was started with.
fn filled(server: &Server, sys: &Sys<'_>, text: &str) -> String {
    let mut text =
        text.replace("@HOST", sys.hostname()).replace("@TIME", &date_text(sys.now(), "%Y-%m-%d %H:%M:%S"));
    for name in ["model_name", "model_base_path"] {
        // The last one counts: the image's own command line names both as well.
        let given = server.argv.iter().rev().find_map(|a| a.strip_prefix(&format!("--{name}=")));
        text = text.replace(&format!("@{name}"), given.unwrap_or("model"));
    }
    text
}

fn log(server: &Server, sys: &Sys<'_>) -> (String, String) {
    let Some(w) = of(server) else { return Default::default() };
    (filled(server, sys, w.before), filled(server, sys, w.after))
}

fn answer(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let path = request.path();
    let found = of(server).and_then(|w| {
        w.answers.iter().find(|a| match a.0.strip_suffix('*') {
            Some(above) => path.starts_with(above),
            None => path == a.0,
        })
    });
    match found {
        Some((_, status, kind, body)) => HttpResponse::text(*status, kind, filled(server, sys, body)),
        None => HttpResponse::text(404, PLAIN, "404 page not found\n"),
    }
}
