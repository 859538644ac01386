//! `wheelhouse serve`: the arguments of the server.

use std::path::PathBuf;

use cluster::ClusterConfig;
use serve::{Options, Server};

/// # Errors
/// An argument that can't be read, an address that can't be had.
pub fn main(arguments: &[String]) -> Result<(), String> {
    let mut listen = "127.0.0.1:6443".to_owned();
    let mut kubeconfig = "wheelhouse.kubeconfig".to_owned();
    let (mut nodes, mut speed, mut seed) = (None, 1.0, None);
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let (flag, given) =
            flag.split_once('=').map_or((flag.as_str(), None), |(f, v)| (f, Some(v.to_owned())));
        let value =
            given.or_else(|| rest.next().cloned()).ok_or_else(|| format!("flag needs a value: {flag}"))?;
        let wrong = || format!("invalid value {value:?} for flag {flag}");
        match flag {
            "--listen" => listen = value,
            "--kubeconfig" => kubeconfig = value,
            "--nodes" => {
                nodes =
                    Some(value.parse::<usize>().ok().filter(|n| (1..=1000).contains(n)).ok_or_else(wrong)?)
            }
            "--speed" => {
                speed = value.parse::<f64>().ok().filter(|s| *s > 0.0 && *s <= 1000.0).ok_or_else(wrong)?
            }
            "--seed" => seed = Some(value.parse::<u64>().map_err(|_| wrong())?),
            _ => return Err(format!("unknown flag: {flag}")),
        }
    }
    // What follows from the seed, the key of tokens among it, must not be guessed unless somebody asks for it.
    let seed = match seed {
        Some(seed) => seed,
        None => serve::random_seed().map_err(|e| e.to_string())?,
    };
    let mut cluster =
        nodes.map_or_else(|| ClusterConfig::playground(seed), |n| ClusterConfig::workers(seed, n));
    // Clients reckon ages by their own clock.
    if let Ok(now) = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        cluster.start = clock::Time(i64::try_from(now.as_millis()).unwrap_or_default() / 1000 * 1000);
    }
    let listen = listen.parse().map_err(|_| format!("invalid address {listen:?}: use ADDRESS:PORT"))?;
    let options = Options {
        listen,
        cluster,
        speed,
        explain: crate::run::EXPLAIN,
        kubeconfig: Some(PathBuf::from(&kubeconfig)),
    };
    let server = Server::bind(options).map_err(|e| e.to_string())?;
    println!("seed {seed}");
    println!("serving on https://{}; try: kubectl --kubeconfig {kubeconfig} get nodes", server.address());
    server.run(serve::interrupted()).map_err(|e| e.to_string())
}
