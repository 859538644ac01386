//! MongoDB's documents: kept as lines of a file for each collection, found by equal fields.
//!
//! A client sends `MONGO`, database and one expression (`db.fruit.find({name: "pear"})`). Not modelled: operators other
//! than equality, aggregation, indexes, accounts.

use crate::machine::Sys;

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

pub(super) fn serve(data: &[u8], sys: &mut Sys<'_>) -> Vec<u8> {
    let text = String::from_utf8_lossy(data).into_owned();
    let parts: Vec<&str> = text.splitn(3, '\0').collect();
    let ["MONGO", database, expression] = parts.as_slice() else {
        return b"It looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n"
            .to_vec();
    };
    run(database, expression.trim().trim_end_matches(';'), sys).into_bytes()
}

fn run(database: &str, expression: &str, sys: &mut Sys<'_>) -> String {
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
            "adminCommand('ping')"
            | "adminCommand(\"ping\")"
            | "runCommand({ping: 1})"
            | "runCommand({ ping: 1 })"
            | "runCommand(\"ping\")" => return "{ ok: 1 }".into(),
            "version()" => return "8.0.4".into(),
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
        wanted.iter().all(|w| have.contains(w))
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
            let mut found: Vec<&String> = all.iter().filter(|l| hit(l)).collect();
            if let Some(n) =
                rest.split("limit(").nth(1).and_then(|r| r.split(')').next()?.trim().parse::<usize>().ok())
            {
                found.truncate(n);
            }
            if rest.contains(".count()") {
                found.len().to_string()
            } else if method == "findOne" {
                found.first().map_or("null".into(), |l| (*l).clone())
            } else {
                let lines: Vec<String> = found.iter().map(|l| format!("  {l}")).collect();
                if lines.is_empty() { String::new() } else { format!("[\n{}\n]", lines.join(",\n")) }
            }
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
            let sets =
                fields(&update).into_iter().find(|f| f.0 == "$set").map_or(Vec::new(), |f| fields(&f.1));
            let mut left = if method == "updateOne" { 1 } else { usize::MAX };
            let mut count = 0;
            for line in &mut all {
                if left == 0 || !hit(line) {
                    continue;
                }
                left -= 1;
                count += 1;
                let mut own = fields(line);
                for (k, v) in &sets {
                    match own.iter_mut().find(|f| f.0 == *k) {
                        Some(f) => f.1.clone_from(v),
                        None => own.push((k.clone(), v.clone())),
                    }
                }
                *line = show(&own);
            }
            format!(
                "{{\n  acknowledged: true,\n  insertedId: null,\n  matchedCount: {count},\n  modifiedCount: {count},\n  upsertedCount: 0\n}}"
            )
        }
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
