//! Scenarios: a directory with `cmds.txt`, the manifests it uses, and perhaps a `cluster.yaml` (there or above).
//!
//! Lines of `cmds.txt`: `$ COMMAND` (a here-document goes on over the following lines), `# comment`, `@settle`,
//! `@sleep SECONDS`.

use std::path::Path;

use cluster::{ClusterConfig, NodeConfig};
use objects::{Str, Value};

/// One line of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A shell command, several lines when it holds a here-document.
    Command(String),
    Settle,
    Sleep {
        ms: i64,
    },
}

/// The images that a scenario's nodes have from the start.
const IMAGES: [&str; 5] = ["nginx:1.14.2", "nginx:1.16.1", "nginx:1.25", "busybox:1.36", "perl:5.34"];

/// Takes `cmds.txt` apart.
///
/// # Errors
/// The first line that is none of the above, with its number.
pub fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((n, line)) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            let mut command = command.to_owned();
            if let Some(end) = here_document_end(&command) {
                for (_, more) in lines.by_ref() {
                    command.push('\n');
                    command.push_str(more);
                    if more.trim() == end {
                        break;
                    }
                }
            }
            steps.push(Step::Command(command));
        } else if line.trim() == "@settle" {
            steps.push(Step::Settle);
        } else if let Some(seconds) = line.strip_prefix("@sleep ").and_then(|s| s.trim().parse::<f64>().ok())
        {
            steps.push(Step::Sleep { ms: (seconds * 1000.0) as i64 });
        } else {
            return Err(format!("line {}: not a step: {line}", n + 1));
        }
    }
    Ok(steps)
}

/// The word that ends the here-document a command line begins, if it begins one.
fn here_document_end(command: &str) -> Option<String> {
    let (_, rest) = command.split_once("<<")?;
    if rest.starts_with('<') {
        return None;
    }
    let word: String = rest
        .trim_start_matches('-')
        .trim_start()
        .chars()
        .take_while(|c| !c.is_whitespace() && !";|&)>".contains(*c))
        .filter(|c| !"'\"\\".contains(*c))
        .collect();
    (!word.is_empty()).then_some(word)
}

/// The cluster that `cluster.yaml` in `directory` or its parent describes, else the playground's own.
///
/// # Errors
/// When the file can't be read or says something that is not understood.
pub fn cluster_config(directory: &Path, seed: u64) -> Result<ClusterConfig, String> {
    let candidates = [Some(directory), directory.parent()];
    let Some(file) = candidates.into_iter().flatten().map(|d| d.join("cluster.yaml")).find(|f| f.is_file())
    else {
        return Ok(ClusterConfig::playground(seed));
    };
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let at = |what: &str| format!("{}: {what}", file.display());
    let document = objects::yaml::load(&text).map_err(|e| at(&e.to_string()))?;
    config_from(&document.value, seed).map_err(|e| at(&e))
}

fn config_from(v: &Value, seed: u64) -> Result<ClusterConfig, String> {
    let mut nodes = Vec::new();
    if v["controlPlaneNode"].as_bool().unwrap_or(true) {
        nodes.push(NodeConfig::control_plane("control-plane"));
    }
    for n in v["nodes"].items() {
        let name = n["name"].as_str().ok_or("a node has no name")?;
        let mut node = NodeConfig::worker(name);
        let text = |v: &Value| match v {
            Value::Int(i) => Str::from(i.to_string()),
            other => other.to_str(),
        };
        if n.find("cpu").is_some() {
            node.cpu = text(&n["cpu"]);
        }
        if n.find("memory").is_some() {
            node.memory = text(&n["memory"]);
        }
        node.pods = n["pods"].int_or(node.pods);
        node.labels = n["labels"].entries().iter().map(|(k, v)| (k.clone(), v.to_str())).collect();
        node.images = match n.find("images") {
            Some(list) => list.items().iter().map(Value::to_str).collect(),
            None => IMAGES.into_iter().map(Str::from).collect(),
        };
        nodes.push(node);
    }
    Ok(ClusterConfig { seed, nodes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_with_a_here_document() {
        let text =
            "# a comment\n$ kubectl apply -f - <<'EOF'\nkind: Pod\nEOF\n@settle\n@sleep 1.5\n$ cat <<< x\n";
        assert_eq!(
            parse(text),
            Ok(vec![
                Step::Command("kubectl apply -f - <<'EOF'\nkind: Pod\nEOF".into()),
                Step::Settle,
                Step::Sleep { ms: 1500 },
                Step::Command("cat <<< x".into()),
            ])
        );
        assert_eq!(parse("@settl"), Err("line 1: not a step: @settl".into()));
    }
}
