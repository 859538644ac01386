use super::*;

fn session(dialect: Dialect, statement: &str) -> Session {
    Session {
        dialect,
        is_mariadb: false,
        user: "root".into(),
        database: "shop".into(),
        now: "2026-01-01 00:00:00".into(),
        seconds: 1_767_225_600,
        version: "8.0.40".into(),
        banner: "8.0.40".into(),
        product: "MySQL".into(),
        comment: String::new(),
        host: "db".into(),
        draw: 7,
        statement: statement.into(),
    }
}

fn told(all: &mut State, dialect: Dialect, text: &str) -> String {
    let lines = |h: Vec<String>, r: Vec<Vec<Cell>>| {
        let cell = |c: &Cell| c.clone().unwrap_or("NULL".into());
        let lines: Vec<String> = r.iter().map(|r| r.iter().map(cell).collect::<Vec<_>>().join(",")).collect();
        format!("{}|{}", h.join(","), lines.join(";"))
    };
    match run(all, &session(dialect, text)) {
        Answer::Rows(h, r) => lines(h, r),
        Answer::Returned(h, r, tag) => format!("{} {tag}", lines(h, r)),
        Answer::Done(tag, _) if dialect == Dialect::Postgres => tag,
        Answer::Done(_, n) => format!("ok {n}"),
        Answer::Failed(c, t) => format!("{c} {t}").trim().to_string(),
    }
}

fn check(dialect: Dialect, cases: &[(&str, &str)]) {
    let mut all = State::default();
    all.accounts.insert("root".into(), "pw".into());
    for (text, want) in cases {
        assert_eq!(told(&mut all, dialect, text), *want, "{text}");
    }
    for table in all.databases.values().flat_map(|d| d.tables.values()) {
        assert_eq!(&Table::from_file(&table.to_file()), table);
    }
}

#[test]
fn rows_are_kept_and_found() {
    check(
        Dialect::MySql,
        &[
            ("create database shop", "ok 1"),
            (
                "CREATE TABLE fruit (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL, n INT DEFAULT 0, made TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
                "ok 0",
            ),
            ("INSERT INTO fruit (name, n) VALUES ('apple', 3), (\"pear\", 10), ('it''s', NULL)", "ok 3"),
            (
                "SELECT * FROM fruit WHERE id < 3",
                "id,name,n,made|1,apple,3,2026-01-01 00:00:00;2,pear,10,2026-01-01 00:00:00",
            ),
            ("select name from fruit where n > 2 and name like '%a%' order by n desc limit 1", "name|pear"),
            ("select count(*), MAX(n) most from fruit", "count(*),most|3,10"),
            ("update shop.fruit set n = n + 1 where name = 'apple'", "ok 1"),
            ("select n from fruit where id in (1, 9)", "n|4"),
            ("delete from fruit where n is null", "ok 1"),
            ("show tables", "Tables_in_shop|fruit"),
            (
                "describe fruit",
                "Field,Type,Null,Key,Default,Extra|id,int,NO,PRI,NULL,auto_increment;name,varchar(20),NO,,NULL,;n,int,YES,,0,;made,timestamp,YES,,CURRENT_TIMESTAMP,DEFAULT_GENERATED",
            ),
            (
                "insert into fruit values (1, 'x', 1, now())",
                "1062 (23000) Duplicate entry '1' for key 'fruit.PRIMARY'",
            ),
            ("insert into fruit (n) values (1)", "1364 (HY000) Field 'name' doesn't have a default value"),
            ("select 1 + 1", "1 + 1|2"),
            (
                "select VERSION(), database(), @@server_id, concat('a', 1)",
                "VERSION(),database(),@@server_id,concat('a', 1)|8.0.40,shop,1,a1",
            ),
            ("select * from nope", "1146 (42S02) Table 'shop.nope' doesn't exist"),
            ("select x from fruit", "1054 (42S22) Unknown column 'x' in 'field list'"),
            (
                "selec 1",
                "1064 (42000) You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near 'selec 1' at line 1",
            ),
        ],
    );
}

#[test]
fn tables_are_joined_and_grouped() {
    check(
        Dialect::MySql,
        &[
            ("create database shop", "ok 1"),
            ("create table a (id int, name text)", "ok 0"),
            ("create table b (a_id int, n int)", "ok 0"),
            ("insert into a values (1, 'x'), (2, 'y'), (3, 'z')", "ok 3"),
            ("insert into b values (1, 5), (1, 7), (2, 1)", "ok 3"),
            (
                "select a.name, sum(b.n) as total from a left join b on b.a_id = a.id group by a.name having count(*) > 0 order by total desc",
                "name,total|x,12;y,1;z,NULL",
            ),
            (
                "select name from a where id in (select a_id from b) and not exists (select 1 from a where id = 9)",
                "name|x;y",
            ),
            ("select distinct a_id from b order by 1 desc", "a_id|2;1"),
            (
                "select case when n > 5 then 'big' else 'small' end size, count(*) from b group by size",
                "size,count(*)|small,2;big,1",
            ),
            ("create user 'bob'@'%' identified by 'pw'", "ok 0"),
            ("grant all on shop.* to 'bob'@'%'", "ok 0"),
            (
                "show grants for 'bob'@'%'",
                "Grants for bob@%|GRANT USAGE ON *.* TO `bob`@`%`;GRANT ALL PRIVILEGES ON `shop`.* TO `bob`@`%`",
            ),
        ],
    );
}

#[test]
fn postgres_has_its_own_words() {
    check(
        Dialect::Postgres,
        &[
            ("create database shop", "CREATE DATABASE"),
            (
                "CREATE TABLE t (id serial PRIMARY KEY, name varchar(5) not null, ok boolean default true)",
                "CREATE TABLE",
            ),
            ("insert into t (name) values ('a'), ('b') returning id", "id|1;2 INSERT 0 2"),
            ("select * from t where ok", "id,name,ok|1,a,t;2,b,t"),
            ("insert into t (name) values ('longer')", "value too long for type character varying(5)"),
            (
                "insert into t (id, name) values (1, 'c') on conflict (id) do update set name = excluded.name",
                "INSERT 0 1",
            ),
            ("select name || '!' as n, 7 / 2, now()::date from t limit 1", "n,?column?,now|c!,3,2026-01-01"),
            ("select datname from pg_database", "datname|shop;template0;template1"),
            (
                "\\d t",
                "Column,Type,Collation,Nullable,Default|id,integer,,not null,nextval('t_id_seq'::regclass);name,character varying(5),,not null,;ok,boolean,,,t",
            ),
            ("select * from nope", "relation \"nope\" does not exist"),
            ("selec 1", "syntax error at or near \"selec\""),
        ],
    );
}

#[test]
fn hostile_statements_end() {
    let mut all = State::default();
    all.databases.entry("shop".into()).or_default();
    let deep = format!("select {}1{}", "(".repeat(5000), ")".repeat(5000));
    let many = "select not ".to_string() + &"not ".repeat(9000) + "1";
    let minus = "select ".to_string() + &"- ".repeat(20_000) + "1";
    for text in
        [deep.as_str(), &many, &minus, "select '", "create table", "insert into", "alter table shop.x", "\\d"]
    {
        run(&mut all, &session(Dialect::MySql, text));
        run(&mut all, &session(Dialect::Postgres, text));
    }
}
