//! Databases, caches and queues: what they demand of their environment, what they log, and the keys they keep.

use super::{Kind, Server, no_demand};
use crate::images::versions::version;
use crate::machine::Sys;

const fn store(
    name: &'static str,
    ports: &'static [u16],
    start_ms: i64,
    log: fn(&Server, &Sys<'_>) -> (String, String),
) -> Kind {
    Kind { name, ports, start_ms, demand: no_demand, log, http: None, tcp: None, term: Some(0) }
}

pub(super) const KINDS: [Kind; 9] = [
    Kind { tcp: Some(super::redis::command), ..store("redis-server", &[6379], 30, redis_log) },
    Kind {
        tcp: Some(super::redis::memcached),
        ..store("memcached", &[11211], 10, |_, _| Default::default())
    },
    Kind {
        demand: mysql_demand,
        tcp: Some(super::database::serve),
        ..store("mysqld", &[3306, 33060], 6000, mysql_log)
    },
    Kind {
        demand: mariadb_demand,
        tcp: Some(super::database::serve),
        ..store("mariadbd", &[3306], 4000, mysql_log)
    },
    Kind {
        demand: postgres_demand,
        tcp: Some(super::database::serve),
        ..store("postgres", &[5432], 1500, postgres_log)
    },
    Kind { tcp: Some(super::documents::serve), ..store("mongod", &[27017], 1200, mongo_log) },
    Kind {
        term: Some(143),
        ..store("cassandra", &[7000, 7199, 9042], 12_000, |_, sys| {
            let now = stamp(sys, "%F %T,000");
            (
                format!(
                    "INFO  [main] {now} YamlConfigurationLoader.java - Configuration location: file:/etc/cassandra/cassandra.yaml\n"
                ),
                format!(
                    "INFO  [main] {now} Server.java - Starting listening for CQL clients on /0.0.0.0:9042 (unencrypted)...\nINFO  [main] {now} CassandraDaemon.java - Startup complete\n"
                ),
            )
        })
    },
    Kind {
        tcp: Some(|_, data, _| {
            let command = String::from_utf8_lossy(data);
            if command.starts_with("ruok") { b"imok".to_vec() } else { Vec::new() }
        }),
        term: Some(143),
        ..store("zookeeper", &[2181, 2888, 3888], 3_000, |_, sys| {
            let now = stamp(sys, "%F %T,000");
            (
                format!(
                    "{now} [myid:] - INFO  [main:QuorumPeerConfig] - Reading configuration from: /opt/zookeeper/conf/zoo.cfg\n"
                ),
                format!(
                    "{now} [myid:] - INFO  [main:NIOServerCnxnFactory] - binding to port 0.0.0.0/0.0.0.0:2181\n"
                ),
            )
        })
    },
    store("rabbitmq-server", &[5672, 15692, 25672], 6000, |_, _| {
        (String::new(), " completed with 3 plugins.\n Starting broker... completed with 3 plugins.\n".into())
    }),
];

fn stamp(sys: &Sys<'_>, format: &str) -> String {
    crate::programs::date_text(sys.now(), format)
}

fn redis_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = stamp(sys, "%d %b %Y %H:%M:%S.000");
    let v = version("redis", &sys.machine().image.tag);
    (
        format!(
            "1:C {now} * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n1:C {now} * Redis version={v}, bits=64, commit=00000000, modified=0, pid=1, just started\n1:M {now} * Running mode=standalone, port=6379.\n"
        ),
        format!("1:M {now} * Server initialized\n1:M {now} * Ready to accept connections tcp\n"),
    )
}

fn mysql_demand(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    let any = [
        "MYSQL_ROOT_PASSWORD",
        "MYSQL_ROOT_PASSWORD_FILE",
        "MYSQL_ALLOW_EMPTY_PASSWORD",
        "MYSQL_RANDOM_ROOT_PASSWORD",
    ];
    if any.iter().any(|n| server.var(n).is_some()) || sys.fs().exists("/var/lib/mysql/mysql") {
        super::database::initialise(server, sys);
        return Ok(());
    }
    let now = stamp(sys, "%Y-%m-%d %H:%M:%S+00:00");
    Err((
        format!(
            "{now} [Note] [Entrypoint]: Entrypoint script for MySQL Server started.\n{now} [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD\n"
        ),
        1,
    ))
}

fn mariadb_demand(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    let any = [
        "ROOT_PASSWORD",
        "ROOT_PASSWORD_HASH",
        "ALLOW_EMPTY_ROOT_PASSWORD",
        "ALLOW_EMPTY_PASSWORD",
        "RANDOM_ROOT_PASSWORD",
    ];
    let set = any.iter().any(|n| {
        server.var(&format!("MARIADB_{n}")).is_some() || server.var(&format!("MYSQL_{n}")).is_some()
    });
    if set || sys.fs().exists("/var/lib/mysql/mysql") {
        super::database::initialise(server, sys);
        return Ok(());
    }
    let now = stamp(sys, "%Y-%m-%d %H:%M:%S+00:00");
    Err((
        format!(
            "{now} [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n\tYou need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD\n"
        ),
        1,
    ))
}

fn mysql_log(server: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = stamp(sys, "%Y-%m-%dT%H:%M:%S.000000Z");
    let tag = &sys.machine().image.tag;
    if server.kind.name == "mariadbd" {
        let (now, v) = (stamp(sys, "%Y-%m-%d %H:%M:%S"), version("mariadb", tag));
        return (
            format!("{now} 0 [Note] Starting MariaDB {v}-MariaDB-ubu2404 as process 1\n"),
            format!(
                "{now} 0 [Note] mariadbd: ready for connections.\nVersion: '{v}-MariaDB-ubu2404'  socket: '/run/mysqld/mysqld.sock'  port: 3306  mariadb.org binary distribution\n"
            ),
        );
    }
    let (name, v) = ("/usr/sbin/mysqld", version("mysql", tag));
    (
        format!("{now} 0 [System] [MY-010116] [Server] {name} (mysqld {v}) starting as process 1\n"),
        format!(
            "{now} 0 [System] [MY-010931] [Server] {name}: ready for connections. Version: '{v}'  socket: '/var/run/mysqld/mysqld.sock'  port: 3306  MySQL Community Server - GPL.\n"
        ),
    )
}

fn postgres_demand(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    let trusted = server.var("POSTGRES_HOST_AUTH_METHOD") == Some("trust");
    let set = server.var("POSTGRES_PASSWORD").is_some() || server.var("POSTGRES_PASSWORD_FILE").is_some();
    if set || trusted || sys.fs().exists("/var/lib/postgresql/data/PG_VERSION") {
        let dir = server.var("PGDATA").unwrap_or("/var/lib/postgresql/data").to_string();
        let _ = sys.fs().mkdir_all(&dir, 0o700);
        let v = version("postgres", &sys.machine().image.tag);
        let major = v.split('.').next().unwrap_or_default();
        let _ = sys.fs().write(&format!("{dir}/PG_VERSION"), format!("{major}\n").as_bytes());
        super::database::initialise(server, sys);
        return Ok(());
    }
    Err((
        "Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the\n       superuser. For example, \"-e POSTGRES_PASSWORD=password\" on \"docker run\".\n\n       You may also use \"POSTGRES_HOST_AUTH_METHOD=trust\" to allow all\n       connections without a password. This is *not* recommended.\n\n       See PostgreSQL documentation about \"trust\":\n       https://www.postgresql.org/docs/current/auth-trust.html\n".into(),
        1,
    ))
}

fn postgres_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = stamp(sys, "%Y-%m-%d %H:%M:%S.000 UTC");
    let v = version("postgres", &sys.machine().image.tag);
    (
        String::new(),
        format!(
            "{now} [1] LOG:  starting PostgreSQL {v} on x86_64-pc-linux-gnu\n{now} [1] LOG:  listening on IPv4 address \"0.0.0.0\", port 5432\n{now} [1] LOG:  database system is ready to accept connections\n"
        ),
    )
}

fn mongo_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = stamp(sys, "%Y-%m-%dT%H:%M:%S.000+00:00");
    (
        String::new(),
        format!(
            "{{\"t\":{{\"$date\":\"{now}\"}},\"s\":\"I\",  \"c\":\"NETWORK\",  \"id\":23016,   \"ctx\":\"listener\",\"msg\":\"Waiting for connections\",\"attr\":{{\"port\":27017,\"ssl\":\"off\"}}}}\n"
        ),
    )
}
