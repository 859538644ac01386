//! helm: charts in the learner's files, releases in the cluster, in helm v3's words.
//!
//! Owns: charts and their values, the functions of templates, releases and what is done with them.
//! Does not own: the templates' language and the machine's files (kubectl), what the server answers.
//!
//! Models `helm.sh/helm/v3` (v3.19). Not modelled: repositories on the network and OCI registries (the charts under
//! [`CHARTS`] are reached as `wheelhouse/NAME`), packages (`.tgz`; dependencies are saved as folders), plugins, provenance,
//! post-renderers, value schemas; a release is kept without gzip, which helm reads too.

mod charts;
mod commands;
mod engine;
mod hooks;
mod kube;
mod release;
mod sprig;
mod values;

use std::rc::Rc;

use client::Handle;
use kubectl::Io;

/// The version of helm that this speaks as.
pub(crate) const VERSION: &str = "v3.19.0";
/// The version of Kubernetes that templates meet.
pub(crate) const KUBE: &str = "v1.36.2";

/// Where the bundled charts lie among the learner's files.
pub const CHARTS: &str = "/usr/share/charts";

/// The bundled charts: path below [`CHARTS`] and text.
pub const BUNDLED: &[(&str, &str)] = &[
    ("hello/Chart.yaml", include_str!("../charts/hello/Chart.yaml")),
    ("hello/values.yaml", include_str!("../charts/hello/values.yaml")),
    ("hello/templates/_helpers.tpl", include_str!("../charts/hello/templates/_helpers.tpl")),
    ("hello/templates/deployment.yaml", include_str!("../charts/hello/templates/deployment.yaml")),
    ("hello/templates/service.yaml", include_str!("../charts/hello/templates/service.yaml")),
    ("hello/templates/ingress.yaml", include_str!("../charts/hello/templates/ingress.yaml")),
    ("hello/templates/NOTES.txt", include_str!("../charts/hello/templates/NOTES.txt")),
    ("cache/Chart.yaml", include_str!("../charts/cache/Chart.yaml")),
    ("cache/values.yaml", include_str!("../charts/cache/values.yaml")),
    ("cache/templates/_helpers.tpl", include_str!("../charts/cache/templates/_helpers.tpl")),
    ("cache/templates/cache.yaml", include_str!("../charts/cache/templates/cache.yaml")),
    ("cache/templates/NOTES.txt", include_str!("../charts/cache/templates/NOTES.txt")),
    ("monitor/Chart.yaml", include_str!("../charts/monitor/Chart.yaml")),
    ("monitor/values.yaml", include_str!("../charts/monitor/values.yaml")),
    ("monitor/templates/config.yaml", include_str!("../charts/monitor/templates/config.yaml")),
    ("monitor/templates/monitor.yaml", include_str!("../charts/monitor/templates/monitor.yaml")),
    ("monitor/templates/check.yaml", include_str!("../charts/monitor/templates/check.yaml")),
    ("monitor/templates/NOTES.txt", include_str!("../charts/monitor/templates/NOTES.txt")),
];

/// One text as a template of a chart, for who tries templates out.
pub struct Templates;

impl Templates {
    /// # Errors
    /// Go's text.
    pub fn render(text: &str, data: &objects::Value) -> Result<String, String> {
        engine::alone(text, data)
    }
}

/// Runs one command line (without the word `helm`) to its end. Returns the exit code.
pub async fn run(argv: Vec<String>, io: Rc<dyn Io>, client: Handle) -> i32 {
    match commands::dispatch(&argv, &io, client).await {
        Ok(()) => 0,
        Err(why) => {
            io.err(format!("Error: {why}\n").as_bytes());
            1
        }
    }
}
