//! Commands that need no cluster: `create`, `show`, `search`, `repo`, `env`, `plugin`, `version`, and those for which there is
//! no network.

use kubectl::printers::go_template::Set;
use objects::{Value, value, yaml};
use ordered::Sort as _;

use super::{Done, Helm, encoded, table};
use crate::charts::{self, Chart};
use crate::engine::Library;
use crate::{BUNDLED, CHARTS, VERSION};

/// What a new chart has besides the bundled one that it begins as.
const SCAFFOLD: [(&str, &str); 2] = [
    (".helmignore", "# Files that do not belong to the chart.\n.git/\n*.swp\n*.tmp\n"),
    (
        "templates/tests/test-connection.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ include \"hello.fullname\" . }}-test-connection\n  labels:\n    {{- include \"hello.labels\" . | nindent 4 }}\n  annotations:\n    helm.sh/hook: test\nspec:\n  restartPolicy: Never\n  containers:\n  - name: wget\n    image: busybox\n    command: [\"wget\", \"-qO-\", \"{{ include \"hello.fullname\" . }}:{{ .Values.service.port }}\"]\n",
    ),
];

/// A new chart: the bundled one that serves a page, under another name.
pub(super) async fn create(helm: &Helm) -> Done {
    let path = helm.args.args[0].trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or(path);
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(good) {
        return Err("chart name must match the regular expression \"^[a-zA-Z0-9._-]+$\"".into());
    }
    helm.out(&format!("Creating {path}\n"));
    let bundled = BUNDLED.iter().filter_map(|(file, text)| Some((file.strip_prefix("hello/")?, *text)));
    for (file, text) in bundled.chain(SCAFFOLD) {
        let text = text.replace("hello", name);
        let file = format!("{path}/{file}");
        helm.io.write(&file, text.as_bytes()).map_err(|e| format!("{file}: {}", e.text()))?;
    }
    Ok(())
}

/// A chart with the texts that are shown as they were written.
struct Shown {
    chart: Chart,
    values: String,
    readme: String,
}

impl Shown {
    fn of(helm: &Helm) -> Result<Self, String> {
        let path = charts::find(helm.io.as_ref(), &helm.args.args[0])?;
        let read = |name: &str| {
            let bytes = helm.io.read(&format!("{path}/{name}")).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let chart = charts::load(helm.io.as_ref(), &path)?;
        let line = |text: String| format!("{text}\n");
        let readme = ["readme.md", "readme.txt", "readme"].iter().find_map(|wanted| {
            let names = helm.io.list(&path).unwrap_or_default();
            read(names.iter().find(|n| n.eq_ignore_ascii_case(wanted))?)
        });
        Ok(Self {
            chart,
            values: read("values.yaml").map(line).unwrap_or_default(),
            readme: readme.map(line).unwrap_or_default(),
        })
    }

    fn meta(&self) -> String {
        format!("{}\n", yaml::emit(&self.chart.meta))
    }

    fn crds(&self) -> String {
        self.chart.crds.iter().map(|(_, text)| format!("{text}\n")).collect()
    }
}

pub(super) async fn show_chart(helm: &Helm) -> Done {
    helm.out(&Shown::of(helm)?.meta());
    Ok(())
}

pub(super) async fn show_values(helm: &Helm) -> Done {
    helm.out(&Shown::of(helm)?.values);
    Ok(())
}

pub(super) async fn show_readme(helm: &Helm) -> Done {
    helm.out(&Shown::of(helm)?.readme);
    Ok(())
}

pub(super) async fn show_crds(helm: &Helm) -> Done {
    helm.out(&Shown::of(helm)?.crds());
    Ok(())
}

pub(super) async fn show_all(helm: &Helm) -> Done {
    let s = Shown::of(helm)?;
    let crds = s.crds();
    let mut out = s.meta();
    for part in [&s.values, &s.readme, &crds] {
        if !part.is_empty() {
            out.push_str(if part.starts_with("---") { "" } else { "---\n" });
            out.push_str(part);
        }
    }
    helm.out(&out);
    Ok(())
}

fn bundled(helm: &Helm) -> Vec<Chart> {
    let mut names: Vec<&str> = BUNDLED.iter().filter_map(|(f, _)| f.strip_suffix("/Chart.yaml")).collect();
    names.arrange();
    names.iter().filter_map(|n| charts::load(helm.io.as_ref(), &format!("{CHARTS}/{n}")).ok()).collect()
}

pub(super) async fn search_repo(helm: &Helm) -> Done {
    let word = helm.args.args.join(" ");
    let mut found: Vec<[String; 4]> = Vec::new();
    for c in bundled(helm) {
        let name = format!("wheelhouse/{}", c.name());
        let text = c.meta["description"].text().to_owned();
        if name.contains(&word) || text.contains(&word) {
            let version = c.meta["version"].text().to_owned();
            found.push([name, version, objects::jsonpath::text(&c.meta["appVersion"]), text]);
        }
    }
    let as_value = found.iter().map(|[name, version, app, text]| {
        value!({
            "name": (name.as_str()), "version": (version.as_str()), "app_version": (app.as_str()),
            "description": (text.as_str()),
        })
    });
    if let Some(text) = encoded(helm, &as_value.collect::<Value>()) {
        helm.out(&text);
        return Ok(());
    }
    if found.is_empty() {
        helm.out("No results found\n");
        return Ok(());
    }
    let head = ["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(found.into_iter().map(|f| f.to_vec()));
    helm.out(&table(&rows));
    Ok(())
}

pub(super) async fn search_hub(_: &Helm) -> Done {
    Err("unable to perform search against \"https://hub.helm.sh\": there is no network behind this machine; the charts at hand are those of \"helm search repo\"".into())
}

pub(super) async fn repo_list(helm: &Helm) -> Done {
    let url = format!("file://{CHARTS}");
    let all = value!([{"name": "wheelhouse", "url": (url.as_str())}]);
    let rows = [vec!["NAME".into(), "URL".into()], vec!["wheelhouse".into(), url]];
    helm.out(&encoded(helm, &all).unwrap_or_else(|| table(&rows)));
    Ok(())
}

pub(super) async fn repo_update(helm: &Helm) -> Done {
    if let Some(other) = helm.args.args.iter().find(|r| *r != "wheelhouse") {
        return Err(format!("no repositories found matching '{other}'.  Nothing will be updated"));
    }
    helm.out("Hang tight while we grab the latest from your chart repositories...\n...Successfully got an update from the \"wheelhouse\" chart repository\nUpdate Complete. ⎈Happy Helming!⎈\n");
    Ok(())
}

pub(super) async fn repo_add(helm: &Helm) -> Done {
    let url = &helm.args.args[1];
    Err(format!(
        "looks like \"{url}\" is not a valid chart repository or cannot be reached: there is no network behind this machine; the charts at hand are those of \"helm search repo\""
    ))
}

pub(super) async fn repo_remove(helm: &Helm) -> Done {
    match helm.args.args[0].as_str() {
        "wheelhouse" => Err("the repository \"wheelhouse\" comes with this machine and stays".into()),
        other => Err(format!("no repo named \"{other}\" found")),
    }
}

/// What needs a network, or packs charts.
pub(super) async fn not_here(helm: &Helm) -> Done {
    let word = &helm.args.args[0];
    Err(match helm.args.path.as_str() {
        "helm package" => "packed charts are not simulated: install the folder itself".to_owned(),
        "helm pull" if word.starts_with("wheelhouse/") => format!(
            "packed charts are not simulated: cp -r {CHARTS}/{} .",
            word.trim_start_matches("wheelhouse/")
        ),
        _ => format!("could not reach {word}: there is no network behind this machine"),
    })
}

pub(super) async fn env(helm: &Helm) -> Done {
    let home = helm.io.env("HOME").unwrap_or_default();
    let all = [
        ("HELM_BIN", "helm".to_owned()),
        ("HELM_CACHE_HOME", format!("{home}/.cache/helm")),
        ("HELM_CONFIG_HOME", format!("{home}/.config/helm")),
        ("HELM_DATA_HOME", format!("{home}/.local/share/helm")),
        ("HELM_DEBUG", "false".to_owned()),
        ("HELM_KUBECONTEXT", helm.args.text("kube-context").to_owned()),
        ("HELM_MAX_HISTORY", "10".to_owned()),
        ("HELM_NAMESPACE", helm.namespace.clone()),
    ];
    match helm.args.args.first() {
        None => helm.out(&all.iter().map(|(k, v)| format!("{k}=\"{v}\"\n")).collect::<String>()),
        Some(name) => {
            let found = all.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v);
            helm.out(&format!("{found}\n"));
        }
    }
    Ok(())
}

pub(super) async fn plugins(helm: &Helm) -> Done {
    helm.out("NAME\tVERSION\tDESCRIPTION\n");
    Ok(())
}

pub(super) async fn version(helm: &Helm) -> Done {
    let template = helm.args.text("template");
    if !template.is_empty() {
        let data = value!({
            "Version": (VERSION), "GitCommit": "", "GitTreeState": "clean", "GoVersion": "go1.24.7",
        });
        let library = Library::new(1, helm.now());
        let mut set = Set::default();
        set.add("_", template, &library)?;
        helm.out(&set.render("_", &data, &library)?);
        return Ok(());
    }
    helm.out(&if helm.args.is("short") {
        format!("{VERSION}\n")
    } else {
        format!(
            "version.BuildInfo{{Version:\"{VERSION}\", GitCommit:\"\", GitTreeState:\"clean\", GoVersion:\"go1.24.7\"}}\n"
        )
    });
    Ok(())
}
