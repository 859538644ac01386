//! Every image known, one file each.

mod admission_webhook;
mod agnhost;
mod alpine;
mod bash;
mod bootcamp;
mod busybox;
mod busyboxplus;
mod caddy;
mod cassandra;
mod cockroach;
mod cockroach_init;
mod coredns;
mod curl;
mod debian;
mod dns_frontend;
mod dnsutils;
mod echoserver;
mod etcd;
mod explorer;
mod fluentd;
mod golang;
mod grafana;
mod guestbook_frontend;
mod haproxy;
mod hello_app;
mod hello_kubernetes;
mod hello_world;
mod hpa_example;
mod http_echo;
mod http_https_echo;
mod httpd;
mod ingress_nginx;
mod jenkins;
mod k8s;
mod kindnetd;
mod kube_apiserver;
mod kube_controller_manager;
mod kube_proxy;
mod kube_scheduler;
mod kubectl;
mod mariadb;
mod memcached;
mod metrics_server;
mod minio;
mod mongo;
mod mysql;
mod netshoot;
mod newrelic_infrastructure;
mod newrelic_sysmond;
mod nginx;
mod nginx_https;
mod nginx_slim;
mod nginx_unprivileged;
mod node;
mod openjdk;
mod openshift_etcd;
mod openshift_origin;
mod pause;
mod perl;
mod php;
mod phpmyadmin;
mod postgres;
mod progrium_stress;
mod prometheus;
mod prometheus_adapter;
mod python;
mod rabbitmq;
mod redis;
mod redis_follower;
mod redis_slave;
mod registry;
mod sample_war;
mod spark;
mod spark_ui_proxy;
mod stress;
mod tensorflow_serving;
mod test_webserver;
mod tomcat;
mod tomcat_sidecar;
mod traefik;
mod ubuntu;
mod vish_stress;
mod vllm;
mod whoami;
mod wordpress;
mod zookeeper;

use super::Image;

/// Tags of what is released with Kubernetes.
const RELEASES: &[&str] =
    &["latest", "v1.[12][0-9].[0-9]", "v1.[12][0-9].[0-9][0-9]", "v1.3[0-6].[0-9]", "v1.3[0-6].[0-9][0-9]"];

/// Whether this is nginx's `default.conf` as its image has it.
pub(super) fn is_nginx_site(text: &str) -> bool {
    [nginx::SITE, nginx::SITE_8080].iter().any(|(_, own)| *own == text)
}

pub(super) static ALL: [&Image; 86] = [
    &admission_webhook::IMAGE,
    &agnhost::IMAGE,
    &alpine::IMAGE,
    &bash::IMAGE,
    &bootcamp::IMAGE,
    &busybox::IMAGE,
    &busyboxplus::IMAGE,
    &caddy::IMAGE,
    &cassandra::IMAGE,
    &cockroach::IMAGE,
    &cockroach_init::IMAGE,
    &coredns::IMAGE,
    &curl::IMAGE,
    &debian::IMAGE,
    &dns_frontend::IMAGE,
    &dnsutils::IMAGE,
    &echoserver::IMAGE,
    &etcd::IMAGE,
    &explorer::IMAGE,
    &fluentd::IMAGE,
    &golang::IMAGE,
    &grafana::IMAGE,
    &guestbook_frontend::IMAGE,
    &haproxy::IMAGE,
    &hello_app::IMAGE,
    &hello_kubernetes::IMAGE,
    &hello_world::IMAGE,
    &hpa_example::IMAGE,
    &http_echo::IMAGE,
    &http_https_echo::IMAGE,
    &httpd::IMAGE,
    &ingress_nginx::IMAGE,
    &jenkins::IMAGE,
    &k8s::IMAGE,
    &kindnetd::IMAGE,
    &kube_apiserver::IMAGE,
    &kube_controller_manager::IMAGE,
    &kube_proxy::IMAGE,
    &kube_scheduler::IMAGE,
    &kubectl::IMAGE,
    &mariadb::IMAGE,
    &memcached::IMAGE,
    &metrics_server::IMAGE,
    &minio::IMAGE,
    &mongo::IMAGE,
    &mysql::IMAGE,
    &netshoot::IMAGE,
    &newrelic_infrastructure::IMAGE,
    &newrelic_sysmond::IMAGE,
    &nginx::IMAGE,
    &nginx_https::IMAGE,
    &nginx_slim::IMAGE,
    &nginx_unprivileged::IMAGE,
    &node::IMAGE,
    &openjdk::IMAGE,
    &openshift_etcd::IMAGE,
    &openshift_origin::IMAGE,
    &pause::IMAGE,
    &perl::IMAGE,
    &php::IMAGE,
    &phpmyadmin::IMAGE,
    &postgres::IMAGE,
    &progrium_stress::IMAGE,
    &prometheus::IMAGE,
    &prometheus_adapter::IMAGE,
    &python::IMAGE,
    &rabbitmq::IMAGE,
    &redis::IMAGE,
    &redis_follower::IMAGE,
    &redis_slave::IMAGE,
    &registry::IMAGE,
    &sample_war::IMAGE,
    &spark::IMAGE,
    &spark_ui_proxy::IMAGE,
    &stress::IMAGE,
    &tensorflow_serving::IMAGE,
    &test_webserver::IMAGE,
    &tomcat::IMAGE,
    &tomcat_sidecar::IMAGE,
    &traefik::IMAGE,
    &ubuntu::IMAGE,
    &vish_stress::IMAGE,
    &vllm::IMAGE,
    &whoami::IMAGE,
    &wordpress::IMAGE,
    &zookeeper::IMAGE,
];
