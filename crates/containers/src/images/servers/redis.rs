//! redis and memcached: the commands they answer, and the keys they keep.
//!
//! Lists, sets, sorted sets and hashes are kept as lines under their key, and what a key is under a name of its own (`\0`
//! before it), as is when it ends; every write goes to `/data/dump.rdb` at once, as with `appendfsync always`. Not modelled:
//! transactions, scripts, subscribers.

use ordered::Sort as _;

use super::Server;
use crate::images::versions::version;
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

/// What a key is, and when it ends, in milliseconds of the clock: kept beside it.
fn kind_key(key: &str) -> String {
    format!("\0t{key}")
}

fn end_key(key: &str) -> String {
    format!("\0e{key}")
}

/// Keys that are somebody's, not kept beside another.
fn own_keys(server: &Server) -> impl Iterator<Item = &String> {
    server.rows.keys().filter(|k| !k.starts_with('\0'))
}

fn forget(server: &mut Server, key: &str) -> bool {
    server.rows.remove(&kind_key(key));
    server.rows.remove(&end_key(key));
    server.rows.remove(key).is_some()
}

/// Takes away what has ended.
fn expire(server: &mut Server, now: i64) {
    let over: Vec<String> = server
        .rows
        .range("\0e".to_string().."\0f".to_string())
        .filter(|(_, at)| at.parse::<i64>().is_ok_and(|at| at <= now))
        .map(|(k, _)| k[2..].to_string())
        .collect();
    for key in over {
        forget(server, &key);
    }
}

/// `score TAB member` lines by score, then by name.
fn ranked(mut lines: Vec<String>) -> Vec<(f64, String)> {
    let mut all: Vec<(f64, String)> = lines
        .drain(..)
        .filter_map(|l| l.split_once('\t').map(|(s, m)| (s.parse().unwrap_or(0.0), m.to_string())))
        .collect();
    all.arrange_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    all
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

const READS: [&str; 43] = [
    "ZRANGE",
    "ZREVRANGE",
    "ZSCORE",
    "ZCARD",
    "ZRANK",
    "SCARD",
    "SISMEMBER",
    "HKEYS",
    "HVALS",
    "HLEN",
    "HEXISTS",
    "HMGET",
    "LINDEX",
    "PTTL",
    "TIME",
    "PUBLISH",
    "ROLE",
    "LASTSAVE",
    "GET",
    "MGET",
    "EXISTS",
    "KEYS",
    "LRANGE",
    "LLEN",
    "HGET",
    "HGETALL",
    "SMEMBERS",
    "DBSIZE",
    "TTL",
    "TYPE",
    "STRLEN",
    "SCAN",
    "INFO",
    "PING",
    "ECHO",
    "AUTH",
    "CONFIG",
    "CLIENT",
    "SELECT",
    "DUMPALL",
    "SAVE",
    "BGSAVE",
    "COMMAND",
];
const WRITES: [&str; 31] = [
    "ZADD", "ZREM", "ZINCRBY", "SREM", "HDEL", "HINCRBY", "SETEX", "GETSET", "PERSIST", "RENAME", "LREM",
    "SET", "SETNX", "DEL", "UNLINK", "INCR", "DECR", "INCRBY", "DECRBY", "LPUSH", "RPUSH", "HSET", "HMSET",
    "MSET", "SADD", "EXPIRE", "APPEND", "LPOP", "RPOP", "FLUSHALL", "FLUSHDB",
];

/// One command; with a password the client sends `AUTH` on the line before.
pub(super) fn command(server: &mut Server, data: &[u8], sys: &mut Sys<'_>) -> Vec<u8> {
    load(server, sys);
    expire(server, sys.now().0);
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
    let now = sys.now().0;
    let wanted_kind = match name {
        "LPUSH" | "RPUSH" | "LPOP" | "RPOP" | "LRANGE" | "LLEN" | "LINDEX" | "LREM" => "list",
        "SADD" | "SMEMBERS" | "SREM" | "SCARD" | "SISMEMBER" => "set",
        "HSET" | "HMSET" | "HGET" | "HGETALL" | "HDEL" | "HKEYS" | "HVALS" | "HLEN" | "HEXISTS" | "HMGET"
        | "HINCRBY" => "hash",
        "ZADD" | "ZRANGE" | "ZREVRANGE" | "ZSCORE" | "ZCARD" | "ZRANK" | "ZREM" | "ZINCRBY" => "zset",
        "GET" | "INCR" | "DECR" | "INCRBY" | "DECRBY" | "APPEND" | "STRLEN" => "string",
        _ => "",
    };
    if let Some(key) = args.first().filter(|k| !wanted_kind.is_empty() && server.rows.contains_key(**k)) {
        let kind = server.rows.get(&kind_key(key)).map_or("string", String::as_str);
        if kind != wanted_kind {
            return Some("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n".into());
        }
    } else if let Some(key) = args.first()
        && !full
        && args.len() > 1
        && !wanted_kind.is_empty()
        && wanted_kind != "string"
        && WRITES.contains(&name)
    {
        server.rows.insert(kind_key(key), wanted_kind.into());
    }
    let member = |server: &Server, key: &str, field: &str| -> Option<String> {
        let all = lines(server, key);
        all.iter().filter_map(|l| l.split_once('\t')).find(|(f, _)| *f == field).map(|(_, v)| v.to_string())
    };
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
        ("SETEX", [k, seconds, v]) => {
            forget(server, k);
            server.rows.insert((*k).into(), (*v).into());
            let ms = seconds.parse::<i64>().unwrap_or(0).saturating_mul(1000);
            server.rows.insert(end_key(k), now.saturating_add(ms).to_string());
            ok()
        }
        ("SET", [k, v, options @ ..]) => {
            let has = |o: &str| options.iter().any(|w| w.eq_ignore_ascii_case(o));
            let there = server.rows.contains_key(*k);
            if (has("NX") && there) || (has("XX") && !there) {
                return Some(nil());
            }
            let old_end = server.rows.get(&end_key(k)).cloned().filter(|_| has("KEEPTTL"));
            forget(server, k);
            server.rows.insert((*k).into(), (*v).into());
            let given = |o: &str, unit: i64| {
                let at = options.iter().position(|w| w.eq_ignore_ascii_case(o))?;
                options.get(at + 1)?.parse::<i64>().ok().map(|n| n.saturating_mul(unit))
            };
            if let Some(ms) = given("EX", 1000).or(given("PX", 1)) {
                server.rows.insert(end_key(k), now.saturating_add(ms).to_string());
            } else if let Some(end) = old_end {
                server.rows.insert(end_key(k), end);
            }
            ok()
        }
        ("GETSET", [k, v]) => {
            let old = server.rows.insert((*k).into(), (*v).into());
            old.map_or_else(nil, |v| bulk(&v))
        }
        ("PUBLISH", [_, _]) => int(0),
        ("TIME", _) => array(&[(now / 1000).to_string(), (now % 1000 * 1000).to_string()]),
        ("LASTSAVE", _) => int(now / 1000),
        ("ROLE", _) => "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n".into(),
        ("RENAME", [k, to]) => match server.rows.remove(*k) {
            Some(v) => {
                for (a, b) in [(kind_key(k), kind_key(to)), (end_key(k), end_key(to))] {
                    if let Some(beside) = server.rows.remove(&a) {
                        server.rows.insert(b, beside);
                    }
                }
                server.rows.insert((*to).into(), v);
                ok()
            }
            None => "-ERR no such key\r\n".into(),
        },
        ("ZADD", [k, pairs @ ..]) if pairs.len() > 1 && pairs.len().is_multiple_of(2) => {
            let mut all = lines(server, k);
            let mut new = 0;
            for pair in pairs.chunks(2) {
                if pair[0].parse::<f64>().is_err() {
                    return Some("-ERR value is not a valid float\r\n".into());
                }
                let before = all.len();
                all.retain(|l| l.split_once('\t').map(|l| l.1) != Some(pair[1]));
                new += i64::from(before == all.len());
                all.push(format!("{}\t{}", pair[0], pair[1]));
            }
            all.truncate(KEYS_MAX);
            server.rows.insert((*k).into(), all.join("\n"));
            int(new)
        }
        ("ZINCRBY", [k, by, m]) => {
            let mut all = ranked(lines(server, k));
            let old = all.iter().find(|(_, n)| n == m).map_or(0.0, |(s, _)| *s);
            all.retain(|(_, n)| n != m);
            let new = old + by.parse::<f64>().unwrap_or(0.0);
            all.push((new, (*m).to_string()));
            let text: Vec<String> = all.iter().map(|(s, m)| format!("{s}\t{m}")).collect();
            server.rows.insert((*k).into(), text.join("\n"));
            bulk(&new.to_string())
        }
        ("ZRANGE" | "ZREVRANGE", [k, from, to, more @ ..]) => {
            let mut all = ranked(lines(server, k));
            if name == "ZREVRANGE" || more.iter().any(|m| m.eq_ignore_ascii_case("rev")) {
                all.reverse();
            }
            let n = all.len() as i64;
            let at = |t: &str| {
                let i = t.parse::<i64>().unwrap_or(0).clamp(-1_000_000, 1_000_000);
                if i < 0 { n + i } else { i }
            };
            let (from, to) = (at(from).max(0) as usize, (at(to) + 1).max(0) as usize);
            let scores = more.iter().any(|m| m.eq_ignore_ascii_case("withscores"));
            let part = all.get(from..to.min(all.len())).unwrap_or_default();
            let items: Vec<String> = part
                .iter()
                .flat_map(|(s, m)| {
                    let score = scores.then(|| s.to_string());
                    [Some(m.clone()), score].into_iter().flatten()
                })
                .collect();
            array(&items)
        }
        ("ZSCORE", [k, m]) => {
            let all = ranked(lines(server, k));
            all.iter().find(|(_, n)| n == m).map_or_else(nil, |(s, _)| bulk(&s.to_string()))
        }
        ("ZRANK", [k, m]) => {
            ranked(lines(server, k)).iter().position(|(_, n)| n == m).map_or_else(nil, |i| int(i as i64))
        }
        ("ZCARD" | "SCARD" | "HLEN", [k]) => int(lines(server, k).len() as i64),
        ("SREM" | "HDEL" | "ZREM", [k, gone @ ..]) if !gone.is_empty() => {
            let mut all = lines(server, k);
            let before = all.len();
            all.retain(|l| {
                let (a, b) = l.split_once('\t').unwrap_or((l, l));
                !gone.contains(&if name == "ZREM" { b } else { a })
            });
            let n = (before - all.len()) as i64;
            if all.is_empty() {
                forget(server, k);
            } else {
                server.rows.insert((*k).into(), all.join("\n"));
            }
            int(n)
        }
        ("SISMEMBER", [k, m]) => int(i64::from(lines(server, k).iter().any(|l| l == m))),
        ("HKEYS" | "HVALS", [k]) => {
            let pick = |l: &String| {
                let (f, v) = l.split_once('\t').unwrap_or((l, ""));
                if name == "HKEYS" { f.to_string() } else { v.to_string() }
            };
            array(&lines(server, k).iter().map(pick).collect::<Vec<_>>())
        }
        ("HEXISTS", [k, f]) => int(i64::from(member(server, k, f).is_some())),
        ("HMGET", [k, fields @ ..]) if !fields.is_empty() => {
            let all: String =
                fields.iter().map(|f| member(server, k, f).map_or_else(nil, |v| bulk(&v))).collect();
            format!("*{}\r\n{all}", fields.len())
        }
        ("HINCRBY", [k, f, by]) => {
            let old = member(server, k, f).and_then(|v| v.parse::<i64>().ok()).unwrap_or(0);
            let n = old.wrapping_add(by.parse().unwrap_or(0));
            let mut all = lines(server, k);
            all.retain(|l| l.split('\t').next() != Some(f));
            all.push(format!("{f}\t{n}"));
            server.rows.insert((*k).into(), all.join("\n"));
            int(n)
        }
        ("LINDEX", [k, i]) => {
            let list = lines(server, k);
            let i = i.parse::<i64>().unwrap_or(0);
            let at = if i < 0 { list.len() as i64 + i } else { i };
            usize::try_from(at).ok().and_then(|at| list.get(at)).map_or_else(nil, |v| bulk(v))
        }
        ("LREM", [k, _, v]) => {
            let mut list = lines(server, k);
            let before = list.len();
            list.retain(|l| l != v);
            server.rows.insert((*k).into(), list.join("\n"));
            int((before - list.len()) as i64)
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
            int(keys.iter().filter(|k| forget(server, k)).count() as i64)
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
            let found: Vec<String> = own_keys(server).filter(|k| pattern.matches(k)).cloned().collect();
            array(&found)
        }
        ("SCAN", _) => {
            let all: Vec<String> = own_keys(server).cloned().collect();
            format!("*2\r\n$1\r\n0\r\n{}", array(&all))
        }
        ("DBSIZE", _) => int(own_keys(server).count() as i64),
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
                forget(server, k);
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
        ("EXPIRE", [k, seconds, ..]) => {
            let there = server.rows.contains_key(*k);
            if there {
                let ms = seconds.parse::<i64>().unwrap_or(0).saturating_mul(1000);
                server.rows.insert(end_key(k), now.saturating_add(ms).to_string());
            }
            int(i64::from(there))
        }
        ("PERSIST", [k]) => int(i64::from(server.rows.remove(&end_key(k)).is_some())),
        ("TTL" | "PTTL", [k]) => {
            let unit = if name == "TTL" { 1000 } else { 1 };
            match (server.rows.contains_key(*k), server.rows.get(&end_key(k))) {
                (false, _) => int(-2),
                (_, None) => int(-1),
                (_, Some(at)) => int((at.parse::<i64>().unwrap_or(now) - now + unit / 2) / unit),
            }
        }
        ("TYPE", [k]) if server.rows.contains_key(*k) => {
            format!("+{}\r\n", server.rows.get(&kind_key(k)).map_or("string", String::as_str))
        }
        ("TYPE", [_]) => "+none\r\n".into(),
        ("INFO", asked) => {
            let role = if server.back.replica { "slave" } else { "master" };
            let keys = own_keys(server).count();
            let ends = server.rows.keys().filter(|k| k.starts_with("\0e")).count();
            let up = server.begun.map_or(0, |b| sys.now().since(b) / 1000);
            let v = version("redis", &sys.machine().image.tag);
            let keyspace = if keys == 0 {
                String::new()
            } else {
                format!("db0:keys={keys},expires={ends},avg_ttl=0\r\n")
            };
            let sections = [
                ("Server", format!("redis_version:{v}\r\nredis_git_sha1:00000000\r\nredis_mode:standalone\r\nos:Linux 6.1.0-18-amd64 x86_64\r\narch_bits:64\r\nprocess_id:1\r\ntcp_port:6379\r\nuptime_in_seconds:{up}\r\n")),
                ("Clients", "connected_clients:1\r\nmaxclients:10000\r\nblocked_clients:0\r\n".into()),
                ("Memory", "used_memory:1026048\r\nused_memory_human:1002.00K\r\nmaxmemory:0\r\nmaxmemory_human:0B\r\nmaxmemory_policy:noeviction\r\n".into()),
                ("Persistence", "loading:0\r\nrdb_last_bgsave_status:ok\r\naof_enabled:0\r\n".into()),
                ("Stats", format!("total_commands_processed:{}\r\nexpired_keys:0\r\nevicted_keys:0\r\n", server.hits)),
                ("Replication", format!("role:{role}\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover\r\n")),
                ("CPU", "used_cpu_sys:0.012000\r\nused_cpu_user:0.014000\r\n".into()),
                ("Cluster", "cluster_enabled:0\r\n".into()),
                ("Keyspace", keyspace),
            ];
            let wants = |name: &str| asked.is_empty() || asked.iter().any(|a| a.eq_ignore_ascii_case(name));
            let told: Vec<String> = sections
                .iter()
                .filter(|(name, _)| wants(name))
                .map(|(name, text)| format!("# {name}\r\n{text}"))
                .collect();
            bulk(&told.join("\r\n"))
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
