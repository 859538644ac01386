//! The cluster as a server: the same API over HTTPS and in real time, for a stock kubectl or any client library.
//!
//! Owns: sockets, certificates, the kubeconfig, HTTP's encodings, and how real time drives virtual time.
//! Does not own: any answer (apiserver, kubelet); what a path means (`client::http`).
//!
//! Not modelled: answers as protobuf (requests may be), HTTP compression.

mod answer;
mod credentials;
mod discovery;
mod driver;
mod forward;
mod openapi;
mod protobuf;
mod server;
mod shell;
mod spdy;
mod upgrade;
mod watch;

pub use credentials::random_seed;
pub use driver::Driver;

use std::net::SocketAddr;
use std::path::PathBuf;

use cluster::ClusterConfig;

/// What is served, where, and how fast.
#[derive(Clone, Debug)]
pub struct Options {
    pub listen: SocketAddr,
    pub cluster: ClusterConfig,
    /// Virtual seconds in a real one.
    pub speed: f64,
    /// What `explain` says of fields, as `assets/explain` holds it; empty for nothing.
    pub explain: &'static str,
    /// Where the kubeconfig is written.
    pub kubeconfig: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("listening on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("the system gives no random numbers")]
    Randomness,
    #[error("making certificates: {0}")]
    Certificates(String),
    #[error("writing {0}: {1}")]
    Kubeconfig(PathBuf, std::io::Error),
    #[error("{0}")]
    Runtime(#[from] std::io::Error),
}

/// A server that listens already; it answers once it is run.
pub struct Server {
    listener: std::net::TcpListener,
    address: SocketAddr,
    credentials: credentials::Credentials,
    options: Options,
}

impl Server {
    /// Binds the address, makes credentials and writes the kubeconfig.
    ///
    /// # Errors
    /// An address that can't be had, a file that can't be written.
    pub fn bind(mut options: Options) -> Result<Self, Error> {
        let listen = options.listen;
        let listener = std::net::TcpListener::bind(listen).map_err(|e| Error::Listen(listen, e))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let credentials = credentials::Credentials::new(address)?;
        options.cluster.administrator_token = credentials.token.as_str().into();
        options.cluster.authority = Some(credentials.authority.clone());
        let server = Self { listener, address, credentials, options };
        if let Some(path) = &server.options.kubeconfig {
            std::fs::write(path, server.kubeconfig()).map_err(|e| Error::Kubeconfig(path.clone(), e))?;
        }
        Ok(server)
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The kubeconfig of the cluster's administrator, with a client certificate and a token.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        self.credentials.kubeconfig(self.address)
    }

    /// Answers until `stop` comes to an end.
    ///
    /// # Errors
    /// A runtime that can't start.
    pub fn run(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let driver = Driver::start(self.options.cluster.clone(), self.options.speed);
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            tokio::select! {
                () = stop => Ok(()),
                result = server::accept(listener, self.credentials.tls, driver, self.options.explain) => result,
            }
        })
    }
}

/// Ends when the process is interrupted.
pub async fn interrupted() {
    // Without signals there is nothing to wait for: serve until killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
