// Manifests that several suites apply, put together from their kinds.

/** A Deployment whose pods carry `app: <name>`; `spec` is the pods' own, six spaces in. */
export const deployment = (name, replicas, spec) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
${spec}
`;

/** A Service of the pods that carry `app: <app>`. */
export const service = (name, app, port = 'port: 80') => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${app}}, ports: [{${port}}]}
`;

/** An Ingress that leads everything to a Service; `spec` and `rule` are what these have besides. */
export const ingress = (name, to, { spec = '', rule = '' } = {}) => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}}
spec: {${spec} rules: [{${rule} http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: ${to}, port: {number: 80}}}}]}}]}
`;

/** All of them in one file. */
export const file = (...manifests) => manifests.join('---');
