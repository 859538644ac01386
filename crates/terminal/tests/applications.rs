//! The documentation's applications, run from manifests and asked: what a learner sees of them in the end.

use cluster::{Cluster, ClusterConfig};
use terminal::Terminal;
use terminal::script::{parse, play};

fn transcript(script: &str) -> String {
    let steps = parse(script).expect("a script");
    play(&steps, &mut Cluster::new(ClusterConfig::playground(1)), &mut Terminal::new())
}

#[track_caller]
fn shows(transcript: &str, wanted: &[&str]) {
    for line in wanted {
        assert!(transcript.contains(line), "no {line:?} in\n{transcript}");
    }
}

#[test]
fn the_guestbook_keeps_its_messages_in_redis() {
    let t = transcript(concat!(
        "$ kubectl create deployment redis-leader --image=docker.io/redis:6.0.5 --port=6379 && kubectl expose deployment redis-leader\n",
        "$ kubectl create deployment redis-follower --image=us-docker.pkg.dev/google-samples/containers/gke/gb-redis-follower:v2 --port=6379 --replicas=2 && kubectl expose deployment redis-follower\n",
        "$ kubectl create deployment frontend --image=us-docker.pkg.dev/google-samples/containers/gke/gb-frontend:v5 --port=80 --replicas=3 && kubectl expose deployment frontend\n",
        "$ kubectl run t --image=curlimages/curl --command -- sleep 100000\n",
        "@settle\n@sleep 40\n",
        "$ kubectl exec t -- curl -s frontend\n",
        "$ kubectl exec t -- curl -s 'http://frontend/guestbook.php?cmd=set&key=messages&value=,hello'\n",
        "@sleep 4\n",
        "$ kubectl exec t -- curl -s 'http://frontend/guestbook.php?cmd=get&key=messages' -o /dev/null\n",
        "@sleep 4\n",
        "$ kubectl exec deploy/redis-leader -- redis-cli get messages\n",
        "$ kubectl exec deploy/redis-follower -- redis-cli set a b\n",
    ));
    shows(
        &t,
        &[
            "<title>Guestbook</title>",
            "{\"message\": \"Updated\"}",
            "redis-cli get messages\n,hello\n",
            "READONLY",
        ],
    );
}

#[test]
fn rows_outlive_their_pod_on_a_claim() {
    let t = transcript(concat!(
        "$ cat > db.yaml <<'EOF'\n",
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n",
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec:\n  containers:\n  - name: db\n    image: mysql:8.0\n    env:\n    - {name: MYSQL_ROOT_PASSWORD, value: s}\n    - {name: MYSQL_DATABASE, value: shop}\n    volumeMounts: [{name: data, mountPath: /var/lib/mysql}]\n  volumes:\n  - {name: data, persistentVolumeClaim: {claimName: data}}\n",
        "EOF\n",
        "$ kubectl apply -f db.yaml\n@settle\n@sleep 40\n",
        "$ kubectl exec db -- mysql -uroot -ps shop -e \"create table f (id int auto_increment primary key, name text); insert into f (name) values ('pear'), ('fig')\"\n",
        "$ kubectl delete pod db\n",
        "$ kubectl apply -f db.yaml\n@settle\n@sleep 40\n",
        "$ kubectl exec db -- mysql -uroot -ps shop -e 'select * from f order by id desc'\n",
        "$ kubectl exec db -- mysql -uroot -px -e 'select 1'\n",
    ));
    shows(
        &t,
        &[
            "id\tname\n2\tfig\n1\tpear\n",
            "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
        ],
    );
}

#[test]
fn an_image_built_here_is_pushed_and_runs_in_the_cluster() {
    let t = transcript(concat!(
        "$ mkdir app && echo '<h1>ours</h1>' > app/index.html && printf 'FROM nginx:1.27-alpine\\nCOPY index.html /usr/share/nginx/html/\\n' > app/Dockerfile\n",
        "$ docker build -q -t alice/web:1 app && docker run -d --name w1 -p 8100:80 alice/web:1 && sleep 1 && curl -s localhost:8100\n",
        "$ docker push alice/web:1\n",
        "$ echo pw | docker login -u alice --password-stdin && docker push alice/web:1\n",
        "$ kubectl run web --image=alice/web:1\n@settle\n@sleep 5\n",
        "$ kubectl exec web -- cat /usr/share/nginx/html/index.html\n",
        "$ docker rm -f w1 && docker ps -aq\n",
    ));
    shows(
        &t,
        &[
            "<h1>ours</h1>\n$ docker push",
            "denied: requested access",
            "Login Succeeded",
            "1: digest: sha256:",
            "index.html\n<h1>ours</h1>\n",
        ],
    );
}

#[test]
fn a_private_registry_wants_a_secret() {
    let t = transcript(concat!(
        "$ kubectl run a --image=registry.example.com/team/web:1.0\n@sleep 6\n",
        "$ kubectl get events\n",
        "$ kubectl create secret docker-registry c --docker-server=registry.example.com --docker-username=learner --docker-password=wheelhouse\n",
        "$ kubectl run b --image=registry.example.com/team/web:1.0 --overrides='{\"spec\":{\"imagePullSecrets\":[{\"name\":\"c\"}]}}'\n",
        "$ kubectl wait --for=condition=Ready pod/b --timeout=60s\n",
    ));
    shows(&t, &["401 Unauthorized", "pod/b condition met"]);
}

#[test]
fn input_reaches_a_command_and_its_output_comes_back() {
    let t = transcript(concat!(
        "$ kubectl run b --image=busybox:1.36 --command -- sleep 100000\n@settle\n",
        "$ echo hello | kubectl exec -i b -- sh -c 'cat; exit 3'\n",
        "$ echo hello | docker run -i --rm alpine:3.20 cat 2>/dev/null\n",
    ));
    shows(&t, &["\nhello\ncommand terminated with exit code 3\n[exit 3]\n", "cat 2>/dev/null\nhello\n"]);
}

#[test]
fn what_runs_without_end_is_bounded_and_the_cluster_goes_on() {
    let t = transcript(concat!(
        "$ kubectl run loop --image=busybox:1.36 -- sh -c 'while :; do :; done'\n",
        "$ kubectl run pipe --image=busybox:1.36 --restart=Never -- sh -c 'cat /dev/zero | wc -c'\n",
        "@sleep 4\n",
        "$ kubectl run ok --image=busybox:1.36 --restart=Never -- echo fine\n@sleep 8\n",
        "$ kubectl logs ok\n",
        "$ kubectl delete pod loop pipe --grace-period=1\n",
        "$ kubectl get pods --no-headers\n",
    ));
    shows(&t, &["logs ok\nfine\n", "pod \"loop\" deleted"]);
    assert!(!t.contains("loop   1/1   Terminating"), "{t}");
}
