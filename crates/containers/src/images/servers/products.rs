//! Servers with pages and paths of their own: Jenkins, Grafana, Prometheus, Tomcat, fluentd, http-https-echo.
//!
//! Owns: what they answer before anybody has set them up, and the lines they begin with. Not modelled: what they are for.

use super::{Kind, Server, no_demand};
use crate::images::versions::version;
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};
use crate::programs::date_text;

const fn product(
    name: &'static str,
    ports: &'static [u16],
    start_ms: i64,
    log: fn(&Server, &Sys<'_>) -> (String, String),
    http: fn(&mut Server, &HttpRequest, &mut Sys<'_>) -> HttpResponse,
) -> Kind {
    Kind { name, ports, start_ms, demand: no_demand, log, http: Some(http), tcp: None, term: Some(143) }
}

pub(super) const KINDS: [Kind; 6] = [
    Kind { demand: jenkins_home, ..product("jenkins", &[8080, 50000], 15_000, jenkins_log, jenkins) },
    Kind { term: Some(0), ..product("grafana", &[3000], 4_000, grafana_log, grafana) },
    Kind { term: Some(0), ..product("prometheus", &[9090], 300, prometheus_log, prometheus) },
    product("tomcat", &[8080], 2_500, tomcat_log, tomcat),
    Kind { http: None, term: Some(0), ..product("fluentd", &[24224], 2_000, fluentd_log, grafana) },
    Kind { term: Some(0), ..product("http-https-echo", &[8080, 8443], 300, echo_log, echo) },
];

const PASSWORD: &str = "/var/jenkins_home/secrets/initialAdminPassword";

fn html(status: u16, body: impl Into<Vec<u8>>) -> HttpResponse {
    HttpResponse::text(status, "text/html; charset=utf-8", body)
}

fn json(body: impl Into<Vec<u8>>) -> HttpResponse {
    HttpResponse::text(200, "application/json; charset=UTF-8", body)
}

fn moved(to: &str) -> HttpResponse {
    let mut r = html(302, format!("<a href=\"{to}\">Found</a>.\n\n"));
    r.headers.push(("Location".into(), to.into()));
    r
}

fn not_found() -> HttpResponse {
    HttpResponse::text(404, "text/plain; charset=utf-8", "404 page not found\n")
}

/// The first start makes a password.
fn jenkins_home(_: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    if !sys.fs().exists(PASSWORD) {
        let made = sys.fs().mkdir_all("/var/jenkins_home/secrets", 0o700);
        if let Err(e) = made {
            let why = format!("touch: cannot touch '/var/jenkins_home/copy_reference_file.log': {e}\n");
            return Err((
                why + "Can not write to /var/jenkins_home/copy_reference_file.log. Wrong volume permissions?\n",
                1,
            ));
        }
        let password = sys.rng().letters(b"0123456789abcdef", 32);
        let _ = sys.fs().write(PASSWORD, format!("{password}\n").as_bytes());
    }
    Ok(())
}

fn jenkins_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = date_text(sys.now(), "%Y-%m-%d %H:%M:%S.000+0000");
    let password = sys.machine().fs.tree.file(PASSWORD).map(|b| String::from_utf8_lossy(b).trim().to_owned());
    let stars = "*************************************************************\n".repeat(3);
    let password = password.map_or(String::new(), |p| {
        format!(
            "{stars}\nJenkins initial setup is required. An admin user has been created and a password generated.\nPlease use the following password to proceed to installation:\n\n{p}\n\nThis may also be found at: {PASSWORD}\n\n{stars}"
        )
    });
    (
        format!(
            "Running from: /usr/share/jenkins/jenkins.war\n{now} [id=1]\tINFO\twinstone.Logger#logInternal: Beginning extraction from war file\n"
        ),
        format!(
            "{password}{now} [id=34]\tINFO\thudson.lifecycle.Lifecycle#onReady: Jenkins is fully up and running\n"
        ),
    )
}

fn jenkins(_: &mut Server, request: &HttpRequest, _: &mut Sys<'_>) -> HttpResponse {
    let mut r = match request.path() {
        "/login" => html(
            200,
            "<!DOCTYPE html><html><head><title>Sign in [Jenkins]</title></head><body><h1>Unlock Jenkins</h1><p>To ensure Jenkins is securely set up by the administrator, a password has been written to the log and this file on the server: <code>/var/jenkins_home/secrets/initialAdminPassword</code></p></body></html>\n",
        ),
        path => html(
            403,
            format!(
                "<html><head><meta http-equiv='refresh' content='1;url=/login?from={0}'/><script id='redirect' data-redirect-url='/login?from={0}' src='/static/scripts/redirect.js'></script></head><body style='background-color:white; color:white;'>\nAuthentication required\n</body></html>\n",
                path.replace('/', "%2F")
            ),
        ),
    };
    r.headers.push(("X-Jenkins".into(), "2.492.1".into()));
    r
}

fn grafana_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = date_text(sys.now(), "%Y-%m-%dT%H:%M:%S.000000000Z");
    (
        format!("logger=settings t={now} level=info msg=\"Starting Grafana\"\n"),
        format!(
            "logger=http.server t={now} level=info msg=\"HTTP Server Listen\" address=[::]:3000 protocol=http subUrl= socket=\n"
        ),
    )
}

fn grafana(_: &mut Server, request: &HttpRequest, _: &mut Sys<'_>) -> HttpResponse {
    match request.path() {
        "/" => moved("/login"),
        "/login" => html(
            200,
            "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>Grafana</title></head>\n<body class=\"theme-dark app-grafana\"><div id=\"reactRoot\"></div></body>\n</html>\n",
        ),
        "/api/health" => json(
            "{\n  \"database\": \"ok\",\n  \"version\": \"11.4.0\",\n  \"commit\": \"b58701869e1a11b696010a6f28bd96b68a2cf0d0\"\n}",
        ),
        "/metrics" => HttpResponse::text(
            200,
            "text/plain",
            "# TYPE grafana_build_info gauge\ngrafana_build_info{version=\"11.4.0\"} 1\n",
        ),
        _ => HttpResponse::text(
            401,
            "application/json",
            "{\"message\":\"Unauthorized\",\"messageId\":\"auth.unauthorized\",\"statusCode\":401,\"traceID\":\"\"}",
        ),
    }
}

fn prometheus_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = date_text(sys.now(), "%Y-%m-%dT%H:%M:%S.000Z");
    (
        format!("time={now} level=INFO source=main.go:642 msg=\"Starting Prometheus Server\" mode=server\n"),
        format!(
            "time={now} level=INFO source=web.go:654 msg=\"Start listening for connections\" component=web address=0.0.0.0:9090\ntime={now} level=INFO source=main.go:1273 msg=\"Server is ready to receive web requests.\"\n"
        ),
    )
}

fn prometheus(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let plain = |t: &str| HttpResponse::text(200, "text/plain; charset=utf-8", t);
    let old = sys.machine().image.tag.starts_with("v2");
    match request.path() {
        "/" => moved(if old { "/graph" } else { "/query" }),
        "/-/ready" => plain("Prometheus Server is Ready.\n"),
        "/-/healthy" => plain("Prometheus Server is Healthy.\n"),
        "/graph" | "/query" | "/targets" | "/alerts" => html(
            200,
            "<!doctype html>\n<html lang=\"en\">\n<head><title>Prometheus Time Series Collection and Processing Server</title></head>\n<body class=\"bootstrap\"><div id=\"root\"></div></body>\n</html>\n",
        ),
        "/metrics" => HttpResponse::text(
            200,
            "text/plain; version=0.0.4; charset=utf-8",
            format!(
                "# HELP promhttp_metric_handler_requests_total Total number of scrapes by HTTP status code.\n# TYPE promhttp_metric_handler_requests_total counter\npromhttp_metric_handler_requests_total{{code=\"200\"}} {}\n",
                server.hits
            ),
        ),
        "/api/v1/query" => {
            let now = sys.now().0 / 1000;
            json(format!(
                "{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":[{{\"metric\":{{\"__name__\":\"up\",\"instance\":\"localhost:9090\",\"job\":\"prometheus\"}},\"value\":[{now},\"1\"]}}]}}}}"
            ))
        }
        _ => not_found(),
    }
}

fn tomcat_version(sys: &Sys<'_>) -> String {
    version("tomcat", &sys.machine().image.tag)
}

fn tomcat_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = date_text(sys.now(), "%d-%b-%Y %H:%M:%S.000");
    let line = |text: &str| format!("{now} INFO [main] org.apache.{text}\n");
    (
        line(&format!(
            "catalina.startup.VersionLoggerListener.log Server version name:   Apache Tomcat/{}",
            tomcat_version(sys)
        )),
        line("coyote.AbstractProtocol.start Starting ProtocolHandler [\"http-nio-8080\"]")
            + &line("catalina.startup.Catalina.start Server startup in [2400] milliseconds"),
    )
}

/// An application is there when its directory or archive is; the image brings none.
fn tomcat(_: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let path = request.path().trim_start_matches('/');
    let context = path.split('/').next().filter(|c| !c.is_empty()).unwrap_or("ROOT");
    let dir = format!("/usr/local/tomcat/webapps/{context}");
    let inside = path.split_once('/').map_or("", |(_, p)| p);
    for name in [inside, "index.html", "index.jsp"] {
        let file = crate::fs::clean(&format!("{dir}/{name}"));
        if !name.is_empty()
            && !sys.fs().is_dir(&file)
            && let Ok(body) = sys.fs().read(&file)
        {
            return html(200, body);
        }
    }
    if sys.fs().exists(&format!("{dir}.war")) {
        return html(
            200,
            format!(
                "<html>\n<head><title>{context}</title></head>\n<body><h1>{context}</h1><p>served by {}</p></body>\n</html>\n",
                sys.machine().hostname
            ),
        );
    }
    let version = tomcat_version(sys);
    html(
        404,
        format!(
            "<!doctype html><html lang=\"en\"><head><title>HTTP Status 404 – Not Found</title></head><body><h1>HTTP Status 404 – Not Found</h1><hr class=\"line\" /><p><b>Type</b> Status Report</p><p><b>Description</b> The origin server did not find a current representation for the target resource or is not willing to disclose that one exists.</p><hr class=\"line\" /><h3>Apache Tomcat/{version}</h3></body></html>"
        ),
    )
}

fn fluentd_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = date_text(sys.now(), "%Y-%m-%d %H:%M:%S +0000");
    (
        format!(
            "{now} [info]: init supervisor logger path=nil rotate_age=nil rotate_size=nil\n{now} [info]: parsing config file is succeeded path=\"/fluentd/etc/fluent.conf\"\n{now} [info]: starting fluentd-1.16.6 pid=7 ruby=\"3.2.6\"\n"
        ),
        format!(
            "{now} [info]: #0 listening port port=24224 bind=\"0.0.0.0\"\n{now} [info]: #0 fluentd worker is now running worker=0\n"
        ),
    )
}

fn echo_log(_: &Server, _: &Sys<'_>) -> (String, String) {
    (String::new(), "Listening on ports 8080 for http, and 8443 for https.\n".into())
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {}
            c => out.push(c),
        }
    }
    out + "\""
}

fn echo(_: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let host = sys.machine().hostname.clone();
    let list = |pairs: Vec<(String, String)>| {
        let lines: Vec<String> =
            pairs.iter().map(|(k, v)| format!("\n    {}: {}", quoted(k), quoted(v))).collect();
        if lines.is_empty() { "{}".to_string() } else { format!("{{{}\n  }}", lines.join(",")) }
    };
    let query = request.target.split_once('?').map_or("", |(_, q)| q);
    let query =
        query.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let name = request.header("host").unwrap_or("").split(':').next().unwrap_or("").to_owned();
    let text = format!(
        "{{\n  \"path\": {},\n  \"headers\": {},\n  \"method\": {},\n  \"body\": {},\n  \"fresh\": false,\n  \"hostname\": {},\n  \"ip\": {},\n  \"ips\": [],\n  \"protocol\": \"http\",\n  \"query\": {},\n  \"subdomains\": [],\n  \"xhr\": false,\n  \"os\": {{\n    \"hostname\": {}\n  }},\n  \"connection\": {{}}\n}}",
        quoted(request.path()),
        list(request.headers.clone()),
        quoted(&request.method),
        quoted(&body),
        quoted(&name),
        quoted(&format!("::ffff:{}", request.peer)),
        list(query),
        quoted(&host)
    );
    sys.out(format!("-----------------\n{text}\n"));
    json(text)
}
