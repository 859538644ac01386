//! WordPress: its set-up page, its posts, and the way to write one.
//!
//! Owns: what is kept in MySQL and how pages look. Title and posts are read from the database again and again
//! (`app.rs`), so they are what the database says. `POST /wp-json/wp/v2/posts` writes a post for whoever brings a user
//! and password; which is not looked at. Not modelled: users, comments, themes, uploads, the administrator's pages.

use super::Server;
use super::app::{access, field, html};
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse, NetRequest};

const INSTALL: &str = "/wp-admin/install.php";
const POSTS: &str = "/wp-json/wp/v2/posts";
/// Posts that are shown.
const POSTS_MAX: usize = 10;
const BLOGNAME: &str = "SELECT option_value FROM wp_options WHERE option_name = 'blogname'";
const LATEST: &str = "SELECT ID, post_title, post_content FROM wp_posts ORDER BY ID DESC LIMIT 10";

fn database(server: &Server) -> (String, u16) {
    let host = server.var("WORDPRESS_DB_HOST").unwrap_or("mysql");
    let (host, port) = host.split_once(':').unwrap_or((host, "3306"));
    (host.to_string(), port.parse().unwrap_or(3306))
}

fn statement(server: &Server, text: &str) -> NetRequest {
    let (host, port) = database(server);
    let user = server.var("WORDPRESS_DB_USER").unwrap_or("root");
    let password = server.var("WORDPRESS_DB_PASSWORD").unwrap_or_default();
    let name = server.var("WORDPRESS_DB_NAME").unwrap_or("wordpress");
    NetRequest::Tcp { host, port, data: format!("SQL\0{user}\0{password}\0{name}\0{text}").into_bytes() }
}

/// What is asked of the database between requests: the title; its posts are asked for when it has one.
pub(super) fn question(server: &Server) -> NetRequest {
    statement(server, BLOGNAME)
}

/// Takes an answer in; false when the database refused.
pub(super) fn learn(server: &mut Server, text: &str) -> bool {
    if let Some(rows) = text.strip_prefix("ROWS") {
        let mut lines = rows.lines().skip(1);
        let first = lines.next().unwrap_or_default();
        if rows.lines().next().unwrap_or_default().contains("post_title") {
            let row = |line: &str| {
                let mut cells = line.splitn(3, '\t').map(String::from);
                [(); 3].map(|()| cells.next().unwrap_or_default())
            };
            server.back.posts = std::iter::once(first)
                .chain(lines)
                .filter(|l| !l.is_empty())
                .map(row)
                .take(POSTS_MAX)
                .collect();
        } else if !first.is_empty() {
            server.back.title = Some(first.to_string());
            let ask = statement(server, LATEST);
            server.back.queue.push(ask);
        }
    } else if text.contains("1146") {
        // No such table: nobody has set it up.
        (server.back.title, server.back.posts) = (None, Vec::new());
    }
    !text.starts_with("ERR") || text.contains("1146")
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "''").replace(['\n', '\t'], " ")
}

fn json_text(text: &str) -> String {
    let plain = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{}\"", plain.replace('\t', "\\t"))
}

fn as_json([id, title, content]: &[String; 3]) -> String {
    format!(
        "{{\"id\":{id},\"status\":\"publish\",\"type\":\"post\",\"title\":{{\"rendered\":{}}},\"content\":{{\"rendered\":{}}}}}",
        json_text(title),
        json_text(&format!("<p>{content}</p>\n"))
    )
}

fn json(status: u16, body: String) -> HttpResponse {
    HttpResponse::text(status, "application/json; charset=UTF-8", body)
}

fn write_post(server: &mut Server, request: &HttpRequest) -> HttpResponse {
    if request.header("authorization").is_none() {
        return json(401, "{\"code\":\"rest_cannot_create\",\"message\":\"Sorry, you are not allowed to create posts as this user.\",\"data\":{\"status\":401}}".into());
    }
    let title = field(request, "title").unwrap_or_default();
    let content = field(request, "content").unwrap_or_default();
    if title.is_empty() && content.is_empty() {
        return json(400, "{\"code\":\"empty_content\",\"message\":\"Content, title, and excerpt are empty.\",\"data\":{\"status\":400}}".into());
    }
    let last = server.back.posts.first().and_then(|p| p[0].parse::<u32>().ok()).unwrap_or(0);
    let post = [(last + 1).to_string(), title, content];
    let text = format!(
        "INSERT INTO wp_posts (post_title, post_content) VALUES ('{}', '{}')",
        quoted(&post[1]),
        quoted(&post[2])
    );
    let write = statement(server, &text);
    server.back.queue.push(write);
    let made = json(201, as_json(&post));
    server.back.posts.insert(0, post);
    server.back.posts.truncate(POSTS_MAX);
    made
}

fn install(server: &mut Server, request: &HttpRequest) -> HttpResponse {
    let title = field(request, "weblog_title").unwrap_or_else(|| "My Blog".into());
    for text in [
        "CREATE TABLE IF NOT EXISTS wp_options (option_id INT AUTO_INCREMENT PRIMARY KEY, option_name VARCHAR(191), option_value TEXT)".to_string(),
        "CREATE TABLE IF NOT EXISTS wp_posts (ID INT AUTO_INCREMENT PRIMARY KEY, post_title TEXT, post_content TEXT)".to_string(),
        format!("INSERT INTO wp_options (option_name, option_value) VALUES ('blogname', '{}')", quoted(&title)),
        "INSERT INTO wp_posts (post_title, post_content) VALUES ('Hello world!', 'Welcome to WordPress. This is your first post.')".to_string(),
    ] {
        let write = statement(server, &text);
        server.back.queue.push(write);
    }
    server.back.title = Some(title);
    server.back.posts =
        vec![["1", "Hello world!", "Welcome to WordPress. This is your first post."].map(String::from)];
    html(200, "<!DOCTYPE html>\n<html><head><title>WordPress &rsaquo; Installation</title></head>\n<body><h1>Success!</h1>\n<p>WordPress has been installed. Thank you, and enjoy!</p></body></html>\n".into())
}

fn home(title: &str, posts: &[[String; 3]]) -> HttpResponse {
    let posts: String =
        posts.iter().map(|[_, title, content]| format!("<h2>{title}</h2>\n<p>{content}</p>\n")).collect();
    html(
        200,
        format!(
            "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<title>{title}</title>\n<meta name=\"generator\" content=\"WordPress 6.7.1\" />\n</head>\n<body class=\"home blog\">\n<h1>{title}</h1>\n{posts}</body>\n</html>\n"
        ),
    )
}

pub(super) fn answer(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let broken = !matches!(server.back.answer, Some(Ok(_)));
    let response = if broken {
        html(500, "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>Database Error</title></head>\n<body>\n\t<div class=\"wp-die-message\"><h1>Error establishing a database connection</h1></div>\n</body>\n</html>\n".into())
    } else if let Some(title) = server.back.title.clone() {
        match (request.path(), request.method.as_str()) {
            (POSTS, "POST") => write_post(server, request),
            (POSTS, _) => {
                let all: Vec<String> = server.back.posts.iter().map(as_json).collect();
                json(200, format!("[{}]", all.join(",")))
            }
            _ => home(&title, &server.back.posts),
        }
    } else if request.path() == INSTALL && request.method == "POST" {
        install(server, request)
    } else if request.path() == INSTALL {
        html(200, "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<title>WordPress &rsaquo; Installation</title>\n</head>\n<body class=\"wp-core-ui language-chooser\">\n<h1>Welcome</h1>\n<form id=\"setup\" method=\"post\" action=\"install.php?step=2\">\n<input name=\"weblog_title\" type=\"text\" id=\"weblog_title\" size=\"25\" />\n</form>\n</body>\n</html>\n".into())
    } else {
        let mut r = html(302, String::new());
        let host = request.header("host").unwrap_or("localhost");
        r.headers.push(("Location".into(), format!("http://{host}{INSTALL}")));
        r.headers.push(("X-Redirect-By".into(), "WordPress".into()));
        r
    };
    access(server, request, &response, sys);
    response
}
