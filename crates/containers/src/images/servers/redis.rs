//! redis and memcached: the commands they answer, and the keys they keep.
//!
//! Lists and hashes are kept as lines under their key; every write goes to `/data/dump.rdb` at once, as with
//! `appendfsync always`. Not modelled: transactions, scripts, pub/sub, expiry (accepted, `TTL` tells -1).

use super::Server;
use crate::machine::Sys;

const FILE: &str = "/data/dump.rdb";
const KEYS_MAX: usize = 10_000;

/// Takes over what an earlier start left in its directory.
fn load(server: &mut Server, sys: &mut Sys<'_>) {
    if std::mem::replace(&mut server.loaded, true) {
        return;
    }
    let bytes = sys.fs().read(FILE).unwrap_or_default();
    for line in String::from_utf8_lossy(&bytes).lines() {
        if let Some((k, v)) = line.split_once('\t') {
            server.rows.insert(k.into(), v.replace("\\n", "\n"));
        }
    }
}

fn save(server: &Server, sys: &mut Sys<'_>) {
    let text: String =
        server.rows.iter().map(|(k, v)| format!("{k}\t{}\n", v.replace('\n', "\\n"))).collect();
    let _ = sys.fs().mkdir_all("/data", 0o755);
    let _ = sys.fs().write(FILE, text.as_bytes());
}

/// Words of a RESP array, or of a line with quotes.
fn words_of(text: &str) -> Vec<String> {
    if text.starts_with('*') {
        let mut lines = text.split("\r\n").skip(1);
        let mut words = Vec::new();
        while let (Some(_), Some(word)) = (lines.next(), lines.next()) {
            words.push(word.to_string());
        }
        return words;
    }
    let (mut words, mut word, mut quote, mut any) = (Vec::new(), String::new(), None, false);
    for c in text.trim().chars() {
        match (quote, c) {
            (None, '"' | '\'') => {
                quote = Some(c);
                any = true;
            }
            (Some(q), c) if q == c => quote = None,
            (None, c) if c.is_whitespace() => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            (_, c) => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

fn bulk(t: &str) -> String {
    format!("${}\r\n{t}\r\n", t.len())
}

fn array(items: &[String]) -> String {
    let all: String = items.iter().map(|t| bulk(t)).collect();
    format!("*{}\r\n{all}", items.len())
}

const READS: [&str; 25] = [
    "GET", "MGET", "EXISTS", "KEYS", "LRANGE", "LLEN", "HGET", "HGETALL", "SMEMBERS", "DBSIZE", "TTL",
    "TYPE", "STRLEN", "SCAN", "INFO", "PING", "ECHO", "AUTH", "CONFIG", "CLIENT", "SELECT", "DUMPALL",
    "SAVE", "BGSAVE", "COMMAND",
];
const WRITES: [&str; 20] = [
    "SET", "SETNX", "DEL", "UNLINK", "INCR", "DECR", "INCRBY", "DECRBY", "LPUSH", "RPUSH", "HSET", "HMSET",
    "MSET", "SADD", "EXPIRE", "APPEND", "LPOP", "RPOP", "FLUSHALL", "FLUSHDB",
];

/// One command; with a password the client sends `AUTH` on the line before.
pub(super) fn command(server: &mut Server, data: &[u8], sys: &mut Sys<'_>) -> Vec<u8> {
    load(server, sys);
    let mut text = String::from_utf8_lossy(data).into_owned();
    let wanted = server.option(&["requirepass"]).or_else(|| setting(sys, server, "requirepass"));
    let mut authed = wanted.is_none();
    if let Some((first, rest)) = text.split_once('\n')
        && let Some(given) = first.strip_prefix("AUTH ")
        && !rest.trim().is_empty()
    {
        authed |= wanted.as_deref() == Some(given.trim());
        text = rest.to_string();
    }
    let words = words_of(&text);
    let name = words.first().map(|w| w.to_uppercase()).unwrap_or_default();
    let args: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let reads = READS.contains(&name.as_str());
    if !authed && name != "AUTH" {
        return b"-NOAUTH Authentication required.\r\n".to_vec();
    }
    if server.back.replica && !reads {
        return b"-READONLY You can't write against a read only replica.\r\n".to_vec();
    }
    let reply = answer(server, &name, &args, wanted.as_deref(), sys).unwrap_or_else(|| {
        if reads || WRITES.contains(&name.as_str()) {
            return format!("-ERR wrong number of arguments for '{}' command\r\n", name.to_lowercase());
        }
        let shown: String = args.iter().map(|a| format!("'{a}' ")).collect();
        let word = words.first().map_or("", String::as_str);
        format!("-ERR unknown command '{word}', with args beginning with: {shown}\r\n")
    });
    if !reads {
        save(server, sys);
    }
    reply.into_bytes()
}

fn answer(
    server: &mut Server,
    name: &str,
    args: &[&str],
    password: Option<&str>,
    sys: &mut Sys<'_>,
) -> Option<String> {
    let int = |n: i64| format!(":{n}\r\n");
    let nil = || "$-1\r\n".to_string();
    let ok = || "+OK\r\n".to_string();
    let lines = |server: &Server, k: &str| -> Vec<String> {
        server.rows.get(k).map_or(Vec::new(), |v| v.lines().map(String::from).collect())
    };
    let full = server.rows.len() >= KEYS_MAX;
    Some(match (name, args) {
        ("PING", []) => "+PONG\r\n".into(),
        ("PING" | "ECHO", [t]) => bulk(t),
        ("AUTH", [.., p]) => {
            if password.is_none_or(|w| w == *p) {
                ok()
            } else {
                "-WRONGPASS invalid username-password pair or user is disabled.\r\n".into()
            }
        }
        ("SET" | "SETNX", [_, _, ..]) if full => {
            "-OOM command not allowed when used memory > 'maxmemory'.\r\n".into()
        }
        ("SETNX", [k, v]) => {
            let new = !server.rows.contains_key(*k);
            if new {
                server.rows.insert((*k).into(), (*v).into());
            }
            int(i64::from(new))
        }
        ("SET", [k, v, ..]) => {
            server.rows.insert((*k).into(), (*v).into());
            ok()
        }
        ("GET", [k]) => server.rows.get(*k).map_or_else(nil, |v| bulk(v)),
        ("MSET", pairs) if pairs.len() > 1 && pairs.len().is_multiple_of(2) && !full => {
            for pair in pairs.chunks(2) {
                server.rows.insert(pair[0].into(), pair[1].into());
            }
            ok()
        }
        ("MGET", keys) if !keys.is_empty() => {
            let all: String =
                keys.iter().map(|k| server.rows.get(*k).map_or_else(nil, |v| bulk(v))).collect();
            format!("*{}\r\n{all}", keys.len())
        }
        ("DEL" | "UNLINK", keys) if !keys.is_empty() => {
            int(keys.iter().filter(|k| server.rows.remove(**k).is_some()).count() as i64)
        }
        ("EXISTS", keys) if !keys.is_empty() => {
            int(keys.iter().filter(|k| server.rows.contains_key(**k)).count() as i64)
        }
        ("INCR" | "DECR" | "INCRBY" | "DECRBY", [k, rest @ ..]) => {
            let by = rest.first().map_or(Some(1), |n| n.parse::<i64>().ok());
            let old = server.rows.get(*k).map_or(Some(0), |v| v.parse::<i64>().ok());
            let (Some(old), Some(by)) = (old, by) else {
                return Some("-ERR value is not an integer or out of range\r\n".into());
            };
            let n = if name.starts_with("DECR") { old.wrapping_sub(by) } else { old.wrapping_add(by) };
            server.rows.insert((*k).into(), n.to_string());
            int(n)
        }
        ("APPEND", [k, v]) => {
            let all = server.rows.entry((*k).into()).or_default();
            if all.len() < 1 << 20 {
                all.push_str(v);
            }
            int(all.len() as i64)
        }
        ("STRLEN", [k]) => int(server.rows.get(*k).map_or(0, |v| v.len() as i64)),
        ("KEYS", [pattern]) => {
            let pattern = crate::glob::Pattern::new(pattern);
            let found: Vec<String> = server.rows.keys().filter(|k| pattern.matches(k)).cloned().collect();
            array(&found)
        }
        ("SCAN", _) => {
            let all: Vec<String> = server.rows.keys().cloned().collect();
            format!("*2\r\n$1\r\n0\r\n{}", array(&all))
        }
        ("DBSIZE", _) => int(server.rows.len() as i64),
        ("LPUSH" | "RPUSH" | "SADD", [k, values @ ..]) if !values.is_empty() => {
            let mut list = lines(server, k);
            let mut added = 0;
            for v in values {
                if name == "SADD" && list.iter().any(|l| l == v) {
                    continue;
                }
                added += 1;
                if name == "LPUSH" { list.insert(0, (*v).to_string()) } else { list.push((*v).to_string()) }
            }
            list.truncate(KEYS_MAX);
            let n = if name == "SADD" { added } else { list.len() as i64 };
            server.rows.insert((*k).into(), list.join("\n"));
            int(n)
        }
        ("LPOP" | "RPOP", [k, ..]) => {
            let mut list = lines(server, k);
            if list.is_empty() {
                return Some(nil());
            }
            let v = if name == "LPOP" { list.remove(0) } else { list.pop().unwrap_or_default() };
            if list.is_empty() {
                server.rows.remove(*k);
            } else {
                server.rows.insert((*k).into(), list.join("\n"));
            }
            bulk(&v)
        }
        ("LLEN", [k]) => int(lines(server, k).len() as i64),
        ("SMEMBERS", [k]) => array(&lines(server, k)),
        ("LRANGE", [k, from, to]) => {
            let list = lines(server, k);
            let at = |t: &str| {
                let n = t.parse::<i64>().unwrap_or(0).clamp(-1_000_000, 1_000_000);
                if n < 0 { list.len() as i64 + n } else { n }
            };
            let (from, to) = (at(from).max(0) as usize, (at(to) + 1).max(0) as usize);
            array(list.get(from..to.min(list.len())).unwrap_or_default())
        }
        ("HSET" | "HMSET", [k, pairs @ ..]) if pairs.len() > 1 && pairs.len().is_multiple_of(2) => {
            let mut all = lines(server, k);
            let mut new = 0;
            for pair in pairs.chunks(2) {
                let before = all.len();
                all.retain(|l| l.split('\t').next() != Some(pair[0]));
                new += i64::from(before == all.len());
                all.push(format!("{}\t{}", pair[0], pair[1]));
            }
            server.rows.insert((*k).into(), all.join("\n"));
            if name == "HSET" { int(new) } else { ok() }
        }
        ("HGET", [k, field]) => {
            let all = lines(server, k);
            let found = all.iter().filter_map(|l| l.split_once('\t')).find(|(f, _)| f == field);
            found.map_or_else(nil, |(_, v)| bulk(v))
        }
        ("HGETALL", [k]) => {
            let pairs = lines(server, k);
            array(&pairs.iter().flat_map(|l| l.split('\t')).map(String::from).collect::<Vec<_>>())
        }
        ("DUMPALL", []) => {
            array(&server.rows.iter().flat_map(|(k, v)| [k.clone(), v.clone()]).collect::<Vec<_>>())
        }
        ("FLUSHALL" | "FLUSHDB", _) => {
            server.rows.clear();
            ok()
        }
        ("SAVE", _) => ok(),
        ("BGSAVE", _) => "+Background saving started\r\n".into(),
        ("CONFIG", [get, key]) if get.eq_ignore_ascii_case("get") => {
            let value = server.option(&[key]).or_else(|| setting(sys, server, key)).unwrap_or_default();
            array(&[(*key).to_string(), value])
        }
        ("SELECT" | "CLIENT" | "CONFIG", [_, ..]) => ok(),
        ("EXPIRE", [k, _]) => int(i64::from(server.rows.contains_key(*k))),
        ("TTL", [k]) => int(if server.rows.contains_key(*k) { -1 } else { -2 }),
        ("TYPE", [k]) => {
            if server.rows.contains_key(*k) {
                "+string\r\n".into()
            } else {
                "+none\r\n".into()
            }
        }
        ("INFO", _) => {
            let role = if server.back.replica { "slave" } else { "master" };
            bulk(&format!(
                "# Server\r\nredis_version:7.4.1\r\nredis_mode:standalone\r\n\r\n# Replication\r\nrole:{role}\r\nconnected_slaves:0\r\n\r\n# Keyspace\r\ndb0:keys={},expires=0,avg_ttl=0\r\n",
                server.rows.len()
            ))
        }
        ("COMMAND", _) => "*0\r\n".into(),
        ("", _) => "-ERR empty command\r\n".into(),
        _ => return None,
    })
}

/// A line of the configuration file given as first argument.
fn setting(sys: &mut Sys<'_>, server: &Server, name: &str) -> Option<String> {
    let file = server.argv.get(1).filter(|a| a.ends_with(".conf"))?;
    let bytes = sys.fs().read(file).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines()
        .filter_map(|l| l.trim().split_once(' '))
        .find(|(k, _)| *k == name)
        .map(|(_, v)| v.trim().to_string())
}

/// memcached's text protocol: set, get, delete, stats, version.
pub(super) fn memcached(server: &mut Server, data: &[u8], _: &mut Sys<'_>) -> Vec<u8> {
    let text = String::from_utf8_lossy(data).into_owned();
    let mut lines = text.split('\n').map(|l| l.trim_end_matches('\r'));
    let mut out = String::new();
    while let Some(line) = lines.next() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["set" | "add" | "replace", key, _, _, _, ..] => {
                if server.rows.len() < KEYS_MAX {
                    server.rows.insert((*key).into(), lines.next().unwrap_or_default().into());
                }
                out.push_str("STORED\r\n");
            }
            ["get" | "gets", keys @ ..] => {
                for key in keys {
                    if let Some(v) = server.rows.get(*key) {
                        out.push_str(&format!("VALUE {key} 0 {}\r\n{v}\r\n", v.len()));
                    }
                }
                out.push_str("END\r\n");
            }
            ["delete", key] => {
                let gone = server.rows.remove(*key).is_some();
                out.push_str(if gone { "DELETED\r\n" } else { "NOT_FOUND\r\n" });
            }
            ["version"] => out.push_str("VERSION 1.6.32\r\n"),
            ["stats", ..] => {
                out.push_str(&format!("STAT pid 1\r\nSTAT curr_items {}\r\nEND\r\n", server.rows.len()))
            }
            ["flush_all", ..] => {
                server.rows.clear();
                out.push_str("OK\r\n");
            }
            [] | ["quit"] => {}
            _ => out.push_str("ERROR\r\n"),
        }
    }
    out.into_bytes()
}
