//! MongoDB's documents: kept as lines of a file for each collection, found by equal fields.
//!
//! A client sends `MONGO`, database and expressions (`db.fruit.find({n: {$gt: 1}}).sort({n: -1})`), of which the last is
//! shown. Not modelled: operators beyond comparisons, `$in` and `$exists`, aggregation, indexes, accounts, variables;
//! members of a replica set are listed and keep nothing of each other.

use std::cmp::Ordering;

use super::Server;
use crate::machine::Sys;
use ordered::Sort as _;

const DIR: &str = "/data/db";
const DOCUMENTS_MAX: usize = 5_000;

/// Top-level pieces of `a: 1, b: {c: 2}`, apart at commas.
fn pieces(text: &str) -> Vec<String> {
    let (mut all, mut one, mut depth, mut quote) = (Vec::new(), String::new(), 0, None);
    for c in text.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None, '{' | '[' | '(') => depth += 1,
            (None, '}' | ']' | ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                all.push(std::mem::take(&mut one));
                continue;
            }
            _ => {}
        }
        one.push(c);
    }
    all.push(one);
    all.into_iter().map(|p| p.trim().to_string()).filter(|p| !p.is_empty()).collect()
}

/// Fields of `{..}` as mongosh prints them.
fn fields(text: &str) -> Vec<(String, String)> {
    let inner = text.trim().strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or("");
    pieces(inner)
        .iter()
        .filter_map(|p| {
            let (k, v) = p.split_once(':')?;
            let k = k.trim().trim_matches(['"', '\'']).to_string();
            let v = v.trim();
            let v = match v.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
                Some(t) => format!("'{t}'"),
                None => v.to_string(),
            };
            Some((k, v))
        })
        .collect()
}

fn show(fields: &[(String, String)]) -> String {
    let parts: Vec<String> = fields.iter().map(|(k, v)| format!("{k}: {v}")).collect();
    format!("{{ {} }}", parts.join(", "))
}

/// Numbers by value, anything else as text.
fn order(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    }
}

/// Whether a field's value is what a query wants of it.
fn holds(have: Option<&str>, want: &str) -> bool {
    let operators = fields(want);
    if operators.is_empty() || !operators.iter().all(|o| o.0.starts_with('$')) {
        return have == Some(want);
    }
    operators.iter().all(|(operator, value)| {
        let of = |f: fn(Ordering) -> bool| have.is_some_and(|h| f(order(h, value)));
        match operator.as_str() {
            "$eq" => have == Some(value),
            "$ne" => have != Some(value),
            "$gt" => of(Ordering::is_gt),
            "$gte" => of(Ordering::is_ge),
            "$lt" => of(Ordering::is_lt),
            "$lte" => of(Ordering::is_le),
            "$exists" => have.is_some() == (value != "false"),
            "$in" | "$nin" => {
                let inner = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or("");
                let listed = pieces(inner).iter().any(|p| have == Some(&p.replace('"', "'")));
                listed == (operator == "$in")
            }
            _ => false,
        }
    })
}

fn field<'a>(of: &'a [(String, String)], name: &str) -> Option<&'a str> {
    of.iter().find(|f| f.0 == name).map(|f| f.1.as_str())
}

/// Calls one after the other: `.sort({n: 1}).limit(2)`.
fn calls(mut rest: &str) -> Vec<(&str, &str)> {
    let mut out = Vec::new();
    while let Some((name, behind)) = rest.strip_prefix('.').and_then(|r| r.split_once('(')) {
        let mut depth = 1;
        let end = behind.char_indices().find_map(|(i, c)| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            (depth == 0).then_some(i)
        });
        let Some(end) = end else { break };
        out.push((name.trim(), behind[..end].trim()));
        rest = behind[end + 1..].trim();
    }
    out
}

/// The fields of a document that a projection leaves.
fn projected(line: &str, projection: &[(String, String)]) -> String {
    let keeps = projection.iter().any(|p| p.0 != "_id" && p.1 != "0" && p.1 != "false");
    let mut own = fields(line);
    own.retain(|f| match field(projection, &f.0) {
        Some(v) => v != "0" && v != "false",
        None => !keeps || f.0 == "_id",
    });
    show(&own)
}

/// What `find` and the calls behind it give.
fn cursor(mut found: Vec<String>, projection: &[(String, String)], rest: &str) -> String {
    let mut each = false;
    for (name, argument) in calls(rest) {
        let n = argument.parse::<usize>().unwrap_or(0);
        match name {
            "sort" => {
                for (key, way) in fields(argument).iter().rev() {
                    found.arrange_by(|a, b| {
                        let (a, b) = (fields(a), fields(b));
                        let o = order(field(&a, key).unwrap_or(""), field(&b, key).unwrap_or(""));
                        if way.starts_with('-') { o.reverse() } else { o }
                    });
                }
            }
            "limit" if n > 0 => found.truncate(n),
            "skip" => {
                found.drain(..n.min(found.len()));
            }
            "count" | "size" | "itcount" => return found.len().to_string(),
            "forEach" => each = true,
            "limit" | "pretty" | "toArray" => {}
            other => return format!("TypeError: db.collection.find().{other} is not a function"),
        }
    }
    let shown: Vec<String> = found
        .iter()
        .map(|l| if projection.is_empty() { l.clone() } else { projected(l, projection) })
        .collect();
    if each {
        return shown.join("\n");
    }
    let lines: Vec<String> = shown.iter().map(|l| format!("  {l}")).collect();
    if lines.is_empty() { String::new() } else { format!("[\n{}\n]", lines.join(",\n")) }
}

/// Expressions apart at semicolons and at the ends of lines, outside of brackets and quotes.
fn expressions(text: &str) -> Vec<String> {
    let (mut all, mut one, mut depth, mut quote) = (Vec::new(), String::new(), 0, None);
    for c in text.chars() {
        match (quote, c) {
            (None, '"' | '\'' | '`') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None, '{' | '[' | '(') => depth += 1,
            (None, '}' | ']' | ')') => depth -= 1,
            (None, ';' | '\n') if depth <= 0 => {
                all.push(std::mem::take(&mut one));
                continue;
            }
            _ => {}
        }
        one.push(if c == '\n' { ' ' } else { c });
    }
    all.push(one);
    all.into_iter().map(|e| e.trim().to_string()).filter(|e| !e.is_empty() && !e.starts_with("//")).collect()
}

pub(super) fn serve(server: &mut Server, data: &[u8], sys: &mut Sys<'_>) -> Vec<u8> {
    let text = String::from_utf8_lossy(data).into_owned();
    let parts: Vec<&str> = text.splitn(3, '\0').collect();
    let ["MONGO", database, text] = parts.as_slice() else {
        return b"It looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n"
            .to_vec();
    };
    if *text == "\u{1}version" {
        return crate::images::versions::version("mongo", &sys.machine().image.tag).into_bytes();
    }
    let set = server.option(&["replSet"]);
    let (mut database, mut printed, mut last) = ((*database).to_string(), Vec::new(), String::new());
    for one in expressions(text).into_iter().take(1000) {
        if let Some(name) = one.strip_prefix("use ") {
            database = name.trim().to_string();
            last = format!("switched to db {database}");
            continue;
        }
        let one = one.strip_prefix("db = ").map_or(one.clone(), |rest| format!("{rest}\u{1}"));
        let (one, only) = one.strip_suffix('\u{1}').map_or((one.as_str(), false), |o| (o, true));
        let (place, rest) = sibling(one).unwrap_or((database.clone(), one.to_string()));
        if only {
            database = place;
            last = database.clone();
            continue;
        }
        let print = ["printjson", "print", "console.log"]
            .into_iter()
            .find_map(|f| rest.strip_prefix(f)?.trim().strip_prefix('(')?.strip_suffix(')'));
        match print {
            Some(inner) => {
                let quoted = inner.trim().trim_matches(['"', '\'']);
                let plain = quoted.len() + 2 == inner.trim().len();
                printed.push(if plain {
                    quoted.to_string()
                } else {
                    run(&place, inner, set.as_deref(), sys)
                });
                last.clear();
            }
            None => last = run(&place, &rest, set.as_deref(), sys),
        }
        if last.starts_with("Mongo") || last.contains("Error: ") {
            break;
        }
    }
    printed.push(last);
    printed.retain(|p| !p.is_empty());
    printed.join("\n").into_bytes()
}

/// `db.getSiblingDB("x").rest`: the database, and the expression over it.
fn sibling(text: &str) -> Option<(String, String)> {
    let (name, rest) = text.strip_prefix("db.getSiblingDB(")?.split_once(')')?;
    Some((name.trim().trim_matches(['"', '\'']).to_string(), format!("db{rest}")))
}

/// The replica set's helpers: `rs.initiate()`, `rs.status()`, `rs.conf()`, `rs.add(..)`.
fn replica_set(call: &str, set: Option<&str>, sys: &mut Sys<'_>) -> String {
    const FILE: &str = "/data/db/local.replset";
    let Some(set) = set else {
        return "MongoServerError[NoReplicationEnabled]: not running with --replSet".into();
    };
    let stored = sys.fs().read(FILE).ok().map(|b| String::from_utf8_lossy(&b).into_owned());
    let mut members: Vec<String> = stored.iter().flat_map(|t| t.lines()).map(String::from).collect();
    let own = format!("{}:27017", sys.machine().hostname);
    let (name, argument) = call.split_once('(').unwrap_or((call, ""));
    let argument = argument.trim_end_matches(')').trim();
    if name == "initiate" {
        if stored.is_some() {
            return "MongoServerError[AlreadyInitialized]: already initialized".into();
        }
        members = argument
            .match_indices("host:")
            .filter_map(|(i, _)| argument[i..].split(['"', '\'']).nth(1).map(String::from))
            .collect();
        let told = if members.is_empty() {
            members.push(own.clone());
            format!(
                "{{\n  info2: 'no configuration specified. Using a default configuration for the set',\n  me: '{own}',\n  ok: 1\n}}"
            )
        } else {
            "{ ok: 1 }".into()
        };
        let _ = sys.fs().write(FILE, (members.join("\n") + "\n").as_bytes());
        return told;
    }
    if stored.is_none() {
        return "MongoServerError[NotYetInitialized]: no replset config has been received".into();
    }
    match name {
        "add" => {
            members.push(argument.trim_matches(['"', '\'']).to_string());
            let _ = sys.fs().write(FILE, (members.join("\n") + "\n").as_bytes());
            "{ ok: 1 }".into()
        }
        "status" | "conf" | "config" => {
            let list: Vec<String> = members
                .iter()
                .enumerate()
                .map(|(i, m)| {
                    let state = if i == 0 { "PRIMARY" } else { "SECONDARY" };
                    if name == "status" {
                        format!("    {{ _id: {i}, name: '{m}', health: 1, stateStr: '{state}' }}")
                    } else {
                        format!("    {{ _id: {i}, host: '{m}', priority: 1, votes: 1 }}")
                    }
                })
                .collect();
            let head = if name == "status" {
                format!("set: '{set}',\n  myState: 1")
            } else {
                format!("_id: '{set}',\n  version: 1")
            };
            format!("{{\n  {head},\n  members: [\n{}\n  ],\n  ok: 1\n}}", list.join(",\n"))
        }
        other => format!("TypeError: rs.{other} is not a function"),
    }
}

fn run(database: &str, expression: &str, set: Option<&str>, sys: &mut Sys<'_>) -> String {
    if let Some(call) = expression.strip_prefix("rs.") {
        return replica_set(call, set, sys);
    }
    let listed = |sys: &mut Sys<'_>| -> Vec<String> {
        sys.fs()
            .list(DIR)
            .unwrap_or_default()
            .into_iter()
            .map(|(n, _)| n.to_string())
            .filter(|n| n.ends_with(".wt"))
            .collect()
    };
    if matches!(expression, "show collections" | "show tables" | "db.getCollectionNames()") {
        let own = format!("{database}.");
        let names: Vec<String> = listed(sys)
            .iter()
            .filter_map(|n| Some(n.strip_prefix(&own)?.trim_end_matches(".wt").to_string()))
            .collect();
        return names.join("\n");
    }
    if matches!(expression, "show dbs" | "show databases") {
        let mut names: Vec<String> =
            listed(sys).iter().filter_map(|n| n.split('.').next().map(String::from)).collect();
        names.extend(["admin", "config", "local"].map(String::from));
        ordered::Sort::arrange(&mut names[..]);
        names.dedup();
        return names.iter().map(|n| format!("{n:<7} 40.00 KiB")).collect::<Vec<_>>().join("\n");
    }
    if expression == "db" {
        return database.to_string();
    }
    let call = expression.strip_prefix("db.").and_then(|r| {
        let open = r.find('(')?;
        let (collection, method) = r[..open].rsplit_once('.')?;
        let mut depth = 0;
        let close = r[open..].char_indices().find_map(|(i, c)| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            (depth == 0).then_some(open + i)
        })?;
        Some((collection.trim_matches(['"', '\'']), method, r[open + 1..close].trim(), &r[close + 1..]))
    });
    if let Some(r) = expression.strip_prefix("db.") {
        match r {
            _ if r.starts_with("runCommand(") || r.starts_with("adminCommand(") => {
                let asked = r.split_once('(').map_or("", |c| c.1).trim_end_matches(')').trim();
                let name = fields(asked)
                    .first()
                    .map_or(asked.trim_matches(['"', '\'']).to_string(), |f| f.0.clone());
                return match name.as_str() {
                    "listDatabases" => {
                        let names = run(database, "show dbs", set, sys);
                        let list: Vec<String> = names
                            .lines()
                            .filter_map(|l| l.split_whitespace().next())
                            .map(|n| {
                                format!("    {{ name: '{n}', sizeOnDisk: Long('40960'), empty: false }}")
                            })
                            .collect();
                        format!("{{\n  databases: [\n{}\n  ],\n  ok: 1\n}}", list.join(",\n"))
                    }
                    "ping" | "hello" | "isMaster" | "buildInfo" | "serverStatus" | "setParameter"
                    | "fsync" | "getParameter" | "replSetGetStatus" | "shutdown" => "{ ok: 1 }".into(),
                    other => format!("MongoServerError[CommandNotFound]: no such command: '{other}'"),
                };
            }
            _ if ["createUser(", "createRole(", "createCollection(", "grantRolesToUser("]
                .iter()
                .any(|c| r.starts_with(c)) =>
            {
                return "{ ok: 1 }".into();
            }
            "getName()" => return database.to_string(),
            "getMongo()" => return "mongodb://127.0.0.1:27017/?directConnection=true".into(),
            "stats()" => {
                return format!("{{ db: '{database}', collections: Long('{}'), ok: 1 }}", listed(sys).len());
            }
            "version()" => return crate::images::versions::version("mongo", &sys.machine().image.tag),
            "hello()" | "isMaster()" => return "{ isWritablePrimary: true, ok: 1 }".into(),
            "dropDatabase()" => {
                for name in listed(sys) {
                    if name.starts_with(&format!("{database}.")) {
                        let _ = sys.fs().unlink(&format!("{DIR}/{name}"));
                    }
                }
                return format!("{{ ok: 1, dropped: '{database}' }}");
            }
            _ => {}
        }
    }
    let Some((collection, method, argument, rest)) = call else {
        return format!(
            "ReferenceError: {} is not defined",
            expression.split(['.', '(', ' ']).next().unwrap_or_default()
        );
    };
    let file = format!("{DIR}/{database}.{collection}.wt");
    let stored = sys.fs().read(&file).unwrap_or_default();
    let mut all: Vec<String> = String::from_utf8_lossy(&stored).lines().map(String::from).collect();
    let list = pieces(argument);
    let wanted = fields(list.first().map_or("{}", String::as_str));
    let hit = |line: &String| {
        let have = fields(line);
        wanted.iter().all(|(k, want)| holds(field(&have, k), want))
    };
    let mut changed = true;
    let answer = match method {
        "insertOne" | "insertMany" | "insert" => {
            let documents = match argument.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
                Some(inner) => pieces(inner),
                None => vec![argument.to_string()],
            };
            let mut ids = Vec::new();
            for document in documents {
                if all.len() >= DOCUMENTS_MAX {
                    return "MongoServerError: quota exceeded".into();
                }
                let mut own = fields(&document);
                if own.iter().all(|f| f.0 != "_id") {
                    let id = sys.rng().letters(b"0123456789abcdef", 24);
                    own.insert(0, ("_id".into(), format!("ObjectId('{id}')")));
                }
                ids.push(own[0].1.clone());
                all.push(show(&own));
            }
            if method == "insertOne" {
                format!(
                    "{{\n  acknowledged: true,\n  insertedId: {}\n}}",
                    ids.first().cloned().unwrap_or_default()
                )
            } else {
                let ids: Vec<String> =
                    ids.iter().enumerate().map(|(i, id)| format!("    '{i}': {id}")).collect();
                format!("{{\n  acknowledged: true,\n  insertedIds: {{\n{}\n  }}\n}}", ids.join(",\n"))
            }
        }
        "find" | "findOne" => {
            changed = false;
            let found: Vec<String> = all.iter().filter(|l| hit(l)).cloned().collect();
            let projection = fields(list.get(1).map_or("", String::as_str));
            if method == "findOne" {
                found.first().map_or("null".into(), |l| projected(l, &projection))
            } else {
                cursor(found, &projection, rest)
            }
        }
        "distinct" => {
            changed = false;
            let key = argument.trim_matches(['"', '\'']);
            let mut values: Vec<String> =
                all.iter().filter_map(|l| field(&fields(l), key).map(str::to_owned)).collect();
            values.arrange_by(|a, b| order(a, b));
            values.dedup();
            format!("[ {} ]", values.join(", "))
        }
        "countDocuments" | "count" | "estimatedDocumentCount" => {
            changed = false;
            all.iter().filter(|l| hit(l)).count().to_string()
        }
        "deleteOne" | "deleteMany" => {
            let before = all.len();
            let mut left = if method == "deleteOne" { 1 } else { usize::MAX };
            all.retain(|l| {
                let gone = left > 0 && hit(l);
                left -= usize::from(gone);
                !gone
            });
            format!("{{ acknowledged: true, deletedCount: {} }}", before - all.len())
        }
        "updateOne" | "updateMany" => {
            let update = list.get(1).cloned().unwrap_or_default();
            let changes: Vec<(String, Vec<(String, String)>)> =
                fields(&update).into_iter().map(|(op, v)| (op, fields(&v))).collect();
            let mut left = if method == "updateOne" { 1 } else { usize::MAX };
            let mut count = 0;
            for line in &mut all {
                if left == 0 || !hit(line) {
                    continue;
                }
                left -= 1;
                count += 1;
                let mut own = fields(line);
                for (operator, (k, v)) in changes.iter().flat_map(|c| c.1.iter().map(move |f| (&c.0, f))) {
                    let number = |t: Option<&str>| t.and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
                    let new = match operator.as_str() {
                        "$set" => Some(v.clone()),
                        "$inc" => Some((number(field(&own, k)) + number(Some(v))).to_string()),
                        "$unset" => None,
                        _ => continue,
                    };
                    let at = own.iter().position(|f| f.0 == *k);
                    match (at, new) {
                        (Some(i), Some(new)) => own[i].1 = new,
                        (Some(i), None) => {
                            own.remove(i);
                        }
                        (None, Some(new)) => own.push((k.clone(), new)),
                        (None, None) => {}
                    }
                }
                *line = show(&own);
            }
            format!(
                "{{\n  acknowledged: true,\n  insertedId: null,\n  matchedCount: {count},\n  modifiedCount: {count},\n  upsertedCount: 0\n}}"
            )
        }
        "createIndex" => {
            let name: Vec<String> =
                fields(argument).iter().map(|(k, v)| format!("{k}_{}", v.trim_matches('\''))).collect();
            return name.join("_");
        }
        "getIndexes" => return "[ { v: 2, key: { _id: 1 }, name: '_id_' } ]".into(),
        "drop" => {
            let _ = sys.fs().unlink(&file);
            return "true".into();
        }
        other => return format!("TypeError: db.{collection}.{other} is not a function"),
    };
    if changed {
        let _ = sys.fs().mkdir_all(DIR, 0o755);
        let text: String = all.iter().map(|l| format!("{l}\n")).collect();
        if let Err(e) = sys.fs().write(&file, text.as_bytes()) {
            return format!("MongoServerError: {e}");
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_sort_skip_and_leave_fields_out() {
        let all = ["{ _id: 1, name: 'b', n: 2 }", "{ _id: 2, name: 'a', n: 10 }"].map(String::from);
        let p = |t: &str| fields(t);
        for (projection, rest, want) in [
            ("", ".sort({n: -1}).limit(1)", "[\n  { _id: 2, name: 'a', n: 10 }\n]"),
            ("{name: 1, _id: 0}", ".sort({ name: 1 })", "[\n  { name: 'a' },\n  { name: 'b' }\n]"),
            ("{n: 0}", ".skip(1).toArray()", "[\n  { _id: 2, name: 'a' }\n]"),
            ("", ".count()", "2"),
            (
                "",
                ".sort({n:1}).forEach(printjson)",
                "{ _id: 1, name: 'b', n: 2 }\n{ _id: 2, name: 'a', n: 10 }",
            ),
            ("", ".nosuch()", "TypeError: db.collection.find().nosuch is not a function"),
        ] {
            assert_eq!(cursor(all.to_vec(), &p(projection), rest), want, "{rest}");
        }
        for (have, want, holds_) in [
            (Some("5"), "{$gt: 4}", true),
            (Some("5"), "{ $gte: 6 }", false),
            (Some("10"), "{$lt: 9}", false),
            (Some("'a'"), "{$in: [\"a\", \"b\"]}", true),
            (None, "{$exists: false}", true),
            (Some("'x'"), "{$ne: 'y'}", true),
            (Some("3"), "3", true),
        ] {
            assert_eq!(holds(have, want), holds_, "{have:?} {want}");
        }
    }
}
