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
mod coredns;
mod curl;
mod debian;
mod dnsutils;
mod echoserver;
mod etcd;
mod fluentd;
mod golang;
mod grafana;
mod guestbook_frontend;
mod haproxy;
mod hello_app;
mod hello_kubernetes;
mod hpa_example;
mod http_echo;
mod http_https_echo;
mod httpd;
mod ingress_nginx;
mod jenkins;
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
mod nginx;
mod nginx_slim;
mod nginx_unprivileged;
mod node;
mod openjdk;
mod pause;
mod perl;
mod php;
mod phpmyadmin;
mod postgres;
mod prometheus;
mod python;
mod rabbitmq;
mod redis;
mod redis_follower;
mod redis_slave;
mod sample_war;
mod stress;
mod test_webserver;
mod tomcat;
mod tomcat_sidecar;
mod traefik;
mod ubuntu;
mod vish_stress;
mod whoami;
mod wordpress;
mod zookeeper;

use super::Image;

pub(super) static ALL: [&Image; 68] = [
    &admission_webhook::IMAGE,
    &agnhost::IMAGE,
    &alpine::IMAGE,
    &bash::IMAGE,
    &bootcamp::IMAGE,
    &busybox::IMAGE,
    &busyboxplus::IMAGE,
    &caddy::IMAGE,
    &cassandra::IMAGE,
    &coredns::IMAGE,
    &curl::IMAGE,
    &debian::IMAGE,
    &dnsutils::IMAGE,
    &echoserver::IMAGE,
    &etcd::IMAGE,
    &fluentd::IMAGE,
    &golang::IMAGE,
    &grafana::IMAGE,
    &guestbook_frontend::IMAGE,
    &haproxy::IMAGE,
    &hello_app::IMAGE,
    &hello_kubernetes::IMAGE,
    &hpa_example::IMAGE,
    &http_echo::IMAGE,
    &http_https_echo::IMAGE,
    &httpd::IMAGE,
    &ingress_nginx::IMAGE,
    &jenkins::IMAGE,
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
    &nginx::IMAGE,
    &nginx_slim::IMAGE,
    &nginx_unprivileged::IMAGE,
    &node::IMAGE,
    &openjdk::IMAGE,
    &pause::IMAGE,
    &perl::IMAGE,
    &php::IMAGE,
    &phpmyadmin::IMAGE,
    &postgres::IMAGE,
    &prometheus::IMAGE,
    &python::IMAGE,
    &rabbitmq::IMAGE,
    &redis::IMAGE,
    &redis_follower::IMAGE,
    &redis_slave::IMAGE,
    &sample_war::IMAGE,
    &stress::IMAGE,
    &test_webserver::IMAGE,
    &tomcat::IMAGE,
    &tomcat_sidecar::IMAGE,
    &traefik::IMAGE,
    &ubuntu::IMAGE,
    &vish_stress::IMAGE,
    &whoami::IMAGE,
    &wordpress::IMAGE,
    &zookeeper::IMAGE,
];
